// Plays the scenarios with golang.org/x/crypto/ssh and pkg/sftp and prints one JSON line for each, as ../shared/ssh.mjs does.
package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

type values = []any

type program struct{ client *ssh.Client }

type scenario struct {
	name string
	play func(p *program) (any, error)
}

var scenarios = []scenario{
	{"output, errors and status", said("echo out; echo err >&2; exit 3", "")},
	{"standard input", said("sha256sum", strings.Repeat("x", 3_000_000))},
	{"much output", (*program).much},
	{"several channels", (*program).several},
	{"a shell on a terminal", (*program).shell},
	{"a signal", (*program).signal},
	{"32 MiB there and back", (*program).thereAndBack},
	{"names", (*program).names},
	{"files at once on several channels", (*program).files},
	{"a password", (*program).password},
	{"labelled", said("cat "+remote("customers.csv"), "")},
	{"a refused command", said("hostid > /dev/null && echo ran", "")},
	{"the next command runs", said("echo here", "")},
}

func main() {
	key, err := os.ReadFile(os.Getenv("SSH_KEY"))
	fatal(err)
	signer, err := ssh.ParsePrivateKey(key)
	fatal(err)
	client, err := connect(os.Getenv("SSH_USER"), ssh.PublicKeys(signer))
	fatal(err)
	p := &program{client}
	for _, one := range scenarios {
		line := map[string]any{"scenario": one.name}
		if result, err := one.play(p); err != nil {
			line["error"] = err.Error()
		} else {
			line["result"] = result
		}
		text, _ := json.Marshal(line)
		fmt.Println(string(text))
	}
}

