package park

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/caller-chat/caller/transport/conn"
	"github.com/caller-chat/caller/transport/conn/socket"
)

const (
	// restTime is how long a connection is kept after an answer: as long as the server keeps one that is not used.
	restTime = 120 * time.Second
	// takeTime bounds the time an answer may take to be read, as the server's own does.
	takeTime = 2 * time.Minute
)

// stage is what a parked connection is about.
type stage uint8

const (
	waiting stage = iota
	answering
	resting // answered; the client's next request, if any, is the server's
	gone    // ended, or the server's again
)

// parked is a connection on which a request waits, or has been answered.
type parked struct {
	keepalive *conn.Keepalive
	server    *http.Server
	conn      net.Conn // as the server had it, over TCP
	raw       syscall.RawConn
	old       bool // the client speaks HTTP/1.0

	// Whoever has made it answering owns these.
	waiter Waiter
	writer http.ResponseWriter // what is answered into; it ends in answer
	answer answer
	early  []byte // what the client had sent of its next request

	mu    sync.Mutex // protects following
	stage stage
	last  bool // the connection ends with the answer
	more  bool // the client has sent something since, or has gone
	place conn.Registration
	timer *time.Timer
	until time.Time // of the rest
}

// park takes a request's connection over. It returns nil when the request has to wait in its handler.
func (l *Lot) park(w http.ResponseWriter, r *http.Request, within time.Duration, waiter Waiter) *parked {
	if !l.mayPark(w, r) {
		return nil
	}
	p := &parked{keepalive: l.keepalive, waiter: waiter, last: r.Close, old: !r.ProtoAtLeast(1, 1)}
	p.server, _ = r.Context().Value(http.ServerContextKey).(*http.Server) // a marked connection has one
	p.mu.Lock()
	defer p.mu.Unlock()
	if !l.keepalive.Enter(p) {
		return nil
	}
	lasting, _ := w.(Lasting)
	below := w
	if lasting != nil {
		below = lasting.Unwrap()
	}
	conn, buffered, err := http.NewResponseController(below).Hijack()
	if err != nil {
		l.keepalive.Exit(p)
		return nil
	}
	p.answer.keep(w.Header())
	if p.writer = &p.answer; lasting != nil {
		lasting.Outlast(&p.answer)
		p.writer = lasting
	}
	p.take(conn, buffered.Reader)
	p.timer = time.AfterFunc(within, p.over)
	return p
}

// take makes the connection one that is watched, and keeps what has been read of it.
func (p *parked) take(conn net.Conn, buffered *bufio.Reader) {
	early, _ := buffered.Peek(buffered.Buffered())
	p.early = slices.Clone(early)
	if b, ok := conn.(*begun); ok {
		p.early = append(p.early, b.early...)
		conn = b.Conn
	}
	p.more = len(p.early) > 0
	p.conn = conn
	var err error
	watched := false
	if p.raw, err = socket.TCP(conn).SyscallConn(); err == nil { // Mark has seen to it that it is TCP
		p.place, watched = p.keepalive.Watch(p.raw, told{p}) // who is told waits for mu
	}
	p.last = p.last || !watched // the answer comes all the same
}

// ready has the request answered.
func (p *parked) ready() {
	p.mu.Lock()
	was := p.stage
	if was == waiting {
		p.stage = answering
	}
	p.mu.Unlock()
	if was == waiting {
		go p.reply(context.Background())
	}
}

// over is called when a wait or a rest has lasted as long as it may.
func (p *parked) over() {
	p.ready()
	p.mu.Lock()
	rested := p.stage == resting && !time.Now().Before(p.until) // else it is the wait's call, late
	if rested {
		p.stage = gone
	}
	p.mu.Unlock()
	if rested {
		p.end()
	}
}

// told is a parked connection as the watch's reader.
type told struct{ *parked }

// Readable implements [conn.Reader].
func (t told) Readable() {
	p := t.parked
	left := hasLeft(p.raw)
	p.mu.Lock()
	was := p.stage
	switch {
	case was == resting:
		p.stage = gone
	case was == waiting && left:
		p.stage = answering
	default: // nothing is read before the answer
		p.more = true
	}
	p.mu.Unlock()
	switch {
	case was == resting && left:
		p.end()
	case was == resting:
		p.back()
	case was == waiting && left:
		go p.reply(ended())
	}
}

func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
