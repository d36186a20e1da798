package server

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/transport/conn"
)

// bound is a server with so many places, and how to ask it on a connection of one's own.
func bound(t *testing.T, places *conn.Places, trusted ...netip.Prefix) (ask func() (net.Conn, int)) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	web := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {})}
	served := make(chan error, 1)
	go func() { served <- web.Serve(BoundConnections(web, l, places, trusted, false)) }()
	t.Cleanup(func() {
		require.NoError(t, web.Close())
		require.ErrorIs(t, testwait.Receive(t, served, "the server to end"), http.ErrServerClosed)
	})
	return func() (net.Conn, int) {
		c, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { c.Close() })
		require.NoError(t, c.SetDeadline(time.Now().Add(testwait.Limit)))
		_, err = fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, err)
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		return c, answer.StatusCode
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	for want, places := range map[int]*conn.Places{
		http.StatusTooManyRequests: {Total: 100, Each: 3}, http.StatusServiceUnavailable: {Total: 3, Each: 100},
	} {
		ask := bound(t, places)
		var open []net.Conn
		for range 3 {
			c, status := ask()
			require.Equal(t, http.StatusOK, status)
			open = append(open, c)
		}
		for range 5 {
			_, status := ask()
			require.Equal(t, want, status, "in words")
		}
		require.NoError(t, open[0].Close())
		testwait.Until(t, func() bool {
			_, status := ask()
			return status == http.StatusOK
		}, "there is the place of one that has gone")
	}
}

func TestATrustedProxyHasNoShare(t *testing.T) {
	ask := bound(t, &conn.Places{Total: 4, Each: 1}, netip.MustParsePrefix("127.0.0.0/8"))
	for range 4 {
		_, status := ask()
		require.Equal(t, http.StatusOK, status)
	}
	_, status := ask()
	assert.Equal(t, http.StatusServiceUnavailable, status)
}
