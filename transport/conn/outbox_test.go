package conn

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

// pair is a TCP connection over loopback: the server's end and the reader's.
func pair(t testing.TB) (server, reader *net.TCPConn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	dialed, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	accepted, err := listener.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { accepted.Close(); dialed.Close() })
	return accepted.(*net.TCPConn), dialed.(*net.TCPConn)
}

// small makes the kernel hold as little as it can, so that a reader that does not read is soon
// behind.
func small(t *testing.T, server, reader *net.TCPConn) {
	t.Helper()
	require.NoError(t, server.SetWriteBuffer(16<<10))
	require.NoError(t, reader.SetReadBuffer(32<<10))
}

func readAll(t *testing.T, c net.Conn, n int) string {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(testwait.Deadline()))
	got := make([]byte, n)
	_, err := io.ReadFull(c, got)
	require.NoError(t, err)
	return string(got)
}

func TestOutboxKeepsOrderFromBeforeItIsOpen(t *testing.T) {
	server, reader := pair(t)
	o := new(Outbox)
	defer o.Close()
	o.SendReplay([]byte("b"))
	require.True(t, o.Send([]byte("c")))
	o.Open(server, []byte("a"))
	require.True(t, o.Send([]byte("d")))
	o.SendReplay([]byte("e"))
	o.SendReplay([]byte("f"))
	o.Flush()
	require.Equal(t, "abcdef", readAll(t, reader, 6))
}

func TestOutboxLosesNothingOfASlowReader(t *testing.T) {
	server, reader := pair(t)
	small(t, server, reader)
	o := new(Outbox)
	defer o.Close()
	o.Open(server, nil)
	var sent bytes.Buffer
	for i := 0; sent.Len() < MaxBacklog/2; i++ {
		line := fmt.Appendf(nil, "%d and some more to make it longer\n", i)
		require.True(t, o.Send(line))
		sent.Write(line)
	}
	require.Equal(t, sent.String(), readAll(t, reader, sent.Len()))
	testwait.Until(t, func() bool { return !o.isFlushing() }, "it is still behind")
	require.True(t, o.Send([]byte("direct again")))
	require.Equal(t, "direct again", readAll(t, reader, 12))
	require.Zero(t, o.waiting, "the backlog's count is back to nothing")
}

func (o *Outbox) isFlushing() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.flushing
}

func TestOutboxIsBoundedAndSaysGoodbye(t *testing.T) {
	server, reader := pair(t)
	small(t, server, reader)
	o := new(Outbox)
	o.Open(server, nil)
	piece := bytes.Repeat([]byte("."), 10_000)
	taken := 0
	for taken < 1000*len(piece) && o.Send(piece) {
		taken += len(piece)
	}
	require.Less(t, taken, 1000*len(piece), "a reader that does not read is refused in the end")
	o.Finish([]byte("too slow"), closeTimeout)
	got, err := io.ReadAll(reader)
	require.NoError(t, err)
	require.True(t, bytes.HasSuffix(got, []byte("too slow")), "the last bytes come")
	require.Zero(t, (len(got)-len("too slow"))%len(piece), "what had begun was written whole")
	require.Less(t, len(got), taken-MaxBacklog/2, "and what had not begun was dropped")
	o.Close()
}

func TestOutboxReplayIsNoBacklog(t *testing.T) {
	server, reader := pair(t)
	small(t, server, reader)
	o := new(Outbox)
	defer o.Close()
	o.Open(server, nil)
	piece := bytes.Repeat([]byte("r"), 10_000)
	for range 100 { // about four times the backlog
		o.SendReplay(piece)
	}
	o.Flush()
	require.True(t, o.Send([]byte("live")), "what is kept can be long; it does not make the reader slow")
	got := readAll(t, reader, 100*len(piece)+4)
	require.Equal(t, "live", got[100*len(piece):])
}

func TestOutboxFinishBeforeOpen(t *testing.T) {
	server, reader := pair(t)
	o := new(Outbox)
	defer o.Close()
	o.SendReplay([]byte("replay"))
	o.Finish([]byte("bye"), closeTimeout)
	o.Open(server, []byte("head,"))
	got, err := io.ReadAll(reader)
	require.NoError(t, err)
	require.Equal(t, "head,bye", string(got))
}

func TestOutboxClosesOnce(t *testing.T) {
	server, reader := pair(t)
	var closed atomic.Int32
	o := &Outbox{onClose: func() { closed.Add(1) }}
	o.Open(server, nil)
	reader.Close()
	testwait.Until(t, func() bool { o.Send([]byte("x")); return closed.Load() == 1 }, "a write that fails closes it")
	o.Finish(nil, closeTimeout)
	o.Close()
	require.True(t, o.Send([]byte("y")), "what is sent to a closed outbox is gone, and no sign of slowness")
	require.EqualValues(t, 1, closed.Load())
}

// A write deadline that the flusher set must not end direct writes later on.
func TestOutboxLivesLongerThanAStall(t *testing.T) {
	server, reader := pair(t)
	o := new(Outbox)
	defer o.Close()
	o.Open(server, nil)
	o.mu.Lock()
	o.queueLocked(piece{[]byte("a"), 1})
	o.startLocked()
	o.unlock()
	require.Equal(t, "a", readAll(t, reader, 1))
	testwait.Until(t, func() bool { return !o.isFlushing() }, "it is still behind")
	require.NoError(t, server.SetWriteDeadline(time.Time{}.Add(1)))
	require.NoError(t, server.SetWriteDeadline(time.Time{})) // as the flusher leaves it
	o.Send([]byte("b"))
	require.Equal(t, "b", readAll(t, reader, 1))
}

func TestOutboxOverTLS(t *testing.T) {
	server, reader := pair(t)
	certificates := httptest.NewUnstartedServer(nil)
	certificates.StartTLS()
	defer certificates.Close()
	secure := tls.Server(server, &tls.Config{Certificates: certificates.TLS.Certificates})
	client := tls.Client(reader, &tls.Config{InsecureSkipVerify: true})
	handshake := make(chan error, 1)
	go func() { handshake <- client.Handshake() }()
	require.NoError(t, secure.Handshake())
	require.NoError(t, <-handshake)
	o := new(Outbox)
	o.Open(secure, []byte("head,"))
	for range 100 {
		require.True(t, o.Send([]byte("event,")))
	}
	o.Finish([]byte("bye"), closeTimeout)
	got, err := io.ReadAll(client)
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(got, []byte("head,")) && bytes.HasSuffix(got, []byte("bye")), string(got))
	o.Close()
}
