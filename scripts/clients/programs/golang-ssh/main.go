// Plays the scenarios with golang.org/x/crypto/ssh and prints one JSON line for each, as ../shared/scenarios.mjs does. With
// the argument "serve" it is the host at the other end. Neither takes any exchange of keys but the post-quantum one.
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
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

const keyExchange = ssh.KeyExchangeMLKEM768X25519

type scenario struct {
	name string
	play func(client *ssh.Client) (any, error)
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		fmt.Fprintln(os.Stderr, serve())
		os.Exit(1)
	}
	client, err := connect(0)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, one := range scenarios {
		line := map[string]any{"scenario": one.name}
		result, err := withLimit(func() (any, error) { return one.play(client) })
		if err != nil {
			line["error"] = err.Error()
		} else {
			line["result"] = result
		}
		text, _ := json.Marshal(line)
		fmt.Println(string(text))
	}
}

func withLimit(play func() (any, error)) (any, error) {
	type answer struct {
		result any
		err    error
	}
	answers := make(chan answer, 1)
	go func() {
		result, err := play()
		answers <- answer{result, err}
	}()
	select {
	case one := <-answers:
		return one.result, one.err
	case <-time.After(60 * time.Second):
		return nil, errors.New("not finished within 60 s")
	}
}

// connect exchanges keys again after so many bytes; 0 = the default.
func connect(rekeyAfter uint64) (*ssh.Client, error) {
	pem, err := os.ReadFile(os.Getenv("SSH_KEY"))
	if err != nil {
		return nil, err
	}
	signer, err := ssh.ParsePrivateKey(pem)
	if err != nil {
		return nil, err
	}
	known, err := knownhosts.New(os.Getenv("SSH_KNOWN_HOSTS"))
	if err != nil {
		return nil, err
	}
	config := &ssh.ClientConfig{
		User:              os.Getenv("SSH_USER"),
		Auth:              []ssh.AuthMethod{ssh.PublicKeys(signer)},
		HostKeyCallback:   known,
		HostKeyAlgorithms: []string{ssh.KeyAlgoED25519},
		Timeout:           20 * time.Second,
	}
	config.KeyExchanges = []string{keyExchange}
	config.RekeyThreshold = rekeyAfter
	return ssh.Dial("tcp", os.Getenv("SSH_HOST")+":"+os.Getenv("SSH_PORT"), config)
}

var scenarios = []scenario{
	{"connect", func(client *ssh.Client) (any, error) {
		return negotiated(client.Conn)
	}},
	{"commands", func(client *ssh.Client) (any, error) {
		said := []any{}
		for _, command := range []string{"echo out; echo err >&2; exit 3", "exit 0", "kill -9 $$"} {
			session, err := client.NewSession()
			if err != nil {
				return nil, err
			}
			var out, failed bytes.Buffer
			session.Stdout, session.Stderr = &out, &failed
			said = append(said, []any{fmt.Sprint(session.Run(command)), out.String(), failed.String()})
		}
		return said, nil
	}},
	{"bytes both ways", func(client *ssh.Client) (any, error) {
		return echoed(client)
	}},
	{"keys exchanged again in a transfer", func(*ssh.Client) (any, error) {
		client, err := connect(1 << 20)
		if err != nil {
			return nil, err
		}
		defer client.Close()
		return echoed(client)
	}},
	{"a refused forward", func(client *ssh.Client) (any, error) {
		_, err := client.Dial("tcp", "127.0.0.1:1")
		var refused *ssh.OpenChannelError
		if !errors.As(err, &refused) {
			return nil, fmt.Errorf("not refused: %w", err)
		}
		return refused.Reason.String(), nil
	}},
	{"labelled", func(client *ssh.Client) (any, error) {
		session, err := client.NewSession()
		if err != nil {
			return nil, err
		}
		out, err := session.Output("cat " + os.Getenv("SSH_HOME") + "/customers.csv")
		return string(out), err
	}},
}

func negotiated(conn ssh.ConnMetadata) (string, error) {
	with, ok := conn.(ssh.AlgorithmsConnMetadata)
	if !ok {
		return "", errors.New("the connection does not tell its algorithms")
	}
	return with.Algorithms().KeyExchange, nil
}

// echoed sends bytes through cat, none of which reads as a mail address, and compares what comes back.
func echoed(client *ssh.Client) (any, error) {
	session, err := client.NewSession()
	if err != nil {
		return nil, err
	}
	random := make([]byte, 4_000_000)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	content := []byte(hex.EncodeToString(random))
	session.Stdin = bytes.NewReader(content)
	hash := sha256.New()
	out, err := session.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := session.Start("cat"); err != nil {
		return nil, err
	}
	size, err := io.Copy(hash, out)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(content)
	return []any{size, bytes.Equal(hash.Sum(nil), sum[:])}, session.Wait()
}
