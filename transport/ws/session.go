package ws

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/conn"
	"github.com/caller-chat/caller/transport/wire"
	"github.com/gorilla/websocket"
)

// session reads one connection's commands, in order, each carried out before the next is read: a
// client that sends faster than the store takes is held back by its own connection. Its fields are
// the reading goroutine's.
type session struct {
	handler *Handler
	conn    *conn.Conn
	socket  *websocket.Conn
	input   *conn.Input // what the socket reads from
	who     chat.Principal
	many    bool
	room    chat.RoomID // the one room, unless many
	posted  bool        // since linger was asked last
	pings   time.Time   // by when those answered would be paid for, at one each pingEvery
}

// How many pings of a connection are answered, of the protocol's and the command's together: so
// many at once, and then one each pingEvery. A client needs one in some seconds. Each asks for an
// answer that costs more than it does.
const (
	pingBurst = 1000
	pingEvery = 10 * time.Millisecond
)

var errPings = errors.New("too many pings")

// mayPing counts a ping. It ends the connection of whoever sends too many.
func (s *session) mayPing() bool {
	now := time.Now()
	if s.pings.Before(now) {
		s.pings = now
	}
	if s.pings.Sub(now) >= pingBurst*pingEvery {
		s.conn.End(wire.Fail(wire.CodeTooMuch, "so many pings are not answered"))
		return false
	}
	s.pings = s.pings.Add(pingEvery)
	return true
}

// pinged answers a ping of the protocol. Its error ends the reading.
func (s *session) pinged(payload string) error {
	if !s.mayPing() {
		return errPings
	}
	_ = s.socket.WriteControl(websocket.PongMessage, []byte(payload), time.Time{}) // it goes to the outbox
	return nil
}

// frames holds buffers for frames being read.
var frames = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// rest has the connection read when there is something to read.
func (s *session) rest() {
	if !s.input.IsEmpty() || !s.conn.Await(s) {
		go s.read()
	}
}

// Readable implements [conn.Reader].
func (s *session) Readable() { go s.read() }

// read serves the connection until nothing more has come, or to its end where one can't wait
// without reading.
func (s *session) read() {
	for {
		kind, frame, err := s.socket.NextReader()
		if websocket.IsCloseError(err, websocket.CloseAbnormalClosure) { // it ended between two messages
			s.conn.PeerEnded()
			return
		}
		if err != nil {
			s.unreadable(err)
		}
		if err != nil || !s.one(kind, frame) {
			s.drain()
			s.conn.Close()
			return
		}
		if s.input.IsEmpty() && !s.linger() && s.conn.Await(s) {
			return
		}
	}
}

// lingerTime is for how long the reader of somebody who has posted waits for the next post.
const lingerTime = 2 * time.Second

// linger waits a moment for the next command of somebody who has just posted, and reports whether
// it has come. It spares each further post a goroutine and three calls of the poller: a quarter of
// a post (docs/performance.md).
func (s *session) linger() (more bool) {
	if !s.posted || !s.conn.CanAwait() {
		return false
	}
	s.posted = false
	_ = s.socket.SetReadDeadline(time.Now().Add(lingerTime)) // a socket that is gone fails on its own
	_, err := s.input.Peek(1)
	_ = s.socket.SetReadDeadline(time.Time{}) // a command that has begun may take its time
	return err == nil
}

// drain reads on until the peer has closed too, so that it gets our last bytes: a connection closed
// with something unread is reset.
func (s *session) drain() {
	_, _ = io.Copy(io.Discard, s.socket.NetConn())
}

// one carries out one frame. It returns false when it was the last.
func (s *session) one(kind int, frame io.Reader) bool {
	buffer := frames.Get().(*bytes.Buffer)
	defer frames.Put(buffer)
	buffer.Reset()
	n, err := buffer.ReadFrom(io.LimitReader(frame, wire.MaxBody+1))
	switch {
	case err != nil:
		s.unreadable(err)
		return false
	case n > wire.MaxBody:
		s.conn.End(tooLarge())
		return false
	case kind != websocket.TextMessage:
		s.fail(wire.Fail(wire.CodeUnsupported, "commands come in text frames"), "", "")
		return true
	}
	command, err := wire.ParseCommand(buffer.Bytes())
	if err != nil {
		failure := wire.FailureOf(err)
		if failure.Code == wire.CodeInvalidUTF8 { // RFC 6455 section 8.1
			s.conn.End(failure)
			return false
		}
		s.fail(failure, s.room, command.Key)
		return true
	}
	s.conn.Begin()
	defer s.conn.Done()
	return s.carryOut(command)
}

