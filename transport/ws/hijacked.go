package ws

import (
	"bufio"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/caller-chat/caller/transport/stream"
)

// hijacked gives the WebSocket library a connection whose writes go through the outbox once it is open.
type hijacked struct {
	http.ResponseWriter
	conn *stream.Conn
	net  net.Conn
}

// Hijack implements [http.Hijacker].
func (h *hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, buffered, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.net = c
	return &queued{Conn: c, conn: h.conn}, buffered, nil
}

// queued is a network connection that is written to through the outbox. The library writes each frame in one call.
type queued struct {
	net.Conn
	conn *stream.Conn
	// shaken is set after the first write, which is the handshake's answer and goes out before the outbox is open.
	shaken bool
}

func (q *queued) Write(b []byte) (int, error) {
	if !q.shaken {
		q.shaken = true
		return q.Conn.Write(b)
	}
	q.conn.Send(slices.Clone(b)) // the library uses its buffer again
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
