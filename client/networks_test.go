package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

// Nothing of a loop is left when it has been left, or when its context has ended.
func TestNothingIsLeft(t *testing.T) {
	url := serve(t, nil)
	for _, transport := range []Transport{Auto, WebSocket, SSE, Polling} {
		for _, how := range []string{"left", "ended", "panicked"} {
			c, err := New(url, Options{Transport: transport})
			require.NoError(t, err)
			func() {
				defer func() { _ = recover() }()
				ctx, cancel := context.WithCancel(within(t))
				defer cancel()
				for event, err := range c.Room("lobby").Events(ctx, From{}) {
					if err != nil {
						require.ErrorIs(t, err, context.Canceled)
						break
					}
					if event.Type != EventLive {
						continue
					}
					switch how {
					case "left":
						return
					case "ended":
						cancel()
					case "panicked":
						panic(how)
					}
				}
			}()
			c.Close()
			// The server is in this process too, so it is the client's own that are looked for.
			testwait.Until(t, func() bool { return len(atWork()) == 0 }, "%s %s: left are\n%s", transport, how, strings.Join(atWork(), "\n\n"))
		}
	}
}

// atWork are the goroutines that do something for a client, but this one.
func atWork() []string {
	stacks := make([]byte, 4<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	all := strings.Split(string(stacks), "\n\n")
	return slices.DeleteFunc(all[1:], func(stack string) bool {
		return !strings.Contains(stack, "caller/client.(*") && !strings.Contains(stack, "r3labs/sse")
	})
}

// One connection, as it comes.
func TestConnect(t *testing.T) {
	url := serve(t, nil)
	ctx := within(t)
	c := newClient(t, url, Options{})
	_, err := c.SignIn(ctx, "Ann")
	require.NoError(t, err)
	room := c.Room("lobby")
	conn := room.Connect(WebSocket, From{})
	require.Error(t, conn.Send(map[string]string{"type": "ping"}), "it is not open")
	var seen []string
	var end error
	for event, err := range conn.Events(ctx) {
		if err != nil {
			end = err
			break
		}
		seen = append(seen, event.Type)
		switch event.Type {
		case EventLive:
			require.NoError(t, conn.Send(map[string]string{"type": "post", "key": "k", "text": "hello"}))
		}
		// Either may be the first.
		if stored := event.Type == EventAck || event.Type == string(Message); stored && slices.Contains(seen, EventAck) && slices.Contains(seen, string(Message)) {
			require.NoError(t, conn.Send(map[string]string{"type": "leave"}))
		}
	}
	require.ErrorIs(t, end, &Problem{Code: "left"})
	assert.Contains(t, seen, EventPong)
	for _, err := range room.Connect(Auto, From{}).Events(ctx) {
		require.Error(t, err)
	}
	require.Error(t, room.Connect(SSE, From{}).Send(1))
}

// TLS by the client's certificates, a forward proxy, and a header for what is in front: all of it for
// each transport.
func TestTheHTTPClientCounts(t *testing.T) {
	target, err := url.Parse(serve(t, nil))
	require.NoError(t, err)
	var without atomic.Int32
	behind := httputil.NewSingleHostReverseProxy(target)
	behind.FlushInterval = -1
	front := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Access") != "yes" {
			without.Add(1)
		}
		behind.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	var tunnels atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		tunnels.Add(1)
		far, err := net.Dial("tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusOK)
		near, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		go func() { _, _ = copyAndClose(far, near) }()
		go func() { _, _ = copyAndClose(near, far) }()
	}))
	t.Cleanup(proxy.Close)
	through, err := url.Parse(proxy.URL)
	require.NoError(t, err)
	for _, transport := range []Transport{WebSocket, SSE, Polling} {
		tunnels.Store(0)
		own := front.Client().Transport.(*http.Transport).Clone()
		own.Proxy = http.ProxyURL(through)
		c := newClient(t, front.URL, Options{
			HTTP: &http.Client{Transport: own, Timeout: time.Nanosecond}, Transport: transport, Header: http.Header{"X-Access": {"yes"}},
		})
		ctx := within(t)
		_, err := c.Room("lobby").Post(ctx, Draft{Text: "hello"})
		require.NoError(t, err)
		texts, _ := read(ctx, t, c.Room("lobby"), From{Last: 1}, 1)
		assert.Equal(t, []string{"message hello"}, texts)
		assert.Positive(t, tunnels.Load())
		own.CloseIdleConnections()
	}
	assert.Zero(t, without.Load())
	// Whose certificate is not known is not talked to.
	testwait.Until(t, func() bool { // a busy machine may not come to see it the first time
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_, err := newClient(t, front.URL, Options{}).Room("lobby").Post(ctx, Draft{Text: "hello"})
		require.Error(t, err)
		return strings.Contains(err.Error(), "certificate")
	}, "its certificate is what is wrong")
}

func copyAndClose(to, from net.Conn) (int64, error) {
	defer func() { _ = to.Close() }()
	var n int64
	buffer := make([]byte, 16<<10)
	for {
		m, err := from.Read(buffer)
		n += int64(m)
		if m > 0 {
			if _, err := to.Write(buffer[:m]); err != nil {
				return n, err
			}
		}
		if err != nil {
			return n, err
		}
	}
}

