package main

import (
	"context"
	"net"

	"github.com/spf13/pflag"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/client-go/rest"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

// runAPIServer runs the real kube-apiserver on a listener until ctx ends. What is switched off needs controllers that
// do not run here, or costs start time only.
func runAPIServer(
	ctx context.Context,
	listener net.Listener,
	file func(name string) string,
	etcdAddress string,
	more []string,
) error {
	flags := append([]string{
		"--etcd-servers=" + etcdAddress,
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		"--endpoint-reconciler-type=none",
		"--tls-cert-file=" + file("server.pem"),
		"--tls-private-key-file=" + file("server.key"),
		"--client-ca-file=" + file("ca.pem"),
		"--anonymous-auth=false",
		"--token-auth-file=" + file("tokens.csv"),
		"--authorization-mode=RBAC",
		"--audit-log-path=" + file("audit.log"),
		"--audit-policy-file=" + file("audit-policy.yaml"),
		"--service-account-issuer=https://kubernetes.test",
		"--service-account-key-file=" + file("server.pem"),
		"--service-account-signing-key-file=" + file("server.key"),
		"--service-cluster-ip-range=10.96.0.0/16",
		"--allow-privileged=true",
		// Pods would wait for a service account that a controller makes.
		"--disable-admission-plugins=ServiceAccount",
		"--enable-priority-and-fairness=false",
		"--profiling=false",
		"--kubelet-certificate-authority=" + file("ca.pem"),
		"--kubelet-client-certificate=" + file("apiserver-client.pem"),
		"--kubelet-client-key=" + file("apiserver-client.key"),
		"--kubelet-preferred-address-types=InternalIP",
	}, more...)
	settings := options.NewServerRunOptions()
	all := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	for _, set := range settings.Flags().FlagSets {
		all.AddFlagSet(set)
	}
	if err := all.Parse(flags); err != nil {
		return err
	}
	settings.SecureServing.Listener = listener
	settings.SecureServing.BindPort = listener.Addr().(*net.TCPAddr).Port
	if err := settings.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return err
	}
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	completed, err := settings.Complete(ctx)
	if err != nil {
		return err
	}
	if problems := completed.Validate(); len(problems) != 0 {
		return utilerrors.NewAggregate(problems)
	}
	return app.Run(ctx, completed)
}
