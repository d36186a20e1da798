package conn

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

// wrapped is a wrapped connection and its far end.
func wrapped(t testing.TB, wrap func(net.Conn) net.Conn) (near net.Conn, far *net.TCPConn) {
	server, reader := pair(t)
	return wrap(server), reader
}

func TestMoreThanTheKernelTakesGoesBothWays(t *testing.T) {
	near, far := wrapped(t, Wrap)
	said := bytes.Repeat([]byte("0123456789abcdef"), 1<<20) // well above what the kernel buffers
	echoed := make(chan error, 1)
	go func() {
		_, err := io.Copy(far, far)
		echoed <- errors.Join(err, far.CloseWrite())
	}()
	wrote := make(chan error, 1)
	go func() {
		n, err := near.Write(said)
		assert.Equal(t, len(said), n)
		wrote <- errors.Join(err, near.(interface{ CloseWrite() error }).CloseWrite())
	}()
	heard, err := io.ReadAll(near)
	require.NoError(t, err) // it ends with io.EOF
	require.True(t, bytes.Equal(said, heard))
	require.NoError(t, <-wrote)
	require.NoError(t, <-echoed)
}

func TestDeadlinesAndClosing(t *testing.T) {
	near, _ := wrapped(t, Wrap)
	b := make([]byte, 1)
	require.NoError(t, near.SetDeadline(time.Now().Add(20*time.Millisecond)))
	_, err := near.Read(b)
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	var timeout net.Error
	require.ErrorAs(t, err, &timeout)
	require.True(t, timeout.Timeout())
	require.ErrorContains(t, err, "read tcp")
	n, err := near.Write(make([]byte, 64<<20)) // nobody reads
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.Less(t, n, 64<<20)

	require.NoError(t, near.SetDeadline(time.Time{}))
	reading := make(chan error)
	go func() {
		_, err := near.Read(b)
		reading <- err
	}()
	require.NoError(t, near.Close())
	require.ErrorIs(t, <-reading, net.ErrClosed)
	_, err = near.Write(b)
	require.ErrorIs(t, err, net.ErrClosed)
}

func TestAConnectionThatWasResetSaysSo(t *testing.T) {
	near, far := wrapped(t, Wrap)
	require.NoError(t, far.SetLinger(0))
	require.NoError(t, far.Close())
	_, err := near.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
}

// What go-redis does before it uses a connection again.
func TestALookAtAConnection(t *testing.T) {
	near, far := wrapped(t, WrapPooled)
	look := func() (n int, err error) {
		raw, rawErr := near.(syscall.Conn).SyscallConn()
		require.NoError(t, rawErr)
		n, err = -1, syscall.EAGAIN
		require.NoError(t, raw.Read(func(fd uintptr) bool {
			n, _, err = syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
			return true
		}))
		return n, err
	}
	_, err := look()
	require.ErrorIs(t, err, syscall.EAGAIN)
	_, err = far.Write([]byte("?"))
	require.NoError(t, err)
	testwait.Until(t, func() bool { n, err := look(); return n == 1 && err == nil }, "what was sent is not seen")
	b := make([]byte, 2)
	n, err := near.Read(b) // the look has taken nothing
	require.NoError(t, err)
	require.Equal(t, "?", string(b[:n]))
	require.NoError(t, far.Close())
	testwait.Until(t, func() bool { n, err := look(); return n == 0 && err == nil }, "the end is not seen")
}

func BenchmarkExchange(b *testing.B) {
	for name, wrap := range map[string]func(net.Conn) net.Conn{"net": func(c net.Conn) net.Conn { return c }, "socket": Wrap} {
		b.Run(name, func(b *testing.B) {
			near, far := wrapped(b, wrap)
			go func() { _, _ = io.Copy(far, far) }()
			buffer := make([]byte, 128)
			b.ReportAllocs()
			for b.Loop() {
				_, err := near.Write(buffer)
				require.NoError(b, err)
				_, err = io.ReadFull(near, buffer)
				require.NoError(b, err)
			}
		})
	}
}
