package kubeletdouble

import (
	"context"
	"errors"
	"io"
	"sync"
	"syscall"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

const longestBackOff = 10 * time.Second

type container struct {
	pod     *pod
	spec    v1.Container
	restart v1.RestartPolicy
	folder  string

	mutex     sync.Mutex
	env       []string
	current   *run
	previous  *run
	restarts  int32
	state     v1.ContainerState
	lastState v1.ContainerState
	execs     map[*process]struct{}
}

// run is one life of a container.
type run struct {
	log *containerLog
	// nil for a container without command: it lives until its pod ends.
	process  *process
	mutex    sync.Mutex
	attached map[*attachment]struct{}
}

type attachment struct{ stdout, stderr io.Writer }

func newContainer(pod *pod, spec v1.Container, restart v1.RestartPolicy, folder string) *container {
	return &container{
		pod:     pod,
		spec:    spec,
		restart: restart,
		folder:  folder,
		state:   waiting("ContainerCreating", ""),
		execs:   map[*process]struct{}{},
	}
}

func waiting(reason, message string) v1.ContainerState {
	return v1.ContainerState{Waiting: &v1.ContainerStateWaiting{Reason: reason, Message: message}}
}

// launch starts the container's process and looks after it.
func (c *container) launch(ctx context.Context) {
	env, err := environment(ctx, c.pod.client, c.pod.object, c.spec, c.folder)
	if err != nil {
		c.set(func() { c.state = waiting("CreateContainerConfigError", err.Error()) })
		return
	}
	life := &run{log: newContainerLog(), attached: map[*attachment]struct{}{}}
	started := metav1.Now()
	if args := append(append([]string{}, c.spec.Command...), c.spec.Args...); len(args) > 0 {
		life.process, err = startProcess(processOptions{
			args:   args,
			env:    env,
			folder: c.workingFolder(),
			stdin:  c.spec.Stdin,
			tty:    c.spec.TTY,
			stdout: runOutput{life, "stdout"},
			stderr: runOutput{life, "stderr"},
		})
	}
	c.set(func() {
		c.env, c.current = env, life
		if err == nil {
			c.state = v1.ContainerState{Running: &v1.ContainerStateRunning{StartedAt: started}}
		}
	})
	switch {
	case err != nil:
		life.log.close()
		c.finished(ctx, started, 128, "StartError", err.Error())
	case life.process != nil:
		go func() {
			<-life.process.done
			life.log.close()
			reason := "Completed"
			if life.process.code != 0 {
				reason = "Error"
			}
			c.finished(ctx, started, life.process.code, reason, "")
			c.pod.report(ctx)
		}()
	}
}

func (c *container) finished(ctx context.Context, started metav1.Time, code int, reason, message string) {
	again := c.restart == v1.RestartPolicyAlways || c.restart == v1.RestartPolicyOnFailure && code != 0
	again = again && !c.pod.ending.Load()
	c.set(func() {
		ended := v1.ContainerState{Terminated: &v1.ContainerStateTerminated{
			ExitCode:    int32(code),
			Reason:      reason,
			Message:     message,
			StartedAt:   started,
			FinishedAt:  metav1.Now(),
			ContainerID: c.id(),
		}}
		if !again {
			c.state = ended
			return
		}
		c.lastState, c.previous = ended, c.current
		c.state = waiting("CrashLoopBackOff", "")
		pause := min(500*time.Millisecond<<min(c.restarts, 10), longestBackOff)
		c.restarts++
		time.AfterFunc(pause, func() {
			if !c.pod.ending.Load() {
				c.launch(ctx)
				c.pod.report(ctx)
			}
		})
	})
}

func (c *container) set(change func()) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	change()
}

func (c *container) workingFolder() string {
	if c.spec.WorkingDir != "" {
		return c.spec.WorkingDir
	}
	return c.folder
}

func (c *container) id() string { return "double://" + string(c.pod.object.UID) + "-" + c.spec.Name }

func (c *container) status() v1.ContainerStatus {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	running := c.state.Running != nil
	return v1.ContainerStatus{
		Name:                 c.spec.Name,
		Image:                c.spec.Image,
		ImageID:              "double://" + c.spec.Image,
		ContainerID:          c.id(),
		State:                c.state,
		LastTerminationState: c.lastState,
		Ready:                running,
		Started:              &running,
		RestartCount:         c.restarts,
	}
}

// life returns the present or, where asked for, the previous run; nil when there is none.
func (c *container) life(previous bool) *run {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if previous {
		return c.previous
	}
	return c.current
}

func (c *container) ended() <-chan struct{} {
	if life := c.life(false); life != nil && life.process != nil {
		return life.process.done
	}
	none := make(chan struct{})
	close(none)
	return none
}

// signal reaches the main process; SIGKILL also what exec started, as the end of a container does.
func (c *container) signal(signal syscall.Signal) {
	if life := c.life(false); life != nil && life.process != nil {
		life.process.signal(signal)
	}
	if signal != killSignal {
		return
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for each := range c.execs {
		each.signal(signal)
	}
}

// exec runs a command beside the main process. The command outlives a client that goes away, as in Kubernetes, but not
// the container.
func (c *container) exec(options processOptions, stdin io.Reader) (code int, err error) {
	c.mutex.Lock()
	if c.state.Running == nil {
		c.mutex.Unlock()
		return 0, errors.New("container not running (" + c.id() + ")")
	}
	options.env, options.folder = c.env, c.workingFolder()
	c.mutex.Unlock()
	if options.tty {
		options.env = append(append([]string{}, options.env...), "TERM=xterm")
	}
	process, err := startProcess(options)
	if err != nil {
		return 0, err
	}
	c.set(func() { c.execs[process] = struct{}{} })
	if stdin != nil {
		go func() {
			_, _ = io.Copy(process.stdin, stdin)
			process.stdin.Close()
		}()
	}
	<-process.done
	c.set(func() { delete(c.execs, process) })
	return process.code, nil
}

func (c *container) attach(
	stdin io.Reader,
	stdout, stderr io.Writer,
	resize <-chan remotecommand.TerminalSize,
) error {
	life := c.life(false)
	if life == nil || life.process == nil {
		return errors.New("the double runs no process in container " + c.spec.Name + " (it has no command)")
	}
	joined := &attachment{stdout, stderr}
	life.mutex.Lock()
	life.attached[joined] = struct{}{}
	life.mutex.Unlock()
	if resize != nil && life.process.terminal != nil {
		go life.process.follow(resize)
	}
	if stdin != nil && life.process.stdin != nil {
		go func() {
			_, _ = io.Copy(life.process.stdin, stdin)
			if c.spec.StdinOnce {
				life.process.stdin.Close()
			}
		}()
	}
	<-life.process.done
	return nil
}

type runOutput struct {
	run    *run
	stream string
}

func (o runOutput) Write(data []byte) (int, error) {
	o.run.log.add(o.stream, data)
	o.run.mutex.Lock()
	defer o.run.mutex.Unlock()
	for each := range o.run.attached {
		to := each.stdout
		if o.stream == "stderr" {
			to = each.stderr
		}
		if to == nil {
			continue
		}
		if _, err := to.Write(data); err != nil {
			delete(o.run.attached, each)
		}
	}
	return len(data), nil
}
