package main

import (
	"fmt"
	"time"
)

var streams = []transport{webSocket, eventStream}

// perStream adds a row for each server and kind of stream, with the baseline's as the others' base.
func (b *bench) perStream(t *table, measure func(transport) func(*load) (measured, error)) []one {
	var all []one
	for _, via := range streams {
		var base *row
		for _, s := range b.subjects {
			r := t.add(fmt.Sprintf("%s %s", s.name(), via), base)
			if _, baseline := s.(baselineSubject); baseline {
				base = r
			}
			all = append(all, one{r, s, measure(via)})
		}
	}
	return all
}

// fanout: one room with many readers.
func (b *bench) fanout() (*table, error) {
	const rate = 20
	t := &table{
		title: fmt.Sprintf("CPU for a delivery: %d readers of one room, %d messages/s", b.readers, rate),
		columns: []column{
			{name: "µs/delivery", digits: 2, ratio: "baselines"},
			{name: "deliveries/s"}, {name: "p99 ms", digits: 1},
		},
	}
	return t, b.measure(b.perStream(t, func(via transport) func(*load) (measured, error) {
		return func(l *load) (measured, error) {
			l.addRooms(1, 1)
			return b.steady(l, via, b.readers, 1, rate)
		}
	}))
}

// manyRooms: many rooms with few readers, where publishing counts as much as delivering.
func (b *bench) manyRooms() (*table, error) {
	rooms, each, rate := 500, 10, 1000
	if b.quick {
		rooms, each, rate = 20, 5, 200
	}
	t := &table{
		title: fmt.Sprintf("CPU for a delivery: %d rooms × %d readers, %d messages/s over all, publishing included",
			rooms, each, rate),
		columns: []column{
			{name: "µs/delivery", digits: 2, ratio: "baselines of the same work"},
			{name: "deliveries/s"}, {name: "p99 ms", digits: 1},
		},
	}
	return t, b.measure(b.perStream(t, func(via transport) func(*load) (measured, error) {
		return func(l *load) (measured, error) {
			l.addRooms(rooms, 1)
			return b.steady(l, via, rooms*each, 10, rate)
		}
	}))
}

// steady measures a steady rate of posts to the load's rooms: µs of CPU for a delivery,
// deliveries/s, p99 in ms.
func (b *bench) steady(l *load, via transport, readers, publishers, rate int) (measured, error) {
	if err := l.addReaders(readers, via); err != nil {
		return nil, err
	}
	if err := l.addPublishers(publishers, poster{}); err != nil {
		return nil, err
	}
	if err := l.warmUp(); err != nil {
		return nil, err
	}
	every := time.Second / time.Duration(rate)
	if err := l.paced(l.voices, rate/2+1, every); err != nil { // until the rate is all there is
		return nil, err
	}
	l.settle()
	l.tally.latency = histogram{}
	cost, err := l.during(func() error {
		err := l.paced(l.voices, int(b.window/every), every)
		l.settle()
		return err
	})
	if err != nil {
		return nil, err
	}
	return measured{
		micros(cost.cpu) / float64(max(1, cost.delivered)), float64(cost.delivered) / cost.time.Seconds(),
		millis(l.tally.latency.quantile(0.99)),
	}, nil
}
