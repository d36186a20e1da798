package park

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
)

// reply answers the request, on a goroutine of its own, and has the connection rest or end. Of a client that does not
// read, that goroutine waits.
func (p *parked) reply(ctx context.Context) {
	p.timer.Stop()
	if !p.run(ctx) || ctx.Err() != nil || p.write() != nil {
		p.end()
		return
	}
	p.rest()
}

// run has the waiter answer. It returns false when the connection has to be cut.
func (p *parked) run(ctx context.Context) (whole bool) {
	defer func() {
		if v := recover(); v != nil {
			if err, ok := v.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				panic(v)
			}
		}
	}()
	answer := func() { p.waiter.Answer(ctx, p.writer) }
	if lasting, ok := p.writer.(Lasting); ok {
		lasting.Last(answer)
	} else {
		answer()
	}
	return true
}

// write sends the answer. The kernel takes most whole, at once.
func (p *parked) write() error {
	p.mu.Lock()
	p.last = p.last || strings.EqualFold(p.answer.Header().Get("Connection"), "close")
	last := p.last
	p.mu.Unlock()
	_ = p.conn.SetWriteDeadline(time.Now().Add(takeTime)) // a socket that is gone fails on its own
	_, err := p.conn.Write(p.answer.bytes(last, p.old))
	_ = p.conn.SetWriteDeadline(time.Time{})
	return err
}

// rest waits for what the client asks next.
func (p *parked) rest() {
	p.waiter, p.writer, p.answer = nil, nil, answer{}
	p.mu.Lock()
	p.stage = gone
	last, more := p.last, p.more
	if !last && !more {
		p.stage = resting
		p.until = time.Now().Add(restTime)
		p.timer.Reset(restTime)
	}
	p.mu.Unlock()
	switch {
	case last:
		p.end()
	case more:
		p.back()
	}
}

// back gives the connection, which is gone from here, to the server.
func (p *parked) back() {
	p.timer.Stop()
	p.keepalive.Unwatch(p.raw, p.place)
	p.keepalive.Exit(p)
	if len(p.early) > 0 {
		giveBack(p.server, &begun{p.conn, p.early})
	} else {
		giveBack(p.server, p.conn)
	}
}

// end closes the connection.
func (p *parked) end() {
	p.mu.Lock()
	p.stage = gone
	p.mu.Unlock()
	p.timer.Stop()
	p.keepalive.Unwatch(p.raw, p.place)
	_ = p.conn.Close() // nothing can be done about a connection that does not even close
	p.keepalive.Exit(p)
}

// Hurry implements [conn.Open]: no other request is waited for. One that waits is the rooms' to answer.
func (p *parked) Hurry() {
	p.mu.Lock()
	p.last = true
	rests := p.stage == resting
	if rests {
		p.stage = gone
	}
	p.mu.Unlock()
	if rests {
		p.end()
	}
}

// Close implements [conn.Open].
func (p *parked) Close() {
	p.Hurry()
	p.mu.Lock()
	was := p.stage
	if was == waiting {
		p.stage = answering
	}
	p.mu.Unlock()
	switch was {
	case waiting:
		go p.reply(ended())
	case answering:
		_ = p.conn.Close() // the write under way, if it waits, fails
	}
}
