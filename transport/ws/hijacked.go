package ws

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/caller-chat/caller/transport/conn"
	"github.com/gorilla/websocket"
)

// hijacked gives the WebSocket library a connection whose writes go through the outbox once it is open, and whose input
// one can look into.
type hijacked struct {
	http.ResponseWriter
	conn  *conn.Conn
	net   net.Conn
	input input
}

// input is what comes from the client: what it sent before it had the handshake's answer, and then its connection.
type input struct {
	*bufio.Reader
	early *bytes.Reader // nil when it waited, as it should
}

// isEmpty tells whether nothing is there without reading from the connection.
func (in input) isEmpty() bool { return in.Buffered() == 0 && (in.early == nil || in.early.Len() == 0) }

// hasFrame tells whether a whole text frame of a client's is there (RFC 6455 section 5.2): one that is all of its message, as
// commands are.
func (in input) hasFrame() bool {
	const textAtOnce, longer, longest, mask = 0x81, 126, 127, 4
	there := in.Buffered()
	head, _ := in.Peek(min(there, 4))
	if len(head) < 4 || head[0] != textAtOnce {
		return false
	}
	switch size := int(head[1] & 0x7f); size {
	case longest:
		return false // it would not fit
	case longer:
		return there >= 4+mask+int(binary.BigEndian.Uint16(head[2:]))
	default:
		return there >= 2+mask+size
	}
}

// readBuffer is how many bytes a connection's read buffer has: most commands fit, and idle connections are many. The
// library takes a buffer of more than 256.
const readBuffer = 288

// Hijack implements [http.Hijacker].
func (h *hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, buffered, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.net = c
	var from io.Reader = c
	if early, _ := buffered.Peek(buffered.Reader.Buffered()); len(early) > 0 {
		h.input.early = bytes.NewReader(early)
		from = io.MultiReader(h.input.early, c)
	}
	h.input.Reader = bufio.NewReaderSize(from, readBuffer)
	return &queued{Conn: c, conn: h.conn}, bufio.NewReadWriter(h.input.Reader, buffered.Writer), nil
}

// queued is a network connection that is written to through the outbox. The library writes each frame in one call.
type queued struct {
	net.Conn
	conn *conn.Conn
	// shaken is set after the first write, which is the handshake's answer and goes out before the outbox is open.
	shaken bool
}

func (q *queued) Write(b []byte) (int, error) {
	if !q.shaken {
		q.shaken = true
		return q.Conn.Write(b)
	}
	frame := slices.Clone(b) // the library uses its buffer again
	if frame[0]&0xf == websocket.CloseMessage {
		q.conn.Finish(frame) // it does not wait for what the peer is behind with, and nothing comes after it
	} else {
		q.conn.Send(frame)
	}
	return len(b), nil
}

// SetWriteDeadline does nothing after the handshake: the outbox sets its own.
func (q *queued) SetWriteDeadline(t time.Time) error {
	if q.shaken {
		return nil
	}
	return q.Conn.SetWriteDeadline(t)
}

// Close closes the connection; what the outbox has not written is lost.
func (q *queued) Close() error {
	q.conn.Close()
	return q.Conn.Close()
}
