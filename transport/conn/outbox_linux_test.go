package conn

import (
	"bytes"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// segments counts a connection's segments: over loopback each write of a small piece is one.
func segments(t *testing.T, c *net.TCPConn) (n uint32) {
	t.Helper()
	raw, err := c.SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		require.NoError(t, err)
		n = info.Data_segs_out
	}))
	return n
}

func TestWhatIsHeldGoesWithTheNextPiece(t *testing.T) {
	server, reader := pair(t)
	o := new(Outbox)
	defer o.Close()
	require.True(t, o.Hold([]byte("a"))) // before it is open it waits like everything
	o.Open(server, nil)
	require.Equal(t, "a", readAll(t, reader, 1))
	before := segments(t, server)
	require.True(t, o.Hold([]byte("b")))
	require.Equal(t, before, segments(t, server))
	require.True(t, o.Send([]byte("c")))
	require.Equal(t, "bc", readAll(t, reader, 2))
	require.Equal(t, before+1, segments(t, server))

	require.True(t, o.Hold([]byte("d"))) // the next piece does not come
	require.True(t, o.Hold([]byte("e")))
	o.Flush()
	require.Equal(t, "de", readAll(t, reader, 2))
	require.True(t, o.Hold([]byte("f")))
	o.Flush()
	o.Flush()
	require.True(t, o.Send([]byte("g")))
	require.Equal(t, "fg", readAll(t, reader, 2))
	require.Equal(t, 0, o.waiting)
}

// Who waits for a command's answer is not behind: what comes next is taken whole, as it is where nothing waits.
func TestWhatIsHeldMakesNobodySlow(t *testing.T) {
	server, reader := pair(t)
	o := new(Outbox)
	defer o.Close()
	o.Open(server, nil)
	much := bytes.Repeat([]byte("x"), MaxBacklog)
	require.True(t, o.Hold([]byte("a")))
	require.True(t, o.Send(much))
	require.Len(t, readAll(t, reader, 1+len(much)), 1+len(much))
}
