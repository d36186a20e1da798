package calls

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// Rooms is what the routes ask of the core; [*chat.Node] has it.
type Rooms interface {
	Authorize(ctx context.Context, who chat.Principal, room chat.RoomID, what chat.Action) error
	Members(ctx context.Context, who chat.Principal, room chat.RoomID) (chat.RosterSnapshot, error)
}

// Routes are the calls' HTTP handlers, by method and path as the server's router has them: POST
// /rooms/{room}/call, and POST /livekit/webhook. The server bounds their bodies and has found the
// principal.
func (c *Calls) Routes(rooms Rooms) map[string]http.Handler {
	return map[string]http.Handler{
		"POST /rooms/:room/call": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.postCall(w, r, rooms) }),
		"POST /livekit/webhook":  http.HandlerFunc(c.postWebhook),
	}
}

// joinReply is the answer of POST /rooms/{room}/call.
type joinReply struct {
	URL       string `json:"url"`
	Token     string `json:"token"`
	ExpiresAt string `json:"expiresAt"`
}

// postCall gives a member of the room a join token for its call.
func (c *Calls) postCall(w http.ResponseWriter, r *http.Request, rooms Rooms) {
	token, err := c.join(r, rooms)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	httpapi.WriteJSON(w, http.StatusOK, joinReply{
		URL: token.URL, Token: token.Token, ExpiresAt: token.Expires.Format(wire.TimeFormat),
	})
}

func (c *Calls) join(r *http.Request, rooms Rooms) (JoinToken, error) {
	room, who, err := httpapi.SessionInRoom(r)
	if err != nil {
		return JoinToken{}, err
	}
	if err := rooms.Authorize(r.Context(), who, room, ActionJoin); err != nil {
		return JoinToken{}, err
	}
	snapshot, err := rooms.Members(r.Context(), who, room)
	if err != nil {
		return JoinToken{}, err
	}
	if !slices.ContainsFunc(snapshot.Members, func(m chat.Member) bool { return m.ID == who.ID }) {
		return JoinToken{}, wire.Fail(wire.CodeNotPresent, "open the room's stream first")
	}
	return c.NewJoinToken(room, who.Author())
}

// postWebhook takes what LiveKit tells.
func (c *Calls) postWebhook(w http.ResponseWriter, r *http.Request) {
	err := c.Webhook(r)
	if errors.Is(err, ErrNotSigned) {
		err = wire.Fail(wire.CodeSessionInvalid, "it is not signed with the key of LiveKit")
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// fail answers with a problem, and logs what is our own fault.
func (c *Calls) fail(w http.ResponseWriter, r *http.Request, err error) {
	if httpapi.FailureOf(err).Code == wire.CodeInternal {
		c.log.ErrorContext(r.Context(), "request failed", "method", r.Method, "path", r.URL.Path, "err", err)
	}
	httpapi.WriteProblem(w, err)
}

const cloudDomain = ".livekit.cloud"

// Origins are what a page connects to for a call, for its content security policy. LiveKit's
// library asks by HTTP why a WebSocket did not come about. LiveKit Cloud sends clients on to the
// server that is nearest, under a name that only it knows.
func (o Options) Origins() []string {
	at, err := url.Parse(o.PublicURL)
	if err != nil {
		return nil
	}
	ws, web := "ws", "http"
	if at.Scheme == "wss" || at.Scheme == "https" {
		ws, web = "wss", "https"
	}
	origins := []string{ws + "://" + at.Host, web + "://" + at.Host}
	if strings.HasSuffix(at.Hostname(), cloudDomain) {
		origins = append(origins, "wss://*"+cloudDomain, "https://*"+cloudDomain)
	}
	return origins
}
