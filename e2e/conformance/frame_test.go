package conformance

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"unicode/utf8"
)

// Opcodes (RFC 6455 section 11.8).
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xA
)

// frame is what a client sends: the first byte's bits and a payload.
type frame struct {
	op      byte
	more    bool // FIN is not set
	rsv     byte // the three reserved bits, 0 to 7
	payload []byte
}

func text(s string) frame       { return frame{op: opText, payload: []byte(s)} }
func binaryOf(n int) frame      { return frame{op: opBinary, payload: make([]byte, n)} }
func ping(payload string) frame { return frame{op: opPing, payload: []byte(payload)} }
func pong(payload string) frame { return frame{op: opPong, payload: []byte(payload)} }
func begin(s string) frame      { return frame{op: opText, more: true, payload: []byte(s)} }
func middle(s string) frame     { return frame{op: opContinuation, more: true, payload: []byte(s)} }
func last(s string) frame       { return frame{op: opContinuation, payload: []byte(s)} }

// closing is a close frame; code 0 stands for none.
func closing(code uint16, reason string) frame {
	var payload []byte
	if code != 0 {
		payload = binary.BigEndian.AppendUint16(nil, code)
	}
	return frame{op: opClose, payload: append(payload, reason...)}
}

// fragments cuts a message of one frame into frames of size bytes.
func fragments(whole frame, size int) (all []frame) {
	rest := whole.payload
	for first := true; first || len(rest) > 0; first = false {
		n := min(size, len(rest))
		f := frame{op: opContinuation, more: n < len(rest), payload: rest[:n]}
		if first {
			f.op = whole.op
		}
		all, rest = append(all, f), rest[n:]
	}
	return all
}

// bytes is the frame as it goes over the wire, masked as a client has to (RFC 6455 section 5.3).
func (f frame) bytes() []byte {
	first := f.op | f.rsv<<4
	if !f.more {
		first |= 0x80
	}
	b := []byte{first}
	switch n := len(f.payload); {
	case n <= 125:
		b = append(b, 0x80|byte(n))
	case n <= 0xFFFF:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	var mask [4]byte
	binary.NativeEndian.PutUint32(mask[:], rand.Uint32())
	b = append(b, mask[:]...)
	for i, c := range f.payload {
		b = append(b, c^mask[i%4])
	}
	return b
}

// errFrame is something that a server must not send.
var errFrame = errors.New("the server broke the protocol")

// readFrame reads one frame of the server's and judges it by itself.
func readFrame(r *bufio.Reader) (op byte, payload []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:1]); err != nil {
		return 0, nil, err // io.EOF between two frames is no fault
	}
	broken := func(format string, args ...any) (byte, []byte, error) {
		return 0, nil, fmt.Errorf("%w: %s", errFrame, fmt.Sprintf(format, args...))
	}
	if _, err := io.ReadFull(r, head[1:]); err != nil {
		return broken("half a header: %v", err)
	}
	op = head[0] & 0x0F
	size := uint64(head[1] & 0x7F)
	switch {
	case head[0]&0x70 != 0:
		return broken("reserved bits in %#x, and no extension", head[0])
	case op != opText && op != opClose && op != opPing && op != opPong:
		return broken("opcode %#x", op)
	case head[0]&0x80 == 0:
		return broken("a fragment: it says each event in one frame")
	case head[1]&0x80 != 0:
		return broken("a masked frame")
	case op >= opClose && size > 125:
		return broken("a long control frame")
	}
	if size >= 126 {
		long := make([]byte, 2<<((size-126)*2)) // two bytes, or eight
		if _, err := io.ReadFull(r, long); err != nil {
			return broken("half a length: %v", err)
		}
		least := uint64(126)
		if len(long) == 2 {
			size = uint64(binary.BigEndian.Uint16(long))
		} else {
			size, least = binary.BigEndian.Uint64(long), 1<<16
		}
		if size < least || size > 1<<20 {
			return broken("a length of %d in %d bytes", size, len(long))
		}
	}
	payload = make([]byte, size)
	if n, err := io.ReadFull(r, payload); err != nil {
		return broken("%d of %d bytes: %v", n, size, err)
	}
	switch op {
	case opText:
		var event struct{ Type string }
		if err := json.Unmarshal(payload, &event); err != nil || event.Type == "" || !utf8.Valid(payload) {
			return broken("no event: %q", payload)
		}
	case opClose:
		if len(payload) == 1 || !utf8.Valid(payload[min(2, len(payload)):]) {
			return broken("a close frame with %q", payload)
		}
		if code := codeOf(payload); len(payload) > 0 && !mayBeSent(code) {
			return broken("close code %d", code)
		}
	}
	return op, payload, nil
}

// codeOf is a close frame's code; 0 for none.
func codeOf(payload []byte) uint16 {
	if len(payload) < 2 {
		return 0
	}
	return binary.BigEndian.Uint16(payload)
}

// mayBeSent reports whether an endpoint may send a close code (RFC 6455 section 7.4 and its
// registry).
func mayBeSent(code uint16) bool {
	switch {
	case code >= 3000 && code <= 4999:
		return true
	case code >= 1000 && code <= 1014:
		return code != 1004 && code != 1005 && code != 1006
	}
	return false
}
