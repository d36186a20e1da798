package chat_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

// A node tells its own readers of its own posts without waiting for the feed, which brings them too.
func TestAnOwnPostDoesNotWaitForTheFeed(t *testing.T) {
	inLobby(t, func(t *testing.T, s *fakeStore, n *chat.Node) {
		sink, _ := subscribe(t, n, member("Bob"), chat.All)
		reads := s.calls["read"]
		s.delay("a")
		say(t, n, "a")
		say(t, n, "b")
		synctest.Wait()
		require.Equal(t, []string{"a", "b"}, texts(sink.take())[2:])
		s.catchUp("a")
		say(t, n, "c")
		synctest.Wait()
		require.Equal(t, []string{"c"}, texts(sink.take()))
		require.Equal(t, reads, s.calls["read"], "nothing was missing")
	})
}

// What comes before it is still on its way: then it has to wait all the same, and nobody has to read.
func TestAnOwnPostWaitsForWhatComesBeforeIt(t *testing.T) {
	inLobby(t, func(t *testing.T, s *fakeStore, n *chat.Node) {
		other := s.node("b", chat.Options{})
		defer func() { require.NoError(t, other.Close(t.Context())) }()
		sink, _ := subscribe(t, n, member("Bob"), chat.All)
		reads := s.calls["read"]
		s.delay("a")
		say(t, other, "a")
		say(t, n, "b")
		synctest.Wait()
		require.Empty(t, texts(sink.take())[2:])
		s.catchUp("a")
		synctest.Wait()
		require.Equal(t, []string{"a", "b"}, texts(sink.take()))
		require.Equal(t, reads, s.calls["read"], "nothing was missing")
	})
}
