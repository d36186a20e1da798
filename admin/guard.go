package admin

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// The cookie of a browser that has logged in. Over HTTPS it has the prefix by which browsers take
// it from this host alone (RFC 6265bis section 4.1.3.2).
const (
	cookieName = "caller_admin"
	hostCookie = "__Host-" + cookieName
)

// loginLife is for how long a browser is logged in.
const loginLife = 12 * time.Hour

// guard lets those in who have the token.
type guard struct {
	token            [sha256.Size]byte // its hash: what is compared has one length
	key              []byte            // signs cookies. It is of the token: with another one, all logins are over
	wrong            wrongTokens
	denied, loggedIn func(*http.Request)
	log              *slog.Logger
	now              func() time.Time
}

func newGuard(o Options) *guard {
	key := hmac.New(sha256.New, []byte(o.Token))
	_, _ = key.Write([]byte("caller admin cookie")) // never fails
	return &guard{
		token: sha256.Sum256([]byte(o.Token)), key: key.Sum(nil), wrong: wrongTokens{now: o.Now},
		denied: o.Denied, loggedIn: o.LoggedIn, log: o.Logger, now: o.Now,
	}
}

// protect gives a request on that has the token, or a cookie for it.
func (g *guard) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		switch {
		case strings.EqualFold(scheme, "Bearer"):
			if err := g.check(r, strings.TrimSpace(token)); err != nil {
				refuse(w, err)
				return
			}
		case !g.isLoggedIn(r):
			refuse(w, wire.Fail(wire.CodeSessionRequired, "the admin token is needed: Authorization: Bearer TOKEN, or POST /login"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// refuse answers with a problem, and for one who is not known with how to be (RFC 9110 section
// 11.6.1).
func refuse(w http.ResponseWriter, err *wire.Failure) {
	if err.Status() == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="caller admin"`)
	}
	httpapi.WriteProblem(w, err)
}

// check says whether a token is right. A right one always is: one cannot be guessed, and nobody
// shuts the operator out by trying from the same machine. Wrong ones are counted, logged, told once
// an hour and, when they are many, have to wait.
func (g *guard) check(r *http.Request, token string) *wire.Failure {
	given := sha256.Sum256([]byte(token))
	if subtle.ConstantTimeCompare(given[:], g.token[:]) == 1 {
		return nil
	}
	address := addressOf(r)
	wait, tell := g.wrong.count(address)
	if wait > 0 {
		f := wire.Fail(wire.CodeTooMuch, "too many wrong tokens")
		f.RetryAfter = wait
		return f
	}
	g.log.WarnContext(r.Context(), "a wrong admin token", "address", address, "path", r.URL.Path)
	if tell {
		g.denied(r)
	}
	return wire.Fail(wire.CodeSessionInvalid, "that is not the admin token")
}

// login gives a browser a cookie for the token: POST /login {"token"}.
func (g *guard) login(w http.ResponseWriter, r *http.Request) {
	f, err := httpapi.FieldsOf(r, "token")
	var token string
	if err == nil {
		token, err = f.Text("token")
	}
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	if failure := g.check(r, token); failure != nil {
		refuse(w, failure)
		return
	}
	g.setCookie(w, r, g.newCookie(), loginLife)
	g.loggedIn(r)
	w.WriteHeader(http.StatusNoContent)
}

// logout has a browser forget it: POST /logout.
func (g *guard) logout(w http.ResponseWriter, r *http.Request) {
	g.setCookie(w, r, "", -time.Second)
	w.WriteHeader(http.StatusNoContent)
}

func (g *guard) setCookie(w http.ResponseWriter, r *http.Request, value string, life time.Duration) {
	name := cookieName
	if r.TLS != nil {
		name = hostCookie
	}
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(life / time.Second),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	})
}

// cookieRandom is how many random bytes a cookie has, so that no two are the same; after them comes
// the time, in seconds, when it ends, and a signature.
const cookieRandom = 8

func (g *guard) newCookie() string {
	b := make([]byte, cookieRandom, cookieRandom+8+sha256.Size)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	b = binary.BigEndian.AppendUint64(b, uint64(g.now().Add(loginLife).Unix()))
	return base64.RawURLEncoding.EncodeToString(append(b, g.sign(b)...))
}

func (g *guard) sign(b []byte) []byte {
	mac := hmac.New(sha256.New, g.key)
	_, _ = mac.Write(b) // never fails
	return mac.Sum(nil)
}

// isLoggedIn reports whether a request has a good cookie, and does not come from a page of another
// origin: those of other ports of this host are of the same site, and their requests have it too.
func (g *guard) isLoggedIn(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
	default:
		return false
	}
	name := cookieName
	if r.TLS != nil {
		name = hostCookie
	}
	for _, c := range r.CookiesNamed(name) {
		if g.isGood(c.Value) {
			return true
		}
	}
	return false
}

func (g *guard) isGood(cookie string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(cookie)
	if err != nil || len(b) != cookieRandom+8+sha256.Size {
		return false
	}
	signed, signature := b[:cookieRandom+8], b[cookieRandom+8:]
	if !hmac.Equal(signature, g.sign(signed)) {
		return false
	}
	return g.now().Unix() < int64(binary.BigEndian.Uint64(signed[cookieRandom:]))
}
