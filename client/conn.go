package client

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"sync"

	"github.com/gorilla/websocket"
)

// Conn is one connection to a room, over one transport, for who judges a server or a network: it
// brings everything as it comes, pings and answers included, drops nothing, and does not come back.
// For all else there is [Room.Events].
type Conn struct {
	room      *Room
	transport Transport
	from      From
	commands  commands
}

// Connect prepares a connection. It is opened by the loop over its Events.
func (r *Room) Connect(transport Transport, from From) *Conn {
	return &Conn{room: r, transport: transport, from: from}
}

// Events opens the connection and reads it to its end, which the last pair says: ctx's error, a
// [*Problem] that the server has told, or what happened to the connection. It can be used once.
func (c *Conn) Events(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		read, ok := c.room.c.readers[c.transport]
		if !ok {
			yield(Event{}, errors.New("a connection has one transport: ws, sse or poll"))
			return
		}
		header, token := c.room.c.header()
		to := target{room: c.room, header: header, from: c.from, member: token != "", commands: &c.commands}
		direct := &directly{transport: c.transport, yield: yield}
		how := read(ctx, to, direct)
		if direct.left {
			return
		}
		if direct.said != nil && how.kind == endLost { // what was said before the end says more
			how.err = direct.said
		}
		yield(Event{}, how.err)
	}
}

// Send sends a command of docs/protocol.md as JSON, once the connection is open. A WebSocket alone
// carries them. What becomes of it is told by the event ack or error with its key.
func (c *Conn) Send(command any) error {
	object, err := json.Marshal(command)
	if err != nil {
		return err
	}
	return c.commands.write(object)
}

// directly gives a connection's events to who reads them. A transport calls it from one goroutine at
// a time.
type directly struct {
	transport Transport
	yield     func(Event, error) bool
	left      bool  // nobody reads any more
	said      error // the error that the last event has told of
}

func (d *directly) event(event Event) bool {
	if d.left {
		return false
	}
	event.Transport, d.said = d.transport, nil
	if event.Type == EventError && event.Key == "" {
		d.said = event.Problem
	}
	if event.Type != eventCursor && !d.yield(event, nil) {
		d.left = true
	}
	return !d.left
}

func (d *directly) heard() bool { return true }

// commands is where a WebSocket takes them.
type commands struct {
	mu   sync.Mutex // guards conn, and writing to it
	conn *websocket.Conn
}

func (c *commands) open(conn *websocket.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn = conn
}

func (c *commands) write(object []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn == nil {
		return errors.New("there is no open WebSocket")
	}
	_ = c.conn.SetWriteDeadline(writeDeadline()) // can't fail
	return c.conn.WriteMessage(websocket.TextMessage, object)
}
