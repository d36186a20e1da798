package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// one is one thing to measure: a row of a table, its server and what is done with it.
type one struct {
	row     *row
	subject subject
	measure func(*load) (measured, error)
}

// measure makes all runs, the servers in turn so that what else the machine does hits them alike,
// each round in the other direction.
func (b *bench) measure(all []one) error {
	for round := range b.runs {
		order := slices.Clone(all)
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, o := range order {
			if err := b.ctx.Err(); err != nil {
				return err
			}
			began := time.Now()
			figures, err := b.once(o)
			if err != nil && b.ctx.Err() == nil { // what else the machine does may have been too much for once
				o.row.faults = append(o.row.faults, "a run was made again, after: "+err.Error())
				figures, err = b.once(o)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", o.row.name, err)
			}
			o.row.runs = append(o.row.runs, figures)
			fmt.Fprintf(b.log, "  %d/%d %s: %s (%v)\n", round+1, b.runs, o.row.name, plain(figures),
				time.Since(began).Round(100*time.Millisecond))
		}
	}
	return nil
}

func plain(figures measured) string {
	texts := make([]string, 0, len(figures))
	for _, f := range figures {
		texts = append(texts, number(f, 2))
	}
	return strings.Join(texts, "  ")
}

// once starts a server, measures it and ends it.
func (b *bench) once(o one) (measured, error) {
	server, err := o.subject.start(&b.machine)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	l, err := newLoad(server)
	if err != nil {
		return nil, err
	}
	defer l.close()
	l.stop, l.title, l.perf, l.loadCore = b.ctx, o.row.name, b.perf, b.loadCore
	figures, err := o.measure(l)
	if err != nil {
		return nil, err
	}
	if l.tally.faulty() || l.posts.refused > 0 {
		o.row.faults = append(o.row.faults, fmt.Sprintf("%d lost, %d doubled or out of order, %d readers and %d publishers ended; first: %s",
			l.tally.lost, l.tally.disorder, l.tally.closed, l.posts.refused, strings.Join(l.failures[:min(2, len(l.failures))], "; ")))
		if _, other := o.subject.(*nchanSubject); !other {
			b.faults++
		}
	}
	return figures, nil
}

// spent is what a stretch of time has cost the server and brought the readers.
type spent struct {
	time      time.Duration
	cpu       time.Duration
	redis     time.Duration // of processor time
	delivered int64
	answered  int64
	received  int64 // bytes
}

// during runs f and says what it cost.
func (l *load) during(f func() error) (spent, error) {
	before, err := l.account()
	if err != nil {
		return spent{}, err
	}
	if l.perf != "" {
		err = l.profile(l.perf, f)
	} else {
		err = f()
	}
	if err != nil {
		return spent{}, err
	}
	after, err := l.account()
	return spent{
		time: after.time - before.time, cpu: after.cpu - before.cpu, redis: after.redis - before.redis, delivered: after.delivered - before.delivered,
		answered: after.answered - before.answered, received: after.received - before.received,
	}, err
}

func (l *load) account() (spent, error) {
	used, err := cpu(l.server.pids)
	redis, err2 := cpu(l.server.store)
	return spent{
		time: time.Duration(clock()), cpu: used, redis: redis,
		delivered: l.tally.delivered, answered: l.posts.answered, received: l.received,
	}, errors.Join(err, err2)
}
