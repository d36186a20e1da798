//go:build amd64 || arm64

package conn

import (
	"bytes"
	"context"
	"io"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/transport/wire"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
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

func newKeepalive(t *testing.T) *Keepalive {
	t.Helper()
	keepalive := NewKeepalive(time.Minute)
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // at once
		_ = keepalive.Close(ctx)
	})
	return keepalive
}

func TestWatchTellsAgainAndAgain(t *testing.T) {
	server, peer := pair(t)
	conn := NewConn(newKeepalive(t), wire.NDJSON, plain, true)
	require.NoError(t, conn.Open(server, nil))
	r := &tells{conn: conn, peer: server}
	require.True(t, conn.Await(r))
	for i, say := range []string{"a", "bcd", "efgh ijkl"} { // the last takes three reads
		_, err := peer.Write([]byte(say))
		require.NoError(t, err)
		testwait.Until(t, r.has([]string{"a", "abcd", "abcdefgh ijkl"}[i], false), "not told of %q", say)
	}
	require.NoError(t, peer.Close())
	testwait.Until(t, r.has("abcdefgh ijkl", true), "not told of the end")
	testwait.Until(t, conn.outbox.isClosed, "the connection is still open")
	require.False(t, conn.Await(r), "a connection that has ended is not watched")
}

func TestWatchClosesThoseThatHangUpAndNoOther(t *testing.T) {
	keepalive := newKeepalive(t)
	const n = 60
	before := runtime.NumGoroutine()
	var conns []*Conn
	var peers []interface {
		Write([]byte) (int, error)
		Close() error
	}
	open := func() {
		server, peer := pair(t)
		conn := NewConn(keepalive, wire.NDJSON, plain, true)
		require.NoError(t, conn.Open(server, nil))
		require.True(t, conn.Await(nil))
		conns, peers = append(conns, conn), append(peers, peer)
	}
	for range n {
		open()
	}
	testwait.Until(t, func() bool { return runtime.NumGoroutine()-before < n/2 },
		"idle connections have goroutines of their own")
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
				testwait.Until(t, conn.outbox.isClosed, "connection %d is still open", i)
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
	require.LessOrEqual(t, len(keepalive.sockets().registrations), n+2)
}

func TestThePollerEndsWithTheKeepalive(t *testing.T) {
	server, _ := pair(t)
	keepalive := NewKeepalive(time.Minute)
	conn := NewConn(keepalive, wire.NDJSON, plain, true)
	require.NoError(t, conn.Open(server, nil))
	require.True(t, conn.Await(nil))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, keepalive.Close(ctx), "it was open")
	require.True(t, conn.outbox.isClosed())
	require.Nil(t, keepalive.sockets())
}

// unread is how many bytes have come to a connection and were not read yet.
func unread(t *testing.T, c *net.TCPConn) int { return queued(t, c, unix.SIOCINQ) }

// unsent is how many bytes were written to a connection that its peer's kernel has not
// acknowledged.
func unsent(t *testing.T, c *net.TCPConn) int { return queued(t, c, unix.SIOCOUTQ) }

func queued(t *testing.T, c *net.TCPConn, which uint) (n int) {
	t.Helper()
	raw, err := c.SyscallConn()
	require.NoError(t, err)
	_ = raw.Control(func(fd uintptr) { // of a closed connection it is nothing
		n, err = unix.IoctlGetInt(int(fd), which)
		require.NoError(t, err)
	})
	return n
}

func TestTheCloseFrameSurviveAPeerThatSpeaks(t *testing.T) {
	server, peer := pair(t)
	small(t, server, peer)
	closeFrame := func(dst []byte, _ *wire.Failure) []byte { return append(dst, "bye"...) }
	conn := NewConn(newKeepalive(t), wire.NDJSON, closeFrame, true)
	require.NoError(t, conn.Open(server, nil))
	require.True(t, conn.Await(nil))
	for !conn.outbox.isFlushing() { // until it is behind
		conn.Send(make([]byte, 16<<10))
	}
	conn.End(wire.FailureOf(chat.ErrLeft))
	_, err := peer.Write([]byte("!"))
	require.NoError(t, err)
	// The kernel has acknowledged it, so it is there for the server to read. When it has gone, it
	// was read.
	testwait.Until(t, func() bool { return unsent(t, peer) == 0 }, "the peer's word does not arrive")
	testwait.Until(t, func() bool { return conn.outbox.isClosed() || unread(t, server) == 0 },
		"the peer's word is not read")
	require.False(t, conn.outbox.isClosed(), "the peer's word has ended the connection")
	require.NoError(t, peer.SetReadDeadline(testwait.Deadline()))
	said, err := io.ReadAll(peer)
	require.NoError(t, err)
	require.True(t, bytes.HasSuffix(said, []byte("bye")), "%d bytes", len(said))
}
