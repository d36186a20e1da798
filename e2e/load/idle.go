package main

import (
	"fmt"
)

// idleMemory: connections that nothing happens on.
func (b *bench) idleMemory() (*table, error) {
	t := &table{
		title: fmt.Sprintf("Memory for an idle connection: %d of them in %d rooms, %v after the last has joined",
			b.idle, b.rooms, b.rest),
		columns: []column{{name: "KB/connection (resident)", digits: 2}, {name: "KB/connection (proportional)", digits: 2}},
	}
	var all []one
	for _, via := range []transport{webSocket, eventStream, longPoll} {
		for _, s := range b.subjects {
			if _, baseline := s.(baselineSubject); baseline {
				continue
			}
			r := t.add(fmt.Sprintf("%s %s", s.name(), via), nil)
			all = append(all, one{r, s, func(l *load) (measured, error) {
				l.addRooms(b.rooms, 1)
				if err := l.addReaders(b.idle, via); err != nil {
					return nil, err
				}
				if l.until(b.rest, l.broken) {
					return nil, l.problem("a connection was ended")
				}
				resident, proportional, err := memory(l.server.pids)
				return measured{
					float64(resident) / 1024 / float64(b.idle), float64(proportional) / 1024 / float64(b.idle),
				}, err
			}})
		}
	}
	return t, b.measure(all)
}
