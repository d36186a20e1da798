package server

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// requestIDHeader names a request in the answer and in the log.
const requestIDHeader = "X-Request-Id"

// requestLog names each request, counts it while it is under way, logs it at debug level without
// its query (which may have a name in it), its headers (which may have a token) and the secret of a hook's address, and answers a
// panic with a 500.
func (s *Server) requestLog(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := &writer{ResponseWriter: w, server: s, id: s.requestID(r), what: asked{r.Method, withoutSecret(r.URL.Path)}, began: time.Now()}
		w.Header().Set(requestIDHeader, out.id)
		if s.log.Enabled(r.Context(), slog.LevelDebug) {
			out.from = s.proxies.client(r)
		}
		s.inFlight.enter(out)
		defer func() { out.over(recover()) }()
		next.ServeHTTP(out, r)
	})
}

// over does what there is to do after a request whose handler has returned, or panicked with v. The
// request is under way until it is in the log: the node, which waits for it, may close the log.
func (w *writer) over(v any) {
	s, ctx := w.server, context.Background()
	defer s.inFlight.leave(w)
	defer func() { s.observer.Served(w.what.method, w.route, w.status, time.Since(w.began), w.conn != nil) }()
	if v != nil {
		s.recovered(w, v)
	}
	if s.log.Enabled(ctx, slog.LevelDebug) {
		s.log.DebugContext(ctx, "request", "id", w.id, "method", w.what.method, "path", w.what.path, "status", w.status,
			"bytes", w.bytes, "stream", w.conn != nil, "took", time.Since(w.began), "from", w.from)
	}
}

// recovered ends a request whose handler panicked.
func (s *Server) recovered(w *writer, v any) {
	if err, ok := v.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
		s.log.ErrorContext(context.Background(), "panic", "id", w.id, "method", w.what.method, "path", w.what.path,
			"panic", fmt.Sprint(v), "stack", string(debug.Stack()))
	}
	switch {
	case w.conn != nil:
		_ = w.conn.Close() // whoever has it is told by its next read or write
	case w.status == 0:
		httpapi.WriteProblem(w, wire.Fail(wire.CodeInternal, ""))
	default:
		panic(http.ErrAbortHandler) // net/http's way to cut an answer off, so that half of it does not look whole
	}
}

// requestID is the one a trusted proxy gave, or a new one.
func (s *Server) requestID(r *http.Request) string {
	if id := r.Header.Get(requestIDHeader); id != "" && len(id) <= 64 && s.proxies.trusts(r) && isToken(id) {
		return id
	}
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func isToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return true
}

// writer remembers what became of an answer. It hides nothing of the writer below it: streams
// hijack.
type writer struct {
	http.ResponseWriter
	status int
	bytes  int64
	conn   net.Conn  // set when the handler took the connection over
	body   *incoming // nil for a request without one, and for HTTP/2

	server *Server
	route  string // as the router has it; empty for none
	id     string
	what   asked
	began  time.Time
	from   string // only where it will be logged
}

func (w *writer) WriteHeader(status int) {
	if w.status == 0 && status >= 200 || status == http.StatusSwitchingProtocols {
		w.status = status
		if status >= 400 {
			w.endUnread()
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *writer) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush is for those who ask for an http.Flusher.
func (w *writer) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

// Hijack is http.Hijacker's.
func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err == nil {
		w.conn = conn
	}
	return conn, rw, err
}

// hookMark comes before the secret in a hook's address.
const hookMark = "/hook/"

// withoutSecret is a path as it is logged: without the secret of a hook's address, also where somebody
// has pasted it at a wrong place or with something after it.
func withoutSecret(path string) string {
	if i := strings.Index(path, chat.HookPrefix); i >= 0 {
		return path[:i] + "…"
	}
	if i := strings.LastIndex(path, hookMark); i >= 0 && len(path) > i+len(hookMark) {
		return path[:i+len(hookMark)] + "…"
	}
	return path
}

// asked is what a request asks.
type asked struct{ method, path string }

// inFlight knows the requests that are being served.
type inFlight struct {
	mu    sync.Mutex // guards the following, and what they ask
	open  map[*writer]struct{}
	empty chan struct{} // closed when open becomes empty; nil when nobody waits
}

func (u *inFlight) enter(w *writer) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.open == nil {
		u.open = make(map[*writer]struct{})
	}
	u.open[w] = struct{}{}
}

func (u *inFlight) leave(w *writer) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.open, w)
	if len(u.open) == 0 && u.empty != nil {
		close(u.empty)
		u.empty = nil
	}
}

func (u *inFlight) wait(ctx context.Context) ([]string, error) {
	u.mu.Lock()
	if len(u.open) == 0 {
		u.mu.Unlock()
		return nil, nil
	}
	if u.empty == nil {
		u.empty = make(chan struct{})
	}
	empty := u.empty
	u.mu.Unlock()
	select {
	case <-empty:
		return nil, nil
	case <-ctx.Done():
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	counts := make(map[asked]int)
	for w := range u.open {
		counts[w.what]++
	}
	var open []string
	for what, n := range counts {
		open = append(open, fmt.Sprintf("%s %s ×%d", what.method, what.path, n))
	}
	slices.Sort(open)
	return open, ctx.Err()
}
