package kubeletdouble

import (
	"bytes"
	"context"
	"io"
	"sync"
	"time"
)

type logLine struct {
	at     time.Time
	stream string
	text   []byte
}

// containerLog keeps what one run of a container wrote, line by line as a container runtime does, in memory.
type containerLog struct {
	mutex   sync.Mutex
	lines   []logLine
	partial map[string][]byte
	closed  bool
	changed chan struct{}
}

func newContainerLog() *containerLog {
	return &containerLog{partial: map[string][]byte{}, changed: make(chan struct{})}
}

func (l *containerLog) add(stream string, data []byte) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	rest := append(l.partial[stream], data...)
	for {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			break
		}
		l.lines = append(l.lines, logLine{time.Now(), stream, bytes.Clone(rest[:end+1])})
		rest = rest[end+1:]
	}
	l.partial[stream] = bytes.Clone(rest)
	l.wake()
}

func (l *containerLog) close() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for stream, rest := range l.partial {
		if len(rest) > 0 {
			l.lines = append(l.lines, logLine{time.Now(), stream, rest})
		}
	}
	l.partial = map[string][]byte{}
	l.closed = true
	l.wake()
}

func (l *containerLog) wake() {
	close(l.changed)
	l.changed = make(chan struct{})
}

type logOptions struct {
	follow, timestamps bool
	// Negative: all.
	tail  int
	since time.Time
	// Empty: both.
	stream string
}

// write sends the log to a client. It ends at the end of the log or, when following, of the container or ctx.
func (l *containerLog) write(ctx context.Context, to io.Writer, options logOptions) error {
	l.mutex.Lock()
	next := 0
	if options.tail >= 0 {
		next = max(0, len(l.lines)-options.tail)
	}
	l.mutex.Unlock()
	for {
		l.mutex.Lock()
		lines, changed, closed := l.lines[next:], l.changed, l.closed
		l.mutex.Unlock()
		next += len(lines)
		var chunk bytes.Buffer
		for _, line := range lines {
			if line.at.Before(options.since) || (options.stream != "" && options.stream != line.stream) {
				continue
			}
			if options.timestamps {
				chunk.WriteString(line.at.UTC().Format(time.RFC3339Nano) + " ")
			}
			chunk.Write(line.text)
			if chunk.Len() < 32<<10 {
				continue
			}
			if _, err := chunk.WriteTo(to); err != nil {
				return err
			}
		}
		if _, err := chunk.WriteTo(to); err != nil {
			return err
		}
		if len(lines) > 0 {
			continue
		}
		if closed || !options.follow {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}
