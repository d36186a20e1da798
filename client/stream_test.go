package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// log is a room whose readers are told how to fail.
type log struct {
	mu      sync.Mutex // guards what follows
	entries []Event
	changed chan struct{}
	opened  []Transport // in order
	afters  []string
}

func newLog() *log { return &log{changed: make(chan struct{})} }

func (l *log) say(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.entries) + 1
	event, _ := decodeEvent(fmt.Appendf(nil, `{"type":"message","roomId":"lobby","id":"%d-0badcafe","from":{"id":"a","name":"Ann"},"text":%q}`, n, text))
	l.entries = append(l.entries, event)
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *log) after(cursor string) ([]Event, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.entries[seqOf(cursor):]), l.changed
}

func (l *log) opens() []Transport {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.opened)
}

// way is how a transport behaves; the zero value is well.
type way struct {
	before    time.Duration // until welcome; below 0 for never
	noPing    bool          // no ping comes down, as when a proxy holds all but the first bytes
	noAnswer  bool          // nothing goes up (WebSocket)
	dies      time.Duration // after its welcome; 0 for never
	end       end           // how it does
	swallowed time.Duration // after its welcome nothing comes down any more; 0 for never
}

func well(l *log, t Transport, how func() way) transport {
	return func(ctx context.Context, to target, s sink) end {
		w := how()
		l.mu.Lock()
		l.opened, l.afters = append(l.opened, t), append(l.afters, to.from.After)
		l.mu.Unlock()
		if w.before < 0 {
			<-ctx.Done()
			return lost(ctx.Err())
		}
		if !sleep(ctx, w.before) {
			return lost(ctx.Err())
		}
		var dies, swallowed <-chan time.Time
		if w.dies > 0 {
			dies = time.After(w.dies)
		}
		if w.swallowed > 0 {
			swallowed = time.After(w.swallowed)
		}
		say := func(e Event) bool { return s.event(e) }
		if w.end.kind != "" && w.dies == 0 {
			return w.end
		}
		if !say(Event{Type: EventWelcome, Heartbeat: 15 * time.Second, Resumed: to.from.After != ""}) {
			return lost(ctx.Err())
		}
		if t == WebSocket && !w.noAnswer {
			say(Event{Type: EventPong})
		}
		cursor, live := to.from.After, false
		ping := time.NewTicker(time.Second)
		defer ping.Stop()
		for {
			entries, changed := l.after(cursor)
			for _, e := range entries {
				cursor = e.Entry.ID
				if !say(e) {
					return lost(ctx.Err())
				}
			}
			if !live {
				live = true
				if cursor == "" {
					cursor = start
				}
				say(Event{Type: EventLive, Cursor: cursor})
			}
			select {
			case <-changed:
			case <-ping.C:
				ping.Reset(15 * time.Second)
				if !w.noPing {
					say(Event{Type: EventPing})
				}
			case <-dies:
				return w.end
			case <-swallowed:
				<-ctx.Done()
				return lost(ctx.Err())
			case <-ctx.Done():
				return lost(ctx.Err())
			}
		}
	}
}

// network is a client whose transports behave as said.
func network(t *testing.T, l *log, ways map[Transport]func() way) *Client {
	t.Helper()
	c, err := New("http://caller.test", Options{})
	require.NoError(t, err)
	for transport := range c.readers {
		how := ways[transport]
		if how == nil {
			how = func() way { return way{} }
		}
		c.readers[transport] = well(l, transport, how)
	}
	return c
}

func always(w way) func() way { return func() way { return w } }

// inTurn is the ways one after the other, and the last one then.
func inTurn(ways ...way) func() way {
	var mu sync.Mutex
	return func() way {
		mu.Lock()
		defer mu.Unlock()
		w := ways[0]
		if len(ways) > 1 {
			ways = ways[1:]
		}
		return w
	}
}

// overIn reads for a while, says something each second, and is the transports that carried it.
func overIn(t *testing.T, c *Client, l *log, during time.Duration) []Transport {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), during)
	defer cancel()
	go func() {
		for n := 1; sleep(ctx, time.Second); n++ {
			l.say(fmt.Sprint(n))
		}
	}()
	var over []Transport
	seen := 0
	var end error
	for event, err := range c.Room("lobby").Events(ctx, From{}) {
		switch {
		case err != nil:
			end = err
		case event.Type == EventTransport:
			over = append(over, event.Transport)
		case event.Entry != nil:
			seen++
			require.Equal(t, fmt.Sprint(seen), event.Entry.Text, "lost, doubled or out of order")
		}
	}
	require.ErrorIs(t, end, context.DeadlineExceeded)
	all, _ := l.after(start)
	require.InDelta(t, len(all), seen, 5, "what was said last")
	return over
}

