package server

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// origins decides which pages may use this server in a user's name.
type origins struct {
	check   *http.CrossOriginProtection
	trusted map[string]bool
	proxies proxies
}

func newOrigins(trusted []string, p proxies) (*origins, error) {
	o := &origins{check: http.NewCrossOriginProtection(), trusted: make(map[string]bool), proxies: p}
	for _, origin := range trusted {
		origin = normalOrigin(strings.TrimSuffix(origin, "/"))
		if err := o.check.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("trusted origin: %w", err)
		}
		o.trusted[origin] = true
	}
	return o, nil
}

// protect refuses what another site's page asks a user's browser to do here: requests that change
// something. What says nothing of where it came from is a program's, and let through.
func (o *origins) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := o.check.Check(o.asAsked(r, r.Method)); err != nil {
			httpapi.WriteProblem(w, wire.Fail(wire.CodeCrossOrigin, ""))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// sameSite reports whether a WebSocket may be opened. Browsers let any page open one to anywhere
// and send cookies along (RFC 6455 section 10.2), so the rule is the one for requests that change
// something.
func (o *origins) sameSite(r *http.Request) bool {
	return o.check.Check(o.asAsked(r, http.MethodPost)) == nil
}

// guard refuses a stream that another site's page opens: it could not be read there, but its reader
// would be shown in the room, by a person's own name where the page is a sibling's. The rule is the
// one of WebSockets. A link that somebody follows is no such page.
func (o *origins) guard(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !o.sameSite(r) && !isFollowed(r) {
			httpapi.WriteProblem(w, wire.Fail(wire.CodeCrossOrigin, ""))
			return
		}
		next(w, r)
	}
}

// isFollowed reports whether a request is for a whole window of the browser (Fetch Metadata). No
// script can set these headers.
func isFollowed(r *http.Request) bool {
	return r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

// asAsked is a request with the host that the client asked, which a proxy may have replaced,
// written as the request's Origin would write it, and a method to be judged by.
func (o *origins) asAsked(r *http.Request, method string) *http.Request {
	host, origin := o.proxies.host(r), r.Header.Get("Origin")
	if origin != "" {
		host = inOrigin(host, origin)
	}
	written := normalOrigin(origin)
	if r.Method == method && r.Host == host && origin == written {
		return r
	}
	asked := *r
	asked.Method, asked.Host = method, host
	if origin != written {
		asked.Header = r.Header.Clone()
		asked.Header.Set("Origin", written)
	}
	return &asked
}

// inOrigin is a host as an origin has it (RFC 6454 section 6.2): in lower case, and without the
// port that the origin's scheme has anyway.
func inOrigin(host, origin string) string {
	scheme, _, _ := strings.Cut(origin, "://")
	return strings.TrimSuffix(strings.ToLower(host), defaultPort(strings.ToLower(scheme)))
}

// normalOrigin is an origin as browsers write it.
func normalOrigin(origin string) string {
	scheme, host, ok := strings.Cut(strings.ToLower(origin), "://")
	if !ok {
		return origin // "null", or none
	}
	return scheme + "://" + strings.TrimSuffix(host, defaultPort(scheme))
}

func defaultPort(scheme string) string {
	switch scheme {
	case "http":
		return ":80"
	case "https":
		return ":443"
	}
	return ""
}

// cors lets the pages of trusted origins read answers (the Fetch standard's CORS protocol). Without
// trusted origins it does nothing at all.
func (o *origins) cors(next http.Handler) http.Handler {
	if len(o.trusted) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add("Vary", "Origin")
		origin := r.Header.Get("Origin")
		if !o.trusted[normalOrigin(origin)] {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE")
			h.Set("Access-Control-Allow-Headers", "Authorization, Content-Disposition, Content-Type, Idempotency-Key, If-Match, "+
				"If-Range, Last-Event-ID, Range, Tus-Resumable, Upload-Length, Upload-Metadata, Upload-Offset, X-Filename, X-Name")
			h.Set("Access-Control-Max-Age", "600") // ten minutes: so long a removed origin may go on asking
			w.WriteHeader(http.StatusNoContent)
			return
		}
		h.Set("Access-Control-Expose-Headers", "Accept-Ranges, Content-Disposition, Content-Range, ETag, Location, RateLimit, "+
			"RateLimit-Policy, Retry-After, Tus-Extension, Tus-Max-Size, Tus-Resumable, Tus-Version, Upload-Length, "+
			"Upload-Metadata, Upload-Offset, "+requestIDHeader)
		next.ServeHTTP(w, r)
	})
}
