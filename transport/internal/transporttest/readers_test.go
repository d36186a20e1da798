package transporttest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/transport/conn"
	"github.com/caller-chat/caller/transport/internal/transporttest"
	"github.com/caller-chat/caller/transport/poll"
	"github.com/caller-chat/caller/transport/sse"
	"github.com/caller-chat/caller/transport/wire"
	"github.com/caller-chat/caller/transport/ws"
)

// site serves the room "lobby" over every transport.
type site struct {
	*transporttest.Fixture
	t          *testing.T
	url        string
	via        string
	client     *http.Client
	subscribed atomic.Int64 // subscriptions that have begun
}

// counted is a node that counts who has subscribed.
type counted struct {
	*chat.Node
	subscribed *atomic.Int64
}

func (c counted) Subscribe(
	ctx context.Context, who chat.Principal, room chat.RoomID, from chat.Start, sink chat.Sink,
) (*chat.Subscription, error) {
	s, err := c.Node.Subscribe(ctx, who, room, from, sink)
	if err == nil {
		c.subscribed.Add(1)
	}
	return s, err
}

func newSite(t *testing.T, via string, o chat.Options) *site {
	t.Helper()
	s := &site{Fixture: transporttest.NewWith(t, o), t: t, via: via}
	node := counted{s.Node, &s.subscribed}
	streams := sse.New(node, transporttest.Who, s.Keepalive)
	mux := http.NewServeMux()
	for path, h := range map[string]http.HandlerFunc{
		"GET /ws":  ws.New(node, transporttest.Who, s.Keepalive, ws.Options{}).Room,
		"GET /sse": streams.Events, "GET /ndjson": streams.NDJSON, "GET /text": streams.Text,
		"POST /": streams.Post, "GET /poll": poll.New(node, transporttest.Who, nil).Messages,
	} {
		mux.Handle(path, transporttest.InLobby(h))
	}
	server := httptest.NewUnstartedServer(mux)
	server.Listener = conn.Listen(server.Listener)
	server.Start()
	t.Cleanup(server.Close)
	s.url = server.URL
	s.client = &http.Client{Transport: &http.Transport{DialContext: dialSmall}, Timeout: testwait.Limit}
	t.Cleanup(s.client.CloseIdleConnections)
	return s
}

// dialSmall makes the kernel hold little for who does not read.
func dialSmall(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err == nil {
		err = c.(*net.TCPConn).SetReadBuffer(64 << 10)
	}
	return c, err
}

// event is what a reader is told, whatever the framing.
type event struct {
	Type, ID, Text, Reason, Code, Key, Cursor string
	Unread, Mentions                          int
	Target, Emoji                             string
	On, Deleted                               bool
	Reactions                                 []struct{ Emoji string }
}

// reader reads a room.
type reader interface {
	// next waits for an event. It returns false at the end.
	next() (event, bool)
	// post says a text in the reader's name and returns the stored message's id.
	post(key, text string) string
}

// refusal is how a request was refused; the zero value says that it was not.
type refusal struct {
	status int
	code   string
}

func refused(t *testing.T, r *http.Response) refusal {
	t.Helper()
	defer r.Body.Close()
	require.Equal(t, "application/problem+json", r.Header.Get("Content-Type"))
	var problem struct{ Code string }
	require.NoError(t, json.NewDecoder(r.Body).Decode(&problem))
	return refusal{r.StatusCode, problem.Code}
}

// poster posts over HTTP.
type poster struct {
	s    *site
	name string
}

func (p poster) post(key, text string) string {
	p.s.t.Helper()
	body, err := json.Marshal(map[string]string{"key": key, "text": text})
	require.NoError(p.s.t, err)
	r, err := p.s.client.Post(p.s.url+"/?name="+p.name, "application/json", strings.NewReader(string(body)))
	require.NoError(p.s.t, err)
	defer r.Body.Close()
	require.Contains(p.s.t, []int{http.StatusCreated, http.StatusOK}, r.StatusCode)
	var stored struct{ ID string }
	require.NoError(p.s.t, json.NewDecoder(r.Body).Decode(&stored))
	return stored.ID
}

// socketReader reads a WebSocket. What comes while it waits for an answer is read afterwards.
type socketReader struct {
	s     *site
	c     *websocket.Conn
	early []event
}

func openWebSocket(t *testing.T, s *site, query url.Values) (reader, refusal) {
	t.Helper()
	dialer := websocket.Dialer{NetDialContext: dialSmall}
	c, r, err := dialer.Dial("ws"+strings.TrimPrefix(s.url, "http")+"/ws?"+query.Encode(), nil)
	if err != nil {
		require.ErrorIs(t, err, websocket.ErrBadHandshake)
		return nil, refused(t, r)
	}
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.SetReadDeadline(testwait.Deadline()))
	return &socketReader{s: s, c: c}, refusal{}
}

func (r *socketReader) next() (event, bool) {
	if len(r.early) > 0 {
		e := r.early[0]
		r.early = r.early[1:]
		return e, true
	}
	var e event
	if err := r.c.ReadJSON(&e); err != nil {
		if end := (*websocket.CloseError)(nil); !errors.As(err, &end) {
			r.s.t.Errorf("not closed as a WebSocket: %v", err)
		}
		return event{}, false
	}
	return e, true
}

