package server

import (
	"net/http"
	"strconv"
	"time"
)

// HSTSDefault is for how long browsers that came by HTTPS to one of [Options.Hosts] come by nothing
// else, where [Options.HSTS] does not say: half a year, the least that Mozilla's Observatory wants.
const HSTSDefault = 180 * 24 * time.Hour

// The values of headers that all answers share; nobody changes them.
var (
	nosniff    = []string{"nosniff"}
	sameOrigin = []string{"same-origin"}
	// apart is the policy of what is no page: opened in a browser it runs nothing and stands in no
	// frame.
	apart = []string{"script-src 'none'; object-src 'none'; frame-ancestors 'none'"}
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

// KeepApart gives an answer that is made outside of a [Server] what all of its answers have.
func KeepApart(h http.Header) { keepApart(h) }

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
