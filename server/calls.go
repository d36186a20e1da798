package server

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/caller-chat/caller/calls"
	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// Calls is what the server asks of the rooms' calls; package calls has it.
type Calls interface {
	// NewJoinToken lets somebody, whom the server knows to be present, into a room's call.
	NewJoinToken(room chat.RoomID, who chat.Author) (calls.JoinToken, error)
	// PublicURL is where browsers connect to: ws:// or wss://.
	PublicURL() string
	// Webhook takes what LiveKit tells. Errors: [calls.ErrNotSigned], those of reading the body.
	Webhook(r *http.Request) error
}

// passReply is the answer of POST /rooms/{room}/call.
type passReply struct {
	URL       string `json:"url"`
	Token     string `json:"token"`
	ExpiresAt string `json:"expiresAt"`
}

// call gives a member of the room a join token into its call: POST /rooms/{room}/call.
func (s *Server) call(w http.ResponseWriter, r *http.Request) {
	room, who, ok := s.inRoom(w, r)
	if !ok {
		return
	}
	var snapshot chat.RosterSnapshot
	err := s.rooms.Authorize(r.Context(), who, room, calls.ActionJoin)
	if err == nil {
		snapshot, err = s.rooms.Members(r.Context(), who, room)
	}
	if err == nil && !slices.ContainsFunc(snapshot.Members, func(m chat.Member) bool { return m.ID == who.ID }) {
		err = wire.Fail(wire.CodeNotPresent, "open the room's stream first")
	}
	var token calls.JoinToken
	if err == nil {
		token, err = s.calls.NewJoinToken(room, who.Author())
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	httpapi.WriteJSON(w, http.StatusOK, passReply{
		URL: token.URL, Token: token.Token, ExpiresAt: token.Expires.Format(wire.TimeFormat),
	})
}

// webhook takes what LiveKit tells: POST /livekit/webhook.
func (s *Server) webhook(w http.ResponseWriter, r *http.Request) {
	err := s.calls.Webhook(r)
	if errors.Is(err, calls.ErrNotSigned) {
		err = wire.Fail(wire.CodeSessionInvalid, "it is not signed with the key of LiveKit")
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// callsTag tells the page that rooms have calls.
const callsTag = `<meta name="caller-calls" content="on">`

// withCalls is the policy of a page that joins calls: it connects to LiveKit and plays media that it made itself.
// LiveKit's library asks by HTTP why a WebSocket did not come about. LiveKit Cloud sends clients on to the server that
// is nearest, under a name that only it knows.
func withCalls(policy, publicURL string) string {
	connect := "connect-src 'self'"
	for _, source := range callSources(publicURL) {
		connect += " " + source
	}
	policy = strings.Replace(policy, "connect-src 'self'", connect, 1)
	return policy + "; media-src 'self' blob:"
}

const cloudDomain = ".livekit.cloud"

// callSources are the origins that a page connects to for a call.
func callSources(publicURL string) []string {
	at, err := url.Parse(publicURL)
	if err != nil {
		return nil
	}
	ws, web := "ws", "http"
	if at.Scheme == "wss" || at.Scheme == "https" {
		ws, web = "wss", "https"
	}
	sources := []string{ws + "://" + at.Host, web + "://" + at.Host}
	if strings.HasSuffix(at.Hostname(), cloudDomain) {
		sources = append(sources, "wss://*"+cloudDomain, "https://*"+cloudDomain)
	}
	return sources
}
