package chat_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/chattest"
)

// refusing is a policy that refuses one action, to one principal.
type refusing struct {
	who  chat.MemberID
	what chat.Action
	err  error
}

func (p refusing) Decide(_ context.Context, who chat.Principal, room chat.RoomID, what chat.Action) error {
	if room == lobby && who.ID == p.who && what == p.what {
		return p.err
	}
	return nil
}

// Whatever somebody does, the policy is asked first, with nothing read or stored where it says no.
func TestAPolicyIsAskedForEveryAction(t *testing.T) {
	actions := map[chat.Action]func(context.Context, *chat.Node, chat.Principal) error{
		chat.ActionPost: func(ctx context.Context, n *chat.Node, who chat.Principal) error {
			_, _, err := n.Post(ctx, who, lobby, chat.Draft{Payload: chat.Message{Text: "hello"}})
			return err
		},
		chat.ActionSubscribe: func(ctx context.Context, n *chat.Node, who chat.Principal) error {
			_, err := n.Subscribe(ctx, who, lobby, chat.All, &recorder{})
			return err
		},
		chat.ActionHistory: func(ctx context.Context, n *chat.Node, who chat.Principal) error {
			_, err := n.History(ctx, who, lobby)
			return err
		},
		chat.ActionMembers: func(ctx context.Context, n *chat.Node, who chat.Principal) error {
			_, err := n.Members(ctx, who, lobby)
			return err
		},
		chat.ActionTyping: func(ctx context.Context, n *chat.Node, who chat.Principal) error {
			return n.Typing(ctx, who, lobby)
		},
		chat.ActionLeave: func(ctx context.Context, n *chat.Node, who chat.Principal) error {
			return n.Leave(ctx, who, lobby, "")
		},
		chat.ActionRead: func(ctx context.Context, n *chat.Node, who chat.Principal) error {
			_, err := n.Mark(ctx, who, lobby, chat.Cursor{})
			return err
		},
		"something else": func(ctx context.Context, n *chat.Node, who chat.Principal) error {
			return n.Authorize(ctx, who, lobby, "something else")
		},
	}
	for what, do := range actions {
		t.Run(string(what), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := chattest.New(chattest.Options{})
				limit := &chat.LimitError{RetryAfter: time.Second}
				for _, refusal := range []error{chat.ErrNotAllowed, chat.ErrNotSignedIn, limit} {
					n, before := s.NewNode("a", chat.Options{Policy: refusing{"id-Ann", what, refusal}}), s.Calls("")
					require.ErrorIs(t, do(t.Context(), n, session("Ann")), refusal)
					synctest.Wait()
					require.Equal(t, before, s.Calls(""), "the store is not asked")
					require.NoError(t, do(t.Context(), n, session("Bob")))
					require.NoError(t, n.Close(t.Context()))
				}
			})
		})
	}
}

// What a draft says of its author is not believed.
func TestAPostIsFromThePrincipal(t *testing.T) {
	inLobby(t, func(t *testing.T, _ *chattest.Store, n *chat.Node) {
		draft := chat.Draft{Payload: chat.Message{Text: "hello"}, From: chat.Author{ID: "id-Bob", Name: "Bob"}, Client: "id-Bob"}
		e, _, err := n.Post(t.Context(), session("Ann"), lobby, draft)
		require.NoError(t, err)
		require.Equal(t, chat.Author{ID: "id-Ann", Name: "Ann"}, e.From)
	})
}