func fatal(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func remote(name string) string { return os.Getenv("SSH_HOME") + "/" + name }

func connect(user string, method ssh.AuthMethod) (*ssh.Client, error) {
	check, err := knownhosts.New(os.Getenv("SSH_KNOWN_HOSTS"))
	if err != nil {
		return nil, err
	}
	config := &ssh.ClientConfig{
		User:            user,
		Auth:            []ssh.AuthMethod{method},
		HostKeyCallback: check,
		Timeout:         20 * time.Second,
	}
	return ssh.Dial("tcp", os.Getenv("SSH_HOST")+":"+os.Getenv("SSH_PORT"), config)
}

func run(client *ssh.Client, command, stdin string) (values, error) {
	session, err := client.NewSession()
	if err != nil {
		return nil, err
	}
	defer session.Close()
	var stdout, stderr bytes.Buffer
	session.Stdin, session.Stdout, session.Stderr = strings.NewReader(stdin), &stdout, &stderr
	status, err := statusOf(session.Run(command))
	return values{status, stdout.String(), stderr.String()}, err
}

func statusOf(err error) (any, error) {
	var exit *ssh.ExitError
	if errors.As(err, &exit) {
		return values{exit.ExitStatus(), exit.Signal()}, nil
	}
	return 0, err
}

func said(command, stdin string) func(*program) (any, error) {
	return func(p *program) (any, error) { return run(p.client, command, stdin) }
}

func (p *program) much() (any, error) {
	result, err := run(p.client, "yes line of text | head -c 8000000", "")
	if err != nil {
		return nil, err
	}
	return digest([]byte(result[1].(string))), nil
}

func together(count int, play func(n int) (any, error)) (any, error) {
	results, failures := make(values, count), make([]error, count)
	var all sync.WaitGroup
	for n := range count {
		all.Go(func() { results[n], failures[n] = play(n) })
	}
	all.Wait()
	return results, errors.Join(failures...)
}

func (p *program) several() (any, error) {
	return together(8, func(n int) (any, error) {
		return run(p.client, fmt.Sprintf("sleep 0.2; echo number %d; exit %d", n, n), "")
	})
}

func (p *program) shell() (any, error) {
	session, err := p.client.NewSession()
	if err != nil {
		return nil, err
	}
	defer session.Close()
	if err := session.RequestPty("xterm", 24, 80, ssh.TerminalModes{ssh.ECHO: 0}); err != nil {
		return nil, err
	}
	var stdout bytes.Buffer
	session.Stdin, session.Stdout = strings.NewReader("echo $((40+2)); exit 5\n"), &stdout
	if err := session.Shell(); err != nil {
		return nil, err
	}
	status, err := statusOf(session.Wait())
	return values{strings.Contains(stdout.String(), "42"), status}, err
}

func (p *program) signal() (any, error) {
	session, err := p.client.NewSession()
	if err != nil {
		return nil, err
	}
	defer session.Close()
	out, err := session.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := session.Start("echo ready; exec sleep 60"); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(out, make([]byte, len("ready\n"))); err != nil {
		return nil, err
	}
	if err := session.Signal(ssh.SIGTERM); err != nil {
		return nil, err
	}
	return statusOf(session.Wait())
}

func (p *program) thereAndBack() (any, error) {
	content := make([]byte, 32<<20)
	if _, err := rand.Read(content); err != nil {
		return nil, err
	}
	client, err := sftp.NewClient(p.client, sftp.UseConcurrentWrites(true))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	file, err := client.Create(remote("there.bin"))
	if err != nil {
		return nil, err
	}
	if _, err := file.ReadFrom(bytes.NewReader(content)); err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	// the host's disk is this machine's
	kept, err := os.ReadFile(remote("there.bin"))
	if err != nil {
		return nil, err
	}
	again, err := client.Open(remote("there.bin"))
	if err != nil {
		return nil, err
	}
	defer again.Close()
	var back bytes.Buffer
	if _, err := again.WriteTo(&back); err != nil {
		return nil, err
	}
	return values{digest(kept) == digest(content), digest(back.Bytes()) == digest(content)}, nil
}

func (p *program) names() (any, error) {
	client, err := sftp.NewClient(p.client)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	file, err := client.Create(remote("one"))
	if err != nil {
		return nil, err
	}
	steps := []func() error{
		file.Close,
		func() error { return client.MkdirAll(remote("folder/deep")) },
		func() error { return client.Rename(remote("one"), remote("folder/two ü")) },
		func() error { return client.PosixRename(remote("folder/two ü"), remote("folder/deep/three")) },
		func() error { return client.Link(remote("folder/deep/three"), remote("folder/hard")) },
		func() error { return client.Symlink("deep", remote("folder/link")) },
		func() error { return client.Chmod(remote("folder/hard"), 0o640) },
	}
	for n, step := range steps {
		if err := step(); err != nil {
			return nil, fmt.Errorf("step %d: %w", n, err)
		}
	}
	found, err := client.ReadDir(remote("folder"))
	if err != nil {
		return nil, err
	}
	listed := []string{}
	for _, one := range found {
		listed = append(listed, one.Mode().String()+" "+one.Name())
	}
	sort.Strings(listed)
	_, missing := client.Stat(remote("nowhere"))
	extension, _ := client.HasExtension("posix-rename@openssh.com")
	return values{listed, missing.Error(), extension, client.RemoveAll(remote("folder"))}, nil
}

func (p *program) files() (any, error) {
	return together(6, func(n int) (any, error) {
		client, err := sftp.NewClient(p.client)
		if err != nil {
			return nil, err
		}
		defer client.Close()
		for m := range 10 {
			file, err := client.Create(remote(fmt.Sprintf("file-%d-%d", n, m)))
			if err != nil {
				return nil, err
			}
			if _, err := file.Write(bytes.Repeat([]byte{byte(n)}, 30_000)); err != nil {
				return nil, err
			}
			if err := file.Close(); err != nil {
				return nil, err
			}
		}
		found, err := client.Glob(remote(fmt.Sprintf("file-%d-*", n)))
		return len(found), err
	})
}

func (p *program) password() (any, error) {
	secret, given := os.LookupEnv("SSH_PASSWORD")
	if !given {
		return run(p.client, "echo in", "")
	}
	other, err := connect(os.Getenv("SSH_PASSWORD_USER"), ssh.Password(secret))
	if err != nil {
		return nil, err
	}
	defer other.Close()
	return run(other, "echo in", "")
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
