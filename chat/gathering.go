package chat

import "time"

// gathering is the batch that a room is putting together. It is the room worker's own.
type gathering struct {
	events []*Event
	rest   time.Time // before this nothing is delivered: see pause
}

func (g *gathering) add(e *Event) { g.events = append(g.events, e) }

// isGathering reports whether there is something that has not been delivered.
func (g *gathering) isGathering() bool { return len(g.events) > 0 }

// isDue reports whether what has gathered, if anything, is to be delivered now.
func (g *gathering) isDue(now time.Time) bool { return len(g.events) > 0 && !now.Before(g.rest) }

// nextDue is when it is; zero when nothing has gathered.
func (g *gathering) nextDue() time.Time {
	if len(g.events) == 0 {
		return time.Time{}
	}
	return g.rest
}

// maxBatch is about how many bytes are delivered at once: well below what may wait for a slow
// reader, so that a burst makes none of a healthy one.
const maxBatch = 64 << 10

// take returns what has gathered, in batches.
func (g *gathering) take() []Batch {
	events := g.events
	g.events = nil
	var batches []Batch
	for len(events) > 0 {
		n, size := 0, 0
		for n < len(events) && (n == 0 || size < maxBatch) {
			if a, ok := events[n].Body.(Appended); ok {
				size += sizeOf(a)
			}
			n++
		}
		batches = append(batches, Batch{Events: events[:n]})
		events = events[n:]
	}
	return batches
}

// delivered begins the pause after a delivery that ended now and took so long. Demand is that of
// all rooms.
func (g *gathering) delivered(now time.Time, took time.Duration, demand float64) {
	g.rest = now.Add(pause(took, demand))
}

// A room delivers at once unless the rooms together would need more of the processor than there is.
// Then it gathers for pauseShare times as long as its last delivery took, and for maxPause at most:
// what a system call costs is shared by many messages, and a core that is saturated delivers the
// more at once. A room that is so small that it would have no pause of a millisecond has none.
const (
	pauseShare = 16
	maxPause   = 16 * time.Millisecond
	// calmDemand is the demand up to which nobody waits: the rest is for taking posts. At
	// fullDemand the pause is whole.
	calmDemand = 0.75
	fullDemand = 1.5
)

// pause is for how long to gather after a delivery that took so long, at a demand.
func pause(took time.Duration, demand float64) time.Duration {
	share := min(1, (demand-calmDemand)/(fullDemand-calmDemand))
	d := time.Duration(share * float64(min(pauseShare*took, maxPause)))
	if d < time.Millisecond {
		return 0
	}
	return d
}
