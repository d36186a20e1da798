package park_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caller-chat/caller/transport/conn"
	"github.com/caller-chat/caller/transport/park"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnsweredWhenReady(t *testing.T) {
	s := newSite(t)
	c := s.dial(t)
	c.say(t, "GET /first HTTP/1.1")
	wt := s.parked(t)
	wt.Ready()
	wt.Ready() // once more changes nothing
	parked := c.answer(t, "/first")
	assert.False(t, <-wt.gone)

	c.say(t, "GET /at-once?wait=0s HTTP/1.1") // over the same connection
	assert.NotNil(t, <-s.waiting)
	unparked := c.answer(t, "/at-once")
	for _, h := range []http.Header{parked.Header, unparked.Header} {
		assert.NotEmpty(t, h.Get("Date"))
		h.Del("Date")
		assert.NotEmpty(t, h.Get("Content-Length"))
		h.Del("Content-Length")
	}
	assert.Equal(t, unparked.Header, parked.Header)
	assert.Equal(t, unparked.Proto, parked.Proto)
	assert.Equal(t, unparked.Close, parked.Close)
}

func TestAnsweredWhenTheTimeIsOver(t *testing.T) {
	s := newSite(t)
	c := s.dial(t)
	began := time.Now()
	c.say(t, "GET /late?wait=300ms HTTP/1.1")
	s.parked(t)
	c.answer(t, "/late")
	assert.GreaterOrEqual(t, time.Since(began), 300*time.Millisecond)
}

func TestAConnectionGoesOn(t *testing.T) {
	t.Run("as net has it", func(t *testing.T) {
		goesOn(t, newSiteBehind(t, func(l net.Listener) net.Listener { return l }))
	})
	t.Run("as the program has it", func(t *testing.T) { goesOn(t, newSite(t)) })
}

func goesOn(t *testing.T, s *site) {
	c := s.dial(t)
	for range 3 {
		c.say(t, "GET /poll HTTP/1.1")
		s.parked(t).Ready()
		c.answer(t, "/poll")
		c.say(t, "POST / HTTP/1.1", "Content-Length: 5")
		_, err := io.WriteString(c, "hello")
		require.NoError(t, err)
		c.answer(t, "hello")
	}
}

func TestPipelinedRequestsAreKept(t *testing.T) {
	s := newSite(t)
	c := s.dial(t)
	host := "Host: x\r\n\r\n"
	_, err := io.WriteString(c, "GET /1 HTTP/1.1\r\n"+host+"GET /2 HTTP/1.1\r\n"+host+"POST / HTTP/1.1\r\nContent-Length: 3\r\n"+host+"abc")
	require.NoError(t, err)
	first := s.parked(t)
	first.Ready()
	c.answer(t, "/1")
	second := s.parked(t)
	c.say(t, "GET /3 HTTP/1.1") // while the second waits
	second.Ready()
	c.answer(t, "/2")
	c.answer(t, "abc")
	s.parked(t).Ready()
	c.answer(t, "/3")
}

// What was sent while the first waits is seen by nobody before the answer, byte by byte or whole.
func TestRequestsInPiecesAreKept(t *testing.T) {
	s := newSite(t)
	c := s.dial(t)
	c.say(t, "GET /1 HTTP/1.1")
	first := s.parked(t)
	next := "GET /2 HTTP/1.1\r\nHost: x\r\n\r\n"
	for _, b := range []byte(next[:8]) {
		_, err := c.Write([]byte{b})
		require.NoError(t, err)
	}
	first.Ready()
	c.answer(t, "/1")
	_, err := io.WriteString(c, next[8:])
	require.NoError(t, err)
	s.parked(t).Ready()
	c.answer(t, "/2")
}

func TestAClientThatGoesIsNoticed(t *testing.T) {
	for name, leave := range map[string]func(*client) error{
		"closed": func(c *client) error { return c.Close() },
		"reset": func(c *client) error {
			if err := c.SetLinger(0); err != nil {
				return err
			}
			return c.Close()
		},
		"half closed": func(c *client) error { return c.CloseWrite() },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			c := s.dial(t)
			c.say(t, "GET /poll HTTP/1.1")
			wt := s.parked(t)
			require.NoError(t, leave(c))
			assert.True(t, <-wt.gone)
			wt.Ready() // too late
			require.NoError(t, s.keepalive.Close(t.Context()), "nothing is open")
		})
	}
}

func TestAClientThatGoesWhileItRests(t *testing.T) {
	s := newSite(t)
	c := s.dial(t)
	c.say(t, "GET /poll HTTP/1.1")
	s.parked(t).Ready()
	c.answer(t, "/poll")
	require.NoError(t, c.Close())
	require.NoError(t, s.keepalive.Close(t.Context()), "nothing is open")
}

func TestTheLastAnswerOfAConnection(t *testing.T) {
	for name, c := range map[string]struct {
		request    []string
		proto      string
		connection string // of the answer
		ends       bool
	}{
		"asked to close":      {[]string{"GET /x HTTP/1.1", "Connection: close"}, "HTTP/1.1", "close", true},
		"HTTP/1.0":            {[]string{"GET /x HTTP/1.0"}, "HTTP/1.0", "close", true},
		"HTTP/1.0, kept open": {[]string{"GET /x HTTP/1.0", "Connection: keep-alive"}, "HTTP/1.0", "keep-alive", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			conn := s.dial(t)
			conn.say(t, c.request...)
			s.parked(t).Ready()
			r := conn.answer(t, "/x")
			assert.Equal(t, c.proto, r.Proto)
			if c.connection == "close" {
				assert.True(t, r.Close)
			} else {
				assert.Equal(t, c.connection, r.Header.Get("Connection"))
			}
			if c.ends {
				conn.ends(t)
				return
			}
			conn.say(t, c.request...)
			s.parked(t).Ready()
			conn.answer(t, "/x")
		})
	}
}

