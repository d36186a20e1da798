package main

import (
	"fmt"
	"time"
)

// steadyRate is a load that every server bears, in deliveries a second: about half of what Nchan
// does at most.
const steadyRate = 110_000

// saturated: publishers that post as fast as they are answered, and then at half the rate that this
// came to.
func (b *bench) saturated() (*table, error) {
	rooms, each, publishers := 8, 200, 32
	if b.quick {
		rooms, each, publishers = 4, 10, 8
	}
	t := &table{
		title: fmt.Sprintf("Saturated: %d publishers into %d rooms of %d readers, each posting as soon as it is answered; "+
			"and at half of that rate", publishers, rooms, each),
		columns: []column{
			{name: "deliveries/s", ratio: "of Nchan's"}, {name: "posts/s"}, {name: "p50 ms", digits: 1}, {name: "p99 ms", digits: 1},
			{name: "lost"}, {name: "server's core busy %"},
			{name: "at half: deliveries/s"}, {name: "at half: p99 ms", digits: 1}, {name: "at half: lost"},
			{name: fmt.Sprintf("at %d deliveries/s: p50 ms", steadyRate), digits: 1},
			{name: fmt.Sprintf("at %d deliveries/s: p99 ms", steadyRate), digits: 1},
		},
	}
	var all []one
	for _, via := range streams {
		var rows []*row
		var nchan *row
		for _, s := range b.subjects {
			if _, baseline := s.(baselineSubject); baseline {
				continue // it keeps nothing for a reader that is behind
			}
			r := t.add(fmt.Sprintf("%s %s", s.name(), via), nil)
			rows = append(rows, r)
			if _, is := s.(*nchanSubject); is {
				nchan = r
			}
			all = append(all, one{r, s, func(l *load) (measured, error) {
				l.addRooms(rooms, publishers/rooms)
				return b.saturate(l, via, rooms*each, publishers)
			}})
		}
		for _, r := range rows {
			if r != nchan {
				r.base = nchan
			}
		}
	}
	return t, b.measure(all)
}

func (b *bench) saturate(l *load, via transport, readers, publishers int) (measured, error) {
	if err := l.addReaders(readers, via); err != nil {
		return nil, err
	}
	if err := l.addPublishers(publishers, poster{}); err != nil {
		return nil, err
	}
	if err := l.warmUp(); err != nil {
		return nil, err
	}
	if err := l.startPosting(); err != nil {
		return nil, err
	}
	l.until(b.window/4, l.broken) // until queues have the length that they will have
	l.tally.latency = histogram{}
	full, err := l.during(func() error {
		l.until(b.window, l.broken)
		return nil
	})
	if err != nil {
		return nil, err
	}
	l.stopPosting()
	l.settle()
	latency, lost := l.tally.latency, l.tally.lost

	l.tally.latency = histogram{}
	every := 2 * full.time / time.Duration(max(1, full.answered))
	half, err := l.during(func() error {
		l.paceUntil(b.window, every)
		l.settle()
		return nil
	})
	if err != nil {
		return nil, err
	}
	halfLatency, halfLost := l.tally.latency, l.tally.lost
	l.tally.latency = histogram{}
	l.paceUntil(b.window, time.Duration(readers/len(l.rooms))*time.Second/steadyRate)
	l.settle()
	return measured{
		float64(full.delivered) / full.time.Seconds(), float64(full.answered) / full.time.Seconds(),
		millis(latency.quantile(0.5)), millis(latency.quantile(0.99)), float64(lost),
		100 * float64(full.cpu) / float64(full.time),
		float64(half.delivered) / half.time.Seconds(), millis(halfLatency.quantile(0.99)), float64(halfLost - lost),
		millis(l.tally.latency.quantile(0.5)), millis(l.tally.latency.quantile(0.99)),
	}, nil
}

// startPosting has each publisher post in its voice's name whenever it is answered. Publishers and
// voices must be as many.
func (l *load) startPosting() error {
	for i, p := range l.publishers {
		p.closed = true
		if err := p.post(l.voices[i]); err != nil {
			return err
		}
	}
	return nil
}

func (l *load) stopPosting() {
	for _, p := range l.publishers {
		p.closed = false
	}
}

// paceUntil has all voices post in turn at a steady rate. A connection that breaks ends it, and is
// counted.
func (l *load) paceUntil(window, every time.Duration) {
	p := &pacing{load: l, every: max(every, time.Microsecond), voices: l.voices, due: clock()}
	p.end = p.due + int64(window)
	l.pace = p.next
	l.until(window, l.broken)
	l.pace = nil
}
