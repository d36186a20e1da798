package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
	"time"

	"github.com/caller-chat/caller/chat"
)

// The cookie that pages send their session back as. Over HTTPS, and at the root of the host, it has
// the prefix by which browsers take it from this host alone (RFC 6265bis section 4.1.3.2): no
// sibling domain, and nobody on the way to one that has no encryption, can give somebody a session.
const (
	cookieName = "caller_session"
	hostCookie = "__Host-" + cookieName
)

// maxCookies bounds how many sessions of one request are tried.
const maxCookies = 20

// tokenSubprotocol comes before a token among the subprotocols of a WebSocket. A page of another
// origin has no cookie here and can set no header on a WebSocket: subprotocols are all that it can
// choose. The server answers ws.Subprotocol, never this one.
const tokenSubprotocol = "caller.token."

// bearer is the token in a request's Authorization header. It may be somebody else's.
func bearer(r *http.Request) (token string, given bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), strings.EqualFold(scheme, "Bearer")
}

func subprotocolToken(r *http.Request) (token string, given bool) {
	for protocol := range strings.SplitSeq(strings.Join(r.Header.Values("Sec-Websocket-Protocol"), ","), ",") {
		if token, ok := strings.CutPrefix(strings.TrimSpace(protocol), tokenSubprotocol); ok {
			return token, true
		}
	}
	return "", false
}

// cookies are the sessions that a browser has added, several under one name, of which a sibling
// domain may have set the first.
func (a *Auth) cookies(r *http.Request) (tokens []string) {
	for _, c := range r.CookiesNamed(hostCookie) {
		tokens = append(tokens, c.Value)
	}
	if !a.isHostOnly(r) {
		for _, c := range r.CookiesNamed(cookieName) {
			tokens = append(tokens, c.Value)
		}
	}
	return tokens[:min(len(tokens), maxCookies)]
}

// isHostOnly reports whether a request's cookie can be one for this host alone.
func (a *Auth) isHostOnly(r *http.Request) bool {
	return a.options.CookiePath == "/" && a.options.Encrypted(r)
}

// roomPassword is the password of "curl -u :password": one with a user's name is for a proxy in
// front.
func roomPassword(r *http.Request) string {
	user, password, _ := r.BasicAuth()
	if user != "" {
		return ""
	}
	return password
}

// isAccessToken reports whether a token says that it is one, good or not.
func isAccessToken(token string) bool {
	return strings.HasPrefix(token, chat.TokenPrefix) || strings.HasPrefix(token, chat.HookPrefix)
}

// isJWT reports whether a token has the parts of a signed JSON Web Token.
func isJWT(token string) bool { return strings.Count(token, ".") == 2 }

// isOperators compares in a time that says nothing of how much is right.
func (a *Auth) isOperators(token string) bool {
	if a.options.Operator == "" {
		return false
	}
	given, want := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(a.options.Operator))
	return subtle.ConstantTimeCompare(given[:], want[:]) == 1
}

// Operator is whoever runs the server.
func Operator() chat.Principal {
	id := VouchedID(chat.ViaOperator, "", "")
	return chat.Principal{
		ID: id, Name: "operator", Via: chat.ViaOperator, Role: chat.RoleOperator,
		Client: string(id), LimitKey: string(id),
	}
}

// setCookie gives a page its session, for that long.
func (a *Auth) setCookie(w http.ResponseWriter, r *http.Request, token string, life time.Duration) {
	name := cookieName
	if a.isHostOnly(r) {
		name = hostCookie
	}
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: token, Path: a.options.CookiePath, MaxAge: int(life / time.Second),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: a.options.Encrypted(r),
	})
}

// vouchedCookie stands beside a session that somebody else vouches for. A page's scripts can read it,
// and so know that the server has to be asked for the name. It says nothing else, and proves
// nothing.
const vouchedCookie = "caller_vouched"

// setVouched gives a page the sign of such a session, or takes it back.
func (a *Auth) setVouched(w http.ResponseWriter, r *http.Request, vouched bool, life time.Duration) {
	value := "1"
	if !vouched {
		if _, err := r.Cookie(vouchedCookie); err != nil {
			return
		}
		value, life = "", -time.Second
	}
	http.SetCookie(w, &http.Cookie{
		Name: vouchedCookie, Value: value, Path: a.options.CookiePath, MaxAge: int(life / time.Second),
		SameSite: http.SameSiteLaxMode, Secure: a.options.Encrypted(r),
	})
}

// nameOf is the name that a request gives whoever makes it; empty for none. Errors: a
// [*chat.InvalidError] of one that can't be one.
func nameOf(r *http.Request) (string, error) {
	name := r.URL.Query().Get("name")
	if name == "" {
		name = r.Header.Get("X-Name")
	}
	if name == "" {
		return "", nil
	}
	return chat.ParseName(name)
}

// guest is who makes a request without a session. Errors: a [*chat.InvalidError] of a name that
// can't be one.
func (a *Auth) guest(r *http.Request, address string) (chat.Principal, error) {
	id := chat.NewMemberID()
	name, err := nameOf(r)
	if err != nil {
		return chat.Principal{}, err
	}
	client := "guest:" + address + " " + name // before a name is made up: that one is new each time
	limit, look := networkKey(address), ""
	if name == "" {
		name = "guest-" + string(id[:4])
	} else {
		look = a.look(r.Context(), limit, name)
	}
	return chat.Principal{ID: id, Name: name, Guest: true, Look: look, Client: client, LimitKey: limit}, nil
}
