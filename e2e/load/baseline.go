package main

import (
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
)

// baselineSubject is the least that a Go program can do: it has no rooms, no log, no Redis; a post
// is written to each reader of its group by one system call that does not wait. It is this program,
// run again.
type baselineSubject struct{}

func (baselineSubject) name() string { return "baseline" }

// baselineCommand as the first argument makes this program the baseline.
const baselineCommand = "baseline"

func (s baselineSubject) start(m *machine) (*running, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	var env []string
	if m.serverCore != anyCore {
		env = []string{"GOMAXPROCS=1"}
	}
	p, err := start("baseline", m.serverCore, env, self, baselineCommand, addr)
	if err != nil {
		return nil, err
	}
	r := &running{subject: s, addr: addr, pids: []int{p.cmd.Process.Pid}, processes: []*process{p}}
	if err := p.await(func() bool { return answers(addr) }); err != nil {
		r.stop()
		return nil, err
	}
	return r, nil
}

func (baselineSubject) join(via transport, room string) (request []byte, follow func(head, body []byte) []byte) {
	if via == webSocket {
		return webSocketRequest("/ws/" + room), nil
	}
	return getRequest("/sse/"+room, ""), nil
}

func (baselineSubject) joined(transport) string { return "" }

func (baselineSubject) post(as poster) compose {
	return func(dst []byte, v *voice, text []byte) []byte {
		path := as.path
		if path == "" {
			path = "/pub/" + v.room.id
		}
		return appendPost(dst, path, "", text)
	}
}

// baseline is the server.
type baseline struct {
	mu     sync.Mutex // guards the following
	groups map[string]*group
}

// group is the readers of one room.
type group struct {
	mu          sync.Mutex // guards the following
	webSockets  []int      // file descriptors
	streams     []int
	connections []net.Conn // kept so that they stay open
}

// runBaseline serves until the process is ended.
func runBaseline(addr string) error {
	f := &baseline{groups: map[string]*group{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ws/{room}", f.webSocket)
	mux.HandleFunc("GET /sse/{room}", f.eventStream)
	mux.HandleFunc("POST /pub/{room}", f.post)
	mux.HandleFunc("POST /empty", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // the least that a handler of posts does
		w.WriteHeader(http.StatusCreated)
	})
	return http.ListenAndServe(addr, mux)
}

func (f *baseline) group(r *http.Request) *group {
	f.mu.Lock()
	defer f.mu.Unlock()
	room := r.PathValue("room")
	g := f.groups[room]
	if g == nil {
		g = &group{}
		f.groups[room] = g
	}
	return g
}

func (f *baseline) webSocket(w http.ResponseWriter, r *http.Request) {
	// RFC 6455 section 4.2.2
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	f.take(w, r, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "+
		base64.StdEncoding.EncodeToString(sum[:])+"\r\n\r\n", true)
}

func (f *baseline) eventStream(w http.ResponseWriter, r *http.Request) {
	f.take(w, r, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", false)
}

// take takes a connection over and makes it a reader.
func (f *baseline) take(w http.ResponseWriter, r *http.Request, head string, webSocket bool) {
	g := f.group(r)
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fd := -1
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err == nil {
		err = raw.Control(func(descriptor uintptr) { fd = int(descriptor) })
	}
	g.mu.Lock() // whoever has read the head gets what is posted from then on
	defer g.mu.Unlock()
	if err == nil {
		_, err = io.WriteString(c, head)
	}
	if err != nil {
		_ = c.Close()
		return
	}
	g.connections = append(g.connections, c)
	if webSocket {
		g.webSockets = append(g.webSockets, fd)
	} else {
		g.streams = append(g.streams, fd)
	}
}

func (f *baseline) post(w http.ResponseWriter, r *http.Request) {
	g := f.group(r)
	text, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := errors.Join(write(g.webSockets, frame(text)), write(g.streams, block(text))); err != nil {
		fmt.Fprintln(os.Stderr, "baseline:", err)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusCreated)
}

// write writes the same bytes to all, each by one call. One that does not take them whole is an
// error: the baseline keeps nothing.
func write(fds []int, b []byte) error {
	for _, fd := range fds {
		if n, err := syscall.Write(fd, b); err != nil || n < len(b) {
			return fmt.Errorf("a reader took %d of %d bytes: %w", n, len(b), err)
		}
	}
	return nil
}

// Both have as many bytes as Caller's event of the same text has (see envelope).
func frame(text []byte) []byte {
	payload := strings.Replace(envelope, "%", string(text), 1)
	return append([]byte{0x81, 126, byte(len(payload) >> 8), byte(len(payload))}, payload...)
}

func block(text []byte) []byte {
	return []byte("id: 1-00000000\ndata: " + strings.Replace(envelope, "%", string(text), 1) + "\n\n")
}

// envelope is an event of Caller's with % in place of its text.
const envelope = `{"type":"message","roomId":"load-0","id":"1-00000000","from":{"id":"0192f0c1-2d3e-7a4b-8c5d-6e7f80910213",` +
	`"name":"Load","guest":true},"text":"%","time":"2006-01-02T15:04:05.000Z"}`
