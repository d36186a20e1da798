package main

import "fmt"

// counted: what counting for Prometheus costs a delivery. Few readers of many rooms are the hard
// case: a batch is told of once, for all of its readers.
func (b *bench) counted() (*table, error) {
	rooms, each, rate := 200, 10, 500
	if b.quick {
		rooms, each, rate = 20, 5, 200
	}
	const posts = 20
	t := &table{
		title: fmt.Sprintf("CPU for a delivery with metrics and without: %d readers of one room, %d messages/s; %d rooms × %d readers, "+
			"%d messages/s over all, publishing included", b.readers, posts, rooms, each, rate),
		columns: []column{
			{name: "µs/delivery", digits: 3, ratio: "without"},
			{name: "deliveries/s"}, {name: "p99 ms", digits: 1},
		},
	}
	var all []one
	for _, work := range []struct {
		name    string
		measure func(l *load) (measured, error)
	}{
		{"one room", func(l *load) (measured, error) {
			l.addRooms(1, 1)
			return b.steady(l, webSocket, b.readers, 1, posts)
		}},
		{"many rooms", func(l *load) (measured, error) {
			l.addRooms(rooms, 1)
			return b.steady(l, webSocket, rooms*each, 10, rate)
		}},
	} {
		var without *row
		for _, s := range []callerSubject{{}, {counted: true}} {
			r := t.add(s.name()+", "+work.name, without)
			if without == nil {
				without = r
			}
			all = append(all, one{r, s, work.measure})
		}
	}
	return t, b.measure(all)
}
