package redisstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
)

// TestCut: when the subscription is killed, each room gets Cut, then Following, and nothing in
// between, however much is posted meanwhile; and whatever is posted after Following comes.
func TestCut(t *testing.T) {
	s := startRedis(t)
	a, b := s.open(t, Options{}), s.open(t, Options{})
	rooms := []chat.RoomID{room(), room()}
	ls := []*listener{followed(t, a, rooms[0]), followed(t, a, rooms[1])}

	stop, posting := make(chan struct{}), sync.WaitGroup{}
	posting.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				for _, r := range rooms {
					_, _, err := b.Append(ctx, r, draft("x"))
					assert.NoError(t, err)
				}
			}
		}
	})
	for range 5 {
		killed, err := s.client.Do(ctx, "CLIENT", "KILL", "TYPE", "pubsub").Int()
		require.NoError(t, err)
		require.Positive(t, killed)
		for i, l := range ls {
			nextAfterEntries(t, l, chat.Cut{})
			require.Equal(t, chat.Following{}, l.next(t))
			kept, err := b.Read(ctx, rooms[i])
			require.NoError(t, err)
			// All that comes after what a read finds now must come, without a gap.
			want := kept.Entries[len(kept.Entries)-1].ID.Seq + 1
			for got := uint64(0); got < want+3; {
				e := l.next(t).(chat.Appended).Entry
				if got != 0 {
					require.Equal(t, got+1, e.ID.Seq)
				}
				require.True(t, got != 0 || e.ID.Seq <= want, "missed %d, got %d", want, e.ID.Seq)
				got = e.ID.Seq
			}
		}
	}
	close(stop)
	posting.Wait()
}

// nextAfterEntries passes over entries until something else comes, which must be want.
func nextAfterEntries(t testing.TB, l *listener, want chat.Notice) {
	t.Helper()
	for {
		n := l.next(t)
		if _, ok := n.(chat.Appended); !ok {
			require.Equal(t, want, n)
			return
		}
	}
}

// failures is an observer that counts.
type failures struct{ failed, broke, canceled atomic.Int64 }

func (f *failures) Failed(err error) {
	f.failed.Add(1)
	if errors.Is(err, context.Canceled) {
		f.canceled.Add(1)
	}
}

func (f *failures) Broke(error) { f.broke.Add(1) }

// warnings counts those of a text.
type warnings struct {
	of   string
	seen atomic.Int64
}

func (w *warnings) Enabled(context.Context, slog.Level) bool { return true }
func (w *warnings) WithAttrs([]slog.Attr) slog.Handler       { return w }
func (w *warnings) WithGroup(string) slog.Handler            { return w }

func (w *warnings) Handle(_ context.Context, r slog.Record) error {
	if r.Message == w.of {
		w.seen.Add(1)
	}
	return nil
}

// TestAway: with the server stopped calls fail at once and say so; when it is back all works again.
func TestAway(t *testing.T) {
	s := startRedis(t)
	// A call that waited for an answer would take all of the caller's time, and say that this was
	// over.
	ctx, cancel := context.WithTimeout(ctx, testwait.Limit)
	defer cancel()
	seen, tries := &failures{}, &warnings{of: "the subscription to Redis broke"}
	st, r := s.open(t, Options{Timeout: time.Hour, Observer: seen, Logger: slog.New(tries)}), room()
	l := followed(t, st, r)
	post(t, st, r, "before")
	require.Zero(t, seen.failed.Load()+seen.broke.Load())
	require.IsType(t, chat.Appended{}, l.next(t))
	s.stop()
	assert.Equal(t, chat.Cut{}, l.next(t))
	for name, call := range map[string]func() error{
		"Append":  func() error { _, _, err := st.Append(ctx, r, draft("x")); return err },
		"Read":    func() error { _, err := st.Read(ctx, r); return err },
		"Hold":    func() error { _, err := st.Hold(ctx, r, []chat.Member{ann}, chat.Admission{}); return err },
		"Members": func() error { _, err := st.Members(ctx, r); return err },
		"Signal":  func() error { return st.Signal(ctx, r, chat.Typing{Member: ann}) },
		"Secret":  func() error { _, err := st.Secret(ctx); return err },
		"Revoke":  func() error { return st.Revoke(ctx, "ann-id", time.Hour, 0) },
		"Revoked": func() error { _, _, err := st.Revoked(ctx, ""); return err },
		"Ping":    func() error { return st.Ping(ctx) },
	} {
		before := seen.failed.Load()
		require.ErrorIs(t, call(), chat.ErrUnavailable, name)
		require.Greater(t, seen.failed.Load(), before, "%s: nobody was told", name)
	}
	testwait.Until(t, func() bool { return tries.seen.Load() >= 3 }, "it is not tried again")
	require.EqualValues(t, 1, seen.broke.Load(), "a try that fails is no connection that broke")
	given, giveUp := context.WithCancel(ctx)
	giveUp()
	require.ErrorIs(t, st.Ping(given), context.Canceled)
	require.Zero(t, seen.canceled.Load(), "what was given up says nothing of Redis")
	_, err := Open(ctx, Options{URL: s.url})
	require.ErrorIs(t, err, chat.ErrUnavailable)

	// Followed while it is away: Following comes first, when it is back.
	late := newListener(t)
	defer st.Follow(room(), late)()
	s.restart()
	assert.Equal(t, chat.Following{}, l.next(t))
	assert.Equal(t, chat.Following{}, late.next(t))
	testwait.Until(t, func() bool { return st.Ping(ctx) == nil }, "it is not back")
	assert.Equal(t, chat.Appended{Entry: post(t, st, r, "after")}, l.next(t))
}

