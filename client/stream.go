package client

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// mostQueued and mostQueuedBytes bound what waits for a reader that is slow; past that its
	// connection is not read, and the server ends it in the end. The reader resumes from its cursor.
	mostQueued      = 512
	mostQueuedBytes = 1 << 20
	// mostHeld is what a probe may bring before it takes over; one with more to tell is let go.
	mostHeld = 5000
)

// input is what an attempt has to tell: an event, that something was heard, or its end.
type input struct {
	id    int
	event *Event
	end   *end
}

// try is one open attempt.
type try struct {
	transport Transport
	cancel    context.CancelFunc
	token     string
	held      []Event // what came before it carried the session
	heldBytes int
	announced *end // the end that the last event has told of; one that more follows has ended nothing
}

// stream is one use of an iterator: it keeps a connection, changes it and passes on what it brings.
// All of it belongs to the goroutine of run, but out.
type stream struct {
	room     *Room
	from     From
	ctx      context.Context
	selector *selector
	inputs   chan input
	out      chan Event
	readers  sync.WaitGroup

	tries  map[int]*try
	active int
	cursor string // of what was passed on
	queue  []Event
	bytes  int
	// held is how long the reader has kept all else waiting: for so long the selector's clock stood.
	held time.Duration
	err  error
}

func (r *Room) stream(ctx context.Context, from From) *stream {
	c := r.c
	s := &stream{
		room: r, from: from, ctx: ctx, cursor: from.After, tries: map[int]*try{},
		inputs: make(chan input), out: make(chan Event),
	}
	c.mu.Lock()
	known := c.memory
	c.mu.Unlock()
	s.selector = newSelector(s, c.usable(), c.timing, known, c.random)
	return s
}

// run works until ctx ends or there is nothing more to try. Then out is closed, and err is why.
func (s *stream) run() {
	defer close(s.out)
	defer s.readers.Wait() // ctx has ended, or nothing is open
	s.step(s.selector.start)
	for s.err == nil {
		s.turn()
	}
	for len(s.queue) > 0 && s.ctx.Err() == nil { // what came before a refusal
		select {
		case s.out <- s.queue[0]:
			s.queue = s.queue[1:]
		case <-s.ctx.Done():
		}
	}
	s.selector.step(s.now(), s.selector.stop)
}

// turn waits for one thing, and does it.
func (s *stream) turn() {
	var out chan Event
	var next Event
	if len(s.queue) > 0 {
		out, next = s.out, s.queue[0]
	}
	if len(s.queue) >= mostQueued || s.bytes >= mostQueuedBytes {
		// The reader is slow: nothing else happens until it takes one.
		since := time.Now()
		select {
		case out <- next:
			s.taken()
		case <-s.ctx.Done():
			s.err = s.ctx.Err()
		}
		s.held += time.Since(since)
		return
	}
	timer := time.NewTimer(s.untilDue())
	defer timer.Stop()
	select {
	case out <- next:
		s.taken()
	case in := <-s.inputs:
		s.take(in)
	case <-timer.C:
		s.step(nil)
	case <-s.ctx.Done():
		s.err = s.ctx.Err()
	}
}

func (s *stream) taken() {
	s.bytes -= sizeOf(s.queue[0])
	s.queue[0] = Event{} // so that it can be forgotten
	s.queue = s.queue[1:]
}

func sizeOf(event Event) int { return 256 + 2*len(event.Raw) }

func (s *stream) now() time.Time { return time.Now().Add(-s.held) }

func (s *stream) untilDue() time.Duration {
	at := s.selector.deadline()
	if at.IsZero() {
		return time.Hour
	}
	return max(0, at.Sub(s.now()))
}

func (s *stream) step(happened func()) { s.selector.step(s.now(), happened) }

// take does what an attempt's input means.
func (s *stream) take(in input) {
	one := s.tries[in.id]
	if one == nil {
		return // it has been closed meanwhile
	}
	switch {
	case in.end != nil:
		s.over(in.id, one, *in.end)
	case in.event == nil:
		s.step(func() { s.selector.heard(in.id, false, false) })
	default:
		s.event(in.id, one, *in.event)
	}
}

func (s *stream) over(id int, one *try, how end) {
	delete(s.tries, id)
	one.cancel()
	if one.announced != nil { // what was said before the end says more than its code
		told := *one.announced
		if how.kind != endLost {
			told.kind = how.kind
		}
		how = told
	}
	if how.kind == endSignedOut && sessionEnded(how.err) && s.room.c.renewable() {
		s.renew(one.token)
		how.kind = endBusy // it is tried again, as who one is then
	}
	s.step(func() { s.selector.ended(id, how) })
}

