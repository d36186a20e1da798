package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// subject is a kind of server that is measured.
type subject interface {
	name() string
	// start starts one, with a Redis of its own if it needs one.
	start(m *machine) (*running, error)
	// join is the request by which a reader joins a room. Follow makes the next one of an answered
	// long poll.
	join(via transport, room string) (request []byte, follow func(head, body []byte) []byte)
	// joined is what a stream says when the reader has joined; empty when the response's header
	// says so.
	joined(via transport) string
	// post makes requests that post over HTTP.
	post(as poster) compose
}

// compose appends the request that posts a text in a voice's name.
type compose = func(dst []byte, v *voice, text []byte) []byte

// poster is as whom to post: the empty one has neither session nor key.
type poster struct {
	token string // of a session
	keys  bool   // each post has an idempotency key
	path  string // in place of the room's
}

// machine is where and with what servers are started.
type machine struct {
	dir        string // for what they write
	serverCore int
	loadCore   int
	caller     string   // the program
	before     string   // an older build of it; empty for none
	callerArgs []string // more flags for it
}

// running is a server that was started, and what it needs.
type running struct {
	subject
	addr      string
	pids      []int // whose processor time and memory counts
	store     []int // its Redis; empty for none
	processes []*process
}

// stop ends what start has started.
func (r *running) stop() {
	for _, p := range r.processes {
		p.stop()
	}
}

// startRedis starts a redis-server that keeps nothing on disk, beside the load.
func (m *machine) startRedis() (*process, string, error) {
	program, err := find("redis-server")
	if err != nil {
		return nil, "", err
	}
	port, err := freePort()
	if err != nil {
		return nil, "", err
	}
	dir, err := os.MkdirTemp(m.dir, "redis-")
	if err != nil {
		return nil, "", err
	}
	p, err := start("redis-server", m.loadCore, nil, program, "--port", strconv.Itoa(port), "--bind", "127.0.0.1",
		"--dir", dir, "--save", "", "--appendonly", "no", "--daemonize", "no")
	if err != nil {
		return nil, "", err
	}
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	if err := p.await(func() bool { return answers(addr) }); err != nil {
		p.stop()
		return nil, "", err
	}
	return p, addr, nil
}

// withRedis starts a server that has a Redis.
func (m *machine) withRedis(start func(redis string) (*running, error)) (*running, error) {
	redis, addr, err := m.startRedis()
	if err != nil {
		return nil, err
	}
	r, err := start(addr)
	if err != nil {
		redis.stop()
		return nil, err
	}
	r.processes, r.store = append(r.processes, redis), []int{redis.cmd.Process.Pid}
	return r, nil
}

// find is the path of a program; Debian keeps servers in sbin, which is not on everybody's path.
func find(name string) (string, error) {
	for _, candidate := range []string{name, "/usr/sbin/" + name, "/usr/local/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is not installed", name)
}

// build builds the program as people run it.
func build(dir string) (string, error) {
	program := filepath.Join(dir, "caller")
	cmd := exec.Command("go", "build", "-trimpath", "-o", program, "github.com/caller-chat/caller/cmd/caller")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build caller: %w\n%s", err, output)
	}
	return program, nil
}

// webSocketRequest opens a WebSocket (RFC 6455 section 4.1). The key may be anything.
func webSocketRequest(path string) []byte {
	return []byte("GET " + path + " HTTP/1.1\r\nHost: load\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
}

func getRequest(path, header string) []byte {
	return []byte("GET " + path + " HTTP/1.1\r\nHost: load\r\n" + header + "\r\n")
}

// appendPost appends a request that posts text.
func appendPost(dst []byte, path, header string, text []byte) []byte {
	return appendRequest(dst, "POST", path, header, text)
}

// appendRequest appends a request with a text as its body.
func appendRequest(dst []byte, method, path, header string, text []byte) []byte {
	dst = append(append(append(append(dst, method...), ' '), path...), " HTTP/1.1\r\nHost: load\r\nContent-Type: text/plain\r\n"...)
	dst = append(append(dst, header...), "Content-Length: "...)
	dst = append(strconv.AppendInt(dst, int64(len(text)), 10), "\r\n\r\n"...)
	return append(dst, text...)
}
