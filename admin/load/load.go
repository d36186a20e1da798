// Package load says what a node does, and tells the others of its store: which version it runs, for
// how many, how fast. A [Meter] is a chat.Observer that counts; [Teller] tells. It knows no store
// and no HTTP.
package load

import (
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/caller-chat/caller/chat"
)

// transports are those that are told apart; the last one stands for all others.
var transports = [...]string{"ws", "sse", "ndjson", "text", "poll", "other"}

// buckets are how many lengths of calls are told apart, a quarter of an octave each, from a
// microsecond on.
const buckets = 4 * 25

// Meter counts what a node does. The zero value is ready. Its methods may be called at the same time,
// and cost an addition each.
type Meter struct {
	posts, deliveries atomic.Uint64
	subscribers       [len(transports)]atomic.Int64
	calls             [buckets]atomic.Uint64
}

var (
	_ chat.RoomObserver       = (*Meter)(nil)
	_ chat.SubscriberObserver = (*Meter)(nil)
	_ chat.StoreObserver      = (*Meter)(nil)
)

// Observer is the meter as a node's observer.
func (m *Meter) Observer() chat.Observer { return chat.Observer{Rooms: m, Subscribers: m, Store: m} }

// Posted implements [chat.RoomObserver].
func (m *Meter) Posted(_ chat.RoomID, _ chat.Kind, repeated bool) {
	if !repeated {
		m.posts.Add(1)
	}
}

// Delivered implements [chat.RoomObserver].
func (m *Meter) Delivered(_ chat.RoomID, events, readers int) {
	m.deliveries.Add(uint64(max(0, events)) * uint64(max(0, readers)))
}

// Refused implements [chat.RoomObserver].
func (m *Meter) Refused(chat.RoomID, chat.Action, error) {}

// Reset implements [chat.RoomObserver].
func (m *Meter) Reset(chat.RoomID, chat.ResetReason, int) {}

// Came implements [chat.SubscriberObserver].
func (m *Meter) Came(_ chat.RoomID, transport string, _ bool) { m.of(transport).Add(1) }

// Went implements [chat.SubscriberObserver].
func (m *Meter) Went(_ chat.RoomID, transport string, _ error) { m.of(transport).Add(-1) }

func (m *Meter) of(transport string) *atomic.Int64 {
	i := slices.Index(transports[:], transport)
	if i < 0 {
		i = len(transports) - 1
	}
	return &m.subscribers[i]
}

// Called implements [chat.StoreObserver].
func (m *Meter) Called(_ string, took time.Duration, _ error) {
	i := 0
	if us := took.Microseconds(); us > 1 {
		i = min(buckets-1, int(4*math.Log2(float64(us))))
	}
	m.calls[i].Add(1)
}

// Followed implements [chat.StoreObserver].
func (m *Meter) Followed(chat.RoomID, bool) {}

// counts are a meter's at a moment.
type counts struct {
	at                time.Time
	posts, deliveries uint64
	calls             [buckets]uint64
	cpu               float64 // seconds; negative where that is not known
}

func (m *Meter) counts() counts {
	c := counts{at: time.Now(), posts: m.posts.Load(), deliveries: m.deliveries.Load(), cpu: cpuTime()}
	for i := range m.calls {
		c.calls[i] = m.calls[i].Load()
	}
	return c
}

// quantile is how long so many of the calls since then took at most, in milliseconds; 0 without any.
func (c counts) quantile(before counts, q float64) float64 {
	total := uint64(0)
	for i := range c.calls {
		total += c.calls[i] - before.calls[i]
	}
	if total == 0 {
		return 0
	}
	want, seen := uint64(math.Ceil(q*float64(total))), uint64(0)
	for i := range c.calls {
		if seen += c.calls[i] - before.calls[i]; seen >= want {
			return math.Round(math.Pow(2, float64(i+1)/4)) / 1000
		}
	}
	return 0
}
