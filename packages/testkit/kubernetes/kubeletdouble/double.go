// Package kubeletdouble is a DOUBLE of what stands behind an API server: scheduler, kubelet and container runtime in one.
// It is not Kubernetes' own. What is Kubernetes' own in it is the streaming library (k8s.io/cri-streaming), which speaks
// SPDY and WebSocket as a kubelet does.
//
// A container is a process of this machine: there is no image, no isolation and no network of its own. A container
// without command and args "runs" without a process. Init containers, volumes and probes do not exist.
package kubeletdouble

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// NodeName is the one node of the cluster.
const NodeName = "kubelet-double"

// Options names files. The key pair serves the kubelet's port; only a client that the CA vouches for may use it, since
// it starts processes.
type Options struct {
	Folder, CertFile, KeyFile, CAFile string
}

// Double runs the pods of one node.
type Double struct {
	client kubernetes.Interface
	folder string
	server *endpoints
	mutex  sync.Mutex
	pods   map[types.UID]*pod
	byName map[string]*pod
}

// Start registers the node and runs pods until ctx ends or Stop is called.
func Start(ctx context.Context, client kubernetes.Interface, options Options) (*Double, error) {
	double := &Double{
		client: client,
		folder: options.Folder,
		pods:   map[types.UID]*pod{},
		byName: map[string]*pod{},
	}
	server, err := serveEndpoints(double, options)
	if err != nil {
		return nil, err
	}
	double.server = server
	if err := registerNode(ctx, client, server.port); err != nil {
		return nil, err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	_, err = factory.Core().V1().Pods().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(added any) { double.see(ctx, added.(*v1.Pod)) },
		UpdateFunc: func(_, changed any) { double.see(ctx, changed.(*v1.Pod)) },
		DeleteFunc: func(gone any) {
			if last, ok := gone.(cache.DeletedFinalStateUnknown); ok {
				gone = last.Obj
			}
			if object, ok := gone.(*v1.Pod); ok {
				double.forget(object)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	return double, nil
}

// Stop ends every process of every pod.
func (d *Double) Stop() {
	d.server.close()
	d.mutex.Lock()
	defer d.mutex.Unlock()
	for _, each := range d.pods {
		each.kill()
	}
}

func (d *Double) see(ctx context.Context, object *v1.Pod) {
	switch {
	case object.Spec.NodeName == "" && object.DeletionTimestamp == nil:
		if object.Spec.SchedulerName == v1.DefaultSchedulerName && len(object.Spec.SchedulingGates) == 0 {
			go bind(ctx, d.client, object)
		}
	case object.Spec.NodeName != NodeName:
	case object.DeletionTimestamp != nil:
		d.end(ctx, object)
	default:
		d.run(ctx, object)
	}
}

func (d *Double) run(ctx context.Context, object *v1.Pod) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	known := d.pods[object.UID]
	if known == nil {
		if object.Status.Phase == v1.PodSucceeded || object.Status.Phase == v1.PodFailed {
			return
		}
		known = &pod{
			client: d.client,
			object: object,
			folder: filepath.Join(d.folder, string(object.UID)),
			start:  time.Now(),
		}
		d.pods[object.UID] = known
		d.byName[object.Namespace+"/"+object.Name] = known
		go known.startContainers(ctx, object.Spec.Containers, object.Spec.RestartPolicy)
		return
	}
	if added := known.newEphemeralContainers(object); len(added) > 0 {
		go known.startContainers(ctx, added, v1.RestartPolicyNever)
	}
}

func (d *Double) end(ctx context.Context, object *v1.Pod) {
	d.mutex.Lock()
	known := d.pods[object.UID]
	d.mutex.Unlock()
	if known != nil && !known.ending.CompareAndSwap(false, true) {
		return
	}
	go func() {
		if known != nil {
			grace := time.Second
			if object.DeletionGracePeriodSeconds != nil {
				grace = time.Duration(*object.DeletionGracePeriodSeconds) * time.Second
			}
			known.terminate(grace)
		}
		deleteForGood(ctx, d.client, object)
	}()
}

func (d *Double) forget(object *v1.Pod) {
	d.mutex.Lock()
	known := d.pods[object.UID]
	delete(d.pods, object.UID)
	name := object.Namespace + "/" + object.Name
	if d.byName[name] == known {
		delete(d.byName, name)
	}
	d.mutex.Unlock()
	if known != nil {
		known.ending.Store(true)
		known.kill()
		os.RemoveAll(known.folder)
	}
}

func (d *Double) container(namespace, podName, name string) *container {
	d.mutex.Lock()
	found := d.byName[namespace+"/"+podName]
	d.mutex.Unlock()
	if found == nil {
		return nil
	}
	return found.container(name)
}

func (d *Double) hasPod(namespace, name string) bool {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return d.byName[namespace+"/"+name] != nil
}
