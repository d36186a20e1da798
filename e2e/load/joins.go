package main

import (
	"fmt"
	"time"
)

// joins: what it costs that somebody joins a room of very many, against what one message to them
// costs.
func (b *bench) joins() (*table, error) {
	t := &table{
		title: fmt.Sprintf("One member joins a room of %d; one message to it; 100 members who join in one second", b.idle),
		columns: []column{
			{name: "a message: ms of CPU", digits: 2}, {name: "a join: ms of CPU", digits: 2}, {name: "in messages", digits: 2},
			{name: "a message: KB sent", digits: 0}, {name: "a join: KB sent", digits: 0},
			{name: "100 joins: ms of CPU", digits: 1}, {name: "100 joins: KB sent", digits: 0},
		},
	}
	var all []one
	for _, via := range streams {
		for _, s := range b.subjects {
			if _, is := s.(callerSubject); is { // the others do not know who is there
				all = append(all, one{t.add(fmt.Sprintf("%s %s", s.name(), via), nil), s, func(l *load) (measured, error) {
					l.addRooms(1, 1)
					return b.join(l, via)
				}})
			}
		}
	}
	return t, b.measure(all)
}

func (b *bench) join(l *load, via transport) (measured, error) {
	times, apart := 5, 2*time.Second // a count is folded into one a second
	if b.quick {
		times, apart = 1, 1200*time.Millisecond
	}
	if err := l.addReaders(b.idle, via); err != nil {
		return nil, err
	}
	if err := l.addPublishers(1, poster{}); err != nil {
		return nil, err
	}
	if err := l.warmUp(); err != nil {
		return nil, err
	}
	if l.until(5*time.Second, l.broken) { // the last joins are told by then, and each connection is proven
		return nil, l.problem("a connection was ended")
	}
	nothing, err := l.during(func() error { l.until(apart, l.broken); return nil })
	if err != nil {
		return nil, err
	}
	message, err := l.during(func() error {
		return l.repeat(times, apart, func() error { return l.paced(l.voices, 1, time.Millisecond) })
	})
	if err != nil {
		return nil, err
	}
	join, err := l.during(func() error { return l.repeat(times, apart, func() error { return l.addReaders(1, via) }) })
	if err != nil {
		return nil, err
	}
	storm, err := l.during(func() error { return l.repeat(1, apart, func() error { return l.addReaders(100, via) }) })
	if err != nil {
		return nil, err
	}
	// Heartbeats, and what else goes on by itself, are taken off.
	each := func(s spent, times int) (ms, kb float64) {
		share := float64(s.time) / float64(nothing.time)
		ms = (millis(s.cpu) - share*millis(nothing.cpu)) / float64(times)
		return ms, (float64(s.received) - share*float64(nothing.received)) / 1024 / float64(times)
	}
	messageMS, messageKB := each(message, times)
	joinMS, joinKB := each(join, times)
	stormMS, stormKB := each(storm, 1)
	return measured{messageMS, joinMS, joinMS / messageMS, messageKB, joinKB, stormMS, stormKB}, nil
}

// repeat does something so many times, that far apart.
func (l *load) repeat(times int, apart time.Duration, do func() error) error {
	for range times {
		if err := do(); err != nil {
			return err
		}
		if l.until(apart, l.broken) {
			return l.problem("a connection was ended")
		}
	}
	return nil
}
