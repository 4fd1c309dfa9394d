package kubeletdouble

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/retry"
)

type pod struct {
	client     kubernetes.Interface
	object     *v1.Pod
	folder     string
	start      time.Time
	ending     atomic.Bool
	mutex      sync.Mutex
	containers []*container
	reporting  sync.Mutex
}

func (p *pod) startContainers(ctx context.Context, specs []v1.Container, restart v1.RestartPolicy) {
	for _, spec := range specs {
		folder := filepath.Join(p.folder, spec.Name)
		if err := os.MkdirAll(folder, 0o700); err != nil {
			continue
		}
		one := newContainer(p, spec, restart, folder)
		p.mutex.Lock()
		p.containers = append(p.containers, one)
		p.mutex.Unlock()
		one.launch(ctx)
	}
	p.report(ctx)
}

func (p *pod) newEphemeralContainers(object *v1.Pod) []v1.Container {
	var added []v1.Container
	for _, each := range object.Spec.EphemeralContainers {
		if p.seen(each.Name) {
			continue
		}
		added = append(added, v1.Container(each.EphemeralContainerCommon))
	}
	if len(added) > 0 {
		p.mutex.Lock()
		p.object = object
		p.mutex.Unlock()
	}
	return added
}

func (p *pod) seen(ephemeral string) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, each := range p.object.Spec.EphemeralContainers {
		if each.Name == ephemeral {
			return true
		}
	}
	return false
}

func (p *pod) container(name string) *container {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, each := range p.containers {
		if each.spec.Name == name {
			return each
		}
	}
	return nil
}

func (p *pod) all() []*container {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return append([]*container(nil), p.containers...)
}

// terminate asks every process to end and, when the grace is over, makes it.
func (p *pod) terminate(grace time.Duration) {
	late := time.After(grace)
	for _, each := range p.all() {
		each.signal(terminateSignal)
	}
	for _, each := range p.all() {
		select {
		case <-each.ended():
		case <-late:
			p.kill()
			return
		}
	}
	p.kill()
}

func (p *pod) kill() {
	for _, each := range p.all() {
		each.signal(killSignal)
	}
}

// report writes the status that a kubelet would write.
func (p *pod) report(ctx context.Context) {
	p.reporting.Lock()
	defer p.reporting.Unlock()
	pods := p.client.CoreV1().Pods(p.object.Namespace)
	_ = retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		current, err := pods.Get(ctx, p.object.Name, metav1.GetOptions{})
		if err != nil || current.UID != p.object.UID {
			return nil
		}
		current.Status = p.status(current)
		_, err = pods.UpdateStatus(ctx, current, metav1.UpdateOptions{})
		return err
	})
}

func (p *pod) status(current *v1.Pod) v1.PodStatus {
	ephemeral := map[string]bool{}
	for _, each := range current.Spec.EphemeralContainers {
		ephemeral[each.Name] = true
	}
	status := current.Status
	status.ContainerStatuses, status.EphemeralContainerStatuses = nil, nil
	for _, each := range p.all() {
		if ephemeral[each.spec.Name] {
			status.EphemeralContainerStatuses = append(status.EphemeralContainerStatuses, each.status())
		} else {
			status.ContainerStatuses = append(status.ContainerStatuses, each.status())
		}
	}
	running, waiting, failed := 0, 0, 0
	for _, each := range status.ContainerStatuses {
		switch {
		case each.State.Running != nil:
			running++
		case each.State.Waiting != nil:
			waiting++
		case each.State.Terminated != nil && each.State.Terminated.ExitCode != 0:
			failed++
		}
	}
	ready := running == len(current.Spec.Containers)
	switch {
	case running > 0 || waiting > 0:
		status.Phase = v1.PodRunning
	case failed > 0:
		status.Phase = v1.PodFailed
	default:
		status.Phase = v1.PodSucceeded
	}
	start := metav1.NewTime(p.start)
	status.StartTime = &start
	status.HostIP, status.HostIPs = "127.0.0.1", []v1.HostIP{{IP: "127.0.0.1"}}
	status.PodIP, status.PodIPs = "127.0.0.1", []v1.PodIP{{IP: "127.0.0.1"}}
	status.Conditions = conditions(status.Conditions, ready)
	return status
}

func conditions(before []v1.PodCondition, ready bool) []v1.PodCondition {
	yes := map[bool]v1.ConditionStatus{true: v1.ConditionTrue, false: v1.ConditionFalse}
	wanted := []v1.PodCondition{
		{Type: v1.PodScheduled, Status: v1.ConditionTrue},
		{Type: v1.PodInitialized, Status: v1.ConditionTrue},
		{Type: v1.ContainersReady, Status: yes[ready]},
		{Type: v1.PodReady, Status: yes[ready]},
	}
	for index := range wanted {
		wanted[index].LastTransitionTime = metav1.Now()
		for _, old := range before {
			if old.Type == wanted[index].Type && old.Status == wanted[index].Status {
				wanted[index] = old
			}
		}
	}
	return wanted
}