// TestBlackHole: a network that swallows everything is noticed, by calls and by the feed.
func TestBlackHole(t *testing.T) {
	s := startRedis(t)
	direct := s.open(t, Options{})
	p := newProxy(t, strings.TrimPrefix(s.url, "redis://"))
	s.url = "redis://" + p.listener.Addr().String()
	st, r := s.open(t, Options{Timeout: time.Second}), room()
	ticks := make(chan time.Time)
	st.feed.ticks = func(time.Duration) (<-chan time.Time, func()) { return ticks, func() {} }
	l := followed(t, st, r)
	// It does not give up a connection that is only idle: four probes, and no Cut.
	for probes := range 4 {
		ticks <- time.Time{}
		testwait.Until(t, func() bool {
			stats := s.client.Info(ctx, "commandstats").Val()
			_, calls, _ := strings.Cut(stats, "cmdstat_publish:calls=")
			n, _, _ := strings.Cut(calls, ",")
			count, _ := strconv.Atoi(n)
			return count > probes
		}, "it does not probe")
		// What is posted after the probe comes after it.
		require.Equal(t, chat.Appended{Entry: post(t, direct, r, "works")}, l.next(t))
	}

	p.swallow(true)
	bounded, cancel := context.WithTimeout(ctx, testwait.Limit)
	defer cancel()
	_, _, err := st.Append(bounded, r, draft("x"))
	require.ErrorIs(t, err, chat.ErrUnavailable)
	require.NotErrorIs(t, err, context.DeadlineExceeded, "it was not the caller's")
	for range 2 { // the first probe stays away, which is noticed at the next
		ticks <- time.Time{}
	}
	assert.Equal(t, chat.Cut{}, l.next(t))

	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	_, _, err = st.Append(short, r, draft("x"))
	require.ErrorIs(t, err, context.DeadlineExceeded)

	p.swallow(false)
	assert.Equal(t, chat.Following{}, l.next(t))
	testwait.Until(t, func() bool { return st.Ping(ctx) == nil }, "it is not back")
	nextAfterEntries(t, l, func() chat.Notice {
		require.NoError(t, direct.Signal(ctx, r, chat.Leaving{Member: "x"}))
		return chat.Leaving{Member: "x"}
	}())
}

// TestIdle: a subscriberConn that serves no room is closed, and made again when one comes.
func TestIdle(t *testing.T) {
	s := startRedis(t)
	st := s.open(t, Options{FeedTimeout: 20 * time.Millisecond})
	idle := func() bool {
		st.feed.mu.Lock()
		defer st.feed.mu.Unlock()
		return len(st.feed.byPart) == 0
	}
	for range 3 {
		l, r := newListener(t), room()
		unfollow := st.Follow(r, l)
		require.Equal(t, chat.Following{}, l.next(t))
		assert.False(t, idle())
		unfollow()
		testwait.Until(t, idle, "the connection was not closed")
	}
	testwait.Until(t, func() bool {
		return strings.Contains(s.client.Info(ctx, "clients").Val(), "pubsub_clients:0") ||
			s.client.Do(ctx, "CLIENT", "LIST", "TYPE", "pubsub").Val() == ""
	}, "its connection was not closed")
	require.NoError(t, st.Close())
	st.Follow(room(), newListener(t))() // after Close nothing happens
}

