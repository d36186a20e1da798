package main

import (
	"fmt"
	"time"
)

// smallRooms: very many rooms of two readers each, in which nobody posts. What a room costs is the
// memory beyond that of as many readers in a few rooms.
func (b *bench) smallRooms() (*table, error) {
	const each = 2
	rooms := b.small
	if b.quick {
		rooms = 50
	}
	t := &table{
		title: fmt.Sprintf("%d rooms of %d readers that nobody posts in, %v; and as many readers in %d rooms",
			rooms, each, b.quiet, b.rooms),
		columns: []column{
			{name: "KB/room besides its readers", digits: 2}, {name: "CPU of one core %", digits: 2},
			{name: "CPU of one core %, in few rooms", digits: 2}, {name: "CPU of Redis %", digits: 2},
		},
	}
	var all []one
	for _, s := range b.subjects {
		if _, isCaller := s.(callerSubject); !isCaller {
			continue
		}
		r := t.add(s.name()+" "+string(webSocket), nil)
		all = append(all, one{r, s, func(l *load) (measured, error) {
			small, err := b.atRest(l, rooms, each*rooms)
			if err != nil {
				return nil, err
			}
			l.close() // this program may not have as many sockets open as both take
			var few restCost
			_, err = b.once(one{&row{}, s, func(l *load) (measured, error) {
				few, err = b.atRest(l, b.rooms, each*rooms)
				return measured{}, err
			}})
			return measured{
				(small.resident - few.resident) / 1024 / float64(rooms), small.cpu, few.cpu, small.redis,
			}, err
		}})
	}
	return t, b.measure(all)
}

// restCost is what a server needs while nothing happens: bytes of memory, and shares of a core in
// percent.
type restCost struct{ resident, cpu, redis float64 }

// atRest has readers join, spread evenly over rooms, and says what they cost then.
func (b *bench) atRest(l *load, rooms, readers int) (restCost, error) {
	l.addRooms(rooms, 1)
	if err := l.addReaders(readers, webSocket); err != nil {
		return restCost{}, err
	}
	if l.until(max(b.rest, 5*time.Second), l.broken) { // until the proof of each connection is past
		return restCost{}, l.problem("a connection was ended")
	}
	cost, err := l.during(func() error {
		l.until(b.quiet, l.broken)
		return nil
	})
	if err != nil {
		return restCost{}, err
	}
	resident, _, err := memory(l.server.pids)
	share := func(used time.Duration) float64 { return 100 * float64(used) / float64(cost.time) }
	return restCost{float64(resident), share(cost.cpu), share(cost.redis)}, err
}
