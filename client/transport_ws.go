package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// writeWithin is how long a frame of ours may take to go out.
	writeWithin = 10 * time.Second
	// handshakeWithin is for who dials without the choice of transports, which has a bound of its own.
	handshakeWithin = 12 * time.Second
)

func writeDeadline() time.Time { return time.Now().Add(writeWithin) }

// dialer opens WebSockets as the client's transport opens connections; nil where that is of a kind
// that can't.
func (c *Client) dialer() *websocket.Dialer {
	dialer := &websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: handshakeWithin, Jar: c.http.Jar}
	if c.http.Transport == nil {
		return dialer
	}
	transport, ok := c.http.Transport.(*http.Transport)
	if !ok {
		return nil
	}
	transport = transport.Clone() // net/http completes a Transport at its first use, which may be now: this waits for that
	dialer.Proxy, dialer.NetDialContext, dialer.NetDialTLSContext = transport.Proxy, transport.DialContext, transport.DialTLSContext
	if transport.TLSClientConfig != nil {
		dialer.TLSClientConfig = transport.TLSClientConfig.Clone()
		dialer.TLSClientConfig.NextProtos = []string{"http/1.1"} // it can't be anything else
	}
	return dialer
}

// readWebSocket reads GET /rooms/{room}/ws: one event a text frame.
func (c *Client) readWebSocket(ctx context.Context, to target, s sink) end {
	dialer := c.dialer()
	if dialer == nil {
		return lost(errors.New("the HTTP client's Transport can't open WebSockets"))
	}
	address := "ws" + strings.TrimPrefix(c.address(to.room.path("/ws"), to.from.query()), "http")
	conn, resp, err := dialer.DialContext(ctx, address, to.header)
	if err != nil {
		// A refused handshake has an answer: of the server, or of something in between.
		if resp != nil && errors.Is(err, websocket.ErrBadHandshake) {
			return endOf(problemOf(resp))
		}
		return lost(caused(ctx, err))
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })() // ends the reading below
	defer func() { _ = conn.Close() }()                         // nobody is left to hear of it
	conn.SetReadLimit(mostEvent)
	to.commands.open(conn)
	defer to.commands.open(nil)
	pinged := false
	for {
		_, data, err := conn.ReadMessage()
		if err != nil {
			return endOfSocket(ctx, err)
		}
		event, ok := decodeEvent(data)
		if !ok {
			if !s.heard() {
				return lost(errStopped)
			}
			continue
		}
		if event.Type == EventWelcome && !pinged {
			pinged = true
			// Its answer is the proof that something goes up. A server that does not know it answers
			// with an error.
			if err := to.commands.write([]byte(`{"type":"ping"}`)); err != nil {
				return lost(caused(ctx, err))
			}
		}
		if !s.event(event) {
			return lost(errStopped)
		}
	}
}

// closeCodes are what a WebSocket is closed with, as the problems that they stand for.
var closeCodes = map[int]string{
	websocket.CloseNormalClosure: "left",
	websocket.CloseGoingAway:     "going_away",
	4001:                         "session_invalid",
	4003:                         "not_allowed",
	4008:                         "too_slow",
	4013:                         "too_much",
}

// endOfSocket is the end by a close frame, or without one.
func endOfSocket(ctx context.Context, err error) end {
	var closed *websocket.CloseError
	if !errors.As(err, &closed) || closeCodes[closed.Code] == "" {
		return lost(caused(ctx, err))
	}
	return endOf(&Problem{
		Code: closeCodes[closed.Code], Title: fmt.Sprintf("The WebSocket was closed with %d", closed.Code), Detail: closed.Text,
	})
}
