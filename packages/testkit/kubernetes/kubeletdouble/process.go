package kubeletdouble

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/creack/pty"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

const (
	terminateSignal = syscall.SIGTERM
	killSignal      = syscall.SIGKILL
	// How long output is awaited from children that outlive their process.
	lingering = 2 * time.Second
	// A client's first size comes just after the connection: most programs ask once, when they start.
	firstSize = 100 * time.Millisecond
)

type processOptions struct {
	args, env      []string
	folder         string
	stdin, tty     bool
	stdout, stderr io.Writer
	// Of the terminal; nil when the client has none.
	resize <-chan remotecommand.TerminalSize
}

// process leads a process group of its own, with a pseudo terminal or pipes.
type process struct {
	command  *exec.Cmd
	terminal *os.File
	// nil without stdin.
	stdin io.WriteCloser
	// Closed when it has ended and all it wrote was delivered; then code holds.
	done chan struct{}
	code int
}

func startProcess(options processOptions) (*process, error) {
	command := exec.Command(options.args[0], options.args[1:]...)
	command.Dir, command.Env = options.folder, options.env
	command.WaitDelay = lingering
	started := &process{command: command, done: make(chan struct{})}
	if options.tty {
		return started, started.startOnTerminal(options)
	}
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// A nil writer of a concrete type would not be nil here.
	if options.stdout != nil {
		command.Stdout = options.stdout
	}
	if options.stderr != nil {
		command.Stderr = options.stderr
	}
	if options.stdin {
		stdin, err := command.StdinPipe()
		if err != nil {
			return nil, err
		}
		started.stdin = stdin
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	go func() {
		started.finish(command.Wait())
		close(started.done)
	}()
	return started, nil
}

func (p *process) startOnTerminal(options processOptions) error {
	size := &pty.Winsize{Rows: 24, Cols: 80}
	if options.resize != nil {
		select {
		case first, open := <-options.resize:
			if open {
				size = &pty.Winsize{Rows: first.Height, Cols: first.Width}
			}
		case <-time.After(firstSize):
		}
	}
	terminal, err := pty.StartWithSize(p.command, size)
	if err != nil {
		return err
	}
	p.terminal = terminal
	if options.stdin {
		p.stdin = terminalInput{terminal}
	}
	if options.resize != nil {
		go p.follow(options.resize)
	}
	drained := make(chan struct{})
	go func() {
		// Ends with EIO when nobody has the terminal open any more.
		_, _ = io.Copy(options.stdout, terminal)
		close(drained)
	}()
	go func() {
		p.finish(p.command.Wait())
		select {
		case <-drained:
		case <-time.After(lingering):
		}
		terminal.Close()
		close(p.done)
	}()
	return nil
}

func (p *process) follow(sizes <-chan remotecommand.TerminalSize) {
	for size := range sizes {
		_ = pty.Setsize(p.terminal, &pty.Winsize{Rows: size.Height, Cols: size.Width})
	}
}

func (p *process) finish(err error) {
	if p.command.ProcessState == nil {
		p.code = 128
		return
	}
	p.code = p.command.ProcessState.ExitCode()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			p.code = 128 + int(status.Signal())
		}
	}
}

func (p *process) signal(signal syscall.Signal) {
	select {
	case <-p.done:
	default:
		_ = syscall.Kill(-p.command.Process.Pid, signal)
	}
}

// terminalInput does not close the terminal, which is still read: the end of a client's input is not the program's.
type terminalInput struct{ io.Writer }

func (terminalInput) Close() error { return nil }