// A RoundTripper of another kind can open no WebSocket, and streams do.
func TestNoWebSocketThroughARoundTripper(t *testing.T) {
	c := newClient(t, "http://caller.test", Options{HTTP: &http.Client{Transport: answers(func(*http.Request) (*http.Response, error) { return nil, errors.New("no") })}})
	assert.Equal(t, []Transport{SSE, Polling}, c.usable())
}

func TestAddresses(t *testing.T) {
	for _, wrong := range []string{"", "localhost:8080", "ftp://x", "http://", "http://user:secret@x", "http://x\x00"} {
		_, err := New(wrong, Options{})
		require.Error(t, err, wrong)
		assert.NotContains(t, fmt.Sprint(err), "secret")
	}
	_, err := New("http://x", Options{Name: "a\nb"})
	require.Error(t, err)
	_, err = New("http://x", Options{Transport: "pigeon"})
	require.Error(t, err)
	for address, want := range map[string]string{
		"http://x": "http://x/rooms/a%2Fb%20%3F/messages", "https://x/chat?q#f": "https://x/chat/rooms/a%2Fb%20%3F/messages",
	} {
		c := newClient(t, address, Options{})
		assert.Equal(t, want, c.address(c.Room("a/b ?").path("/messages"), nil))
	}
}

// polled is a server whose polls are cut by something in between, after so long.
func polled(t *testing.T, cut time.Duration, waits *[]int) *Client {
	t.Helper()
	n := 0
	return newClient(t, "http://caller.test", Options{Transport: Polling, HTTP: &http.Client{Transport: answers(func(r *http.Request) (*http.Response, error) {
		wait, _ := strconv.Atoi(r.URL.Query().Get("wait"))
		*waits = append(*waits, wait)
		long := time.Duration(wait) * time.Second
		if cut > 0 && long > cut {
			time.Sleep(cut)
			return answer(504, "text/html", "too long")
		}
		time.Sleep(long)
		n++
		object, err := json.Marshal(map[string]any{"messages": []any{}, "cursor": fmt.Sprintf("%d-0badcafe", 1), "members": []any{}, "version": 1})
		require.NoError(t, err)
		return answer(200, "application/json", string(object))
	})}})
}

// Polls grow, and stay under the time at which they were cut: then the transport lives on.
func TestPollsStayUnderWhatCutsThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waits []int
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
		defer cancel()
		live := 0
		for event, err := range polled(t, 10*time.Second, &waits).Room("lobby").Events(ctx, From{}) {
			if err == nil && event.Type == EventLive {
				live++
			}
		}
		assert.Equal(t, 1, live, "one connection: %v", waits)
		assert.Equal(t, []int{0, 1, 3, 8, 20}, waits[:5])
		for _, wait := range waits[5:] {
			assert.LessOrEqual(t, wait, 10)
		}
		assert.Less(t, len(waits), 60)
	})
	synctest.Test(t, func(t *testing.T) {
		var waits []int
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
		defer cancel()
		for range polled(t, 0, &waits).Room("lobby").Events(ctx, From{}) {
		}
		assert.Equal(t, 25, waits[len(waits)-1])
		assert.Less(t, len(waits), 16)
	})
}

// A stream that answers in pieces, with comments, in any of the ways that lines end.
func TestEventStreams(t *testing.T) {
	const entry = `{"type":"message","roomId":"lobby","id":"7-0badcafe","from":{"id":"a","name":"Ann"},"text":"hello"}`
	body := ": " + strings.Repeat(" ", 2<<10) + "\nretry: 3000\nevent: welcome\ndata: {\"type\":\"welcome\",\"clientId\":\"a\",\"heartbeat\":15}\n\n" +
		"id: 7-0badcafe\r\ndata: " + entry + "\r\n\r\n: alive\n\nevent: new\ndata: {\"type\":\"new\",\"x\":1}\n\ndata: not JSON\n\n" +
		"id: 7-0badcafe\nevent: live\ndata: {\"type\":\"live\",\"roomId\":\"lobby\",\"cursor\":\"7-0badcafe\"}\n\n" +
		"data: " + entry[:40] // cut
	c := newClient(t, "http://caller.test", Options{HTTP: &http.Client{Transport: answers(func(r *http.Request) (*http.Response, error) {
		assert.Equal(t, "text/event-stream", r.Header.Get("Accept"))
		return answer(200, "text/event-stream; charset=utf-8", body)
	})}})
	var types []string
	var end error
	for event, err := range c.Room("lobby").Connect(SSE, From{}).Events(within(t)) {
		types, end = append(types, event.Type), err
	}
	assert.Equal(t, []string{"welcome", "message", "new", "live", ""}, types)
	require.ErrorIs(t, end, errStreamEnded)
	for what, first := range map[string]func(*http.Request) (*http.Response, error){
		NoAnswer: func(*http.Request) (*http.Response, error) { return answer(200, "text/html", "<h1>Welcome") },
		"banned": func(*http.Request) (*http.Response, error) {
			return answer(403, "application/problem+json", `{"code":"banned"}`)
		},
	} {
		c := newClient(t, "http://caller.test", Options{HTTP: &http.Client{Transport: answers(first)}})
		for _, err := range c.Room("lobby").Connect(SSE, From{}).Events(within(t)) {
			require.ErrorIs(t, err, &Problem{Code: what})
		}
	}
}
