package main

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestAcceptedConnectionsNoticeVanishedPeers(t *testing.T) {
	l, err := listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer client.Close()
	conn, err := l.Accept()
	require.NoError(t, err)
	defer conn.Close()
	socket, err := conn.(*net.TCPConn).SyscallConn()
	require.NoError(t, err)
	var timeout, idle int
	var terr, ierr error
	require.NoError(t, socket.Control(func(fd uintptr) {
		timeout, terr = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT)
		idle, ierr = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_KEEPIDLE)
	}))
	require.NoError(t, terr)
	require.NoError(t, ierr)
	assert.EqualValues(t, userTimeout.Milliseconds(), timeout)
	assert.Equal(t, 30, idle)
}

func TestURLOf(t *testing.T) {
	for addr, want := range map[string]string{
		"[::]:8080": "http://localhost:8080", "0.0.0.0:80": "http://localhost:80", "127.0.0.1:1": "http://127.0.0.1:1", "[::1]:1": "http://[::1]:1",
	} {
		a, err := net.ResolveTCPAddr("tcp", addr)
		require.NoError(t, err)
		assert.Equal(t, want, urlOf("http", a))
	}
}
