package chat_test

import (
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
