package chat

import (
	"math"
	"runtime"
	"sync"
	"time"
)

// demand is how much of the processor all rooms of a node would need if each message were delivered
// by itself: one means all of it. It is what tells a node that has to gather: unlike how busy it
// is, it does not depend on whether it does. Its methods may be called at the same time.
type demand struct {
	mu  sync.Mutex // protects following
	at  time.Time  // when sum was right
	sum float64    // seconds of deliveries, each the less the longer it is ago
}

// demandTime is the time constant of what is remembered: long enough to span some deliveries of
// each room, short enough that a rush is noticed before queues build up.
const demandTime = 200 * time.Millisecond

// add counts a delivery of so many events that ended now, and returns the demand.
func (d *demand) add(now time.Time, events int, took time.Duration) float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if past := now.Sub(d.at); past > 0 {
		d.sum *= math.Exp(-past.Seconds() / demandTime.Seconds())
		d.at = now
	}
	d.sum += float64(events) * took.Seconds()
	return d.sum / demandTime.Seconds() / float64(runtime.GOMAXPROCS(0))
}