func TestTheChoiceOfTransports(t *testing.T) {
	lostNow := lost(errors.New("cut"))
	for name, test := range map[string]struct {
		ways   map[Transport]func() way
		during time.Duration
		over   []Transport
	}{
		"all is well": {nil, time.Hour, []Transport{WebSocket}},
		"a WebSocket is slow, but there within its head start": {
			map[Transport]func() way{WebSocket: always(way{before: 1900 * time.Millisecond})}, time.Minute, []Transport{WebSocket},
		},
		"a WebSocket that is never answered": {
			map[Transport]func() way{WebSocket: always(way{before: -1})}, time.Minute, []Transport{SSE},
		},
		"neither is ever answered": {
			map[Transport]func() way{WebSocket: always(way{before: -1}), SSE: always(way{before: -1})}, time.Minute, []Transport{Polling},
		},
		"a WebSocket on which nothing goes up": {
			map[Transport]func() way{WebSocket: always(way{noAnswer: true})}, time.Minute, []Transport{WebSocket, SSE},
		},
		"streams that let one buffer through": {
			map[Transport]func() way{WebSocket: always(way{before: -1}), SSE: always(way{noPing: true, swallowed: time.Nanosecond})},
			time.Minute, []Transport{SSE, Polling},
		},
		"a WebSocket that dies young each time": {
			map[Transport]func() way{WebSocket: always(way{dies: 5 * time.Second, end: lostNow})}, 25 * time.Second, []Transport{WebSocket, WebSocket, SSE},
		},
		"a WebSocket that was refused at first, and is not later": {
			map[Transport]func() way{WebSocket: inTurn(way{before: time.Millisecond, end: lostNow}, way{})},
			time.Minute, []Transport{SSE, WebSocket},
		},
		"a connection that freezes": {
			map[Transport]func() way{WebSocket: inTurn(way{swallowed: 20 * time.Second}, way{})},
			2 * time.Minute, []Transport{WebSocket, WebSocket},
		},
		"a node that goes away": {
			map[Transport]func() way{WebSocket: inTurn(way{dies: time.Minute, end: endOf(&Problem{Code: "going_away", RetryAfter: 2 * time.Second})}, way{})},
			2 * time.Minute, []Transport{WebSocket, WebSocket},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLog()
				assert.Equal(t, test.over, overIn(t, network(t, l, test.ways), l, test.during), "%v", l.opens())
			})
		})
	}
}

// What one stream has learnt about a network the next one begins with.
func TestWhatWasLearntIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		c := network(t, l, map[Transport]func() way{WebSocket: always(way{before: -1})})
		overIn(t, c, l, 20*time.Second)
		l.mu.Lock()
		l.opened, l.entries = nil, nil
		l.mu.Unlock()
		overIn(t, c, l, 20*time.Second)
		assert.Equal(t, []Transport{SSE}, l.opens())
	})
}

// A server that asks to be left alone is, and many clients do not come back at the same moment.
func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		busy := endOf(&Problem{Code: "busy", Status: 503, RetryAfter: 20 * time.Second})
		c := network(t, l, map[Transport]func() way{
			WebSocket: inTurn(way{end: busy}, way{}), SSE: always(way{end: busy}), Polling: always(way{end: busy}),
		})
		began := time.Now()
		for event, err := range c.Room("lobby").Events(t.Context(), From{}) {
			require.NoError(t, err)
			if event.Type == EventLive {
				break
			}
		}
		assert.GreaterOrEqual(t, time.Since(began), 20*time.Second)
		assert.Less(t, time.Since(began), 24*time.Second)
	})
	p := pauses{random: func() float64 { return 1 }, most: 30 * time.Second}
	var bounds []time.Duration
	for range 8 {
		bounds = append(bounds, p.next(0, 0))
	}
	assert.Equal(t, []time.Duration{500e6, 1e9, 2e9, 4e9, 8e9, 16e9, 30e9, 30e9}, bounds)
	assert.Equal(t, mostRetryAfter, (&pauses{random: func() float64 { return 0 }, most: time.Second}).next(time.Hour, 0))
}

