package kubeletdouble

import (
	"context"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

func registerNode(ctx context.Context, client kubernetes.Interface, port int32) error {
	object := &v1.Node{ObjectMeta: metav1.ObjectMeta{
		Name:        NodeName,
		Labels:      map[string]string{v1.LabelHostname: NodeName},
		Annotations: map[string]string{"tidewaiter.test/double": "scheduler, kubelet and container runtime are doubles"},
	}}
	node, err := client.CoreV1().Nodes().Create(ctx, object, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	// Admission marks every new node as not ready; the controller that would take this away does not run here.
	node.Spec.Taints = nil
	if node, err = client.CoreV1().Nodes().Update(ctx, node, metav1.UpdateOptions{}); err != nil {
		return err
	}
	capacity := v1.ResourceList{
		v1.ResourceCPU:    resource.MustParse("64"),
		v1.ResourceMemory: resource.MustParse("256Gi"),
		v1.ResourcePods:   resource.MustParse("5000"),
	}
	now := metav1.Now()
	node.Status = v1.NodeStatus{
		Capacity:    capacity,
		Allocatable: capacity,
		Conditions: []v1.NodeCondition{{
			Type:               v1.NodeReady,
			Status:             v1.ConditionTrue,
			Reason:             "KubeletReady",
			Message:            "this kubelet is a double",
			LastHeartbeatTime:  now,
			LastTransitionTime: now,
		}},
		Addresses: []v1.NodeAddress{
			{Type: v1.NodeInternalIP, Address: "127.0.0.1"},
			{Type: v1.NodeHostName, Address: NodeName},
		},
		DaemonEndpoints: v1.NodeDaemonEndpoints{KubeletEndpoint: v1.DaemonEndpoint{Port: port}},
		NodeInfo:        v1.NodeSystemInfo{KubeletVersion: "v0.0.0-double", ContainerRuntimeVersion: "double://0"},
	}
	_, err = client.CoreV1().Nodes().UpdateStatus(ctx, node, metav1.UpdateOptions{})
	return err
}

func bind(ctx context.Context, client kubernetes.Interface, object *v1.Pod) {
	// A conflict or a pod that is gone needs no answer.
	_ = client.CoreV1().Pods(object.Namespace).Bind(ctx, &v1.Binding{
		ObjectMeta: metav1.ObjectMeta{Namespace: object.Namespace, Name: object.Name, UID: object.UID},
		Target:     v1.ObjectReference{Kind: "Node", Name: NodeName},
	}, metav1.CreateOptions{})
}

func deleteForGood(ctx context.Context, client kubernetes.Interface, object *v1.Pod) {
	options := *metav1.NewDeleteOptions(0)
	options.Preconditions = metav1.NewUIDPreconditions(string(object.UID))
	_ = client.CoreV1().Pods(object.Namespace).Delete(ctx, object.Name, options)
}
