package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"regexp"
)

// callerSubject is the program that this is all about, with its default settings but for where it
// listens, its Redis, and limits, which are off; or an older build of it.
type callerSubject struct {
	older   bool
	limited bool // it counts what clients do; what is allowed is more than is measured
	counted bool // it counts what it does itself, for Prometheus
}

// allowing are limits that count like those by default, of which nothing is refused.
const allowing = "messages=100000000/1000000,joins=100000/10000,rooms=100000/10000,sessions=100000/10000,connections=off"

func (s callerSubject) name() string {
	if s.older {
		return "caller before"
	}
	if s.limited {
		return "caller with limits"
	}
	if s.counted {
		return "caller with metrics"
	}
	return "caller"
}

var listensOn = regexp.MustCompile(`Caller is at (http://(127\.0\.0\.1:[0-9]+))`)

func (s callerSubject) start(m *machine) (*running, error) {
	return m.withRedis(func(redis string) (*running, error) {
		args := []string{"--addr", "127.0.0.1:0", "--redis-url", "redis://" + redis}
		switch {
		case s.older: // which need not know them
		case s.limited:
			args = append(args, "--limits", allowing)
		default:
			args = append(args, "--limits", "off")
		}
		if s.counted {
			args = append(args, "--admin-addr", "127.0.0.1:0", "--admin-token", "a-token-that-is-long-enough-for-it")
		}
		args = append(args, m.callerArgs...)
		dir, err := os.MkdirTemp(m.dir, "caller-") // a file .env in the working directory would be read
		if err != nil {
			return nil, err
		}
		program := m.caller
		if s.older {
			program = m.before
		}
		env := []string{"PWD=" + dir}
		if m.serverCore != anyCore {
			env = append(env, "GOMAXPROCS=1")
		}
		p, err := startIn(dir, "caller", m.serverCore, env, program, args...)
		if err != nil {
			return nil, err
		}
		r := &running{subject: s, pids: []int{p.cmd.Process.Pid}, processes: []*process{p}}
		err = p.await(func() bool {
			found := listensOn.FindStringSubmatch(p.output.String())
			if found == nil {
				return false
			}
			r.addr = found[2]
			answer, err := http.Get(found[1] + "/readyz")
			return err == nil && answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
		})
		if err != nil {
			r.stop()
			return nil, err
		}
		return r, nil
	})
}

func (callerSubject) join(via transport, room string) (request []byte, follow func(head, body []byte) []byte) {
	path := "/rooms/" + room
	switch via {
	case webSocket:
		return webSocketRequest(path + "/ws"), nil
	case eventStream:
		return getRequest(path+"/sse", ""), nil
	}
	poll := func(cursor []byte, wait int) []byte {
		return getRequest(fmt.Sprintf("%s/messages?wait=%d&after=%s", path, wait, cursor), "")
	}
	return poll([]byte("0-0"), 0), func(_, body []byte) []byte { // the first is answered at once, and so tells that it came
		_, after, found := bytes.Cut(body, []byte(`"cursor":"`))
		cursor, _, found2 := bytes.Cut(after, []byte(`"`))
		if !found || !found2 {
			return nil
		}
		return poll(cursor, 60)
	}
}

func (callerSubject) joined(via transport) string {
	switch via {
	case webSocket:
		return `{"type":"live"`
	case eventStream:
		return "event: live\n"
	}
	return `"cursor":`
}

func (callerSubject) post(as poster) compose {
	header := "X-Name: Load\r\n"
	if as.token != "" {
		header = "Authorization: Bearer " + as.token + "\r\n"
	}
	return func(dst []byte, v *voice, text []byte) []byte {
		head := header
		if as.keys {
			head += fmt.Sprintf("Idempotency-Key: load-%d-%d\r\n", v.number, v.seq)
		}
		return appendPost(dst, "/rooms/"+v.room.id+"/messages", head, text)
	}
}
