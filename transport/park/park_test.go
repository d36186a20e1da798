package park_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/server"
	"github.com/caller-chat/caller/transport/conn"
	"github.com/caller-chat/caller/transport/conn/socket"
	"github.com/caller-chat/caller/transport/park"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { testwait.Main(m) }

// waiter is a request that waits, as the tests see it.
type waiter struct {
	park.Call
	text string // what it is answered with

	gone chan bool // what became of it: whether the client had gone
	do   func(w http.ResponseWriter)
}

// Answer implements [park.Waiter].
func (wt *waiter) Answer(ctx context.Context, w http.ResponseWriter) {
	defer func() { wt.gone <- ctx.Err() != nil }()
	if wt.do != nil {
		wt.do(w)
	}
	w.Header().Set("Content-Type", "text/plain")
	_, _ = io.WriteString(w, wt.text)
}

// site is a server on which GET /NAME waits, for as long as ?wait= says, and POST answers what it was sent.
type site struct {
	*http.Server
	keepalive *conn.Keepalive
	addr      string
	waiting   chan *waiter // each that has begun to wait
	hijacked  atomic.Int64 // connections taken over
	expected  int64        // what that should be
}

func newSite(t *testing.T) *site { return newSiteBehind(t, socket.Listen) }

func newSiteBehind(t *testing.T, wrap func(net.Listener) net.Listener) *site {
	t.Helper()
	s := &site{keepalive: conn.NewKeepalive(time.Minute), waiting: make(chan *waiter, 10)}
	lot := park.NewLot(s.keepalive)
	s.Server = server.HTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Early", "set before")
		if r.Method == http.MethodPost {
			_, _ = io.Copy(w, r.Body)
			return
		}
		within, err := time.ParseDuration(r.URL.Query().Get("wait"))
		if err != nil {
			within = 20 * time.Second
		}
		wt := &waiter{text: r.URL.Path, gone: make(chan bool, 1)}
		s.waiting <- wt
		lot.Wait(w, r, &wt.Call, within, wt)
	}), slog.New(slog.DiscardHandler))
	s.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateHijacked {
			s.hijacked.Add(1)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.addr = l.Addr().String()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(wrap(l)) // until it is closed
	}()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		_ = s.keepalive.Close(ctx) // which says what was open
		_ = s.Close()
		<-done
	})
	return s
}

// parked is the next request that waits. It fails the test when that waits in its handler.
func (s *site) parked(t *testing.T) *waiter {
	t.Helper()
	wt := <-s.waiting
	s.expected++
	testwait.Until(t, func() bool { return s.hijacked.Load() == s.expected }, "the request waits in its handler")
	return wt
}

// client is one connection to a site.
type client struct {
	*net.TCPConn
	r *bufio.Reader
}

// patient gives each read its time, whatever time went before.
type patient struct{ net.Conn }

func (p patient) Read(b []byte) (int, error) {
	if err := p.SetReadDeadline(testwait.Deadline()); err != nil {
		return 0, err
	}
	return p.Conn.Read(b)
}

func (s *site) dial(t *testing.T) *client {
	t.Helper()
	c, err := net.Dial("tcp", s.addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return &client{c.(*net.TCPConn), bufio.NewReader(patient{c})}
}

// say sends a request's lines.
func (c *client) say(t *testing.T, lines ...string) {
	t.Helper()
	_, err := io.WriteString(c, strings.Join(lines, "\r\n")+"\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
}

// answer reads the next answer and wants it to have a body.
func (c *client) answer(t *testing.T, body string) *http.Response {
	t.Helper()
	r, err := http.ReadResponse(c.r, nil)
	require.NoError(t, err)
	got, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	require.Equal(t, body, string(got))
	return r
}

// ends wants the server to close the connection, having said all.
func (c *client) ends(t *testing.T) {
	t.Helper()
	_, err := c.r.ReadByte()
	require.ErrorIs(t, err, io.EOF)
}
