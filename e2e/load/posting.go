package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// posting: what one post costs the server, Redis's round trip included, in rooms with nobody else
// in them.
func (b *bench) posting() (*table, error) {
	const connections = 16
	t := &table{
		title: fmt.Sprintf("One post: %d connections, each into its own room, at %d posts/s over all and as fast as they are "+
			"answered", connections, postRate),
		columns: []column{
			{name: "µs/post", digits: 1, ratio: "empty handlers"}, {name: "p99 ms", digits: 1},
			{name: "full: µs/post", digits: 1, ratio: "empty handlers"}, {name: "full: posts/s"}, {name: "full: p99 ms", digits: 1},
			{name: "full: µs of Redis", digits: 1},
		},
	}
	var all []one
	var empty *row
	add := func(name string, s subject, measure func(*load) (measured, error)) {
		r := t.add(name, empty)
		if empty == nil {
			empty = r
		}
		all = append(all, one{r, s, measure})
	}
	http := func(as func(*load) (poster, error)) func(*load) (measured, error) {
		return func(l *load) (measured, error) {
			l.addRooms(connections, 1)
			who, err := as(l)
			if err != nil {
				return nil, err
			}
			if err := l.addPublishers(connections, who); err != nil {
				return nil, err
			}
			return b.post(l)
		}
	}
	as := func(p poster) func(*load) (poster, error) {
		return func(*load) (poster, error) { return p, nil }
	}
	subjects := slices.Clone(b.subjects)
	if i := slices.Index(subjects, subject(callerSubject{})); i >= 0 { // beside each other
		subjects = slices.Insert(subjects, i+1, subject(callerSubject{limited: true}))
	}
	for _, s := range subjects {
		switch s.(type) {
		case baselineSubject:
			add("an empty net/http handler", s, http(as(poster{path: "/empty"})))
		case callerSubject:
			add(s.name()+", HTTP, a guest", s, http(as(poster{})))
			add(s.name()+", HTTP, a session with keys", s, http(func(l *load) (poster, error) {
				token, err := l.server.session()
				return poster{token: token, keys: true}, err
			}))
			add(s.name()+", WebSocket, a guest", s, func(l *load) (measured, error) {
				l.addRooms(connections, 1)
				if err := l.addTalkers(); err != nil {
					return nil, err
				}
				return b.post(l)
			})
		default:
			add(s.name()+", HTTP", s, http(as(poster{})))
		}
	}
	return t, b.measure(all)
}

// postRate is the steady rate of posting, in posts a second: what a busy node sees. Each post then
// wakes the server by itself, which costs the empty handler more than its own work.
const postRate = 1000

// post measures posts at a steady rate and then as fast as they are answered.
func (b *bench) post(l *load) (measured, error) {
	every := time.Second / postRate
	if err := l.paced(l.voices, postRate/4, every); err != nil {
		return nil, err
	}
	l.posts.took = histogram{}
	steady, err := l.during(func() error { return l.paced(l.voices, int(b.window/every), every) })
	if err != nil {
		return nil, err
	}
	took := l.posts.took
	l.settle()

	if err := l.startPosting(); err != nil {
		return nil, err
	}
	l.until(b.window/4, l.broken)
	l.posts.took = histogram{}
	full, err := l.during(func() error {
		if l.until(b.window, l.broken) {
			return l.problem("a post failed")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	l.stopPosting()
	l.settle()
	return measured{
		micros(steady.cpu) / float64(max(1, steady.answered)), millis(took.quantile(0.99)),
		micros(full.cpu) / float64(max(1, full.answered)), float64(full.answered) / full.time.Seconds(),
		millis(l.posts.took.quantile(0.99)), micros(full.redis) / float64(max(1, full.answered)),
	}, nil
}

// addTalkers adds, for each voice, a connection over WebSocket that joins its room and posts there.
func (l *load) addTalkers() error {
	for _, v := range l.voices {
		fd, err := l.dial(l.server.addr)
		if err != nil {
			return err
		}
		p := &publisher{load: l, fd: fd, via: webSocket, compose: postFrame}
		l.publishers = append(l.publishers, p)
		request, _ := l.server.subject.join(webSocket, v.room.id)
		if err := errors.Join(l.add(p), l.write(fd, request)); err != nil {
			return err
		}
	}
	goal := len(l.voices)
	if !l.until(patience, func() bool { return l.joined == goal || l.broken() }) || l.broken() {
		return l.problem("a talker did not join")
	}
	return nil
}

// postFrame is a post as Caller takes it over a WebSocket. The mask is zero, which leaves the
// payload as it is.
func postFrame(dst []byte, _ *voice, text []byte) []byte {
	const before, after = `{"type":"post","text":"`, `"}`
	n := len(before) + len(text) + len(after)
	dst = append(dst, 0x81, 0x80|126, byte(n>>8), byte(n), 0, 0, 0, 0)
	return append(append(append(dst, before...), text...), after...)
}

// session makes a session of Caller's and returns its token.
func (r *running) session() (string, error) {
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Post("http://"+r.addr+"/session", "application/json", strings.NewReader(`{"name":"Load"}`))
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	var session struct{ Token string }
	if err := json.NewDecoder(answer.Body).Decode(&session); err != nil || session.Token == "" {
		return "", fmt.Errorf("no session: %s %v", answer.Status, err)
	}
	return session.Token, nil
}

// quietRooms: rooms with readers in which nobody posts.
func (b *bench) quietRooms() (*table, error) {
	rooms, readers := 200, 2000
	if b.quick {
		rooms, readers = 10, 50
	}
	t := &table{
		title: fmt.Sprintf("%d rooms that nobody posts in, %d readers, %v", rooms, readers, b.quiet),
		columns: []column{
			{name: "CPU of one core %", digits: 3}, {name: "reads with something in them/s", digits: 1},
			{name: "µs of CPU for each", digits: 1}, {name: "CPU of Redis %", digits: 3},
		},
	}
	var all []one
	for _, via := range streams {
		for _, s := range b.subjects {
			if _, baseline := s.(baselineSubject); baseline {
				continue // it has nothing to do then
			}
			r := t.add(fmt.Sprintf("%s %s", s.name(), via), nil)
			all = append(all, one{r, s, func(l *load) (measured, error) {
				l.addRooms(rooms, 1)
				if err := l.addReaders(readers, via); err != nil {
					return nil, err
				}
				if l.until(min(b.rest, 5*time.Second), l.broken) { // until the proof of each connection is past
					return nil, l.problem("a connection was ended")
				}
				reads := l.reads
				cost, err := l.during(func() error {
					l.until(b.quiet, l.broken)
					return nil
				})
				pings := float64(l.reads - reads)
				return measured{
					100 * float64(cost.cpu) / float64(cost.time), pings / cost.time.Seconds(), micros(cost.cpu) / max(1, pings),
					100 * float64(cost.redis) / float64(cost.time),
				}, err
			}})
		}
	}
	return t, b.measure(all)
}
