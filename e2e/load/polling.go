package main

import (
	"fmt"
	"time"
)

// polling: what long polls cost to hold, and what a message to them costs, beside event streams.
func (b *bench) polling() (*table, error) {
	t := &table{
		title: fmt.Sprintf("%d long polls in %d rooms, and as many event streams: messages to each room, until all have polled again", b.idle, b.rooms),
		columns: []column{
			{name: "KB/connection before", digits: 2}, {name: "KB/connection after", digits: 2},
			{name: "µs for a message and reader", digits: 1}, {name: "p99 ms", digits: 1},
		},
	}
	var all []one
	for _, via := range []transport{longPoll, eventStream} {
		for _, s := range b.subjects {
			if _, baseline := s.(baselineSubject); baseline {
				continue
			}
			r := t.add(fmt.Sprintf("%s %s", s.name(), via), nil)
			all = append(all, one{r, s, func(l *load) (measured, error) { return b.pollers(l, via) }})
		}
	}
	return t, b.measure(all)
}

func (b *bench) pollers(l *load, via transport) (measured, error) {
	l.addRooms(b.rooms, 1)
	if err := l.addReaders(b.idle, via); err != nil {
		return nil, err
	}
	if err := l.addPublishers(1, poster{}); err != nil {
		return nil, err
	}
	if l.until(b.rest, l.broken) {
		return nil, l.problem("a connection was ended")
	}
	before, _, err := memory(l.server.pids)
	if err != nil {
		return nil, err
	}
	if err := l.warmUp(); err != nil {
		return nil, err
	}
	const messages = 3 // to each room
	every := max(b.window/time.Duration(messages*b.rooms), time.Millisecond)
	cost, err := l.during(func() error {
		err := l.paced(l.voices, messages*b.rooms, every)
		l.settle()
		return err
	})
	if err != nil {
		return nil, err
	}
	after, _, err := memory(l.server.pids)
	return measured{
		float64(before) / 1024 / float64(b.idle), float64(after) / 1024 / float64(b.idle),
		micros(cost.cpu) / float64(max(1, cost.delivered)), millis(l.tally.latency.quantile(0.99)),
	}, err
}
