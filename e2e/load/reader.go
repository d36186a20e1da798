package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
)

// transport is how a reader listens.
type transport string

const (
	webSocket   transport = "ws"
	eventStream transport = "sse"
	longPoll    transport = "poll"
)

// reader is one connection that listens to a room. It keeps no bytes but a cut message's, and
// parses as little as it can: the load side must cost less than the servers.
type reader struct {
	load   *load
	fd     int
	room   *room
	via    transport
	joined bool   // it has been told that what follows is live
	headed bool   // the response's header has been read
	kept   []byte // of what has not come whole

	heard []uint32 // the last number of each voice of the room
	order uint64   // of all that it has got since the measurement began: equal for all readers of a room
	poll  func(head, body []byte) (request []byte)
}

func (r *reader) descriptor() int { return r.fd }

func (r *reader) ended(l *loop, err error) {
	r.load.tally.closed++
	l.fail("a reader of %s was ended: %v", r.room.id, err)
	r.fd = -1
}

func (r *reader) readable(l *loop) error {
	b, err := l.read(r.fd, r.kept)
	if err != nil || len(b) == 0 {
		return err
	}
	if !r.headed && r.via != longPoll {
		if b, err = r.header(b); err != nil || !r.headed {
			return err
		}
	}
	switch r.via {
	case webSocket:
		b, err = r.frames(b)
	case eventStream:
		b, err = r.lines(b)
	case longPoll:
		b, err = r.answers(b)
	}
	r.kept = append(r.kept[:0], b...)
	return err
}

// header takes a stream's response header off.
func (r *reader) header(b []byte) ([]byte, error) {
	head, rest, whole := bytes.Cut(b, []byte("\r\n\r\n"))
	if !whole {
		r.kept = append(r.kept[:0], b...)
		return nil, nil
	}
	want := "HTTP/1.1 200 "
	if r.via == webSocket {
		want = "HTTP/1.1 101 "
	}
	if !bytes.HasPrefix(head, []byte(want)) {
		return nil, fmt.Errorf("refused: %.600s", b)
	}
	r.headed = true
	if r.load.server.joined(r.via) == "" {
		r.nowJoined()
	}
	return rest, nil
}

func (r *reader) nowJoined() {
	r.joined = true
	r.load.joined++
}

// awaitLive looks for what tells that the reader has joined.
func (r *reader) awaitLive(b []byte) {
	if !r.joined && bytes.Contains(b, []byte(r.load.server.joined(r.via))) {
		r.nowJoined()
	}
}

// frames takes whole WebSocket frames, as servers send them (RFC 6455 section 5.2), and returns the
// rest.
func (r *reader) frames(b []byte) ([]byte, error) {
	for len(b) >= 2 {
		head, size := 2, int(b[1]&0x7f)
		switch {
		case size == 126 && len(b) >= 4:
			head, size = 4, int(binary.BigEndian.Uint16(b[2:]))
		case size == 127 && len(b) >= 10:
			head, size = 10, int(binary.BigEndian.Uint64(b[2:]))
		case size >= 126:
			return b, nil
		}
		if len(b) < head+size {
			return b, nil
		}
		payload := b[head : head+size]
		switch opcode := b[0] & 0xf; opcode {
		case 1, 2:
			if !r.joined {
				r.awaitLive(payload)
			}
			s, after, err := next(payload)
			if err != nil {
				return b, err
			}
			if after >= 0 {
				r.hear(s)
			}
		case 8:
			return b, fmt.Errorf("close frame %q", payload)
		case 9:
			pong := append([]byte{0x8a, 0x80 | byte(size), 0, 0, 0, 0}, payload...)
			if err := r.load.write(r.fd, pong); err != nil {
				return b, err
			}
		case 10:
		default:
			return b, fmt.Errorf("a frame with opcode %d", opcode)
		}
		b = b[head+size:]
	}
	return b, nil
}

// lines takes messages out of an event stream and returns the rest, in which half a message may be.
// No server here cuts a message by a chunk of HTTP's coding, so the coding need not be undone.
func (r *reader) lines(b []byte) ([]byte, error) {
	if !r.joined {
		r.awaitLive(b)
	}
	for {
		s, after, err := next(b)
		if err != nil {
			return b, err
		}
		if after < 0 {
			break
		}
		r.hear(s)
		b = b[after:]
	}
	if i := bytes.Index(b, mark); i >= 0 {
		return b[i:], nil
	}
	return b[max(0, len(b)-messageHead+1):], nil // a mark that is cut, or what tells that it is live
}

// answers takes whole answers to polls, asks again, and returns the rest.
func (r *reader) answers(b []byte) ([]byte, error) {
	head, body, whole := bytes.Cut(b, []byte("\r\n\r\n"))
	if !whole {
		return b, nil
	}
	length, err := contentLength(head)
	if err != nil || len(body) < length {
		return b, err
	}
	answer, rest := body[:length], body[length:]
	if !r.joined {
		r.awaitLive(answer)
	}
	if len(rest) > 0 {
		return b, errors.New("more than one answer to a poll")
	}
	for messages := answer; ; {
		s, after, err := next(messages)
		if err != nil {
			return b, err
		}
		if after < 0 {
			break
		}
		r.hear(s)
		messages = messages[after:]
	}
	request := r.poll(head, answer)
	if request == nil {
		return b, fmt.Errorf("a poll's answer that can't be followed: %.300s", b)
	}
	return nil, r.load.write(r.fd, request)
}

// contentLength is the length of a response's body; 0 when the response has none.
func contentLength(head []byte) (int, error) {
	value := headerValue(head, "Content-Length")
	if value == nil {
		if headerValue(head, "Transfer-Encoding") != nil {
			return 0, fmt.Errorf("an answer in chunks: %.300s", head)
		}
		return 0, nil
	}
	return strconv.Atoi(string(value))
}

// headerValue is the value of a field of a response's header; nil when it is not there.
func headerValue(head []byte, name string) []byte {
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		if field, value, ok := bytes.Cut(line, []byte(":")); ok && bytes.EqualFold(field, []byte(name)) {
			return bytes.TrimSpace(value)
		}
	}
	return nil
}

// hear counts a message and checks that it is the one that had to come.
func (r *reader) hear(s said) {
	t := &r.load.tally
	slot := s.voice - r.room.voices[0].number
	if slot < 0 || slot >= len(r.heard) {
		r.load.fail("a reader of %s got a message of another room", r.room.id)
		t.disorder++
		return
	}
	last := r.heard[slot]
	switch {
	case s.seq == last+1:
	case s.seq <= last:
		t.disorder++
		r.load.fail("a reader of %s got message %d after %d", r.room.id, s.seq, last)
		return
	case s.seq > r.room.voices[slot].since: // what came while the readers gathered is not asked for
		missing := s.seq - 1 - max(last, r.room.voices[slot].since)
		t.lost += int64(missing)
		if missing > 0 {
			r.load.fail("a reader of %s got message %d after %d", r.room.id, s.seq, last)
		}
	}
	r.heard[slot] = s.seq
	if s.seq > r.room.voices[slot].since {
		r.order = (r.order ^ uint64(s.voice)<<32 ^ uint64(s.seq)) * 1099511628211 // FNV's prime
	}
	t.delivered++
	t.latency.add(r.load.now - s.at)
}
