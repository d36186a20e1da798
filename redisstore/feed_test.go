package redisstore

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
)

// listener keeps what it is told.
type listener struct {
	mu      sync.Mutex // guards notices
	notices []chat.Notice
	more    chan struct{}
	// inside finds calls by two goroutines at a time.
	inside sync.Mutex
	t      testing.TB
}

func newListener(t testing.TB) *listener { return &listener{t: t, more: make(chan struct{}, 1)} }

func (l *listener) Notice(n chat.Notice) {
	if !l.inside.TryLock() {
		l.t.Error("two goroutines at a time")
		return
	}
	defer l.inside.Unlock()
	l.mu.Lock()
	l.notices = append(l.notices, n)
	l.mu.Unlock()
	select {
	case l.more <- struct{}{}:
	default:
	}
}

// next is the next notice; it waits for it.
func (l *listener) next(t testing.TB) chat.Notice {
	t.Helper()
	for {
		l.mu.Lock()
		if len(l.notices) > 0 {
			n := l.notices[0]
			l.notices = l.notices[1:]
			l.mu.Unlock()
			return n
		}
		l.mu.Unlock()
		testwait.Receive(t, l.more, "no notice came")
	}
}

// followed follows a room until the test is over and waits for Following.
func followed(t testing.TB, st *Store, r chat.RoomID) *listener {
	t.Helper()
	l := newListener(t)
	t.Cleanup(st.Follow(r, l))
	require.Equal(t, chat.Following{}, l.next(t))
	return l
}

func testNotices(t *testing.T, s *server) {
	a, b, r := s.open(t, Options{}), s.open(t, Options{}), room()
	la, lb := followed(t, a, r), followed(t, b, r)
	followed(t, a, room())
	for i := range 50 {
		e := post(t, []*Store{a, b}[i%2], r, fmt.Sprint(i))
		assert.Equal(t, chat.Appended{Entry: e}, la.next(t))
		assert.Equal(t, chat.Appended{Entry: e}, lb.next(t))
	}
}

func testSignals(t *testing.T, s *server) {
	a, b, r := s.open(t, Options{}), s.open(t, Options{}), room()
	l := followed(t, b, r)
	for _, n := range []chat.Notice{
		chat.Typing{Member: chat.Member{
			ID: "ann-id", Name: "Ann\n{}", Guest: true, Transport: "ws", JoinedAt: time.UnixMilli(1767225600123).UTC(),
		}},
		chat.Leaving{Member: "ann-id", Stream: "s1"},
		chat.Leaving{Member: "ann-id"},
		chat.Leaving{Member: "t-1", Ended: true},
		chat.Leaving{Member: "ann-id", By: "a node"},
	} {
		require.NoError(t, a.Signal(ctx, r, n))
		assert.Equal(t, n, l.next(t))
	}
	require.Error(t, a.Signal(ctx, r, chat.Following{}))
	require.NoError(t, a.publish(ctx, a.channel(r), "?from a newer node"))
	require.NoError(t, a.publish(ctx, a.channel(r), "Anot ours"))
	assert.Equal(t, chat.Cut{}, l.next(t))
	assert.Equal(t, chat.Following{}, l.next(t))
}

// testRefollow: whatever is posted after Following must come, however quickly the follow came after
// an unfollow.
func testRefollow(t *testing.T, s *server) {
	a, b, r := s.open(t, Options{}), s.open(t, Options{}), room()
	followed(t, a, room()) // keeps the connection
	for i := range 100 {
		old := newListener(t)
		unfollow := a.Follow(r, old)
		if i%3 == 0 {
			require.Equal(t, chat.Following{}, old.next(t))
		}
		unfollow()
		l := newListener(t)
		unfollow = a.Follow(r, l)
		require.Equal(t, chat.Following{}, l.next(t))
		e := post(t, b, r, fmt.Sprint(i))
		assert.Equal(t, chat.Appended{Entry: e}, l.next(t))
		unfollow()
		unfollow()
	}
}

func testManyRooms(t *testing.T, s *server) {
	a, b := s.open(t, Options{}), s.open(t, Options{})
	const n = 1200
	rooms, ls := make([]chat.RoomID, n), make([]*listener, n)
	for i := range n {
		rooms[i], ls[i] = room(), newListener(t)
		t.Cleanup(a.Follow(rooms[i], ls[i]))
	}
	for i := range n {
		require.Equal(t, chat.Following{}, ls[i].next(t))
	}
	for i := 0; i < n; i += 100 {
		e := post(t, b, rooms[i], "x")
		assert.Equal(t, chat.Appended{Entry: e}, ls[i].next(t))
	}
}
