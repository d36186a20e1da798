package stream

import (
	"bytes"
	"context"
	"io"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
	"github.com/stretchr/testify/require"
)

// tells is a reader that counts how often it is told, and takes what there is.
type tells struct {
	conn *Conn
	peer interface{ Read([]byte) (int, error) }

	mu   sync.Mutex // protects following
	got  []byte
	gone bool
}

func (r *tells) Readable() { go r.read() }

func (r *tells) read() {
	var b [4]byte
	n, err := r.peer.Read(b[:])
	r.mu.Lock()
	r.got = append(r.got, b[:n]...)
	r.gone = err != nil
	r.mu.Unlock()
	if err != nil || !r.conn.Await(r) {
		r.conn.Close()
	}
}

func (r *tells) has(got string, gone bool) func() bool {
	return func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return string(r.got) == got && r.gone == gone
	}
}

func newHeart(t *testing.T) *Heart {
	t.Helper()
	heart := NewHeart(time.Minute)
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // at once
		_ = heart.Close(ctx)
	})
	return heart
}

func TestWatchTellsAgainAndAgain(t *testing.T) {
	server, peer := pair(t)
	conn := NewConn(newHeart(t), wire.NDJSON, plain, true)
	require.NoError(t, conn.Open(server, nil))
	r := &tells{conn: conn, peer: server}
	require.True(t, conn.Await(r))
	for i, say := range []string{"a", "bcd", "efgh ijkl"} { // the last takes three reads
		_, err := peer.Write([]byte(say))
		require.NoError(t, err)
		require.Eventually(t, r.has([]string{"a", "abcd", "abcdefgh ijkl"}[i], false), 5*time.Second, time.Millisecond)
	}
	require.NoError(t, peer.Close())
	require.Eventually(t, r.has("abcdefgh ijkl", true), 5*time.Second, time.Millisecond)
	require.Eventually(t, conn.outbox.isClosed, 5*time.Second, time.Millisecond)
	require.False(t, conn.Await(r), "a connection that has ended is not watched")
}

func TestWatchClosesThoseThatHangUpAndNoOther(t *testing.T) {
	heart := newHeart(t)
	const n = 60
	before := runtime.NumGoroutine()
	var conns []*Conn
	var peers []interface {
		Write([]byte) (int, error)
		Close() error
	}
	open := func() {
		server, peer := pair(t)
		conn := NewConn(heart, wire.NDJSON, plain, true)
		require.NoError(t, conn.Open(server, nil))
		require.True(t, conn.Await(nil))
		conns, peers = append(conns, conn), append(peers, peer)
	}
	for range n {
		open()
	}
	require.Less(t, runtime.NumGoroutine()-before, n/2, "idle connections have no goroutines of their own")
	for round := range 3 { // places are used again
		for i := 0; i < len(conns); i += 2 {
			_, err := peers[i].Write([]byte("nobody reads this"))
			require.NoError(t, err)
			require.NoError(t, peers[i].Close())
		}
		var left []*Conn
		leftPeers := peers[:0:0]
		for i, conn := range conns {
			if i%2 == 0 {
				require.Eventually(t, conn.outbox.isClosed, 5*time.Second, time.Millisecond)
				continue
			}
			require.False(t, conn.outbox.isClosed(), "round %d", round)
			left, leftPeers = append(left, conn), append(leftPeers, peers[i])
		}
		conns, peers = left, leftPeers
		for len(conns) < n {
			open()
		}
	}
	require.LessOrEqual(t, len(heart.watching().slots), n+2)
}

func TestWatchEndsWithTheHeart(t *testing.T) {
	server, _ := pair(t)
	heart := NewHeart(time.Minute)
	conn := NewConn(heart, wire.NDJSON, plain, true)
	require.NoError(t, conn.Open(server, nil))
	require.True(t, conn.Await(nil))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, heart.Close(ctx), "it was open")
	require.True(t, conn.outbox.isClosed())
	require.Nil(t, heart.watching())
}

func TestLastWordsSurviveAPeerThatSpeaks(t *testing.T) {
	server, peer := pair(t)
	small(t, server, peer)
	farewell := func(dst []byte, _ *wire.Failure) []byte { return append(dst, "bye"...) }
	conn := NewConn(newHeart(t), wire.NDJSON, farewell, true)
	require.NoError(t, conn.Open(server, nil))
	require.True(t, conn.Await(nil))
	for !conn.outbox.isFlushing() { // until it is behind
		conn.Send(make([]byte, 16<<10))
	}
	conn.End(wire.FailureOf(chat.ErrLeft))
	_, err := peer.Write([]byte("!"))
	require.NoError(t, err)
	require.Never(t, conn.outbox.isClosed, 100*time.Millisecond, 5*time.Millisecond)
	require.NoError(t, peer.SetReadDeadline(time.Now().Add(10*time.Second)))
	said, err := io.ReadAll(peer)
	require.NoError(t, err)
	require.True(t, bytes.HasSuffix(said, []byte("bye")), "%d bytes", len(said))
}
