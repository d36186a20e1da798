package chat_test

import (
	"strconv"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

// A node tells its own readers of its own posts without waiting for the feed, which brings them too.
func TestAnOwnPostDoesNotWaitForTheFeed(t *testing.T) {
	inLobby(t, func(t *testing.T, s *fakeStore, n *chat.Node) {
		sink, _ := subscribe(t, n, session("Bob"), chat.All)
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

// What the worker was not woken for leaves no gap before what comes from elsewhere.
func TestOwnPostsAndThoseOfOthersTakeTurns(t *testing.T) {
	inLobby(t, func(t *testing.T, s *fakeStore, n *chat.Node) {
		other := s.node("b", chat.Options{})
		defer func() { require.NoError(t, other.Close(t.Context())) }()
		sink, _ := subscribe(t, n, session("Bob"), chat.All)
		sink.take()
		reads := s.calls["read"]
		var said []string
		for i := range 300 { // more than the tail holds
			by := n
			if i%3 == 2 {
				by = other
			}
			said = append(said, strconv.Itoa(i))
			if by == n {
				s.delay("a")
			}
			say(t, by, said[i])
			synctest.Wait()
			s.catchUp("a")
			synctest.Wait()
		}
		require.Equal(t, said, texts(sink.take()))
		require.Equal(t, reads, s.calls["read"], "nothing was missing")
	})
}

// What comes before it is still on its way: then it has to wait all the same, and nobody has to read.
func TestAnOwnPostWaitsForWhatComesBeforeIt(t *testing.T) {
	inLobby(t, func(t *testing.T, s *fakeStore, n *chat.Node) {
		other := s.node("b", chat.Options{})
		defer func() { require.NoError(t, other.Close(t.Context())) }()
		sink, _ := subscribe(t, n, session("Bob"), chat.All)
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

// However far the feed is behind, its copies of own posts are known when they come: they are no reason to read.
func TestOwnPostsDoNotRunAwayFromTheFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeStore()
		s.limit = 10
		n := s.node("a", chat.Options{HistoryLimit: s.limit})
		defer func() { require.NoError(t, n.Close(t.Context())) }()
		sink, _ := subscribe(t, n, session("Bob"), chat.All)
		sink.take()
		reads := s.calls["read"]
		s.delay("a")
		var said []string
		for i := range 5 * s.limit {
			said = append(said, strconv.Itoa(i))
			say(t, n, said[i])
		}
		synctest.Wait()
		s.catchUp("a")
		synctest.Wait()
		require.Equal(t, said, texts(sink.take()))
		require.Equal(t, reads, s.calls["read"])
	})
}

// A worker that is behind is not told twice what it has yet to deliver: that would drop notices the earlier.
func TestOwnPostsTakeNoRoomFromTheFeed(t *testing.T) {
	inLobby(t, func(t *testing.T, s *fakeStore, n *chat.Node) {
		slow := &stuckSink{began: make(chan struct{}), end: make(chan struct{})}
		_, err := n.Subscribe(t.Context(), session("Bob"), lobby, chat.All, slow)
		require.NoError(t, err)
		synctest.Wait()
		reads := s.calls["read"]
		say(t, n, "the worker is at it")
		<-slow.began
		for range 3000 { // three quarters of what the inbox takes
			say(t, n, "?")
		}
		close(slow.end)
		synctest.Wait()
		require.Equal(t, reads, s.calls["read"])
	})
}

// stuckSink holds the worker up at the first live batch.
type stuckSink struct {
	recorder
	once       sync.Once
	began, end chan struct{}
}

func (s *stuckSink) Deliver(b *chat.Batch) {
	if !b.Replay {
		s.once.Do(func() {
			close(s.began)
			<-s.end
		})
	}
	s.recorder.Deliver(b)
}
