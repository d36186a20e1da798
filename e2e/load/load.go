package main

import (
	"fmt"
	"strings"
	"time"
)

// load is one run: a server with its rooms, readers and publishers.
type load struct {
	*loop
	server     *running
	rooms      []*room
	voices     []*voice
	readers    []*reader
	publishers []*publisher
	joined     int // readers and publishers over WebSocket that have joined

	title    string // the row's name
	perf     string // where profiles go; empty for none
	profiles int
	loadCore int

	tally tally
	posts posts
}

func newLoad(s *running) (*load, error) {
	l, err := newLoop()
	if err != nil {
		return nil, err
	}
	return &load{loop: l, server: s}, nil
}

// addRooms adds rooms with so many voices each.
func (l *load) addRooms(n, voices int) {
	for range n {
		r := &room{id: fmt.Sprintf("load-%d", len(l.rooms))}
		for slot := range voices {
			v := &voice{number: len(l.voices), slot: slot, room: r}
			l.voices = append(l.voices, v)
			r.voices = append(r.voices, v)
		}
		l.rooms = append(l.rooms, r)
	}
}

const (
	// joining is how many readers join at the same time: few enough that no server's queue of
	// connections is full.
	joining = 200
	// patience bounds each wait for a server.
	patience = time.Minute
)

// addReaders has readers join, spread evenly over the rooms, and waits until all have joined.
func (l *load) addReaders(n int, via transport) error {
	goal := l.joined
	for i := range n {
		if err := l.addReader(l.rooms[i%len(l.rooms)], via); err != nil {
			return err
		}
		goal++
		if !l.until(patience, func() bool { return l.joined > goal-joining || l.broken() }) || l.broken() {
			return l.problem("a reader did not join")
		}
	}
	if !l.until(patience, func() bool { return l.joined == goal || l.broken() }) || l.broken() {
		return l.problem(fmt.Sprintf("%d of %d readers did not join", goal-l.joined, n))
	}
	return nil
}

func (l *load) addReader(room *room, via transport) error {
	request, follow := l.server.subject.join(via, room.id)
	fd, err := l.dial(l.server.addr)
	if err != nil {
		return err
	}
	r := &reader{load: l, fd: fd, room: room, via: via, heard: make([]uint32, len(room.voices)), poll: follow}
	l.readers = append(l.readers, r)
	room.readers = append(room.readers, r)
	if err := l.add(r); err != nil {
		return err
	}
	if via == longPoll && l.server.joined(via) == "" {
		r.nowJoined() // nothing is said until there is something to say
	}
	return l.write(fd, request)
}

// addPublishers adds connections that post over HTTP.
func (l *load) addPublishers(n int, as poster) error {
	for range n {
		fd, err := l.dial(l.server.addr)
		if err != nil {
			return err
		}
		p := &publisher{load: l, fd: fd, compose: l.server.subject.post(as)}
		l.publishers = append(l.publishers, p)
		if err := l.add(p); err != nil {
			return err
		}
	}
	return nil
}

func (l *load) broken() bool { return l.tally.closed > 0 || l.posts.refused > 0 }

func (l *load) problem(what string) error {
	if len(l.failures) > 0 {
		what += ": " + strings.Join(l.failures, "; ")
	}
	return fmt.Errorf("%s: %s", l.server.subject.name(), what)
}

// warmUp has each voice post until all readers have heard all voices, and begins what is measured
// there: subscriptions may take a server a moment, and it may be the first message that takes it.
func (l *load) warmUp() error {
	for range 5 {
		if err := l.paced(l.voices, len(l.voices), 2*time.Millisecond); err != nil {
			return err
		}
		if l.until(patience/5, l.settled) {
			l.begin()
			return nil
		}
	}
	return l.problem("readers did not hear what was posted first")
}

// begin forgets what has been noticed so far: what is measured begins with the next messages.
func (l *load) begin() {
	for _, v := range l.voices {
		v.since = v.seq
	}
	for _, r := range l.readers {
		r.order = 0
	}
	l.tally, l.posts, l.failures = tally{}, posts{}, nil
}

// paced has voices post n messages in all, one each so often, and returns when they have been sent.
func (l *load) paced(voices []*voice, n int, every time.Duration) error {
	p := &pacing{load: l, every: every, voices: voices, due: clock()}
	p.end = p.due + int64(n)*int64(every)
	l.pace = p.next
	l.until(time.Duration(n)*every, l.broken)
	l.pace = nil
	if l.broken() {
		return l.problem("broken off")
	}
	return nil
}

// settled reports whether all posts are answered and every reader has heard the last one of every
// voice.
func (l *load) settled() bool {
	for _, p := range l.publishers {
		if p.busy != nil {
			return false
		}
	}
	for _, r := range l.readers {
		for i, v := range r.room.voices {
			if r.heard[i] != v.seq {
				return false
			}
		}
	}
	return true
}

// settle waits for what is under way, counts what never came as lost, and compares what the readers
// of each room got.
func (l *load) settle() {
	next := int64(0)
	l.until(patience, func() bool { // settled is asked now and then only: it looks at every reader
		if l.now < next {
			return false
		}
		next = l.now + int64(20*time.Millisecond)
		return l.settled() || l.broken()
	})
	for _, r := range l.rooms {
		for i, reader := range r.readers {
			for slot, v := range r.voices {
				if last := max(reader.heard[slot], v.since); last < v.seq {
					l.tally.lost += int64(v.seq - last)
					l.fail("a reader of %s got message %d last, of %d", r.id, last, v.seq)
					reader.heard[slot] = v.seq // it is counted once
				}
			}
			if i > 0 && reader.order != r.readers[0].order && !l.tally.faulty() {
				l.tally.disorder++
				l.fail("two readers of %s have got another order", r.id)
			}
		}
	}
}
