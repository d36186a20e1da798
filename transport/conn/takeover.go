package conn

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"time"
)

// TakeOver takes a request's connection from the HTTP server, opens c with it and writes first.
// What the client sends is thrown away. When the client is gone c is closed; one that only sends no
// more is written to as before (see [Conn.PeerEnded]). An error says that
// the connection could not be taken: then the request can still be answered.
func (c *Conn) TakeOver(w http.ResponseWriter, first []byte) error {
	peer, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return err
	}
	_ = peer.SetDeadline(time.Time{}) // the HTTP server's; a socket that is gone fails on its own
	if c.Open(peer, first) == nil && !c.Await(nil) {
		go c.discard(peer)
	}
	return nil
}

// discard reads until the peer goes. There is nothing to read otherwise.
func (c *Conn) discard(peer io.Reader) {
	var nothing [64]byte
	for {
		switch _, err := peer.Read(nothing[:]); {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF): // TLS without its own end
			c.PeerEnded()
			return
		case err != nil:
			c.Close()
			return
		}
	}
}

// Upgrade is the ResponseWriter of a request that a WebSocket library hijacks. What the library
// writes after the handshake goes through the outbox, so that its control frames never mix with
// events.
type Upgrade struct {
	http.ResponseWriter
	conn *Conn
	peer net.Conn
	// Input is what the library reads from, once it has hijacked.
	Input *Input
}

// NewUpgrade makes the ResponseWriter of an upgrade to c, over w.
func NewUpgrade(w http.ResponseWriter, c *Conn) *Upgrade { return &Upgrade{ResponseWriter: w, conn: c} }

// Open opens the connection, after the handshake. It fails with [chat.ErrGoingAway].
func (u *Upgrade) Open() error {
	_ = u.peer.SetDeadline(time.Time{}) // the handshake's; a socket that is gone fails on its own
	return u.conn.Open(u.peer, nil)
}

// Input is what comes from the client of a WebSocket: what it sent before it had the handshake's
// answer, and then its connection.
type Input struct {
	*bufio.Reader
	early *bytes.Reader // nil for a client that waited, as it should
}

// IsEmpty reports whether nothing is there without reading from the connection.
func (in *Input) IsEmpty() bool {
	return in.Buffered() == 0 && (in.early == nil || in.early.Len() == 0)
}

// readBuffer is how many bytes a connection's read buffer has: most commands fit, and idle
// connections are many. gorilla/websocket takes a buffer of more than 256.
const readBuffer = 288

// Hijack implements [http.Hijacker].
func (u *Upgrade) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	peer, buffered, err := http.NewResponseController(u.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	u.peer, u.Input = peer, &Input{}
	var from io.Reader = peer
	if early, _ := buffered.Peek(buffered.Reader.Buffered()); len(early) > 0 {
		u.Input.early = bytes.NewReader(early)
		from = io.MultiReader(u.Input.early, peer)
	}
	u.Input.Reader = bufio.NewReaderSize(from, readBuffer)
	return &overOutbox{Conn: peer, conn: u.conn}, bufio.NewReadWriter(u.Input.Reader, buffered.Writer), nil
}

// overOutbox is a network connection that is written to through the outbox. gorilla/websocket
// writes each frame in one call.
type overOutbox struct {
	net.Conn
	conn *Conn
	// shaken is set after the first write: the handshake's answer, which goes out before the outbox
	// is open.
	shaken bool
}

func (q *overOutbox) Write(b []byte) (int, error) {
	if !q.shaken {
		q.shaken = true
		return q.Conn.Write(b)
	}
	frame := slices.Clone(b) // the library uses its buffer again
	if frame[0]&0xf == closeOpcode {
		q.conn.Finish(frame) // it does not wait for what the peer is behind with, and nothing comes after it
	} else {
		q.conn.Send(frame)
	}
	return len(b), nil
}

// closeOpcode is a close frame's (RFC 6455 section 5.2).
const closeOpcode = 8

// SetWriteDeadline does nothing after the handshake: the outbox sets its own.
func (q *overOutbox) SetWriteDeadline(t time.Time) error {
	if q.shaken {
		return nil
	}
	return q.Conn.SetWriteDeadline(t)
}

// Close closes the connection. What the outbox has not written is lost.
func (q *overOutbox) Close() error {
	q.conn.Close()
	return q.Conn.Close()
}