// TestRefusals: what Redis answers while it can't serve is "unavailable" too.
func TestRefusals(t *testing.T) {
	st, err := OpenEmbedded(ctx, Options{Logger: quiet(), Timeout: testwait.Limit})
	require.NoError(t, err)
	defer func() { require.NoError(t, st.Close()) }()
	for _, answer := range []string{
		"LOADING Redis is loading the dataset in memory", "READONLY You can't write against a read only replica.",
		"CLUSTERDOWN The cluster is down",
	} {
		st.embedded.server.SetError(answer)
		_, _, err := st.Append(ctx, room(), draft("x"))
		require.ErrorIs(t, err, chat.ErrUnavailable)
		require.ErrorContains(t, err, answer)
		var redisErr redis.Error
		assert.ErrorAs(t, err, &redisErr, "the cause is kept")
	}
}

// TestFull: a Redis that has no memory left says so; what it refused was not stored.
func TestFull(t *testing.T) {
	st, err := OpenEmbedded(ctx, Options{Logger: quiet(), Timeout: testwait.Limit})
	require.NoError(t, err)
	defer func() { require.NoError(t, st.Close()) }()
	st.embedded.server.SetError("OOM command not allowed when used memory > 'maxmemory'.")
	_, _, err = st.Append(ctx, room(), draft("x"))
	require.ErrorIs(t, err, chat.ErrFull)
	require.NotErrorIs(t, err, chat.ErrUnavailable)
}

// TestScriptsFlushed: a server that has lost its scripts is given them again.
func TestScriptsFlushed(t *testing.T) {
	s := startRedis(t)
	st, r := s.open(t, Options{}), room()
	post(t, st, r, "one")
	require.NoError(t, s.client.ScriptFlush(ctx).Err())
	assert.EqualValues(t, 2, post(t, st, r, "two").ID.Seq)
}

// TestSlotMoves: in a Cluster the room goes on from the slot's new node.
func TestSlotMoves(t *testing.T) {
	s := startCluster(t)
	st, r := s.open(t, Options{}), room()
	l := followed(t, st, r)
	slot, from, to := move(t, st, r)
	setSlot(t, slot, to, from)
	assert.Equal(t, chat.Cut{}, l.next(t))
	assert.Equal(t, chat.Following{}, l.next(t))
	assert.Equal(t, chat.Appended{Entry: post(t, st, r, "moved")}, l.next(t))
}

// TestSentinel: the address comes from a Sentinel.
func TestSentinel(t *testing.T) {
	s := startRedis(t)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.url, "redis://"))
	require.NoError(t, err)
	sentinel := startSentinel(t)
	require.NoError(t, sentinel.Do(ctx, "SENTINEL", "MONITOR", "chat", "127.0.0.1", port, 1).Err())
	s.url = fmt.Sprintf("redis+sentinel://%s/chat?db=2", sentinel.Options().Addr)
	a, b, r := s.open(t, Options{}), s.open(t, Options{}), room()
	l := followed(t, a, r)
	assert.Equal(t, chat.Appended{Entry: post(t, b, r, "hello")}, l.next(t))
	require.NoError(t, s.client.Do(ctx, "CLIENT", "KILL", "TYPE", "pubsub").Err())
	assert.Equal(t, chat.Cut{}, l.next(t))
	assert.Equal(t, chat.Following{}, l.next(t))
}

// proxy is a TCP proxy that can swallow everything.
type proxy struct {
	target   string
	listener net.Listener
	wg       sync.WaitGroup

	mu         sync.Mutex // guards what follows
	conns      []net.Conn
	swallowing bool
}

func newProxy(t testing.TB, target string) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{target: target, listener: l}
	p.wg.Go(p.accept)
	t.Cleanup(func() {
		_ = l.Close()
		p.mu.Lock()
		for _, c := range p.conns {
			_ = c.Close()
		}
		p.mu.Unlock()
		p.wg.Wait()
	})
	return p
}

func (p *proxy) accept() {
	for {
		in, err := p.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = in.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, in, out)
		p.mu.Unlock()
		p.wg.Go(func() { p.copy(in, out) })
		p.wg.Go(func() { p.copy(out, in) })
	}
}