// renew makes the session anew, for the attempts that follow.
func (s *stream) renew(token string) {
	ctx, cancel := context.WithTimeout(s.ctx, callWithin)
	defer cancel()
	if err := s.room.c.renew(ctx, token); err != nil {
		s.room.c.debug(s.ctx, "the session is not made anew", "error", err)
	}
}

func (s *stream) event(id int, one *try, event Event) {
	event.Transport = one.transport
	one.announced = nil
	if event.Type == EventError && event.Key == "" {
		how := endOf(event.Problem)
		one.announced = &how
	}
	if id == s.active {
		s.pass(event)
	} else {
		one.held = append(one.held, event)
		one.heldBytes += sizeOf(event)
		if len(one.held) > mostHeld || one.heldBytes > mostEvent {
			s.over(id, one, lost(errors.New("it brought too much before it was proven")))
			return
		}
	}
	s.step(func() {
		if event.Type == EventWelcome {
			s.selector.welcome(id, event.Heartbeat)
			return
		}
		answer := event.Type == EventAck || event.Type == EventPong || event.Type == EventError
		s.selector.heard(id, event.Type == EventPing, answer)
	})
}

// pass puts an event into the queue, unless it is known already or nobody's business.
func (s *stream) pass(event Event) {
	switch event.Type {
	case EventPing, EventPong, EventAck:
		return
	case string(Reset):
		s.cursor = start // what is kept follows, whatever its numbers
	case EventLive:
		if !s.advance(event.Cursor) {
			event = liveAt(event, s.cursor)
		}
	case eventCursor:
		s.advance(event.Cursor)
		return
	default:
		// After a change of transports both may bring an entry.
		if event.Entry != nil && !s.advance(event.Entry.ID) {
			return
		}
	}
	s.queue = append(s.queue, event)
	s.bytes += sizeOf(event)
}

// advance reports whether a cursor is further than what was passed on.
func (s *stream) advance(to string) bool {
	if s.cursor != "" && seqOf(to) <= seqOf(s.cursor) {
		return false
	}
	s.cursor = to
	return true
}

// liveAt is the live of a connection that was there before it carried the session, with how far the
// reader is by now: from an earlier cursor on it would be told again what it knows.
func liveAt(event Event, cursor string) Event {
	event.Raw = bytes.Replace(event.Raw, []byte(`"`+event.Cursor+`"`), []byte(`"`+cursor+`"`), 1)
	event.Cursor = cursor
	return event
}

// What the selector decides.

func (s *stream) open(id int, t Transport) {
	c := s.room.c
	header, token := c.header()
	ctx, cancel := context.WithCancel(s.ctx)
	from := s.from
	from.After = s.cursor
	s.tries[id] = &try{transport: t, cancel: cancel, token: token}
	to := target{room: s.room, header: header, from: from, member: token != "", commands: &commands{}}
	s.readers.Go(func() {
		how := c.readers[t](ctx, to, &tap{ctx: ctx, id: id, inputs: s.inputs})
		select {
		case s.inputs <- input{id: id, end: &how}:
		case <-ctx.Done():
		}
	})
}

func (s *stream) close(id int) {
	if one := s.tries[id]; one != nil {
		one.cancel()
		delete(s.tries, id)
	}
	if id == s.active {
		s.active = 0
	}
}

func (s *stream) activate(id int, t Transport) {
	s.active = id
	s.pass(Event{Type: EventTransport, Room: s.room.id, Transport: t})
	one := s.tries[id]
	held := one.held
	one.held = nil
	for _, event := range held {
		s.pass(event)
	}
}

func (s *stream) decided(d decision) {
	args := []any{"room", s.room.id, "what", d.what, "transport", string(d.transport), "why", d.why}
	if d.err != nil {
		args = append(args, "error", d.err)
	}
	s.room.c.debug(s.ctx, "transport", args...)
}

func (s *stream) learnt(m memory) {
	s.room.c.mu.Lock()
	defer s.room.c.mu.Unlock()
	s.room.c.memory = m
}

func (s *stream) final(how end) { s.err = how.err }

// tap takes what a connection brings to the stream's goroutine.
type tap struct {
	ctx    context.Context
	id     int
	inputs chan input
}

func (t *tap) event(event Event) bool { return t.send(input{id: t.id, event: &event}) }

func (t *tap) heard() bool { return t.send(input{id: t.id}) }

func (t *tap) send(in input) bool {
	select {
	case t.inputs <- in:
		return true
	case <-t.ctx.Done():
		return false
	}
}
