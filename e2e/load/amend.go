package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// amending is what is done again and again to a message of each voice's own.
type amending struct {
	name string
	// compose makes the request for a target, which is the path of a message.
	compose func(dst []byte, header, target string, seq uint32, text []byte) []byte
}

// sayMore posts another message.
func sayMore(dst []byte, header, target string, _ uint32, text []byte) []byte {
	return appendPost(dst, target[:strings.LastIndexByte(target, '/')], header, text)
}

func edit(dst []byte, header, target string, _ uint32, text []byte) []byte {
	return appendRequest(dst, "PATCH", target, header, text)
}

// react puts a reaction under the target and takes it away, by turns. Readers know it by its key,
// which is in the event.
func react(dst []byte, header, target string, seq uint32, text []byte) []byte {
	method := "PUT"
	if seq%2 == 0 {
		method = "DELETE"
	}
	header += "Idempotency-Key: " + string(text[:messageHead]) + "\r\n"
	return appendRequest(dst, method, target+"/reactions/%F0%9F%91%8D", header, nil)
}

// editAndReact does both by turns: a reaction that comes and goes, and two edits.
func editAndReact(dst []byte, header, target string, seq uint32, text []byte) []byte {
	if seq%4 == 1 || seq%4 == 2 {
		return react(dst, header, target, seq, text)
	}
	return edit(dst, header, target, seq, text)
}

// amend: what a delivery of an edit or a reaction costs beside that of a message.
func (b *bench) amend() (*table, error) {
	rate := 1000
	if b.quick {
		rate = 100
	}
	t := &table{
		title: fmt.Sprintf("CPU for a delivery: %d readers of one room, %d messages/s, or as many edits and reactions", b.readers, rate),
		columns: []column{
			{name: "µs/delivery", digits: 2, ratio: "of messages"},
			{name: "deliveries/s"}, {name: "p99 ms", digits: 1}, {name: "µs of Redis for each", digits: 1},
		},
	}
	var all []one
	for _, via := range streams {
		for _, s := range b.subjects {
			if _, isCaller := s.(callerSubject); !isCaller {
				continue
			}
			var base *row
			for _, what := range []amending{{"messages", sayMore}, {"edits", edit}, {"reactions", react}, {"edits and reactions", editAndReact}} {
				r := t.add(fmt.Sprintf("%s %s, %s", s.name(), via, what.name), base)
				if base == nil {
					base = r
				}
				all = append(all, one{r, s, func(l *load) (measured, error) { return b.amended(l, via, what, rate) }})
			}
		}
	}
	return t, b.measure(all)
}

func (b *bench) amended(l *load, via transport, what amending, rate int) (measured, error) {
	const voices = 16
	l.addRooms(1, voices)
	token, err := l.server.session()
	if err != nil {
		return nil, err
	}
	targets := make([]string, voices)
	for i := range targets {
		if targets[i], err = l.server.say(token, l.rooms[0].id); err != nil {
			return nil, err
		}
	}
	if err := l.addReaders(b.readers, via); err != nil {
		return nil, err
	}
	if err := l.addPublishers(voices, poster{}); err != nil {
		return nil, err
	}
	header := "Authorization: Bearer " + token + "\r\n"
	for _, p := range l.publishers {
		p.compose = func(dst []byte, v *voice, text []byte) []byte {
			return what.compose(dst, header, targets[v.slot], v.seq, text)
		}
	}
	if err := l.warmUp(); err != nil {
		return nil, err
	}
	every := time.Second / time.Duration(rate)
	if err := l.paced(l.voices, 2*rate, every); err != nil { // until as many amendments are kept as will be
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
		millis(l.tally.latency.quantile(0.99)), micros(cost.redis) / float64(max(1, cost.answered)),
	}, nil
}

// say posts a message in a session's name and returns the path to it.
func (r *running) say(token, room string) (path string, err error) {
	path = "/rooms/" + room + "/messages"
	req, err := http.NewRequest(http.MethodPost, "http://"+r.addr+path, strings.NewReader("to be amended"))
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	var message struct{ ID string }
	if err := json.NewDecoder(answer.Body).Decode(&message); err != nil || message.ID == "" {
		return "", fmt.Errorf("no message: %s %v", answer.Status, err)
	}
	return path + "/" + message.ID, nil
}
