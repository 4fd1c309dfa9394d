package kubeletdouble

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	"k8s.io/utils/exec"
)

// streamer is what the streaming library asks of a container runtime.
type streamer struct{ container *container }

func (s streamer) ExecInContainer(
	_ context.Context,
	_, _, _ string,
	args []string,
	stdin io.Reader,
	stdout, stderr io.WriteCloser,
	tty bool,
	resize <-chan remotecommand.TerminalSize,
	_ time.Duration,
) error {
	if len(args) == 0 {
		return fmt.Errorf("no command")
	}
	code, err := s.container.exec(processOptions{
		args:   args,
		stdin:  stdin != nil,
		tty:    tty,
		stdout: writer(stdout),
		stderr: writer(stderr),
		resize: resize,
	}, stdin)
	if err != nil {
		return err
	}
	if code != 0 {
		return exec.CodeExitError{Err: fmt.Errorf("command terminated with exit code %d", code), Code: code}
	}
	return nil
}

func (s streamer) AttachContainer(
	_ context.Context,
	_, _, _ string,
	stdin io.Reader,
	stdout, stderr io.WriteCloser,
	_ bool,
	resize <-chan remotecommand.TerminalSize,
) error {
	return s.container.attach(stdin, writer(stdout), writer(stderr), resize)
}

// writer keeps "not asked for" nil across interface types.
func writer(stream io.WriteCloser) io.Writer {
	if stream == nil {
		return nil
	}
	return stream
}

// portForwarder reaches this machine: pods of the double have no network of their own.
type portForwarder struct{}

func (portForwarder) PortForward(_ context.Context, _, _ string, port int32, stream io.ReadWriteCloser) error {
	connection, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return fmt.Errorf("failed to connect to localhost:%d: %w", port, err)
	}
	defer connection.Close()
	go func() {
		_, _ = io.Copy(connection, stream)
		_ = connection.(*net.TCPConn).CloseWrite()
	}()
	_, err = io.Copy(stream, connection)
	return err
}
