package harness

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Link is a TCP proxy in this process: the network between two programs, which a test can make bad.
// Its methods may be called at the same time. It knows nothing of what it carries.
type Link struct {
	// Addr is where it listens, host:port.
	Addr     string
	target   string
	listener net.Listener
	running  sync.WaitGroup

	mu      sync.Mutex // guards what follows
	conns   map[*pipe]struct{}
	delay   time.Duration
	swallow bool
	halve   int // how many answers are still to be cut half-way
	closed  bool
}

// pipe is one connection through a link.
type pipe struct{ in, out net.Conn }

func (p *pipe) close() { _, _ = p.in.Close(), p.out.Close() }

// StartLink starts a link that leads to target, until the test is over.
func StartLink(t testing.TB, target string) *Link {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &Link{Addr: listener.Addr().String(), target: target, listener: listener, conns: map[*pipe]struct{}{}}
	l.running.Go(l.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		l.mu.Lock()
		l.closed = true
		l.mu.Unlock()
		l.Cut()
		l.running.Wait()
	})
	return l
}

// Slow makes each answer come that much later.
func (l *Link) Slow(delay time.Duration) { l.set(func() { l.delay = delay }) }

// Swallow makes the link a black hole: what is sent arrives nowhere, and nobody is told.
func (l *Link) Swallow() { l.set(func() { l.swallow = true }) }

// Halve has the next n answers cut: their first half arrives, and then the connection is broken.
func (l *Link) Halve(n int) { l.set(func() { l.halve = n }) }

// Heal makes the network good again. What was swallowed stays lost: those connections break.
func (l *Link) Heal() {
	swallowed := false
	l.set(func() { swallowed, l.swallow, l.delay, l.halve = l.swallow, false, 0, 0 })
	if swallowed {
		l.Cut()
	}
}

// Cut breaks all connections at once.
func (l *Link) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for p := range l.conns {
		p.close()
	}
}

func (l *Link) set(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

func (l *Link) accept() {
	for {
		in, err := l.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", l.target)
		if err != nil {
			_ = in.Close()
			continue
		}
		p := &pipe{in, out}
		l.mu.Lock()
		l.conns[p] = struct{}{}
		if l.closed {
			p.close()
		}
		l.mu.Unlock()
		var both sync.WaitGroup
		both.Go(func() { l.copy(p, out, in, false) })
		both.Go(func() { l.copy(p, in, out, true) })
		l.running.Go(func() {
			both.Wait()
			l.mu.Lock()
			delete(l.conns, p)
			l.mu.Unlock()
		})
	}
}

// piece is what was read at once, and when it is due on the other side.
type piece struct {
	data []byte
	due  time.Time
}

// copy carries one direction. A piece is written when it is due, so a delay costs no throughput.
func (l *Link) copy(p *pipe, to, from net.Conn, answers bool) {
	pieces := make(chan piece, 1024)
	var writer sync.WaitGroup
	defer p.close()
	defer writer.Wait() // what was read is written first, as a network does
	defer close(pieces)
	writer.Go(func() {
		for next := range pieces {
			if wait := time.Until(next.due); wait > 0 {
				time.Sleep(wait) // it is on its way
			}
			if _, err := to.Write(next.data); err != nil {
				p.close()
			}
		}
	})
	for {
		data := make([]byte, 16<<10)
		n, err := from.Read(data)
		if err != nil {
			return
		}
		l.mu.Lock()
		swallow, delay, half := l.swallow, time.Duration(0), false
		if answers {
			delay = l.delay
			if l.halve > 0 && n > 1 {
				l.halve--
				half = true
			}
		}
		l.mu.Unlock()
		switch {
		case swallow:
		case half:
			pieces <- piece{data[:n/2], time.Now()}
			return
		default:
			pieces <- piece{data[:n], time.Now().Add(delay)}
		}
	}
}
