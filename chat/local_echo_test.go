package chat_test

import (
	"strconv"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/chattest"
)

// A node tells its own readers of its own posts without waiting for the feed, which brings them
// too.
func TestAnOwnPostDoesNotWaitForTheFeed(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		sink, _ := subscribe(t, n, session("Bob"), chat.All)
		reads := s.Calls("read")
		s.DelayFeed("a")
		say(t, n, "a")
		say(t, n, "b")
		synctest.Wait()
		require.Equal(t, []string{"a", "b"}, texts(sink.take())[2:])
		s.CatchUp("a")
		say(t, n, "c")
		synctest.Wait()
		require.Equal(t, []string{"c"}, texts(sink.take()))
		require.Equal(t, reads, s.Calls("read"), "nothing was missing")
	})
}

// What the worker was not woken for leaves no gap before what comes from elsewhere.
func TestOwnPostsAndThoseOfOthersTakeTurns(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		other := s.NewNode("b", chat.Options{})
		defer func() { require.NoError(t, other.Close(t.Context())) }()
		sink, _ := subscribe(t, n, session("Bob"), chat.All)
		sink.take()
		reads := s.Calls("read")
		var said []string
		for i := range 300 { // more than the tail holds
			by := n
			if i%3 == 2 {
				by = other
			}
			said = append(said, strconv.Itoa(i))
			if by == n {
				s.DelayFeed("a")
			}
			say(t, by, said[i])
			synctest.Wait()
			s.CatchUp("a")
			synctest.Wait()
		}
		require.Equal(t, said, texts(sink.take()))
		require.Equal(t, reads, s.Calls("read"), "nothing was missing")
	})
}

// What comes before it is still on its way: then it has to wait all the same, and nobody has to
// read.
func TestAnOwnPostWaitsForWhatComesBeforeIt(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		other := s.NewNode("b", chat.Options{})
		defer func() { require.NoError(t, other.Close(t.Context())) }()
		sink, _ := subscribe(t, n, session("Bob"), chat.All)
		reads := s.Calls("read")
		s.DelayFeed("a")
		say(t, other, "a")
		say(t, n, "b")
		synctest.Wait()
		require.Empty(t, texts(sink.take())[2:])
		s.CatchUp("a")
		synctest.Wait()
		require.Equal(t, []string{"a", "b"}, texts(sink.take()))
		require.Equal(t, reads, s.Calls("read"), "nothing was missing")
	})
}

// However far the feed is behind, its copies of own posts are known when they come: they are no
// reason to read.
func TestOwnPostsDoNotRunAwayFromTheFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := chattest.New(chattest.Options{})
		const limit = 10
		s.SetHistoryLimit(limit)
		n := s.NewNode("a", chat.Options{HistoryLimit: limit})
		defer func() { require.NoError(t, n.Close(t.Context())) }()
		sink, _ := subscribe(t, n, session("Bob"), chat.All)
		sink.take()
		reads := s.Calls("read")
		s.DelayFeed("a")
		var said []string
		for i := range 5 * limit {
			said = append(said, strconv.Itoa(i))
			say(t, n, said[i])
		}
		synctest.Wait()
		s.CatchUp("a")
		synctest.Wait()
		require.Equal(t, said, texts(sink.take()))
		require.Equal(t, reads, s.Calls("read"))
	})
}

// A worker that is behind is not told twice what it has yet to deliver: that would drop notices the
// earlier.
func TestOwnPostsTakeNoRoomFromTheFeed(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		slow := &stuckSink{began: make(chan struct{}), end: make(chan struct{})}
		_, err := n.Subscribe(t.Context(), session("Bob"), lobby, chat.All, slow)
		require.NoError(t, err)
		synctest.Wait()
		reads := s.Calls("read")
		say(t, n, "the worker is at it")
		<-slow.began
		for range 3000 { // three quarters of what the inbox takes
			say(t, n, "?")
		}
		close(slow.end)
		synctest.Wait()
		require.Equal(t, reads, s.Calls("read"))
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