// unreadable ends a connection that can't be read further: the peer is gone, or has broken the
// protocol. The library has said so to the peer, but for a frame whose length is no length.
func (s *session) unreadable(err error) {
	if errors.Is(err, websocket.ErrReadLimit) {
		s.conn.End(tooLarge())
	}
}

func tooLarge() *wire.Failure { return wire.TooLarge(wire.MaxBody, "a frame has at most 65536 bytes") }

func (s *session) fail(err error, room chat.RoomID, key string) {
	s.conn.SendFailure(wire.FailureOf(err), room, key)
}

func (s *session) carryOut(c wire.Command) bool {
	if over := s.who.Over(time.Now()); over != nil { // the keepalive has not come to it yet
		s.conn.End(wire.FailureOf(over))
		return false
	}
	switch c.Type {
	case wire.CommandPing:
		if !s.mayPing() {
			return false
		}
		s.conn.Send(wire.AppendPong(nil)) // to who does not read them it is backlog like anything else
		return true
	case wire.CommandJoin:
		s.join(c)
		return true
	}
	if c.Type == wire.CommandLeave && c.RoomID == "" {
		s.conn.Quit()
		return false
	}
	room, err := s.roomOf(c)
	if err == nil {
		switch c.Type {
		case wire.CommandPost, wire.CommandEdit, wire.CommandDelete, wire.CommandReact:
			err = s.post(room, c)
		case wire.CommandTyping:
			err = s.handler.node.Typing(context.Background(), s.who, room)
			if isRefusal(err) {
				err = nil
			}
		case wire.CommandRead:
			err = s.mark(room, c)
		case wire.CommandLeave:
			if !s.many {
				s.conn.Quit()
				return false
			}
			s.conn.Leave(room)
		}
	}
	if err != nil {
		s.fail(err, room, c.Key)
	}
	return true
}

// roomOf is the room that a command is about: the connection's one, or one of its many that the
// command names.
func (s *session) roomOf(c wire.Command) (chat.RoomID, error) {
	if c.RoomID == "" && !s.many {
		return s.room, nil
	}
	room, err := wire.ParseRoomID(c.RoomID)
	if err != nil {
		return chat.RoomID(c.RoomID), err
	}
	if !s.conn.Has(room) {
		return room, &chat.InvalidError{Field: "room", Reason: "is not a room of this connection"}
	}
	return room, nil
}

func (s *session) post(room chat.RoomID, c wire.Command) error {
	draft, err := c.Draft()
	if err != nil {
		return err
	}
	entry, _, err := s.handler.node.Post(context.Background(), s.who, room, draft)
	if err != nil {
		return err
	}
	s.conn.Send(wire.AppendAck(nil, room, entry))
	s.posted = true
	return nil
}

// mark says how far the session has read. The answer is the event that all of its streams get, or
// when nothing has moved, the same for this one.
func (s *session) mark(room chat.RoomID, c wire.Command) error {
	to, err := wire.ParseReadCursor(c.Cursor)
	if err != nil {
		return err
	}
	mark, err := s.handler.node.Mark(context.Background(), s.who, room, to)
	if err == nil && mark.Cursor != to {
		s.conn.Send(wire.WebSocket.AppendEvent(nil, &chat.Event{Room: room, Body: mark}))
	}
	return err
}

func (s *session) join(c wire.Command) {
	if !s.many {
		s.fail(wire.Fail(wire.CodeUnknownCommand, "this address is for one room: use /stream/ws for several"), s.room, "")
		return
	}
	at, err := wire.RoomStartOf(c.RoomID, c.After)
	if err == nil {
		at.Start.Transport = transport
		err = s.conn.Join(context.Background(), s.handler.node, s.who, at)
	}
	if err == nil {
		return
	}
	failure := wire.FailureOf(err)
	if errors.Is(err, chat.ErrSessionOver) || failure.Code == wire.CodeSessionInvalid { // ended while in no room, which would have ended it
		s.conn.End(failure)
		return
	}
	s.fail(failure, chat.RoomID(c.RoomID), "") // by the name that it was given
}

// isRefusal reports whether somebody may not do something, or not so often. A sign of typing that is
// refused is passed over: whoever may not write is told so by what they write, and an error without
// a key is what ends a room for a client of several.
func isRefusal(err error) bool {
	var limit *chat.LimitError
	return errors.Is(err, chat.ErrNotAllowed) || errors.Is(err, chat.ErrNotSignedIn) || errors.As(err, &limit)
}
