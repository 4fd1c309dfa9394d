package kubeletdouble

import (
	"context"
	"fmt"
	"os"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// environment is what a container's processes see: its env and envFrom, with Secrets and ConfigMaps read, and of this
// machine PATH only.
func environment(
	ctx context.Context,
	client kubernetes.Interface,
	object *v1.Pod,
	spec v1.Container,
	folder string,
) ([]string, error) {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + folder, "HOSTNAME=" + object.Name}
	core := client.CoreV1()
	for _, each := range spec.EnvFrom {
		if each.SecretRef != nil {
			secret, err := core.Secrets(object.Namespace).Get(ctx, each.SecretRef.Name, metav1.GetOptions{})
			if err != nil {
				return nil, err
			}
			for key, value := range secret.Data {
				env = append(env, each.Prefix+key+"="+string(value))
			}
		}
		if each.ConfigMapRef != nil {
			config, err := core.ConfigMaps(object.Namespace).Get(ctx, each.ConfigMapRef.Name, metav1.GetOptions{})
			if err != nil {
				return nil, err
			}
			for key, value := range config.Data {
				env = append(env, each.Prefix+key+"="+value)
			}
		}
	}
	for _, each := range spec.Env {
		value := each.Value
		if from := each.ValueFrom; from != nil {
			switch {
			case from.SecretKeyRef != nil:
				secret, err := core.Secrets(object.Namespace).Get(ctx, from.SecretKeyRef.Name, metav1.GetOptions{})
				if err != nil {
					return nil, err
				}
				value = string(secret.Data[from.SecretKeyRef.Key])
			case from.ConfigMapKeyRef != nil:
				config, err := core.ConfigMaps(object.Namespace).Get(ctx, from.ConfigMapKeyRef.Name, metav1.GetOptions{})
				if err != nil {
					return nil, err
				}
				value = config.Data[from.ConfigMapKeyRef.Key]
			case from.FieldRef != nil && from.FieldRef.FieldPath == "metadata.name":
				value = object.Name
			case from.FieldRef != nil && from.FieldRef.FieldPath == "metadata.namespace":
				value = object.Namespace
			default:
				return nil, fmt.Errorf("the double cannot read the source of variable %s", each.Name)
			}
		}
		env = append(env, each.Name+"="+value)
	}
	return env, nil
}
