package chat_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/chattest"
)

func TestEndingAMembersStreams(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		signedOut := errors.New("signed out")
		ann, _ := subscribe(t, n, session("Ann"), chat.All)
		one, _ := subscribe(t, n, session("Bob"), chat.All)
		two, _ := subscribe(t, n, session("Bob"), chat.All)
		synctest.Wait()
		ann.take()
		n.End([]chat.MemberID{session("Bob").ID, "nobody"}, signedOut, time.Now().Add(time.Hour))
		synctest.Wait()
		require.ErrorIs(t, one.err(), signedOut)
		require.ErrorIs(t, two.err(), signedOut)
		require.NoError(t, ann.err())
		require.Equal(t, []string{"<left Bob>"}, texts(ann.take()), "nobody waits whether he comes back")

		_, err := n.Subscribe(t.Context(), session("Bob"), lobby, chat.All, &recorder{})
		require.ErrorIs(t, err, signedOut, "one that was on its way")
		_, err = n.Subscribe(t.Context(), session("Bob"), "another", chat.All, &recorder{})
		require.ErrorIs(t, err, signedOut, "nor in a room that this node did not have")
		time.Sleep(time.Hour)
		_, sub := subscribe(t, n, session("Bob"), chat.All)
		defer sub.Close()
		require.Contains(t, texts(ann.take()), "<joined Bob>")
	})
}

// TestEndingWhoIsEntering ends somebody whose arrival the store has yet to take.
func TestEndingWhoIsEntering(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		signedOut := errors.New("signed out")
		s.SetAway(true)
		failed := make(chan error, 1)
		go func() {
			_, err := n.Subscribe(t.Context(), session("Bob"), lobby, chat.All, &recorder{})
			failed <- err
		}()
		synctest.Wait()
		n.End([]chat.MemberID{session("Bob").ID}, signedOut, time.Now().Add(time.Hour))
		require.ErrorIs(t, <-failed, signedOut)
	})
}

// TestEndingOneSession ends one sign-in of somebody whom others vouch for, and no other.
func TestEndingOneSession(t *testing.T) {
	inLobby(t, func(t *testing.T, _ *chattest.Store, n *chat.Node) {
		signedOut := errors.New("signed out")
		of := func(sid string) chat.Principal {
			who := session("Bob")
			who.Via, who.Session = chat.ViaOIDC, who.ID+chat.MemberID("@"+sid)
			return who
		}
		ann, _ := subscribe(t, n, session("Ann"), chat.All)
		one, _ := subscribe(t, n, of("one"), chat.All)
		two, sub := subscribe(t, n, of("two"), chat.All)
		synctest.Wait()
		ann.take()
		n.End([]chat.MemberID{of("one").Session}, signedOut, time.Now().Add(time.Hour))
		synctest.Wait()
		require.ErrorIs(t, one.err(), signedOut)
		require.NoError(t, two.err())
		require.Empty(t, texts(ann.take()), "Bob is here by the other one")
		_, err := n.Subscribe(t.Context(), of("one"), lobby, chat.All, &recorder{})
		require.ErrorIs(t, err, signedOut, "one that was on its way")
		three, another := subscribe(t, n, of("three"), chat.All)
		require.NoError(t, three.err())
		another.Close()
		sub.Leave()
	})
}

// TestWhatIsOverDoesNothing has a principal whose time is over while its connection is open.
func TestWhatIsOverDoesNothing(t *testing.T) {
	inLobby(t, func(t *testing.T, _ *chattest.Store, n *chat.Node) {
		bob := session("Bob")
		bob.Until = time.Now().Add(time.Minute)
		eve := bob
		eve.Session = "id-Bob@sid"
		say := func(who chat.Principal) error {
			_, _, err := n.Post(t.Context(), who, lobby, chat.Draft{Payload: chat.Message{Text: "hello"}})
			return err
		}
		require.NoError(t, say(bob))
		time.Sleep(time.Minute - time.Millisecond)
		require.NoError(t, say(bob))
		time.Sleep(time.Millisecond)
		require.ErrorIs(t, say(bob), chat.ErrSessionOver)
		require.NotErrorIs(t, say(bob), chat.ErrSignInOver)
		require.ErrorIs(t, say(eve), chat.ErrSignInOver)
		_, err := n.History(t.Context(), bob, lobby)
		require.ErrorIs(t, err, chat.ErrSessionOver)
		_, err = n.Enter(t.Context(), bob, lobby, chat.Credential{Owner: "secret"})
		require.ErrorIs(t, err, chat.ErrSessionOver)
		_, err = n.Subscribe(t.Context(), bob, lobby, chat.All, &recorder{})
		require.ErrorIs(t, err, chat.ErrSessionOver)
	})
}

// delayed tells of signals when it is asked to.
type delayed struct {
	chat.Feed
	signals []func()
	err     error
}

func (d *delayed) Signal(ctx context.Context, room chat.RoomID, n chat.Notice) error {
	d.signals = append(d.signals, func() { d.err = d.Feed.Signal(context.WithoutCancel(ctx), room, n) })
	return nil
}

// TestComingBackBeforeTheNewsOfLeaving leaves and comes back at once: the feed's own echo of the
// leaving, which comes later, is not about who is there now.
func TestComingBackBeforeTheNewsOfLeaving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := chattest.New(chattest.Options{})
		b := s.Node("n")
		feed := &delayed{Feed: b}
		n := chat.NewNode(b, feed, b, b, b, chat.Options{})
		defer func() { require.NoError(t, n.Close(t.Context())) }()
		first, _ := subscribe(t, n, session("Bob"), chat.All)
		require.NoError(t, n.Leave(t.Context(), session("Bob"), lobby, ""))
		synctest.Wait()
		require.ErrorIs(t, first.err(), chat.ErrLeft)
		again, _ := subscribe(t, n, session("Bob"), chat.All)
		require.Len(t, feed.signals, 1)
		feed.signals[0]()
		require.NoError(t, feed.err)
		synctest.Wait()
		require.NoError(t, again.err())
	})
}
