package conn

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caller-chat/caller/transport/wire"
)

// tick is the keepalive's period: pings are early or late by no more.
const tick = 250 * time.Millisecond

// proof is how long after the live event the first ping comes: a proxy that holds a stream back is
// found out by it.
const proof = time.Second

// Keepalive sends the pings of all connections, from one goroutine, and knows which connections are
// open. All methods may be called at the same time.
type Keepalive struct {
	every    int64 // ticks between pings
	now      atomic.Int64
	stop     chan struct{}
	stopped  chan struct{}
	observer Observer
	places   *Places // nil for any number
	load     backlogs

	mu      sync.Mutex        // protects following
	wheel   map[int64][]*Conn // by the tick at which to look at them
	open    map[*Conn]struct{}
	poller  *poller // made when the first connection needs it
	blind   bool    // none can be made
	closing bool
	empty   chan struct{} // closed when closing and none is open
}

// NewKeepalive starts a keepalive; heartbeat is after how long with nothing else to send a ping is
// sent. Close ends it.
func NewKeepalive(heartbeat time.Duration) *Keepalive {
	k := &Keepalive{
		every: max(1, int64(heartbeat/tick)), observer: ignored{},
		stop: make(chan struct{}), stopped: make(chan struct{}),
		wheel: map[int64][]*Conn{}, open: map[*Conn]struct{}{}, empty: make(chan struct{}),
	}
	go k.run()
	return k
}

// Bound sets how many connections there may be. It is called before the first.
func (k *Keepalive) Bound(p *Places) { k.places = p }

// Places are how many connections there may be; nil for any number.
func (k *Keepalive) Places() *Places { return k.places }

func (k *Keepalive) run() {
	defer close(k.stopped)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-k.stop:
			return
		case now := <-ticker.C:
			k.tick(now)
		}
	}
}

// tick pings those that are due and have been sent nothing else, and ends those whose time is over.
func (k *Keepalive) tick(at time.Time) {
	now := k.now.Add(1)
	k.mu.Lock()
	due := k.wheel[now]
	delete(k.wheel, now)
	k.mu.Unlock()
	pings := map[wire.Framing][]byte{} // one encoding for all of a framing
	again := map[int64][]*Conn{}
	for _, c := range due {
		if c.outbox.isClosed() {
			continue
		}
		if over := c.over(at); over != nil {
			c.End(wire.FailureOf(over))
			continue
		}
		next := c.sentAt.Load() + k.every
		if !c.proven || next <= now {
			c.proven = true
			ping, ok := pings[c.framing]
			if !ok {
				ping = c.framing.AppendPing(nil, at)
				pings[c.framing] = ping
			}
			c.send(ping)
			next = now + k.every
		}
		if c.from != nil && c.from.until != 0 {
			left := c.from.until - at.UnixMilli()
			next = min(next, now+1+left/tick.Milliseconds())
		}
		again[next] = append(again[next], c)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for next, conns := range again {
		k.wheel[next] = append(k.wheel[next], conns...)
	}
}

func (k *Keepalive) exitLocked(c *Conn) {
	delete(k.open, c)
	if k.closing && len(k.open) == 0 {
		k.closeEmptyLocked()
	}
}

// opened takes a connection in. It returns false when the keepalive is closing.
func (k *Keepalive) opened(c *Conn) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closing {
		return false
	}
	k.open[c] = struct{}{}
	return true
}

// lived says that a connection's past is done: its first ping comes after the time of proof.
func (k *Keepalive) lived(c *Conn) {
	next := k.now.Load() + 1 + int64(proof/tick)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.wheel[next] = append(k.wheel[next], c)
}

func (k *Keepalive) closed(c *Conn, place handle) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.poller != nil {
		k.poller.remove(place)
	}
	k.exitLocked(c)
}

func (k *Keepalive) closeEmptyLocked() {
	select {
	case <-k.empty:
	default:
		close(k.empty)
	}
}

// Close takes no more connections and waits until those that are open have said their last bytes,
// which whoever owns the rooms has asked them to; when the context ends first it closes them.
func (k *Keepalive) Close(ctx context.Context) error {
	k.mu.Lock()
	if !k.closing {
		k.closing = true
		close(k.stop)
	}
	if len(k.open) == 0 {
		k.closeEmptyLocked()
	}
	open := slices.Collect(maps.Keys(k.open))
	k.mu.Unlock()
	<-k.stopped
	defer k.endPoller()
	for _, c := range open {
		c.outbox.hurry()
	}
	select {
	case <-k.empty:
		return nil
	case <-ctx.Done():
	}
	k.mu.Lock()
	left := slices.Collect(maps.Keys(k.open))
	k.mu.Unlock()
	for _, c := range left {
		c.Close()
	}
	if len(left) == 0 {
		return nil
	}
	return fmt.Errorf("close %d connections: %w", len(left), ctx.Err())
}

// sockets is the poller of the sockets of all connections; nil where there is none.
func (k *Keepalive) sockets() *poller {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.poller == nil && !k.blind {
		made, err := newPoller()
		k.poller, k.blind = made, err != nil
	}
	return k.poller
}

func (k *Keepalive) endPoller() {
	k.mu.Lock()
	ended := k.poller
	k.poller, k.blind = nil, true
	k.mu.Unlock()
	if ended != nil {
		ended.close()
	}
}