func TestASlowReaderGetsABigAnswer(t *testing.T) {
	s := newSite(t)
	c := s.dial(t)
	c.say(t, "GET /big HTTP/1.1")
	wt := s.parked(t)
	wt.text = strings.Repeat("a big answer, more than all buffers take ", 1<<20)
	wt.Ready()
	assert.False(t, <-wt.gone, "who answers does not wait for the reader")
	other := s.dial(t) // nor do others
	other.say(t, "GET /other HTTP/1.1")
	s.parked(t).Ready()
	other.answer(t, "/other")
	c.say(t, "GET /next HTTP/1.1") // before it has read anything
	c.answer(t, wt.text)
	s.parked(t).Ready()
	c.answer(t, "/next")
}

// awaited is a context that tells when somebody begins to wait for its end.
type awaited struct {
	context.Context
	once  sync.Once
	begun chan struct{}
}

func (a *awaited) Done() <-chan struct{} {
	a.once.Do(func() { close(a.begun) })
	return a.Context.Done()
}

func TestTheEnd(t *testing.T) {
	s := newSite(t)
	waits, rests := s.dial(t), s.dial(t)
	rests.say(t, "GET /rests HTTP/1.1")
	s.parked(t).Ready()
	rests.answer(t, "/rests")
	waits.say(t, "GET /waits HTTP/1.1")
	wt := s.parked(t)
	closed := make(chan error, 1)
	ctx := &awaited{Context: t.Context(), begun: make(chan struct{})}
	go func() { closed <- s.keepalive.Close(ctx) }()
	<-ctx.begun // then it has told all of them
	rests.ends(t)
	select {
	case <-wt.gone:
		t.Fatal("answered by nobody's leave")
	case err := <-closed:
		t.Fatal("not waited for", err)
	default:
	}
	wt.Ready() // as the room does that ends
	assert.True(t, waits.answer(t, "/waits").Close)
	waits.ends(t)
	require.NoError(t, <-closed)
}

func TestTheEndIsForcedWhenItsTimeIsOver(t *testing.T) {
	s := newSite(t)
	waits, stuck := s.dial(t), s.dial(t)
	waits.say(t, "GET /waits HTTP/1.1")
	wt := s.parked(t)
	stuck.say(t, "GET /stuck HTTP/1.1")
	big := s.parked(t)
	big.text = strings.Repeat("x", 64<<20)
	big.Ready()
	assert.False(t, <-big.gone)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, s.keepalive.Close(ctx), context.DeadlineExceeded)
	assert.True(t, <-wt.gone)
	waits.ends(t)
}

func TestABackConnectionOfAServerThatEnds(t *testing.T) {
	s := newSite(t)
	c := s.dial(t)
	c.say(t, "GET /poll HTTP/1.1")
	s.parked(t).Ready()
	c.answer(t, "/poll")
	require.NoError(t, s.Shutdown(t.Context()))
	_, err := io.WriteString(c, "GET /next HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	_, err = c.r.ReadByte()
	require.Error(t, err)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
}

// What can't be parked waits in its handler.
func TestWaitingInTheHandler(t *testing.T) {
	keepalive := conn.NewKeepalive(time.Minute)
	defer func() { require.NoError(t, keepalive.Close(t.Context())) }()
	lot := park.NewLot(keepalive)
	began := make(chan *waiter, 1)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		wt := &waiter{text: "answer", gone: make(chan bool, 1)}
		began <- wt
		lot.Wait(w, r, &wt.Call, 20*time.Second, wt)
	})
	for name, start := range map[string]func(*httptest.Server){
		"HTTP/1.1 that is not marked": (*httptest.Server).Start,
		"TLS":                         func(s *httptest.Server) { s.Config.ConnContext = park.Mark; s.StartTLS() },
		"HTTP/2":                      func(s *httptest.Server) { s.Config.ConnContext, s.EnableHTTP2 = park.Mark, true; s.StartTLS() },
		"a middleware that can't outlast": func(s *httptest.Server) {
			s.Config.ConnContext = park.Mark
			s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h(wrapped{w}, r) })
			s.Start()
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewUnstartedServer(h)
			s.Config.ConnState = func(_ net.Conn, state http.ConnState) { assert.NotEqual(t, http.StateHijacked, state) }
			start(s)
			defer s.Close()
			go func() { (<-began).Ready() }()
			r, err := s.Client().Get(s.URL)
			require.NoError(t, err)
			body, err := io.ReadAll(r.Body)
			require.NoError(t, err)
			require.NoError(t, r.Body.Close())
			assert.Equal(t, "answer", string(body))

			ctx, cancel := context.WithCancel(t.Context())
			gone := make(chan bool, 1)
			go func() {
				wt := <-began
				cancel()
				gone <- <-wt.gone
			}()
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
			require.NoError(t, err)
			_, err = s.Client().Do(request)
			require.ErrorIs(t, err, context.Canceled)
			assert.True(t, <-gone)
		})
	}
}

// wrapped is the writer of a middleware that knows nothing of parking.
type wrapped struct{ http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }
