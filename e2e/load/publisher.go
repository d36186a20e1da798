package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// publisher is one connection that posts, one message at a time: over HTTP that is kept alive, or
// over a WebSocket.
type publisher struct {
	load    *load
	fd      int
	via     transport // webSocket, or else HTTP
	closed  bool      // closed loop: the next post follows the answer
	compose func(dst []byte, v *voice, text []byte) []byte

	due    []*voice // who is to post next
	busy   *voice   // whose post is under way
	sentAt int64
	kept   []byte
	joined bool
	out    []byte // the request
	text   []byte
}

// posts counts what publishers have done.
type posts struct {
	answered int64
	refused  int64
	took     histogram
}

func (p *publisher) descriptor() int { return p.fd }

func (p *publisher) ended(l *loop, err error) {
	p.load.posts.refused++
	l.fail("a publisher was ended: %v", err)
	p.fd = -1
}

// post has a voice post as soon as the connection is free.
func (p *publisher) post(v *voice) error {
	if p.busy != nil {
		p.due = append(p.due, v)
		return nil
	}
	p.busy = v
	v.seq++
	p.sentAt = clock()
	p.text = appendText(p.text[:0], said{voice: v.number, seq: v.seq, at: p.sentAt})
	p.out = p.compose(p.out[:0], v, p.text)
	return p.load.write(p.fd, p.out)
}

func (p *publisher) readable(l *loop) error {
	b, err := l.read(p.fd, p.kept)
	if err != nil || len(b) == 0 {
		return err
	}
	if p.via == webSocket {
		b, err = p.frames(b)
	} else {
		b, err = p.responses(b)
	}
	p.kept = append(p.kept[:0], b...)
	return err
}

// answer takes the answer to the post under way and posts what is due.
func (p *publisher) answer() error {
	v := p.busy
	if v == nil {
		return errors.New("an answer to nothing")
	}
	p.busy = nil
	p.load.posts.answered++
	p.load.posts.took.add(p.load.now - p.sentAt)
	if p.closed {
		return p.post(v)
	}
	if len(p.due) > 0 {
		v, p.due = p.due[0], p.due[1:]
		return p.post(v)
	}
	return nil
}

func (p *publisher) responses(b []byte) ([]byte, error) {
	head, body, whole := bytes.Cut(b, []byte("\r\n\r\n"))
	if !whole {
		return b, nil
	}
	length, err := contentLength(head)
	if err != nil || len(body) < length {
		return b, err
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 20")) {
		return b, fmt.Errorf("a post was refused: %.300s", b)
	}
	return body[length:], p.answer()
}

var (
	ackMark  = []byte(`{"type":"ack"`)
	failMark = []byte(`{"type":"error"`)
)

// frames reads what comes to a publisher over a WebSocket, which is also a reader of its room.
func (p *publisher) frames(b []byte) ([]byte, error) {
	if !p.joined {
		_, rest, whole := bytes.Cut(b, []byte("\r\n\r\n"))
		if !whole || !bytes.Contains(rest, []byte(p.load.server.joined(webSocket))) {
			return b, nil
		}
		p.joined = true
		p.load.joined++
		b = rest
	}
	for len(b) >= 2 {
		head, size := 2, int(b[1]&0x7f)
		switch {
		case size == 126 && len(b) >= 4:
			head, size = 4, int(binary.BigEndian.Uint16(b[2:]))
		case size >= 126:
			return b, errors.New("a frame that is longer than any should be")
		}
		if len(b) < head+size {
			break
		}
		switch payload := b[head : head+size]; {
		case bytes.HasPrefix(payload, ackMark):
			if err := p.answer(); err != nil {
				return b, err
			}
		case bytes.HasPrefix(payload, failMark), b[0]&0xf == 8:
			return b, fmt.Errorf("a post was refused: %.300s", payload)
		}
		b = b[head+size:]
	}
	return b, nil
}

// pacing has voices post at a steady rate, each in its turn.
type pacing struct {
	load     *load
	every    time.Duration
	voices   []*voice
	turn     int
	due, end int64 // on the clock
}

// next posts what is due. A publisher that is still busy posts when it has its answer.
func (p *pacing) next(now int64) int64 {
	for now >= p.due && p.due < p.end {
		v := p.voices[p.turn%len(p.voices)]
		publisher := p.load.publishers[v.number%len(p.load.publishers)]
		if publisher.fd >= 0 {
			if err := publisher.post(v); err != nil {
				p.load.fail("%v", err)
			}
		}
		p.turn++
		p.due += int64(p.every)
	}
	if p.due >= p.end {
		return p.end + int64(time.Hour)
	}
	return p.due
}
