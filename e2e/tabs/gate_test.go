package tabs

import (
	"bufio"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
)

// Ways through a gate: the three transports, and the requests that change something.
const (
	ws   = "ws"
	sse  = "sse"
	poll = "poll"
	post = "post"
)

// wayOf is the way that a request takes; "" for one that is always let through: the page, its
// files, what is asked once.
func wayOf(r *http.Request) string {
	path := r.URL.Path
	switch {
	case r.Method == http.MethodPost:
		return post
	case strings.HasSuffix(path, "/ws"):
		return ws
	case strings.HasSuffix(path, "/sse"):
		return sse
	case strings.HasSuffix(path, "/messages"):
		return poll
	default:
		return ""
	}
}

// isRead reports whether a request reads the log once, and is no poll: it waits for nothing.
func isRead(r *http.Request) bool {
	query := r.URL.Query()
	return wayOf(r) == poll && !query.Has("wait") && !query.Has("stream")
}

// gate is a proxy between one browser and a node. It counts what is open and blocks ways. Its
// methods may be called at the same time.
type gate struct {
	URL    string
	server *httptest.Server

	mu      sync.Mutex // guards what follows
	blocked []string
	open    map[*passage]struct{}
	most    atOnce // since the last call of count
}

// atOnce is how many requests of a kind are on their way.
type atOnce struct{ Streams, Reads int }

// passage is one request on its way.
type passage struct {
	http.ResponseWriter
	way    string
	read   bool // is over at once, and is no stream
	cancel context.CancelFunc
	dead   *atomic.Bool // what is written arrives nowhere
	// answered is set when the whole answer is about to be on its way: the next request may come
	// before this one is over.
	answered atomic.Bool
	written  int
}

func newGate(t *testing.T, node *harness.Node) *gate {
	t.Helper()
	target, err := url.Parse(node.URL)
	require.NoError(t, err)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // the node compares it with Origin
		},
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0), // of what is cut on purpose
	}
	g := &gate{open: map[*passage]struct{}{}}
	g.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		p := &passage{ResponseWriter: w, way: wayOf(r), read: isRead(r), cancel: cancel, dead: new(atomic.Bool)}
		if !g.enter(p) {
			panic(http.ErrAbortHandler) // the connection breaks, as where nobody answers
		}
		defer g.leave(p)
		proxy.ServeHTTP(p, r.WithContext(ctx))
	}))
	g.URL = g.server.URL
	t.Cleanup(func() {
		g.cut(ws, sse, poll, post)
		g.server.CloseClientConnections()
		g.server.Close()
	})
	return g
}

func (g *gate) enter(p *passage) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.way != "" && slices.Contains(g.blocked, p.way) {
		return false
	}
	g.open[p] = struct{}{}
	now := g.openLocked()
	g.most = atOnce{max(g.most.Streams, now.Streams), max(g.most.Reads, now.Reads)}
	return true
}

func (g *gate) leave(p *passage) {
	p.cancel()
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.open, p)
}

func (g *gate) openLocked() (now atOnce) {
	for p := range g.open {
		switch {
		case p.dead.Load() || p.answered.Load():
		case p.read:
			now.Reads++
		case p.way == ws || p.way == sse || p.way == poll:
			now.Streams++
		}
	}
	return now
}

// streams is how many streams and polls are open now.
func (g *gate) streams() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.openLocked().Streams
}

// count is how many were open at once at most since the last call.
func (g *gate) count() atOnce {
	g.mu.Lock()
	defer g.mu.Unlock()
	most := g.most
	g.most = g.openLocked()
	return most
}

// awaitOne waits until the browser has one stream.
func (g *gate) awaitOne(t *testing.T) {
	t.Helper()
	harness.Await(t, "one stream of one browser", g.streams, func(n int) bool { return n == 1 })
}

// assertOne asserts that the browser had one stream since the last call of count, and read one log
// at a time if any.
func (g *gate) assertOne(t *testing.T, where string) {
	t.Helper()
	most := g.count()
	assert.Equal(t, 1, most.Streams, "streams at once %s", where)
	assert.LessOrEqual(t, most.Reads, 1, "reads at once %s", where)
	t.Logf("%s: %+v at once", where, most)
}

// block blocks these ways, breaks what is open on them, and opens all others.
func (g *gate) block(ways ...string) {
	g.mu.Lock()
	g.blocked = ways
	g.mu.Unlock()
	g.cut(ways...)
}

// cut breaks what is open on these ways.
func (g *gate) cut(ways ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for p := range g.open {
		if slices.Contains(ways, p.way) {
			p.cancel()
		}
	}
}

// forget makes a black hole of all that is open, as a network does with the connections of a device
// that slept: nothing arrives on them any more, and nobody is told. New ones are not concerned.
func (g *gate) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for p := range g.open {
		p.dead.Store(true)
	}
}

// Write implements [http.ResponseWriter].
func (p *passage) Write(data []byte) (int, error) {
	if p.dead.Load() {
		return len(data), nil
	}
	p.written += len(data)
	if size, err := strconv.Atoi(p.Header().Get("Content-Length")); err == nil && p.written >= size {
		p.answered.Store(true)
	}
	return p.ResponseWriter.Write(data)
}

// Flush implements [http.Flusher].
func (p *passage) Flush() {
	if !p.dead.Load() {
		_ = http.NewResponseController(p.ResponseWriter).Flush() // the browser may be gone
	}
}

// Hijack implements [http.Hijacker].
func (p *passage) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(p.ResponseWriter).Hijack()
	return &deafConn{conn, p.dead}, buffered, err
}

type deafConn struct {
	net.Conn
	dead *atomic.Bool
}

func (c *deafConn) Write(data []byte) (int, error) {
	if c.dead.Load() {
		return len(data), nil
	}
	return c.Conn.Write(data)
}

func (c *deafConn) Read(data []byte) (int, error) {
	for {
		n, err := c.Conn.Read(data)
		if err != nil || !c.dead.Load() {
			return n, err
		}
	}
}
