package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// cookieName is the cookie that pages send their session back as.
const cookieName = "caller_session"

// sessions says who is speaking. A session is in its token alone: nothing of it is stored.
type sessions struct {
	keys       keys
	tokenCache tokenCache
	proxies    proxies
	cookiePath string
	now        func() time.Time
}

// tokenSubprotocol comes before a token among the subprotocols of a WebSocket. A page of another origin has no cookie here
// and can set no header on a WebSocket: subprotocols are all that it can choose. The server answers ws.Subprotocol,
// never this one.
const tokenSubprotocol = "caller.token."

// credential is the token a request comes with: the bearer's or the subprotocol's, which somebody gave on purpose, or the
// cookie, which browsers add by themselves.
func credential(r *http.Request) (token string, given bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") { // others are a proxy's business
		return strings.TrimSpace(token), true
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

// of is the session a request comes with; given is false when it comes with none. Errors: a [*wire.Failure] of
// CodeSessionInvalid; [chat.ErrUnavailable] when the key to judge by can't be had.
func (s *sessions) of(r *http.Request) (_ session, given bool, err error) {
	token, given := credential(r)
	if !given {
		return session{}, false, nil
	}
	found, err := s.parse(r.Context(), token)
	switch {
	case errors.Is(err, errTokenExpired):
		err = wire.Fail(wire.CodeSessionInvalid, "it has expired")
	case errors.Is(err, errTokenForm), errors.Is(err, errTokenForged):
		err = wire.Fail(wire.CodeSessionInvalid, "it was not made here")
	}
	return found, true, err
}

func (s *sessions) parse(ctx context.Context, token string) (session, error) {
	key, err := s.keys.current(ctx)
	if err != nil {
		return session{}, err
	}
	found, err := s.tokenCache.parse(token, key, s.now())
	if errors.Is(err, errTokenForged) {
		if key, ok := s.keys.other(ctx, key); ok {
			return s.tokenCache.parse(token, key, s.now())
		}
	}
	return found, err
}

// identify is a [httpapi.Identify]: the session's owner, or a guest.
func (s *sessions) identify(r *http.Request) (chat.Principal, error) {
	found, given, err := s.of(r)
	if err != nil {
		return chat.Principal{}, err
	}
	if given {
		return chat.Principal{
			ID: found.ID, Name: found.Name, Client: string(found.ID), LimitKey: string(found.ID),
		}, nil
	}
	id := chat.NewMemberID()
	name := r.URL.Query().Get("name")
	if name == "" {
		name = r.Header.Get("X-Name")
	}
	if name != "" {
		if name, err = chat.ParseName(name); err != nil {
			return chat.Principal{}, err
		}
	}
	address := s.proxies.client(r)
	client := "guest:" + address + " " + name // before a name is made up: that one is new each time
	if name == "" {
		name = "guest-" + string(id[:4])
	}
	return chat.Principal{ID: id, Name: name, Guest: true, Client: client, LimitKey: rateLimitKey(address)}, nil
}

// sessionReply is the answer of /session. Token is left out where none was made.
type sessionReply struct {
	ClientID  chat.MemberID `json:"clientId"`
	Name      string        `json:"name"`
	Token     string        `json:"token,omitempty"`
	ExpiresAt string        `json:"expiresAt"`
}

func (s session) reply(token string) sessionReply {
	return sessionReply{ClientID: s.ID, Name: s.Name, Token: token, ExpiresAt: s.Expires.Format(wire.TimeFormat)}
}

// getSession says who the visitor is: GET /session.
func (s *Server) getSession(w http.ResponseWriter, r *http.Request) {
	found, given, err := s.sessions.of(r)
	if err == nil && !given {
		err = wire.Fail(wire.CodeSessionRequired, "POST /session makes one")
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	httpapi.WriteJSON(w, http.StatusOK, found.reply(""))
}

// postSession makes a session, or gives the visitor's own a new name and time: POST /session.
func (s *Server) postSession(w http.ResponseWriter, r *http.Request) {
	given, err := httpapi.NameOf(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	name, err := chat.ParseName(given)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	key, err := s.sessions.keys.current(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	status := http.StatusOK
	mine, had, err := s.sessions.of(r)
	if err != nil || !had { // one that is not valid is as good as none
		status, mine = http.StatusCreated, session{ID: chat.NewMemberID()}
	} else if newer, err := s.sessions.keys.current(r.Context()); err == nil {
		key = newer // it may have been found only by the token just read
	}
	mine.Name = name
	mine.Expires = s.sessions.now().Add(sessionLife).UTC().Truncate(time.Second)
	token := mine.token(key)
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: token, Path: s.sessions.cookiePath, MaxAge: int(sessionLife / time.Second),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.proxies.secure(r),
	})
	httpapi.WriteJSON(w, status, mine.reply(token))
}
