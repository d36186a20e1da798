package chat

import "time"

// gathering is the batch that a room is putting together. It is the room worker's own.
type gathering struct {
	events []*Event
	rest   time.Time // before this nothing is delivered: see pause
}

func (g *gathering) add(e *Event) { g.events = append(g.events, e) }

// isDue reports whether what has gathered, if anything, is to be delivered now.
func (g *gathering) isDue(now time.Time) bool { return len(g.events) > 0 && !now.Before(g.rest) }

// nextDue is when it is; zero when nothing has gathered.
func (g *gathering) nextDue() time.Time {
	if len(g.events) == 0 {
		return time.Time{}
	}
	return g.rest
}

// maxBatch is about how many bytes are delivered at once: well below what may wait for a slow reader, so that a burst
// makes none of a healthy one.
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

// delivered begins the pause after a delivery.
func (g *gathering) delivered(began, ended time.Time) { g.rest = ended.Add(pause(ended.Sub(began))) }

// A room that is busy delivers in batches: it gathers for pauseShare times as long as its last delivery took, and for
// maxPause at most. What a system call costs is then shared by many messages, and a core that is saturated delivers the
// more at once. Nobody waits in a room that was quiet, or that is so small that it has no pause of a millisecond.
const (
	pauseShare = 16
	maxPause   = 16 * time.Millisecond
)

// pause is for how long to gather after a delivery that took so long.
func pause(took time.Duration) time.Duration {
	d := min(pauseShare*took, maxPause)
	if d < time.Millisecond {
		return 0
	}
	return d
}
