package stream

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/caller-chat/caller/transport/wire"
)

// beat is the heart's period: pings are early or late by no more.
const beat = 250 * time.Millisecond

// proof is how long after the live event the first ping comes: a proxy that holds a stream back is found out by it.
const proof = time.Second

// Heart sends the pings of all connections, from one goroutine, and knows which connections are open. All methods may
// be called at the same time.
type Heart struct {
	every   int64 // beats between pings
	now     atomic.Int64
	stop    chan struct{}
	stopped chan struct{}

	mu      sync.Mutex        // protects following
	wheel   map[int64][]*Conn // by the beat at which to look at them
	open    map[Open]struct{}
	watch   *watch // made when the first connection needs it
	blind   bool   // none can be made
	closing bool
	empty   chan struct{} // closed when closing and none is open
}

// NewHeart starts a heart; heartbeat is after how long with nothing else to send a ping is sent. Close ends it.
func NewHeart(heartbeat time.Duration) *Heart {
	h := &Heart{
		every: max(1, int64(heartbeat/beat)),
		stop:  make(chan struct{}), stopped: make(chan struct{}),
		wheel: map[int64][]*Conn{}, open: map[Open]struct{}{}, empty: make(chan struct{}),
	}
	go h.run()
	return h
}

func (h *Heart) run() {
	defer close(h.stopped)
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for {
		select {
		case <-h.stop:
			return
		case now := <-ticker.C:
			h.tick(now)
		}
	}
}

// tick pings those that are due and have been sent nothing else.
func (h *Heart) tick(at time.Time) {
	now := h.now.Add(1)
	h.mu.Lock()
	due := h.wheel[now]
	delete(h.wheel, now)
	h.mu.Unlock()
	pings := map[wire.Framing][]byte{} // one encoding for all of a framing
	again := map[int64][]*Conn{}
	for _, c := range due {
		if c.outbox.isClosed() {
			continue
		}
		next := c.sentAt.Load() + h.every
		if !c.proven || next <= now {
			c.proven = true
			ping, ok := pings[c.framing]
			if !ok {
				ping = c.framing.AppendPing(nil, at)
				pings[c.framing] = ping
			}
			c.send(ping)
			next = now + h.every
		}
		again[next] = append(again[next], c)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for next, conns := range again {
		h.wheel[next] = append(h.wheel[next], conns...)
	}
}

// Open is a connection that is not the HTTP server's any more, and that the node's end has to wait for.
type Open interface {
	// Hurry says that the node's end is waiting for it.
	Hurry()
	// Close ends it at once.
	Close()
}

// Enter takes a connection in that is no [Conn]; [Heart.Exit] is the other half. It returns false when the heart is
// closing.
func (h *Heart) Enter(c Open) bool { return h.opened(c) }

// Exit says that a connection is done.
func (h *Heart) Exit(c Open) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.exitLocked(c)
}

func (h *Heart) exitLocked(c Open) {
	delete(h.open, c)
	if h.closing && len(h.open) == 0 {
		h.closeEmptyLocked()
	}
}

// opened takes a connection in. It returns false when the heart is closing.
func (h *Heart) opened(c Open) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closing {
		return false
	}
	h.open[c] = struct{}{}
	return true
}

// lived says that a connection's past is done: its first ping comes after the time of proof.
func (h *Heart) lived(c *Conn) {
	next := h.now.Load() + 1 + int64(proof/beat)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.wheel[next] = append(h.wheel[next], c)
}

func (h *Heart) closed(c *Conn, place watched) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watch != nil {
		h.watch.remove(place)
	}
	h.exitLocked(c)
}

func (h *Heart) closeEmptyLocked() {
	select {
	case <-h.empty:
	default:
		close(h.empty)
	}
}

// Close takes no more connections and waits until those that are open have said their last words, which whoever owns
// the rooms has asked them to; when the context ends first it closes them.
func (h *Heart) Close(ctx context.Context) error {
	h.mu.Lock()
	if !h.closing {
		h.closing = true
		close(h.stop)
	}
	if len(h.open) == 0 {
		h.closeEmptyLocked()
	}
	open := slices.Collect(maps.Keys(h.open))
	h.mu.Unlock()
	<-h.stopped
	defer h.endWatch()
	for _, c := range open {
		c.Hurry()
	}
	select {
	case <-h.empty:
		return nil
	case <-ctx.Done():
	}
	h.mu.Lock()
	left := slices.Collect(maps.Keys(h.open))
	h.mu.Unlock()
	for _, c := range left {
		c.Close()
	}
	if len(left) == 0 {
		return nil
	}
	return fmt.Errorf("close %d connections: %w", len(left), ctx.Err())
}

// watching is the watch for the sockets of all connections; nil where there is none.
func (h *Heart) watching() *watch {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watch == nil && !h.blind {
		made, err := newWatch()
		h.watch, h.blind = made, err != nil
	}
	return h.watch
}

// Watched is the place of a socket that [Heart.Watch] watches; the zero value is none.
type Watched struct{ place watched }

// Watches tells whether sockets can be watched here at all.
func (h *Heart) Watches() bool { return h.watching() != nil }

// Watch has r told, once, when the socket has something to read or its peer is gone. Unwatch ends it, whether r has
// been told or not; until then the socket must stay open. It returns false where the socket can't be watched.
func (h *Heart) Watch(socket syscall.RawConn, r Reader) (Watched, bool) {
	w := h.watching()
	if w == nil {
		return Watched{}, false
	}
	place := w.add(r)
	if !w.arm(place, socket, true) {
		w.remove(place)
		return Watched{}, false
	}
	return Watched{place}, true
}

// Unwatch is the other half of [Heart.Watch]. The reader may be being told just now.
func (h *Heart) Unwatch(socket syscall.RawConn, p Watched) {
	if p == (Watched{}) {
		return
	}
	h.mu.Lock()
	w := h.watch
	h.mu.Unlock()
	if w != nil {
		w.leave(p.place, socket)
	}
}

func (h *Heart) endWatch() {
	h.mu.Lock()
	ended := h.watch
	h.watch, h.blind = nil, true
	h.mu.Unlock()
	if ended != nil {
		ended.close()
	}
}
