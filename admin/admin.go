package admin

import (
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// MinToken is how long the token has to be, in bytes.
const MinToken = 32

// Part is one of the things that the listener serves. Its routes are net/http's patterns, as
// "GET /api/rooms/{room}".
type Part struct {
	// Name is what errors call the part.
	Name string
	// Routes are its calls. A body has [wire.MaxBody] bytes at most, and has to come, as the answer
	// has to be taken, within a minute.
	Routes map[string]http.Handler
	// Transfers are calls whose bodies and answers may have any size and take any time: streams,
	// exports, profiles. They bound themselves, and end with their request's context, which ends when
	// the server goes away. HEAD is refused: all of the work would be done, or go on, for nothing.
	Transfers map[string]http.Handler
	// Open are routes that need no token: files that say nothing of this server.
	Open map[string]http.Handler
}

// Options are what [New] makes the handler of.
type Options struct {
	// Token is what one needs, at least [MinToken] bytes.
	Token string
	// Parts are what is served.
	Parts []Part
	// Hosts are names by which browsers may ask, without a port, beside addresses and localhost.
	Hosts []string
	// LoggedIn is told of each login of a browser; nil for nobody.
	LoggedIn func(r *http.Request)
	// Denied is told of wrong tokens, of each address once an hour at most; nil for nobody.
	Denied func(r *http.Request)
	// Logger is told of wrong tokens and of refused hosts; nil for nothing.
	Logger *slog.Logger
	// Now is the clock that logins end by; nil for the system's.
	Now func() time.Time
}

type handler struct {
	mux   *http.ServeMux
	guard *guard
}

// New makes the handler. Errors are of a token that is too short, and of routes that are no
// patterns or can't be told apart.
func New(o Options) (http.Handler, error) {
	if len(o.Token) < MinToken {
		return nil, fmt.Errorf("the admin token: want at least %d bytes", MinToken)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Denied == nil {
		o.Denied = func(*http.Request) {}
	}
	if o.LoggedIn == nil {
		o.LoggedIn = func(*http.Request) {}
	}
	h := &handler{mux: http.NewServeMux(), guard: newGuard(o)}
	own := Part{Name: "login", Open: map[string]http.Handler{
		"POST /login":  bounded(http.HandlerFunc(h.guard.login)),
		"POST /logout": bounded(http.HandlerFunc(h.guard.logout)),
	}}
	for _, p := range append([]Part{own}, o.Parts...) {
		if err := h.add(p); err != nil {
			return nil, err
		}
	}
	origins := http.NewCrossOriginProtection()
	origins.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		httpapi.WriteProblem(w, wire.Fail(wire.CodeCrossOrigin, ""))
	}))
	return headers(newHosts(o).serve(httpapi.RefuseTokens(origins.Handler(h)))), nil
}

// ServeHTTP implements http.Handler. What has no route is refused like all else to those without
// the token, so that they don't learn what there is.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, pattern := h.mux.Handler(r); pattern != "" {
		h.mux.ServeHTTP(w, r)
		return
	}
	h.guard.protect(http.HandlerFunc(h.notRouted)).ServeHTTP(w, r)
}

// notRouted answers what the mux has no route for, in the form that all errors have.
func (h *handler) notRouted(w http.ResponseWriter, r *http.Request) {
	answer, _ := h.mux.Handler(r)
	said := &unsaid{header: http.Header{}}
	answer.ServeHTTP(said, r)
	code := wire.CodeNotFound
	if said.status == http.StatusMethodNotAllowed {
		code = wire.CodeMethodNotAllowed
		w.Header().Set("Allow", said.header.Get("Allow"))
	}
	httpapi.WriteProblem(w, wire.Fail(code, ""))
}

// unsaid takes an answer's status and headers, and sends nothing.
type unsaid struct {
	header http.Header
	status int
}

func (u *unsaid) Header() http.Header         { return u.header }
func (u *unsaid) WriteHeader(status int)      { u.status = status }
func (u *unsaid) Write(b []byte) (int, error) { return len(b), nil }

// add gives the mux a part's routes.
func (h *handler) add(p Part) error {
	for _, of := range []struct {
		routes map[string]http.Handler
		wrap   func(http.Handler) http.Handler
	}{
		{p.Open, func(n http.Handler) http.Handler { return n }},
		{p.Routes, func(n http.Handler) http.Handler { return h.guard.protect(bounded(n)) }},
		{p.Transfers, func(n http.Handler) http.Handler { return h.guard.protect(whole(n)) }},
	} {
		for _, pattern := range slices.Sorted(maps.Keys(of.routes)) {
			if err := h.handle(pattern, of.wrap(of.routes[pattern])); err != nil {
				return fmt.Errorf("admin part %s: %w", p.Name, err)
			}
		}
	}
	return nil
}

// handle is the mux's, which panics over a pattern that it can't use.
func (h *handler) handle(pattern string, next http.Handler) (err error) {
	defer func() {
		if why := recover(); why != nil {
			err = fmt.Errorf("route %q: %v", pattern, why)
		}
	}()
	if method, path, _ := strings.Cut(pattern, " "); method == "" || !strings.HasPrefix(path, "/") {
		return fmt.Errorf("route %q: want one as \"GET /path\"", pattern)
	}
	h.mux.Handle(pattern, next)
	return nil
}

// whole refuses HEAD, which net/http's patterns take for GET.
func whole(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			w.Header().Set("Allow", http.MethodGet)
			httpapi.WriteProblem(w, wire.Fail(wire.CodeMethodNotAllowed, ""))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// callTime is how long a call's body has to come, and its answer to be taken.
const callTime = time.Minute

// bounded bounds a call's body in size, and its time.
func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > wire.MaxBody {
			httpapi.WriteProblem(w, &http.MaxBytesError{Limit: wire.MaxBody})
			return
		}
		// Where they can't be set (in tests without a connection), there is nothing to wait for.
		c := http.NewResponseController(w)
		_ = c.SetReadDeadline(time.Now().Add(callTime))
		_ = c.SetWriteDeadline(time.Now().Add(callTime))
		r.Body = http.MaxBytesReader(w, r.Body, wire.MaxBody)
		next.ServeHTTP(w, r)
		_ = c.SetWriteDeadline(time.Time{})
	})
}

// policy is what the page may do, and anything else that a browser opens here.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// headers are what all answers have. The page's files may say over it that they can be kept.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", policy)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		next.ServeHTTP(w, r)
	})
}
