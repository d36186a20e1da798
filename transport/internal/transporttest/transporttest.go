// Package transporttest starts what a transport's tests stand on: a node on a store in memory, and
// visitors by name. Tests of transports use it; nothing else does. Its own tests hold what all
// transports have in common.
package transporttest

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/chattest"
	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/transport/conn"
	"github.com/stretchr/testify/require"
)

// Fixture is a node and what its transports need.
type Fixture struct {
	Node      *chat.Node
	Keepalive *conn.Keepalive
}

// New starts a node with its defaults, which ends with the test.
func New(t testing.TB) *Fixture {
	t.Helper()
	return NewWith(t, chat.Options{})
}

// NewWith is New with a node's options.
func NewWith(t testing.TB, o chat.Options) *Fixture {
	t.Helper()
	r := &Fixture{
		Node:      chattest.New(chattest.Options{}).NewNode("a", o),
		Keepalive: conn.NewKeepalive(15 * time.Second),
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), testwait.Limit)
		defer cancel()
		require.NoError(t, r.Node.Close(ctx))
		_ = r.Keepalive.Close(ctx) // readers that do not read are closed, which it reports
	})
	return r
}

// Who takes ?name= for a session of that name, and everybody else for a guest.
func Who(r *http.Request) (chat.Principal, error) {
	name := r.URL.Query().Get("name")
	if name == "" {
		return chat.Principal{ID: chat.NewMemberID(), Name: "guest", Guest: true, Client: "guest"}, nil
	}
	return Session(name), nil
}

// Session is who has a session of that name.
func Session(name string) chat.Principal {
	return chat.Principal{ID: chat.MemberID("id-" + name), Name: name, Client: "id-" + name, LimitKey: "id-" + name}
}

// Say posts a message to the room "lobby".
func (r *Fixture) Say(t testing.TB, text string) chat.Entry {
	t.Helper()
	e, _, err := r.Node.Post(context.Background(), Session("Bob"), "lobby", chat.Draft{Payload: chat.Message{Text: text}})
	require.NoError(t, err)
	return e
}

// InLobby serves a handler as if its path had named the room "lobby".
func InLobby(h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.SetPathValue("room", "lobby")
		h(w, r)
	})
}
