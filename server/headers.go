package server

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// HSTSDefault is for how long browsers that came by HTTPS to one of [Options.Hosts] come by nothing
// else, where [Options.HSTS] does not say: half a year, the least that Mozilla's Observatory wants.
const HSTSDefault = 180 * 24 * time.Hour

// The values of headers that all answers share; nobody changes them.
var (
	nosniff    = []string{"nosniff"}
	sameOrigin = []string{"same-origin"}
	// apart is the policy of what is no page: opened in a browser it runs nothing, loads nothing and
	// stands in no frame.
	apart = []string{"default-src 'none'; frame-ancestors 'none'"}
)

// securityHeaders keeps browsers from guessing that an answer is something else than it says, from
// giving it to other sites' pages and frames, and over HTTPS from coming without encryption (RFC
// 6797 section 7.2: said over HTTPS only). The page sets a policy of its own over this one.
func (s *Server) securityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		keepApart(w.Header())
		if life := s.hstsFor(r); life > 0 {
			w.Header().Set("Strict-Transport-Security", "max-age="+strconv.FormatInt(int64(life/time.Second), 10))
		}
		next.ServeHTTP(w, r)
	})
}

func keepApart(h http.Header) {
	h["X-Content-Type-Options"] = nosniff
	h["Cross-Origin-Resource-Policy"] = sameOrigin
	h["Content-Security-Policy"] = apart
}

// hstsFor is for how long a request's browser is to come by HTTPS alone; 0 for nothing.
func (s *Server) hstsFor(r *http.Request) time.Duration {
	switch {
	case !s.proxies.encrypted(r):
		return 0
	case s.hsts != nil:
		return *s.hsts
	case s.basePath == "" && s.hosts.isNamed(r): // else most of the host is another site's
		return HSTSDefault
	}
	return 0
}

// tokenFields are the names under which programs put a token into an address (RFC 6750 section
// 2.3), where it gets into logs, histories and Referer headers.
func isTokenField(name string) bool {
	switch strings.ToLower(name) {
	case "token", "access_token", "auth_token", "session_token", "api_token", "bearer", "jwt", "authorization":
		return true
	}
	return false
}

// refuseTokens refuses a token in an address, so that nobody gets used to it.
func refuseTokens(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for part := range strings.FieldsFuncSeq(r.URL.RawQuery, func(c rune) bool { return c == '&' || c == ';' }) {
			if name, _, _ := strings.Cut(part, "="); isTokenField(name) {
				httpapi.WriteProblem(w, wire.Fail(wire.CodeTokenInURL, "addresses are logged: send it as Authorization: Bearer TOKEN"))
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
