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

// cookieName is the cookie that pages send their session back as.
const cookieName = "caller_session"

// tokenSubprotocol comes before a token among the subprotocols of a WebSocket. A page of another
// origin has no cookie here and can set no header on a WebSocket: subprotocols are all that it can
// choose. The server answers ws.Subprotocol, never this one.
const tokenSubprotocol = "caller.token."

// credential is the token a request comes with: the bearer's or the subprotocol's, which somebody
// gave on purpose, or the cookie, which browsers add by themselves. A bearer's that is not Caller's
// is for somebody else.
func (a *Auth) credential(r *http.Request) (token string, given bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		if token = strings.TrimSpace(token); a.cache.has(token) || isOurs(token) {
			return token, true
		}
	}
	for protocol := range strings.SplitSeq(strings.Join(r.Header.Values("Sec-Websocket-Protocol"), ","), ",") {
		if token, ok := strings.CutPrefix(strings.TrimSpace(protocol), tokenSubprotocol); ok {
			return token, true
		}
	}
	if c, err := r.Cookie(cookieName); err == nil {
		return c.Value, true
	}
	return "", false
}

// setCookie gives a page its session, for that long.
func (a *Auth) setCookie(w http.ResponseWriter, r *http.Request, token string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: token, Path: a.options.CookiePath, MaxAge: int(life / time.Second),
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
