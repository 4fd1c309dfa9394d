// Command kubernetes-server is a Kubernetes cluster for tests in one process: the real etcd and the real kube-apiserver,
// both linked in, and a double of what stands behind them (kubeletdouble). Everything listens on 127.0.0.1 or in the folder.
//
// The folder given by --folder holds, made by the fixture: ca.pem, server.pem, server.key, apiserver-client.pem,
// apiserver-client.key, tokens.csv, double.token, audit-policy.yaml. The server adds etcd/, pods/ and audit.log.
// Arguments after "--" go to kube-apiserver. When it is ready it writes "ready <port>" to standard output.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"tidewaiter/kubernetes/kubeletdouble"
)

func main() {
	folder := flag.String("folder", "", "where the files of this cluster lie")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, *folder, flag.Args()); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintf(os.Stderr, "kubernetes-server: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, folder string, apiserverFlags []string) error {
	if folder == "" {
		return errors.New("--folder is missing")
	}
	file := func(name string) string { return filepath.Join(folder, name) }
	token, err := os.ReadFile(file("double.token"))
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	config := &rest.Config{
		Host:            fmt.Sprintf("https://127.0.0.1:%d", port),
		BearerToken:     strings.TrimSpace(string(token)),
		TLSClientConfig: rest.TLSClientConfig{CAFile: file("ca.pem")},
		QPS:             -1,
		// The double follows pods by JSON, so that the server's protobuf is only what clients asked for.
		UserAgent: "kubelet-double",
	}
	failed := make(chan error, 3)
	etcdAddress, closeEtcd, err := startEtcd(file("etcd"))
	if err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	defer closeEtcd()
	go func() { failed <- runAPIServer(ctx, listener, file, etcdAddress, apiserverFlags) }()
	if err := waitUntilReady(ctx, config, failed); err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	double, err := kubeletdouble.Start(ctx, client, kubeletdouble.Options{
		Folder:   file("pods"),
		CertFile: file("server.pem"),
		KeyFile:  file("server.key"),
		CAFile:   file("ca.pem"),
	})
	if err != nil {
		return fmt.Errorf("kubelet double: %w", err)
	}
	defer double.Stop()
	if err := finishNamespaces(ctx, config, client); err != nil {
		return err
	}
	fmt.Printf("ready %d\n", port)
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return fmt.Errorf("kube-apiserver ended: %w", err)
	}
}

func waitUntilReady(ctx context.Context, config *rest.Config, failed <-chan error) error {
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return err
	}
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, config.Host+"/readyz", nil)
		if err != nil {
			return err
		}
		if answer, err := client.Do(request); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case err := <-failed:
			return fmt.Errorf("kube-apiserver: %w", err)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}
