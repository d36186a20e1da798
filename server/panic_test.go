package server

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/transport/conn"
)

// Whoever still writes to the connection must not find somebody else's there.
func TestPanicOfWhoHasTakenTheConnectionOver(t *testing.T) {
	s := newSite(t, Options{})
	outboxes := make(chan *conn.Outbox, 1)
	server := httptest.NewUnstartedServer(s.requestLog(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		o := new(conn.Outbox)
		o.Open(c, []byte("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"))
		outboxes <- o
		panic("late")
	})))
	server.Listener = conn.Listen(server.Listener)
	server.Start()
	defer server.Close()
	resp, err := server.Client().Get(server.URL)
	require.NoError(t, err)
	_, err = resp.Body.Read(make([]byte, 1))
	require.Error(t, err, "it is ended")
	require.NoError(t, resp.Body.Close())

	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	var others []*net.TCPConn // some of them with a descriptor that was free
	for range 8 {
		dialed, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		defer dialed.Close()
		accepted, err := l.Accept()
		require.NoError(t, err)
		defer accepted.Close()
		others = append(others, dialed.(*net.TCPConn), accepted.(*net.TCPConn))
	}
	o := <-outboxes
	o.Send([]byte("for one alone"))
	o.Send([]byte("for one alone"))
	for _, c := range others {
		require.NoError(t, c.CloseWrite())
	}
	for _, c := range others {
		n, _ := c.Read(make([]byte, 64))
		require.Zero(t, n)
	}
}
