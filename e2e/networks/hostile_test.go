package networks

import (
	"bufio"
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
)

// hostile is a reverse proxy that misbehaves. What it does is set before it starts, but for what is
// atomic.
type hostile struct {
	// refuse answers a request in its own way; true when it has.
	refuse func(w http.ResponseWriter, r *http.Request) bool
	// longest is how long a request may take, streams too; 0 for any time. Late is how one is
	// ended.
	longest time.Duration
	late    func(w http.ResponseWriter)
	// latePolls is how many polls were ended so.
	latePolls atomic.Int32
	// holds keeps event streams back until they end.
	holds bool
	// most is how many bytes an event stream may have before it is cut; 0 for any number.
	most int
	// killSockets is how long after its 101 a WebSocket is cut; 0 for never.
	killSockets time.Duration
	// swallowUp and swallowDown lose what goes through a WebSocket after its 101.
	swallowUp, swallowDown bool
	// frozen holds back all that streams bring from now on; their connections stay open.
	frozen atomic.Bool
	// noSockets refuses WebSockets, and cutSockets ends those that are open.
	noSockets atomic.Bool
	// losesAnswers is how many posts from now on reach the server without their answer coming back.
	losesAnswers atomic.Int32
	// hangs leaves the connection of a lost answer open and silent instead of breaking it.
	hangs bool

	mu      sync.Mutex // protects following
	sockets map[net.Conn]struct{}
}

// start serves it in front of a node until the test ends and returns its address.
func (h *hostile) start(t testing.TB, node *harness.Node) string {
	t.Helper()
	h.sockets = map[net.Conn]struct{}{}
	target, err := url.Parse(node.URL)
	require.NoError(t, err)
	pass := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
		},
		FlushInterval: -1,
		ErrorHandler:  func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:      quiet,
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.serve(pass, w, r) }))
	server.Config.ErrorLog = quiet
	server.Start()
	t.Cleanup(func() {
		h.cutSockets()
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}

func isSocket(r *http.Request) bool { return strings.EqualFold(r.Header.Get("Upgrade"), "websocket") }

func isPost(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/messages")
}

func (h *hostile) serve(pass http.Handler, w http.ResponseWriter, r *http.Request) {
	if h.refuse != nil && h.refuse(w, r) {
		return
	}
	if isSocket(r) {
		if h.noSockets.Load() {
			http.Error(w, "no WebSockets here", http.StatusForbidden)
			return
		}
		pass.ServeHTTP(&socketWriter{w, h}, r)
		return
	}
	if isPost(r) && h.losesAnswers.Add(-1) >= 0 {
		pass.ServeHTTP(httptest.NewRecorder(), r)
		if h.hangs {
			<-r.Context().Done()
		}
		panic(http.ErrAbortHandler)
	}
	out := &heldWriter{ResponseWriter: w, hostile: h}
	if h.longest == 0 {
		pass.ServeHTTP(out, r)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), h.longest)
	defer cancel()
	defer func() {
		if broken := recover(); broken != nil {
			if ctx.Err() != nil && h.late != nil && !out.begun.Load() {
				if r.URL.Query().Has("wait") {
					h.latePolls.Add(1)
				}
				h.late(w)
				return
			}
			panic(broken)
		}
	}()
	pass.ServeHTTP(out, r.WithContext(ctx))
}

// cutSockets ends all WebSockets that are open.
func (h *hostile) cutSockets() {
	h.mu.Lock()
	open := slices.Collect(maps.Keys(h.sockets))
	h.mu.Unlock()
	for _, c := range open { // which takes it out
		_ = c.Close()
	}
}

// heldWriter passes an answer on until the proxy is frozen.
type heldWriter struct {
	http.ResponseWriter
	hostile *hostile
	begun   atomic.Bool
	written int // of an event stream
}

func (w *heldWriter) WriteHeader(status int) {
	if w.hostile.holds && strings.HasPrefix(w.Header().Get("Content-Type"), "text/event-stream") {
		return
	}
	w.begun.Store(true)
	w.ResponseWriter.WriteHeader(status)
}

func (w *heldWriter) Write(b []byte) (int, error) {
	w.begun.Store(true)
	if most := w.hostile.most; most > 0 && strings.HasPrefix(w.Header().Get("Content-Type"), "text/event-stream") {
		if w.written += len(b); w.written > most {
			return 0, errors.New("too long an answer")
		}
	}
	if (w.hostile.frozen.Load() || w.hostile.holds) && strings.HasPrefix(w.Header().Get("Content-Type"), "text/event-stream") {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}

func (w *heldWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// socketWriter gives the WebSocket's connection to the client away wrapped.
type socketWriter struct {
	http.ResponseWriter
	hostile *hostile
}

func (w *socketWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *socketWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h := w.hostile
	s := &socket{Conn: conn, hostile: h}
	h.mu.Lock()
	h.sockets[s] = struct{}{}
	h.mu.Unlock()
	if h.killSockets > 0 {
		time.AfterFunc(h.killSockets, func() { _ = s.Close() })
	}
	return s, buffered, nil // the 101 goes out through buffered, as it should
}

type socket struct {
	net.Conn
	hostile *hostile
}

func (s *socket) Read(b []byte) (int, error) {
	for {
		n, err := s.Conn.Read(b)
		if err != nil || !s.hostile.swallowUp && !s.hostile.frozen.Load() {
			return n, err
		}
	}
}

func (s *socket) Write(b []byte) (int, error) {
	if s.hostile.swallowDown || s.hostile.frozen.Load() {
		return len(b), nil
	}
	return s.Conn.Write(b)
}

func (s *socket) Close() error {
	s.hostile.mu.Lock()
	delete(s.hostile.sockets, s)
	s.hostile.mu.Unlock()
	return s.Conn.Close()
}
