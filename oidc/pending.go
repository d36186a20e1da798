package oidc

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/caller-chat/caller/chat"
)

// pending is a sign-in that has begun, as the browser keeps it in a cookie. Who has the cookie can
// finish what it began, and nothing else: the code, which the service gives that browser alone, is
// not in it.
type pending struct {
	State    string      `json:"s"`
	Nonce    string      `json:"n"`
	Verifier string      `json:"v"`
	Room     chat.RoomID `json:"r,omitempty"`
}

const (
	// pendingLife is for how long somebody may look for a password.
	pendingLife = 10 * time.Minute
	// maxPending is how many a browser has, one for each tab: the header has a bound.
	maxPending = 5
	// cookiePrefix begins the names of these cookies; the start of the state follows.
	cookiePrefix = "caller_signin_"
	stateStart   = 10
)

// state is what comes back from the service: the random part, and the room, so that somebody
// without the cookie is in the right place at least. It is a room's name, and proves nothing.
func (p pending) state() string {
	return p.State + "." + base64.RawURLEncoding.EncodeToString([]byte(p.Room))
}

func splitState(text string) (state string, room chat.RoomID) {
	state, encoded, _ := strings.Cut(text, ".")
	name, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return state, ""
	}
	if room, err = roomOf(string(name)); err != nil {
		return state, ""
	}
	return state, room
}

// cookieName is one that, over HTTPS, browsers take from this host alone (RFC 6265bis section
// 4.1.3.2): a sibling domain can't have somebody finish a sign-in that it began.
func (s *SignIn) cookieName(state string) string {
	name := cookiePrefix + state[:min(stateStart, len(state))]
	if s.secure {
		name = "__Host-" + name
	}
	return name
}

func (s *SignIn) setCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(life / time.Second),
		HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode, // it has to come along when the service sends somebody back
	})
}

// remember gives a browser a sign-in that has begun, and takes those back that are too many.
func (s *SignIn) remember(w http.ResponseWriter, r *http.Request, p pending) {
	var others []string
	for _, c := range r.Cookies() {
		if strings.HasPrefix(strings.TrimPrefix(c.Name, "__Host-"), cookiePrefix) {
			others = append(others, c.Name)
		}
	}
	for _, name := range others[:max(0, len(others)-maxPending+1)] {
		s.setCookie(w, name, "", -time.Second)
	}
	text, _ := json.Marshal(p) // can't fail: strings only
	s.setCookie(w, s.cookieName(p.State), base64.RawURLEncoding.EncodeToString(text), pendingLife)
}

// recall is the sign-in that the browser began under a state, which is then over; ok is false when
// it began none.
func (s *SignIn) recall(w http.ResponseWriter, r *http.Request, state string) (p pending, ok bool) {
	name := s.cookieName(state)
	given := r.CookiesNamed(name)
	if len(given) == 0 || state == "" {
		return pending{}, false
	}
	s.setCookie(w, name, "", -time.Second)
	for _, c := range given {
		text, err := base64.RawURLEncoding.DecodeString(c.Value)
		if err != nil || json.Unmarshal(text, &p) != nil || p.Nonce == "" || p.Verifier == "" {
			continue
		}
		if _, err := roomOf(string(p.Room)); err != nil {
			continue
		}
		if subtle.ConstantTimeCompare([]byte(p.State), []byte(state)) == 1 {
			return p, true
		}
	}
	return pending{}, false
}