func (p *proxy) copy(to, from net.Conn) {
	defer func() { _, _ = to.Close(), from.Close() }()
	b := make([]byte, 4096)
	for {
		n, err := from.Read(b)
		if err != nil {
			return
		}
		p.mu.Lock()
		swallow := p.swallowing
		p.mu.Unlock()
		if swallow {
			continue
		}
		if _, err := to.Write(b[:n]); err != nil {
			return
		}
	}
}

// swallow begins or ends a time in which nothing gets through. Connections that have lost something
// end with it.
func (p *proxy) swallow(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.swallowing = on
	if !on {
		for _, c := range p.conns {
			_ = c.Close()
		}
	}
}

// TestCounting: confirmations are matched with commands by counting.
func TestCounting(t *testing.T) {
	f := newFeed(&Store{log: quiet(), opt: Options{}})
	defer f.cancel()
	conn := newSubscriberConn(f, 0)
	f.byPart[0] = conn // so that no goroutine is started for it
	conn.reset()
	s := &connection{conn: conn}
	confirm := func(kind string) error { return s.confirm(&redis.Subscription{Kind: kind, Channel: "ch"}) }
	begin := func() (*listener, func()) {
		l := newListener(t)
		return l, f.follow(&follow{room: "r", channel: "ch", listener: l})
	}

	_, unfollow := begin()
	subscribe, unsubscribe := conn.take()
	require.Equal(t, [][]string{{"ch"}, nil}, [][]string{subscribe, unsubscribe})
	unfollow()
	subscribe, unsubscribe = conn.take()
	require.Equal(t, [][]string{nil, {"ch"}}, [][]string{subscribe, unsubscribe})
	second, unfollow := begin()
	subscribe, unsubscribe = conn.take()
	require.Equal(t, [][]string{{"ch"}, nil}, [][]string{subscribe, unsubscribe})

	require.NoError(t, confirm("subscribe"))
	s.deliver(&redis.Message{Channel: "ch", Payload: "P1"})
	assert.Empty(t, second.notices, "that was the first follow's")
	require.NoError(t, confirm("unsubscribe"))
	require.NoError(t, confirm("subscribe"))
	assert.Equal(t, []chat.Notice{chat.Following{}}, second.notices)

	// Not unsubscribed between: there is a SUBSCRIBE for the new follow all the same.
	unfollow()
	third, unfollow := begin()
	subscribe, unsubscribe = conn.take()
	require.Equal(t, [][]string{{"ch"}, nil}, [][]string{subscribe, unsubscribe})
	require.NoError(t, confirm("subscribe"))
	assert.Equal(t, []chat.Notice{chat.Following{}}, third.notices)

	// What nobody asked for means that the connection is not what it was.
	require.ErrorIs(t, confirm("subscribe"), errUnasked)
	require.ErrorIs(t, confirm("sunsubscribe"), errTakenOut)
	conn.cut()
	conn.cut()
	assert.Equal(t, []chat.Notice{chat.Following{}, chat.Cut{}}, third.notices)
	s.deliver(&redis.Message{Channel: "ch", Payload: "P1"})
	assert.Len(t, third.notices, 2, "nothing after Cut")
	conn.reset()
	conn.take()
	require.NoError(t, confirm("subscribe"))
	assert.Equal(t, chat.Following{}, third.notices[2])
	unfollow()
	conn.take()
	require.NoError(t, confirm("unsubscribe"))
	assert.NotContains(t, conn.channels, "ch", "forgotten when settled")
	assert.True(t, conn.retire())
}

func TestLiveness(t *testing.T) {
	for _, c := range []struct {
		name   string
		counts [][2]int64
		want   error
	}{
		{"probes come back", [][2]int64{{0, 0}, {1, 1}, {2, 2}, {3, 3}}, nil},
		{"nothing comes", [][2]int64{{3, 2}, {4, 3}, {4, 3}}, errSilent},
		{"only a pong comes, or others' notices, for a while", [][2]int64{{1, 0}, {2, 0}, {3, 0}, {4, 0}, {5, 1}}, nil},
		{"no probe comes", [][2]int64{{1, 0}, {2, 0}, {3, 0}, {4, 0}, {5, 0}}, errProbe},
	} {
		var l liveness
		var err error
		for _, counts := range c.counts {
			err = errors.Join(err, l.judge(counts[0], counts[1]))
		}
		if c.want == nil {
			assert.NoError(t, err, c.name)
		} else {
			assert.ErrorIs(t, err, c.want, c.name)
		}
	}
}
