package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/described"
	"github.com/caller-chat/caller/internal/testwait"
)

// Kind is how a reader reads.
type Kind string

// The kinds of readers. Text has no cursor and takes no part in resuming.
const (
	WebSocket Kind = "ws"
	SSE       Kind = "sse"
	NDJSON    Kind = "ndjson"
	Poll      Kind = "poll"
	Text      Kind = "text"
)

// Resuming is the kinds of readers that can drop and resume.
var Resuming = []Kind{WebSocket, SSE, NDJSON, Poll}

// Options of a reader; the zero value reads all that is kept and then what comes.
type Options struct {
	// After is the cursor to resume from.
	After string
	// LastEventID gives After as the header instead of the query (SSE).
	LastEventID bool
	// Query is added to the address, as in "history=0".
	Query string
	// Into is the record to go on with; a new one by default.
	Into *Record
	// Rooms makes it a reader of several rooms, each "room" or "room@CURSOR"; the room given to
	// Read is not used.
	Rooms []string
}

// Reader is one connection over one transport.
type Reader struct {
	*Record
	Kind   Kind
	cancel context.CancelFunc
	sendMu sync.Mutex      // one writes to conn at a time
	conn   *websocket.Conn // for WebSocket only
	done   chan struct{}   // closed when nothing more is recorded
}

// Read opens a reader. It is dropped at the end of the test at the latest. A node whose store had no
// time to answer says to come back, and the reader does.
func (p Person) Read(t testing.TB, kind Kind, room string, options Options) *Reader {
	t.Helper()
	var reader *Reader
	testwait.Until(t, func() bool {
		var err error
		reader, err = p.TryRead(t.Context(), kind, room, options)
		var refused refusedError
		if errors.As(err, &refused) && refused.status == http.StatusServiceUnavailable {
			return false
		}
		require.NoError(t, err)
		return true
	}, "%s reads %s by %s: 503", p.Name, room, kind)
	t.Cleanup(reader.Drop)
	return reader
}

// refusedError is an answer that is no stream.
type refusedError struct {
	status int
	what   string
}

func (e refusedError) Error() string { return fmt.Sprintf("status %d: %s", e.status, e.what) }

// TryRead is Read for where a refusal is part of the plan. The caller drops the reader.
func (p Person) TryRead(ctx context.Context, kind Kind, room string, options Options) (*Reader, error) {
	r := &Reader{Record: options.Into, Kind: kind, done: make(chan struct{})}
	if r.Record == nil {
		r.Record = NewRecord(fmt.Sprintf("%s by %s", p.Name, kind))
	}
	ctx, r.cancel = context.WithCancel(ctx)
	var err error
	switch {
	case kind == WebSocket:
		err = r.openWebSocket(ctx, p, room, options)
	case kind == Poll && options.Rooms == nil:
		go r.poll(ctx, p, room, options.After)
	default:
		err = r.openStream(ctx, p, room, options)
	}
	if err != nil {
		r.cancel()
		return nil, fmt.Errorf("read %s by %s: %w", room, kind, err)
	}
	return r, nil
}

// Drop ends the connection as a network does: without a word. Nothing is recorded after it.
func (r *Reader) Drop() {
	r.cancel()
	if r.conn != nil {
		_ = r.conn.NetConn().Close() // it may have ended by itself
	}
	<-r.done
}

// Done is closed when the connection has ended.
func (r *Reader) Done() <-chan struct{} { return r.done }

// WaitEnd waits until the server has ended the connection, and is the record's word on it.
func (r *Reader) WaitEnd(t testing.TB) Event {
	t.Helper()
	select {
	case <-r.done:
	case <-time.After(testwait.Limit):
		require.FailNow(t, "not ended", "%s still reads; it saw:\n%s", r.Who, Dump(r.Events()))
	}
	events := r.Events()
	return events[len(events)-1]
}

// Send sends a command, or any other value, as JSON (WebSocket only).
func (r *Reader) Send(t testing.TB, command any) {
	t.Helper()
	require.NoError(t, r.TrySend(command))
}

// SendFrame sends a frame as it is (WebSocket only).
func (r *Reader) SendFrame(t testing.TB, messageType int, data []byte) {
	t.Helper()
	r.sendMu.Lock()
	defer r.sendMu.Unlock()
	require.NoError(t, r.conn.WriteMessage(messageType, data))
}

// Command is a WebSocket command.
type Command struct {
	Type     string   `json:"type"`
	RoomID   string   `json:"roomId,omitempty"`
	Key      string   `json:"key,omitempty"`
	Text     string   `json:"text,omitempty"`
	After    string   `json:"after,omitempty"`
	ReplyTo  string   `json:"replyTo,omitempty"`
	Mentions []string `json:"mentions,omitempty"`
	Target   string   `json:"target,omitempty"`
	Emoji    string   `json:"emoji,omitempty"`
	On       *bool    `json:"on,omitempty"`
}

