package server

import (
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/caller-chat/caller/transport/park"
	"github.com/caller-chat/caller/transport/wire"
	"golang.org/x/time/rate"
)

// What one request may cost, besides [wire.MaxBody].
const (
	// maxHeader is a hundred times a usual request; net/http adds 4 KiB to it.
	maxHeader = 16 << 10
	// headerTime and bodyTime are for a phone on a bad line; a body is 64 KiB at most.
	headerTime = 10 * time.Second
	bodyTime   = 30 * time.Second
	// idleTime is longer than browsers and proxies keep a connection they do not use (nginx: 60 s), so that it is
	// them who close it and no request is sent into a connection that has just gone.
	idleTime = 120 * time.Second
	// answerTime bounds answers that are not streams, longer than the longest poll waits.
	answerTime = 2 * time.Minute
	// An HTTP/2 connection from which nothing has come for quietTime is asked whether it is still there, and closed when
	// no answer comes in pongTime or nothing can be written to it for stuckTime: it may carry many streams.
	quietTime = 30 * time.Second
	pongTime  = 15 * time.Second
	stuckTime = 60 * time.Second
)

// HTTP is an http.Server for h with the bounds on slow and big requests that streams allow: there is no WriteTimeout,
// which would end them.
func HTTP(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ConnContext:       park.Mark,
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		HTTP2:             &http.HTTP2Config{SendPingTimeout: quietTime, PingTimeout: pongTime, WriteByteTimeout: stuckTime},
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug), // mostly clients that broke off
	}
}

// limitBody limits a request's body in size and time. A body that says it is too big is refused before it is sent: curl
// waits for that (RFC 9110 section 10.1.1).
func limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength == 0 {
			next.ServeHTTP(w, r)
			return
		}
		if r.ContentLength > wire.MaxBody {
			wire.WriteProblem(w, &http.MaxBytesError{Limit: wire.MaxBody})
			return
		}
		// Where it can't be set (in tests without a connection), there is nothing to wait for either.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime))
		if r.ContentLength < 0 { // else net/http reads no more than it said
			r.Body = http.MaxBytesReader(unwrapped(w), r.Body, wire.MaxBody)
		}
		next.ServeHTTP(w, r)
	})
}

// unwrapped is net/http's own writer, which MaxBytesReader asks to close the connection.
func unwrapped(w http.ResponseWriter) http.ResponseWriter {
	for {
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return w
		}
		w = u.Unwrap()
	}
}

// writeDeadline bounds the time an answer may take to be read.
func writeDeadline(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTime)) // as in limitBody
		next(w, r)
	}
}

// maxRates is how many clients' rates are remembered twice over: some 2 MB. Above it, the ones not seen lately are
// forgotten and begin anew, with a full burst.
const maxRates = 10_000

// rates holds how many posts each client may send. It keeps two generations: a client that is seen moves to the new
// one, and the old one goes when the new one is full.
type rates struct {
	limit rate.Limit
	burst int

	mu       sync.Mutex // guards the following
	new, old map[string]*rate.Limiter
}

// newRates is nil for no limit.
func newRates(perSecond float64, burst int) *rates {
	if perSecond <= 0 {
		return nil
	}
	if burst <= 0 {
		burst = int(math.Ceil(5 * perSecond))
	}
	return &rates{limit: rate.Limit(perSecond), burst: burst, new: make(map[string]*rate.Limiter)}
}

// wait is how long a client has to wait before its next post; 0 when it may send it, which then counts.
func (l *rates) wait(client string, now time.Time) time.Duration {
	limiter := l.of(client)
	if limiter.AllowN(now, 1) {
		return 0
	}
	missing := 1 - limiter.TokensAt(now)
	return max(time.Millisecond, time.Duration(missing/float64(l.limit)*float64(time.Second)))
}

func (l *rates) of(client string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if limiter := l.new[client]; limiter != nil {
		return limiter
	}
	limiter := l.old[client]
	if limiter == nil {
		limiter = rate.NewLimiter(l.limit, l.burst)
	}
	if len(l.new) >= maxRates {
		l.old, l.new = l.new, make(map[string]*rate.Limiter)
	}
	l.new[client] = limiter
	return limiter
}

// rateLimit refuses posts of a client that sends too many. Requests that can't be told whose they are go on: the handler
// says what is wrong with them.
func (s *Server) rateLimit(next http.HandlerFunc) http.HandlerFunc {
	if s.rate == nil {
		return next
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if who, err := s.sessions.identify(r); err == nil {
			if ok, retryAfter := s.mayPost(who); !ok {
				failure := wire.Fail(wire.CodeTooMuch, "")
				failure.RetryAfter = retryAfter
				wire.WriteProblem(w, failure)
				return
			}
		}
		next(w, r)
	}
}

// mayPost reports whether a visitor may post now, and else after how long. Guests of one address share its rate: their
// ids are new each time, and names cost nothing.
func (s *Server) mayPost(who wire.Visitor) (ok bool, retryAfter time.Duration) {
	if s.rate == nil {
		return true, 0
	}
	client := who.Client
	if who.Guest {
		client = rateLimitKey(guestAddress(client))
	}
	retryAfter = s.rate.wait(client, time.Now())
	return retryAfter == 0, retryAfter
}

// rateLimitKey is an address for the purpose of limits: of an IPv6 address the /64, which one household has to itself.
func rateLimitKey(addr string) string {
	a, err := netip.ParseAddr(addr)
	if err != nil || a.Is4() {
		return addr
	}
	p, err := a.Prefix(64)
	if err != nil {
		return addr
	}
	return p.String()
}
