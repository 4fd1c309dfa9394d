package kubeletdouble

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

const (
	idle     = 4 * time.Hour
	creation = 30 * time.Second
)

// endpoints is the HTTPS port of the kubelet, as far as the API server uses it.
type endpoints struct {
	double *Double
	server *http.Server
	port   int32
}

func serveEndpoints(double *Double, options Options) (*endpoints, error) {
	authority, err := os.ReadFile(options.CAFile)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	served := &endpoints{double: double, port: int32(listener.Addr().(*net.TCPAddr).Port)}
	mux := http.NewServeMux()
	mux.HandleFunc("/exec/{namespace}/{pod}/{container}", served.exec)
	mux.HandleFunc("/attach/{namespace}/{pod}/{container}", served.attach)
	mux.HandleFunc("/portForward/{namespace}/{pod}", served.portForward)
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", served.logs)
	served.server = &http.Server{
		Handler:   onlyAPIServer(mux),
		TLSConfig: &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool},
	}
	go func() { _ = served.server.ServeTLS(listener, options.CertFile, options.KeyFile) }()
	return served, nil
}

// APIServerName is the common name of the certificate that the API server shows.
const APIServerName = "kube-apiserver"

func onlyAPIServer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS.PeerCertificates[0].Subject.CommonName != APIServerName {
			http.Error(w, "Forbidden", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (e *endpoints) close() { e.server.Close() }

// container answers 404 itself when there is none.
func (e *endpoints) container(w http.ResponseWriter, r *http.Request) *container {
	namespace, pod, name := r.PathValue("namespace"), r.PathValue("pod"), r.PathValue("container")
	found := e.double.container(namespace, pod, name)
	if found == nil {
		http.Error(w, fmt.Sprintf("container not found (%q)", name), http.StatusNotFound)
	}
	return found
}

func (e *endpoints) exec(w http.ResponseWriter, r *http.Request) {
	found := e.container(w, r)
	if found == nil {
		return
	}
	streams, err := remotecommand.NewOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	args := r.URL.Query()["command"]
	remotecommand.ServeExec(
		w, r, streamer{found}, r.PathValue("pod"), "", found.spec.Name, args, streams, idle, creation,
		remotecommand.SupportedStreamingProtocols)
}

func (e *endpoints) attach(w http.ResponseWriter, r *http.Request) {
	found := e.container(w, r)
	if found == nil {
		return
	}
	streams, err := remotecommand.NewOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	remotecommand.ServeAttach(
		w, r, streamer{found}, r.PathValue("pod"), "", found.spec.Name, streams, idle, creation,
		remotecommand.SupportedStreamingProtocols)
}

func (e *endpoints) portForward(w http.ResponseWriter, r *http.Request) {
	if !e.double.hasPod(r.PathValue("namespace"), r.PathValue("pod")) {
		http.Error(w, "pod does not exist", http.StatusNotFound)
		return
	}
	ports, err := portforward.NewV4Options(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	portforward.ServePortForward(
		w, r, portForwarder{}, r.PathValue("pod"), "", ports, idle, creation, portforward.SupportedProtocols)
}

func (e *endpoints) logs(w http.ResponseWriter, r *http.Request) {
	found := e.container(w, r)
	if found == nil {
		return
	}
	query := r.URL.Query()
	life := found.life(query.Get("previous") == "true")
	if life == nil {
		name, pod := found.spec.Name, r.PathValue("pod")
		message := fmt.Sprintf("container %q in pod %q is waiting to start: ContainerCreating", name, pod)
		if query.Get("previous") == "true" {
			message = fmt.Sprintf("previous terminated container %q in pod %q not found", name, pod)
		}
		http.Error(w, message, http.StatusBadRequest)
		return
	}
	options, err := readLogOptions(query)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var to io.Writer = flusher{w, http.NewResponseController(w)}
	if limit, err := strconv.ParseInt(query.Get("limitBytes"), 10, 64); err == nil {
		to = &limited{to, limit}
	}
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush()
	_ = life.log.write(r.Context(), to, options)
}

func readLogOptions(query url.Values) (logOptions, error) {
	options := logOptions{
		follow:     query.Get("follow") == "true",
		timestamps: query.Get("timestamps") == "true",
		tail:       -1,
	}
	if text := query.Get("tailLines"); text != "" {
		tail, err := strconv.Atoi(text)
		if err != nil {
			return options, err
		}
		options.tail = tail
	}
	if seconds, err := strconv.Atoi(query.Get("sinceSeconds")); err == nil {
		options.since = time.Now().Add(-time.Duration(seconds) * time.Second)
	}
	if since, err := time.Parse(time.RFC3339, query.Get("sinceTime")); err == nil {
		options.since = since
	}
	switch query.Get("stream") {
	case "Stdout":
		options.stream = "stdout"
	case "Stderr":
		options.stream = "stderr"
	}
	return options, nil
}

type flusher struct {
	http.ResponseWriter
	controller *http.ResponseController
}

func (f flusher) Write(data []byte) (int, error) {
	n, err := f.ResponseWriter.Write(data)
	return n, errors.Join(err, f.controller.Flush())
}

var errLimit = errors.New("limit reached")

type limited struct {
	to   io.Writer
	left int64
}

func (l *limited) Write(data []byte) (int, error) {
	if int64(len(data)) >= l.left {
		_, _ = l.to.Write(data[:l.left])
		l.left = 0
		return 0, errLimit
	}
	l.left -= int64(len(data))
	return l.to.Write(data)
}