func TestTheServersLastWord(t *testing.T) {
	for _, code := range []string{"banned", "room_closed", "session_over", "session_invalid", "removed", "password_required", "invalid_field"} {
		synctest.Test(t, func(t *testing.T) {
			l := newLog()
			l.say("1")
			refused := endOf(&Problem{Code: code, Status: 403, Reason: "spam"})
			c := network(t, l, map[Transport]func() way{WebSocket: always(way{dies: time.Second, end: refused})})
			var texts []string
			var end error
			for entry, err := range c.Room("lobby").Entries(t.Context(), From{}) {
				if err != nil {
					end = err
					continue
				}
				texts = append(texts, entry.Text)
			}
			require.ErrorIs(t, end, &Problem{Code: code})
			assert.Equal(t, []string{"1"}, texts)
			assert.Equal(t, []Transport{WebSocket}, l.opens(), "nothing is tried again")
		})
	}
}

// A reader that takes long keeps its connection waiting, which is no reason to think it dead; and no
// more than the bound waits for it.
func TestASlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		const many = 4 * mostQueued
		for n := range many {
			l.say(fmt.Sprint(n))
		}
		c := network(t, l, nil)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		seen := 0
		for entry, err := range c.Room("lobby").Entries(ctx, From{}) {
			require.NoError(t, err)
			require.Equal(t, fmt.Sprint(seen), entry.Text)
			time.Sleep(time.Minute)
			if seen++; seen == many {
				break
			}
		}
		assert.Equal(t, []Transport{WebSocket}, l.opens(), "it was never thought dead")
	})
}

// The queue is bounded while nobody takes anything.
func TestTheQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		for range 10 * mostQueued {
			l.say("x")
		}
		ctx, cancel := context.WithCancel(t.Context())
		s := network(t, l, nil).Room("lobby").stream(ctx, From{})
		done := make(chan struct{})
		go func() { defer close(done); s.run() }()
		synctest.Wait()
		cancel()
		<-done
		assert.LessOrEqual(t, len(s.queue), mostQueued)
		assert.LessOrEqual(t, s.bytes, mostQueuedBytes+mostEvent)
	})
}

// Both ways may bring an entry while one takes over from the other, and a probe holds what it is
// told until then: overIn checks it second by second.
func TestAProbeTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		lostNow := lost(errors.New("cut"))
		c := network(t, l, map[Transport]func() way{
			WebSocket: inTurn(way{dies: 5 * time.Second, end: lostNow}, way{dies: 5 * time.Second, end: lostNow}, way{}),
		})
		assert.Equal(t, []Transport{WebSocket, WebSocket, SSE, WebSocket}, overIn(t, c, l, 10*time.Minute))
	})
}

// A connection that takes over was live before others brought what is further: nobody is told to go
// on from there.
func TestLiveIsNotBehind(t *testing.T) {
	s := &stream{cursor: "171-25555d10"}
	s.pass(Event{Type: EventLive, Cursor: "167-ed0910f1", Raw: json.RawMessage(`{"type":"live","cursor":"167-ed0910f1"}`)})
	s.pass(Event{Type: EventLive, Cursor: "172-31112dbb", Raw: json.RawMessage(`{"type":"live","cursor":"172-31112dbb"}`)})
	require.Len(t, s.queue, 2)
	assert.Equal(t, "171-25555d10", s.queue[0].Cursor)
	assert.JSONEq(t, `{"type":"live","cursor":"171-25555d10"}`, string(s.queue[0].Raw))
	assert.Equal(t, "172-31112dbb", s.queue[1].Cursor)
	assert.JSONEq(t, `{"type":"live","cursor":"172-31112dbb"}`, string(s.queue[1].Raw))
}

// answers is an HTTP server that needs no network.
type answers func(*http.Request) (*http.Response, error)

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }

func answer(status int, contentType, body string, headers ...string) (*http.Response, error) {
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", contentType)
	for i := 0; i+1 < len(headers); i += 2 {
		w.Header().Set(headers[i], headers[i+1])
	}
	w.WriteHeader(status)
	_, _ = w.WriteString(body)
	return w.Result(), nil
}

