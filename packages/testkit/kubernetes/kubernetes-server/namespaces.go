package main

import (
	"context"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/kubernetes/pkg/controller/namespace/deletion"
)

// finishNamespaces empties and ends namespaces that are being deleted. The deleter is the controller manager's own; the
// loop around it is ours, because the real one waits five seconds first.
func finishNamespaces(ctx context.Context, config *rest.Config, client kubernetes.Interface) error {
	byMetadata, err := metadata.NewForConfig(config)
	if err != nil {
		return err
	}
	discover := func() ([]*metav1.APIResourceList, error) {
		return discovery.ServerPreferredNamespacedResources(client.Discovery())
	}
	deleter := deletion.NewNamespacedResourcesDeleter(
		ctx, client.CoreV1().Namespaces(), byMetadata, client.CoreV1(), discover, v1.FinalizerKubernetes)
	names := make(chan string, 1000)
	factory := informers.NewSharedInformerFactory(client, 0)
	_, err = factory.Core().V1().Namespaces().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		UpdateFunc: func(_, changed any) {
			if namespace := changed.(*v1.Namespace); namespace.DeletionTimestamp != nil {
				names <- namespace.Name
			}
		},
	})
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case name := <-names:
				// Fails while something remains, such as a pod that is still ending.
				if deleter.Delete(ctx, name) != nil {
					time.AfterFunc(200*time.Millisecond, func() { names <- name })
				}
			}
		}
	}()
	return nil
}
