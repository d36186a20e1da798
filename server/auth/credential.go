package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/netip"
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

// credentials are the tokens that a request comes with, any of which may be the one. The bearer's
// or the subprotocol's, which somebody gave on purpose, is the only one; cookies, which browsers
// add by themselves, may be several under one name, of which a sibling domain may have set the
// first. A bearer's that is not Caller's is for somebody else.
func (a *Auth) credentials(r *http.Request) (tokens []string) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		if token = strings.TrimSpace(token); a.cache.has(token) || isOurs(token) {
			return []string{token}
		}
	}
	for protocol := range strings.SplitSeq(strings.Join(r.Header.Values("Sec-Websocket-Protocol"), ","), ",") {
		if token, ok := strings.CutPrefix(strings.TrimSpace(protocol), tokenSubprotocol); ok {
			return []string{token}
		}
	}
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

// guest is who makes a request without a session. Errors: a [*chat.InvalidError] of a name that
// can't be one.
func (a *Auth) guest(r *http.Request) (chat.Principal, error) {
	id := chat.NewMemberID()
	name := r.URL.Query().Get("name")
	if name == "" {
		name = r.Header.Get("X-Name")
	}
	if name != "" {
		var err error
		if name, err = chat.ParseName(name); err != nil {
			return chat.Principal{}, err
		}
	}
	address := a.options.Address(r)
	client := "guest:" + address + " " + name // before a name is made up: that one is new each time
	limit, look := rateLimitKey(address), ""
	if name == "" {
		name = "guest-" + string(id[:4])
	} else {
		look = a.look(r.Context(), limit, name)
	}
	return chat.Principal{ID: id, Name: name, Guest: true, Look: look, Client: client, LimitKey: limit}, nil
}

// lookSignedAs keeps these hashes apart from all else that the same key signs.
const lookSignedAs = "caller look\x00"

// look is by what guests of one network under one name are recognised. Without the key, which is
// the same on all nodes, nobody can find out the network by it. It is empty while the key can't be
// had.
func (a *Auth) look(ctx context.Context, network, name string) string {
	key, err := a.keys.current(ctx)
	if err != nil {
		return ""
	}
	b := append(make([]byte, 0, 256), lookSignedAs...)
	b = append(append(b, key...), network...)
	sum := sha256.Sum256(append(append(b, 0), name...)) // too short a part of it is told to go on from
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// rateLimitKey is an address for the purpose of limits: of an IPv6 address the /64, which one
// household has to itself.
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