func TestPostAgain(t *testing.T) {
	const message = `{"type":"message","roomId":"lobby","id":"7-0badcafe","from":{"id":"a","name":"Ann"},"text":"hello"}`
	const problem = "application/problem+json"
	for name, test := range map[string]struct {
		first func(*http.Request) (*http.Response, error)
		takes time.Duration // at least
		code  string        // with which it is refused; "" for not
	}{
		"the network is away":    {func(*http.Request) (*http.Response, error) { return nil, errors.New("no route") }, 0, ""},
		"the answer never comes": {func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }, callWithin, ""},
		"the store is away": {func(*http.Request) (*http.Response, error) {
			return answer(503, problem, `{"code":"unavailable","retryAfter":2}`)
		}, 2 * time.Second, ""},
		"a limit": {func(*http.Request) (*http.Response, error) {
			return answer(429, problem, `{"code":"too_much"}`, "Retry-After", "30")
		}, 30 * time.Second, ""},
		"slow mode": {func(*http.Request) (*http.Response, error) {
			return answer(429, problem, `{"code":"slow_mode","retryAfter":12.5}`)
		}, 12500 * time.Millisecond, ""},
		"a proxy is away":  {func(*http.Request) (*http.Response, error) { return answer(502, "text/html", "<h1>Bad Gateway") }, 0, ""},
		"a portal answers": {func(*http.Request) (*http.Response, error) { return answer(200, "text/html", "<h1>Welcome") }, 0, ""},
		"a portal redirects": {func(*http.Request) (*http.Response, error) {
			return answer(302, "text/html", "", "Location", "http://portal.test/")
		}, 0, ""},
		"an answer that is cut": {func(*http.Request) (*http.Response, error) { return answer(201, "application/json", message[:30]) }, 0, ""},
		"a proxy forbids it":    {func(*http.Request) (*http.Response, error) { return answer(403, "text/html", "no") }, 0, NoAnswer},
		"the text is too long": {func(*http.Request) (*http.Response, error) {
			return answer(422, problem, `{"code":"invalid_field","field":"text","limit":4000}`)
		}, 0, "invalid_field"},
		"one is muted": {func(*http.Request) (*http.Response, error) {
			return answer(403, problem, `{"code":"muted","until":"2026-11-25T12:10:00.000Z"}`)
		}, 0, "muted"},
		"an error that is no reason": {func(*http.Request) (*http.Response, error) { return answer(500, problem, `{"code":"internal"}`) }, 0, "internal"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var keys []string
				c := newClient(t, "http://caller.test/chat/", Options{HTTP: &http.Client{Transport: answers(func(r *http.Request) (*http.Response, error) {
					var draft Draft
					require.NoError(t, json.NewDecoder(r.Body).Decode(&draft))
					assert.Equal(t, "http://caller.test/chat/rooms/lobby/messages", r.URL.String())
					keys = append(keys, draft.Key)
					if len(keys) <= 2 {
						return test.first(r)
					}
					return answer(201, "application/json", message)
				})}})
				began := time.Now()
				id, err := c.Room("lobby").Post(t.Context(), Draft{Text: "hello"})
				if test.code != "" {
					require.ErrorIs(t, err, &Problem{Code: test.code})
					assert.Len(t, keys, 1)
					return
				}
				require.NoError(t, err)
				assert.Equal(t, "7-0badcafe", id)
				assert.GreaterOrEqual(t, time.Since(began), 2*test.takes)
				assert.Len(t, keys, 3)
				assert.Len(t, slices.Compact(keys), 1, "one key")
				assert.NotEmpty(t, keys[0])
			})
		})
	}
}

// The end of the context ends it all, and says what the last try failed with.
func TestPostUntilTheContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, "http://caller.test", Options{HTTP: &http.Client{Transport: answers(func(*http.Request) (*http.Response, error) {
			return answer(503, "application/problem+json", `{"code":"unavailable"}`)
		})}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := c.Room("lobby").Post(ctx, Draft{Text: "hello"})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, &Problem{Code: "unavailable"})
	})
}

// An address that sends elsewhere says where to, but for what may be secret.
func TestARedirectSaysWhere(t *testing.T) {
	c := newClient(t, "http://caller.test", Options{HTTP: &http.Client{Transport: answers(func(*http.Request) (*http.Response, error) {
		return answer(308, "text/html", "", "Location", "https://chat.test/rooms/lobby/members?access=secret")
	})}})
	err := c.Call(t.Context(), http.MethodGet, "rooms/lobby/members", nil, nil, nil)
	var problem *Problem
	require.ErrorAs(t, err, &problem)
	assert.Equal(t, "308 Permanent Redirect text/html, which sends to https://chat.test", problem.Detail)
}

// A download whose answer does not even begin is begun anew.
func TestADownloadThatDoesNotBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		c := newClient(t, "http://caller.test", Options{HTTP: &http.Client{Transport: answers(func(r *http.Request) (*http.Response, error) {
			if asked++; asked == 1 {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return answer(200, "text/plain", "hello")
		})}})
		var got strings.Builder
		require.NoError(t, c.Download(t.Context(), File{Name: "a.txt", Size: 5, URL: "/rooms/lobby/files/a/a.txt"}, &got))
		assert.Equal(t, "hello", got.String())
		assert.Equal(t, 2, asked)
	})
}
