package wire

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/caller-chat/caller/chat"
)

// Framing is how events go over one kind of wire. An event that a framing does not show adds no
// bytes.
type Framing interface {
	chat.Framing
	// AppendPing appends a heartbeat.
	AppendPing(dst []byte, now time.Time) []byte
	// AppendProbe appends something that changes nothing for a reader, to find out whether it is
	// there: a heartbeat, where a framing shows it. It is for once or twice in a stream's life.
	AppendProbe(dst []byte, now time.Time) []byte
	// AppendFailure appends an error event; room and key are empty where it is about none.
	AppendFailure(dst []byte, f *Failure, room chat.RoomID, key string) []byte
	// Chunked is the framing with each event in a chunk of HTTP/1.1's chunked coding (RFC 9112
	// section 7.1).
	Chunked() Framing
}

// The framings with JSON in them. For each delivery a framing is looked for among those that the
// event is encoded in, so all framings are pointers, which are quick to compare, and there is one
// of each.
var (
	WebSocket = newJSON(webSocketFrame)
	SSE       = newJSON(sseBlock)
	NDJSON    = newJSON(line)
)

// shape is one of the JSON framings.
type shape int

const (
	webSocketFrame shape = iota
	sseBlock
	line
)

type jsonFraming struct {
	shape   shape
	chunked chunked
}

func newJSON(s shape) *jsonFraming {
	f := &jsonFraming{shape: s}
	f.chunked.inner = f
	return f
}

func (f *jsonFraming) Chunked() Framing { return &f.chunked }

func (f *jsonFraming) AppendEvent(dst []byte, e *chat.Event) []byte {
	eventType, object := bodyOf(e)
	if object == nil {
		return dst
	}
	id := ""
	switch o := object.(type) {
	case Entry:
		eventType = "" // no event field: onmessage sees it
		if f.shape == sseBlock {
			id = o.ID.String()
		}
	case live:
		id = o.Cursor
	}
	return f.append(dst, eventType, id, object)
}

func (f *jsonFraming) AppendPing(dst []byte, now time.Time) []byte {
	return f.append(dst, "ping", "", ping{"ping", timestamp(now)})
}

func (f *jsonFraming) AppendProbe(dst []byte, now time.Time) []byte { return f.AppendPing(dst, now) }

func (f *jsonFraming) AppendFailure(dst []byte, failed *Failure, room chat.RoomID, key string) []byte {
	if f.shape == sseBlock && failed.RetryAfter > 0 { // an EventSource comes back by itself, and no earlier
		dst = fmt.Appendf(dst, "retry: %d\n", failed.RetryAfter.Milliseconds())
	}
	id := ""
	if f.shape == sseBlock && failed.Code == CodeLeft && room == "" {
		id = LeftID
	}
	return f.append(dst, "error", id, failureOf(failed, room, key))
}

// LeftID is the id of the last event of an event stream that its reader has left. An EventSource
// comes back by itself whatever it is told; by this, in its header Last-Event-ID, it can be told
// from one that is opened anew.
const LeftID = "left"

// append frames one object. Its JSON has no line breaks, so nothing in it can end a line of the
// framing. It comes first: it makes room for all of it at once, and then some for what stands
// around it.
func (f *jsonFraming) append(dst []byte, eventType, id string, object any) []byte {
	begin := len(dst)
	dst = AppendJSON(dst, object)
	var room [aroundJSON]byte
	head := room[:0]
	switch f.shape {
	case webSocketFrame:
		head = appendFrameHeader(head, textFrame, len(dst)-begin)
	case sseBlock:
		if eventType != "" {
			head = append(append(append(head, "event: "...), eventType...), '\n')
		}
		if id != "" {
			head = append(append(append(head, "id: "...), id...), '\n')
		}
		head = append(head, "data: "...)
		dst = append(dst, '\n', '\n')
	case line:
		dst = append(dst, '\n')
	}
	return slices.Insert(dst, begin, head...)
}

// AppendAck appends the WebSocket frame that says that a post is stored.
func AppendAck(dst []byte, room chat.RoomID, e chat.Entry) []byte {
	return WebSocket.append(dst, "", "", ack{"ack", room, e.Key, e.ID.String(), timestamp(e.Time)})
}

// AppendPong appends the WebSocket frame that answers the command "ping".
func AppendPong(dst []byte) []byte { return AppendTextFrame(dst, []byte(`{"type":"pong"}`)) }

// AppendTextFrame appends a WebSocket text frame, unmasked as servers send them (RFC 6455 section 5.2).
func AppendTextFrame(dst, payload []byte) []byte {
	return append(appendFrameHeader(dst, textFrame, len(payload)), payload...)
}

const textFrame = 0x1 // an opcode

// AppendCloseFrame appends a WebSocket close frame (section 5.5.1).
func AppendCloseFrame(dst []byte, code int, reason string) []byte {
	const maxReason = 123 // a control frame has at most 125 bytes, two of them the code
	if len(reason) > maxReason {
		reason = ""
	}
	dst = appendFrameHeader(dst, 0x8, 2+len(reason))
	dst = binary.BigEndian.AppendUint16(dst, uint16(code))
	return append(dst, reason...)
}

func appendFrameHeader(dst []byte, opcode byte, length int) []byte {
	const final = 0x80
	switch {
	case length < 126:
		return append(dst, final|opcode, byte(length))
	case length < 1<<16:
		return binary.BigEndian.AppendUint16(append(dst, final|opcode, 126), uint16(length))
	default:
		return binary.BigEndian.AppendUint64(append(dst, final|opcode, 127), uint64(length))
	}
}

// chunked is another framing in chunks.
type chunked struct{ inner Framing }

// LastChunk ends a chunked body.
const LastChunk = "0\r\n\r\n"

func (c *chunked) Chunked() Framing { return c }

func (c *chunked) AppendEvent(dst []byte, e *chat.Event) []byte {
	return endChunk(c.inner.AppendEvent(dst, e), len(dst))
}

func (c *chunked) AppendPing(dst []byte, now time.Time) []byte {
	return endChunk(c.inner.AppendPing(dst, now), len(dst))
}

// AppendProbe makes do with a leading zero of the next chunk's size (RFC 9112 section 7.1) where
// the framing has nothing to say.
func (c *chunked) AppendProbe(dst []byte, now time.Time) []byte {
	begin := len(dst)
	if dst = c.inner.AppendProbe(dst, now); len(dst) == begin {
		return append(dst, '0')
	}
	return endChunk(dst, begin)
}

func (c *chunked) AppendFailure(dst []byte, f *Failure, room chat.RoomID, key string) []byte {
	return endChunk(c.inner.AppendFailure(dst, f, room, key), len(dst))
}

// AppendChunk appends a chunk, unless it would be empty: an empty chunk ends the body.
func AppendChunk(dst, body []byte) []byte { return endChunk(append(dst, body...), len(dst)) }

// endChunk makes a chunk of what stands in dst from begin on.
func endChunk(dst []byte, begin int) []byte {
	if len(dst) == begin {
		return dst
	}
	var room [16]byte
	head := append(strconv.AppendInt(room[:0], int64(len(dst)-begin), 16), "\r\n"...)
	return append(slices.Insert(dst, begin, head...), "\r\n"...)
}
