package server

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"
	"weak"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/transport/conn"
	"github.com/caller-chat/caller/transport/park"
)

// late answers when it is told to, on whatever goroutine.
type late struct {
	park.Call
	serve http.HandlerFunc
}

func (l *late) Answer(_ context.Context, w http.ResponseWriter) { l.serve(w, nil) }

// safeBuffer can be written and read at the same time.
type safeBuffer struct {
	mu  sync.Mutex // guards the following
	all bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.String()
}

// What the server does after a request, it does after a parked one when that is answered, and as ever.
func TestAParkedRequestIsObserved(t *testing.T) {
	keepalive := conn.NewKeepalive(time.Minute)
	s := newSite(t, Options{})
	logged := new(safeBuffer)
	s.log = slog.New(slog.NewTextHandler(logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	lot := park.NewLot(keepalive)
	waiting := make(chan *late, 1)
	front := HTTP(s.requestLog(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l := new(late)
		waiting <- l
		lot.Wait(w, r, &l.Call, 20*time.Second, l)
	})), slog.New(slog.DiscardHandler))
	hijacked := make(chan struct{}, 10)
	front.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateHijacked {
			hijacked <- struct{}{}
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = front.Serve(listener) }()
	defer func() {
		require.NoError(t, keepalive.Close(t.Context()))
		require.NoError(t, front.Close())
		<-ended
	}()
	c, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.SetDeadline(testwait.Deadline()))
	answers := bufio.NewReader(c)
	ask := func(serve http.HandlerFunc) *late {
		_, err := io.WriteString(c, "GET /rooms/a%20b/messages?wait=20 HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, err)
		l := <-waiting
		<-hijacked
		l.serve = serve
		return l
	}

	l := ask(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(299); _, _ = w.Write([]byte("hello")) })
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	open, err := s.Wait(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Equal(t, []string{"GET /rooms/a b/messages ×1"}, open)
	assert.Empty(t, logged.String(), "it is not over")
	l.Ready()
	r, err := http.ReadResponse(answers, nil)
	require.NoError(t, err)
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(body))
	assert.Equal(t, 299, r.StatusCode)
	id := r.Header.Get("X-Request-Id")
	assert.Regexp(t, "^[0-9a-f]{16}$", id)
	open, err = s.Wait(t.Context())
	require.NoError(t, err)
	assert.Empty(t, open)
	testwait.Until(t, func() bool { return strings.Contains(logged.String(), "\n") }, "nothing is logged")
	for _, part := range []string{"id=" + id, "method=GET", `path="/rooms/a b/messages"`, "status=299", "bytes=5", "stream=false", "from=127.0.0.1"} {
		assert.Contains(t, logged.String(), part)
	}

	ask(func(http.ResponseWriter, *http.Request) { panic(errors.New("as asked")) }).Ready()
	r, err = http.ReadResponse(answers, nil)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, r.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusInternalServerError, r.StatusCode)
	assert.Contains(t, logged.String(), "as asked")
	assert.Contains(t, logged.String(), "parked_test.go", "the stack")

	ask(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("half")); panic("late") }).Ready()
	_, err = http.ReadResponse(answers, nil)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF, "half an answer is none")
	_, err = s.Wait(t.Context())
	require.NoError(t, err)
}

// Very many wait, each with a first line that may be long.
func TestWhoWaitsKeepsNothingOfTheFirstLine(t *testing.T) {
	s := whole(t, new(numbering))
	lines := make(chan weak.Pointer[byte], 1)
	front := HTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lines <- weak.Make(unsafe.StringData(r.RequestURI))
		s.ServeHTTP(w, r)
	}), slog.New(slog.DiscardHandler))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = front.Serve(listener) }()
	defer func() {
		require.NoError(t, front.Close())
		<-ended
	}()
	for _, target := range []string{
		"/rooms/lobby/messages?wait=25&after=0-0&stream=s-1", "/rooms/lobby/messages?wait=25&after=0-0&stream=s-1", // both are one
		"/stream/messages?wait=25&room=kitchen@0-0&stream=s-1",
		"/rooms/garden/sse?name=Ann", "/rooms/cellar/ndjson?name=Ann", "/rooms/attic/text?name=Ann",
		"/rooms/roof/ws?name=Ann", "/stream/sse?room=shed&name=Ann", "/stream/ws?room=yard&name=Ann",
	} {
		c, err := net.Dial("tcp", listener.Addr().String())
		require.NoError(t, err)
		defer c.Close()
		_, err = fmt.Fprintf(c, "GET %s&more=%s HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", target, strings.Repeat("x", 8<<10))
		require.NoError(t, err)
		line := <-lines
		testwait.Until(t, func() bool { runtime.GC(); return line.Value() == nil }, "kept: %s", target)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	open, err := s.Wait(over)
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, []string{"GET /rooms/lobby/messages ×2", "GET /stream/messages ×1"}, open)
}