// address is where the reader reads.
func (r *Reader) address(p Person, room string, options Options) string {
	path := roomPath(room) + "/" + string(r.Kind)
	query, _ := url.ParseQuery(options.Query) // the tests' own
	if options.Rooms != nil {
		path = "/stream/" + string(r.Kind)
		query["room"] = options.Rooms
	}
	if options.After != "" && !options.LastEventID {
		query.Set("after", options.After)
	}
	return p.Base + path + "?" + query.Encode()
}

func (r *Reader) openWebSocket(ctx context.Context, p Person, room string, options Options) error {
	header := http.Header{}
	p.authorize(header)
	address := "ws" + strings.TrimPrefix(r.address(p, room, options), "http")
	dialer := websocket.Dialer{HandshakeTimeout: testwait.Limit}
	conn, resp, err := dialer.DialContext(ctx, address, header)
	if err != nil {
		if resp != nil {
			return refusedError{resp.StatusCode, err.Error()}
		}
		return err
	}
	r.conn = conn
	go func() {
		defer close(r.done)
		defer func() { _ = conn.Close() }() // nobody is left to hear of it
		for {
			kind, data, err := conn.ReadMessage()
			if err != nil {
				r.end(ctx, err)
				return
			}
			if kind != websocket.TextMessage {
				r.add(Event{Type: "(binary)", Detail: fmt.Sprintf("%q", data)})
				continue
			}
			if err := described.Event(data); err != nil {
				r.end(ctx, err)
				return
			}
			r.addJSON(data, "", "")
		}
	}()
	return nil
}

// end records that the connection has ended, unless it was dropped on purpose.
func (r *Reader) end(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	event := Event{Type: TypeEnd, Detail: fmt.Sprint(err)}
	var closed *websocket.CloseError
	if errors.As(err, &closed) {
		event.Status, event.Detail = closed.Code, closed.Text
	}
	r.add(event)
}

func (r *Reader) addJSON(data []byte, id, eventType string) {
	var event Event
	err := json.Unmarshal(data, &event)
	if err != nil {
		event = Event{Type: "(not JSON)", Raw: string(data), Detail: err.Error()}
	}
	event.SSEID, event.SSEType = id, eventType
	r.add(event)
}

func (r *Reader) openStream(ctx context.Context, p Person, room string, options Options) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.address(p, room, options), nil)
	if err != nil {
		return err
	}
	p.authorize(req.Header)
	if options.LastEventID {
		req.Header.Set("Last-Event-ID", options.After)
	}
	resp, err := web.Do(req)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(resp.Body) // for the error only
		_ = resp.Body.Close()
		return refusedError{resp.StatusCode, string(body)}
	}
	go func() {
		defer close(r.done)
		defer func() { _ = resp.Body.Close() }() // it has been read or dropped
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<20)
		switch r.Kind {
		case SSE:
			r.readSSE(lines)
		case NDJSON:
			for lines.Scan() {
				r.addJSON(lines.Bytes(), "", "")
			}
		default:
			for lines.Scan() {
				r.add(Event{Type: TypeLine, Text: lines.Text(), Raw: lines.Text()})
			}
		}
		r.end(ctx, lines.Err())
	}()
	return nil
}

// readSSE reads an event stream as the HTML standard says, section 9.2.6, as far as the protocol
// uses it: one data line an event.
func (r *Reader) readSSE(lines *bufio.Scanner) {
	var data, eventType, lastID string
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case lines.Text() == "":
			if data != "" {
				r.addJSON([]byte(data), lastID, eventType)
			}
			data, eventType, lastID = "", "", ""
		case name == "data":
			data += value
		case name == "event":
			eventType = value
		case name == "id":
			lastID = value
		}
	}
}

// poll reads by long polling: what is kept first, then as it comes. A reset and the place after
// what was kept are recorded as the streams tell them.
func (r *Reader) poll(ctx context.Context, p Person, room, after string) {
	defer close(r.done)
	live := false
	for ctx.Err() == nil {
		query := url.Values{}
		if after != "" {
			query.Set("after", after)
		}
		if live {
			query.Set("wait", "20")
		}
		page, err := p.pollOnce(ctx, room, query)
		if err != nil {
			r.end(ctx, err)
			return
		}
		if page.Reset {
			r.add(Event{Type: "reset", RoomID: room, Reason: page.Reason})
		}
		for _, message := range page.Messages {
			r.add(message)
		}
		after = page.Cursor
		if !live || page.Reset {
			live = true
			r.add(Event{Type: "live", RoomID: room, Cursor: page.Cursor})
		}
	}
}

func (p Person) pollOnce(ctx context.Context, room string, query url.Values) (Page, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.Base+roomPath(room)+"/messages?"+query.Encode(), nil)
	if err != nil {
		return Page{}, err
	}
	p.authorize(req.Header)
	resp, err := web.Do(req)
	if err != nil {
		return Page{}, err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end below
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return Page{}, err
	}
	if resp.StatusCode != http.StatusOK {
		return Page{}, fmt.Errorf("status %d: %s", resp.StatusCode, body)
	}
	var page Page
	if err := json.Unmarshal(body, &page); err != nil {
		return Page{}, fmt.Errorf("answer %q: %w", body, err)
	}
	return page, nil
}