func (r *socketReader) post(key, text string) string {
	t := r.s.t
	t.Helper()
	require.NoError(t, r.c.WriteJSON(map[string]string{"type": "post", "key": key, "text": text}))
	var passed []event
	for {
		e, ok := r.next()
		require.True(t, ok)
		if e.Type == "ack" {
			require.Equal(t, key, e.Key)
			r.early = append(passed, r.early...)
			return e.ID
		}
		passed = append(passed, e)
	}
}

// streamReader reads a stream over HTTP.
type streamReader struct {
	poster
	lines *bufio.Scanner
}

func openStream(t *testing.T, s *site, query url.Values) (reader, refusal) {
	t.Helper()
	query.Set("all", "1") // else a text stream has messages only
	r, err := s.client.Get(s.url + "/" + s.via + "?" + query.Encode())
	require.NoError(t, err)
	if r.StatusCode != http.StatusOK {
		return nil, refused(t, r)
	}
	t.Cleanup(func() { _ = r.Body.Close() })
	lines := bufio.NewScanner(r.Body)
	lines.Buffer(nil, 1<<20)
	return &streamReader{poster{s, query.Get("name")}, lines}, refusal{}
}

func (r *streamReader) next() (event, bool) {
	for r.lines.Scan() {
		line := r.lines.Text()
		if r.s.via == "text" {
			return textEvent(line), true
		}
		if r.s.via == "sse" {
			data, ok := strings.CutPrefix(line, "data: ")
			if !ok {
				continue
			}
			line = data
		}
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			r.s.t.Errorf("line %q: %v", line, err)
			return event{}, false
		}
		return e, true
	}
	if err := r.lines.Err(); err != nil {
		r.s.t.Errorf("the body does not end as HTTP says: %v", err)
	}
	return event{}, false
}

// textEvent reads a line of text: "12:04:31 Ann: hello", or "12:04:31 * " and news.
func textEvent(line string) event {
	_, line, _ = strings.Cut(line, " ")
	news, ok := strings.CutPrefix(line, "* ")
	if !ok {
		_, text, _ := strings.Cut(line, ": ")
		return event{Type: "message", Text: text}
	}
	if reason, ok := strings.CutPrefix(news, "reset: "); ok {
		return event{Type: "reset", Reason: reason}
	}
	if strings.HasPrefix(news, "live at ") {
		return event{Type: "live"}
	}
	for _, code := range []wire.Code{wire.CodeTooSlow, wire.CodeLeft, wire.CodeGoingAway} {
		if strings.HasPrefix(news, wire.Fail(code, "").Error()) {
			return event{Type: "error", Code: string(code)}
		}
	}
	_, did, _ := strings.Cut(news, " ")
	did, text, _ := strings.Cut(did, ": ")
	switch words := strings.Fields(did); {
	case len(words) == 2 && words[0] == "edited":
		return event{Type: "edit", Target: words[1], Text: text}
	case len(words) == 2 && words[0] == "deleted":
		return event{Type: "delete", Target: words[1]}
	case len(words) == 5 && words[0] == "reacted":
		return event{Type: "reaction", Target: words[2], Emoji: words[4], On: true}
	case len(words) == 5 && words[0] == "took":
		return event{Type: "reaction", Target: words[4], Emoji: words[1]}
	}
	return event{Type: "news"}
}

// pollReader polls.
type pollReader struct {
	poster
	query  url.Values
	events []event
	ended  bool
}

func openPoll(t *testing.T, s *site, query url.Values) (reader, refusal) {
	t.Helper()
	r := &pollReader{poster: poster{s, query.Get("name")}, query: query}
	query.Set("wait", "0")
	answer := r.ask()
	if answer.StatusCode != http.StatusOK {
		return nil, refused(t, answer)
	}
	r.take(answer)
	r.events = append(r.events, event{Type: "live"})
	query.Set("wait", "60")
	query.Del("limit")
	return r, refusal{}
}

func (r *pollReader) ask() *http.Response {
	answer, err := r.s.client.Get(r.s.url + "/poll?" + r.query.Encode())
	if err != nil {
		r.s.t.Errorf("poll: %v", err)
		return &http.Response{StatusCode: 0, Body: io.NopCloser(strings.NewReader(""))}
	}
	return answer
}

// take makes events of an answer.
func (r *pollReader) take(answer *http.Response) {
	defer answer.Body.Close()
	var page struct {
		Messages []event
		Cursor   string
		Reset    bool
		Reason   string
		Code     string
		Read     *event
	}
	if err := json.NewDecoder(answer.Body).Decode(&page); err != nil {
		r.s.t.Errorf("poll: %d %v", answer.StatusCode, err)
		r.ended = true
		return
	}
	if answer.StatusCode != http.StatusOK {
		r.events, r.ended = append(r.events, event{Type: "error", Code: page.Code}), true
		return
	}
	if page.Reset {
		r.events = append(r.events, event{Type: "reset", Reason: page.Reason})
	}
	r.events = append(r.events, page.Messages...)
	if page.Read != nil {
		r.events = append(r.events, *page.Read)
		r.query.Set("read", page.Read.Cursor)
	}
	r.query.Set("after", page.Cursor)
	if answer.Close {
		r.events, r.ended = append(r.events, event{Type: "error", Code: "going_away"}), true
	}
}

func (r *pollReader) next() (event, bool) {
	for len(r.events) == 0 {
		if r.ended {
			return event{}, false
		}
		r.take(r.ask())
	}
	e := r.events[0]
	r.events = r.events[1:]
	return e, true
}
