package httpapi

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// leastToken is less than an access token has, in bytes, prefix and all.
const leastToken = 32

// isTokenField reports whether a field of an address has a token in it, by the names under which
// programs put one there (RFC 6750 section 2.3), or by what an access token looks like.
func isTokenField(name, value string) bool {
	if decoded, err := url.QueryUnescape(name); err == nil {
		name = decoded
	}
	switch strings.ToLower(name) {
	case "token", "access_token", "auth_token", "id_token", "session_token", "api_token", "bearer", "bearer_token", "jwt", "authorization":
		return true
	}
	return strings.HasPrefix(value, chat.TokenPrefix) && len(value) >= leastToken
}

// RefuseTokens refuses a token in an address, where it gets into logs, histories and Referer
// headers, so that nobody gets used to it.
func RefuseTokens(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for part := range strings.FieldsFuncSeq(r.URL.RawQuery, func(c rune) bool { return c == '&' || c == ';' }) {
			if name, value, _ := strings.Cut(part, "="); isTokenField(name, value) {
				WriteProblem(w, wire.Fail(wire.CodeTokenInURL, "addresses are logged: send it as Authorization: Bearer TOKEN"))
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
