package trace

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/caller-chat/caller/chat"
)

// delivery is when an entry was handed to a room's readers on this node.
type delivery struct {
	stored       time.Time // by the store's clock
	began, ended time.Time
	readers      int
	events       int // in the batch
}

var _ chat.DeliveryObserver = (*Tracer)(nil)

// Handed implements [chat.DeliveryObserver].
func (t *Tracer) Handed(room chat.RoomID, events []*chat.Event, readers int, began, ended time.Time) {
	for _, event := range events {
		appended, is := event.Body.(chat.Appended)
		if !is {
			continue
		}
		e := appended.Entry
		d := delivery{e.Time, began, ended, readers, len(events)}
		if e.Key == "" {
			t.keyless.handed(t, place{room, e.ID}, d)
		} else if of := idsOf(room, e.From.ID, e.Key); t.sample.has(of) {
			t.tell(of, d)
		}
	}
}

// tell tells of a delivery, and of what was before it: from when the store had the entry until this
// node began to hand it on. The store's clock may be ahead of this node's; then that took no time.
func (t *Tracer) tell(of ids, d delivery) {
	ctx := of.root(context.Background())
	stored := d.stored
	if stored.After(d.began) {
		stored = d.began
	}
	_, feed := t.tracer.Start(ctx, "feed", oteltrace.WithTimestamp(stored), oteltrace.WithSpanKind(oteltrace.SpanKindConsumer))
	feed.End(oteltrace.WithTimestamp(d.began))
	_, deliver := t.tracer.Start(ctx, "deliver", oteltrace.WithTimestamp(d.began), oteltrace.WithAttributes(
		attribute.Int("caller.readers", d.readers), attribute.Int("caller.events", d.events)))
	deliver.End(oteltrace.WithTimestamp(d.ended))
}

// place is where an entry is.
type place struct {
	room chat.RoomID
	id   chat.Cursor
}

// maxMeetings is how many posts without a key wait for their delivery, or the other way round. A
// delivery comes within a moment of its post, or before it is answered.
const maxMeetings = 256

// meetings bring posts without a key together with their deliveries on this node, whichever comes
// first. The zero value is ready to use.
type meetings struct {
	mu      sync.Mutex // protects following
	waiting map[place]meeting
	order   []place // the oldest first
}

// meeting is the half of one that is there: a post, or else a delivery.
type meeting struct {
	post      bool
	of        ids
	delivered delivery
}

// posted is told of a post that is to be told of.
func (m *meetings) posted(t *Tracer, at place, of ids) {
	if other, met := m.meet(at, meeting{post: true, of: of}); met && !other.post {
		t.tell(of, other.delivered)
	}
}

// handed is told of a delivery of what may be such a post.
func (m *meetings) handed(t *Tracer, at place, d delivery) {
	if other, met := m.meet(at, meeting{delivered: d}); met && other.post {
		t.tell(other.of, d)
	}
}

// meet returns the other half if it is there, and else keeps this one for it.
func (m *meetings) meet(at place, half meeting) (other meeting, met bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if other, met = m.waiting[at]; met {
		delete(m.waiting, at)
		return other, true
	}
	if m.waiting == nil {
		m.waiting = map[place]meeting{}
	}
	m.waiting[at] = half
	if m.order = append(m.order, at); len(m.order) > maxMeetings {
		delete(m.waiting, m.order[0])
		m.order = m.order[1:]
	}
	return meeting{}, false
}
