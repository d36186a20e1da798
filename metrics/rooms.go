package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// Rooms counts what happens in rooms.
type Rooms struct {
	open answer

	stored, repeated enumerated[prometheus.Counter] // by kind

	batches, events, deliveries prometheus.Counter

	refusals, resets enumerated[prometheus.Counter] // by code, by reason

	subscribers    enumerated[prometheus.Gauge] // by transport
	fresh, resumed enumerated[prometheus.Counter]
	ends           enumerated[prometheus.Counter] // by reason
	members        enumerated[prometheus.Gauge]   // by transport
	changes        enumerated[enumerated[prometheus.Counter]]
}

var (
	_ chat.RoomObserver       = (*Rooms)(nil)
	_ chat.SubscriberObserver = (*Rooms)(nil)
	_ chat.MemberObserver     = (*Rooms)(nil)
)

// transports are the ways in which subscribers come.
func transports() []string { return []string{"ws", "sse", "ndjson", "text", "poll"} }

// refusals are the codes of what policies and rooms' rules refuse.
func refusals() []string {
	return codes(wire.CodeTooMuch, wire.CodeBusy, wire.CodeSlowMode, wire.CodeNotAllowed, wire.CodeSessionRequired,
		wire.CodeSessionInvalid, wire.CodeSessionOver, wire.CodePasswordRequired, wire.CodeInviteRequired,
		wire.CodeWrongPassword, wire.CodeWrongInvite, wire.CodeLocked, wire.CodeFull, wire.CodeBanned, wire.CodeRemoved,
		wire.CodeMuted, wire.CodeRoomClosed, wire.CodeConflict, wire.CodeNotFound)
}

// ends are why subscriptions end: by themselves, or with a code.
func ends() []string {
	return append([]string{"closed"}, codes(wire.CodeGoingAway, wire.CodeLeft, wire.CodeRemoved, wire.CodeBanned,
		wire.CodeRoomClosed, wire.CodeNotAllowed, wire.CodeSessionInvalid, wire.CodeSessionOver, wire.CodeFull,
		wire.CodePasswordRequired, wire.CodeInviteRequired, wire.CodeLocked)...)
}

func codes(all ...wire.Code) []string {
	list := make([]string, len(all))
	for i, c := range all {
		list[i] = string(c)
	}
	return list
}

func newRooms(r register) *Rooms {
	m := &Rooms{}
	r.asked("rooms", "Rooms that are open on this node: with readers here, or just left by them.", &m.open)

	kinds := []string{
		string(chat.KindMessage), string(chat.KindEdit), string(chat.KindDelete), string(chat.KindReaction), string(chat.KindNotice),
	}
	posts := r.counter("posts_total", "Posts that this node has taken, by what they are; repeated ones were answered with the first.",
		"result", "kind")
	m.stored, m.repeated = enumerate(posts, kinds, "stored"), enumerate(posts, kinds, "repeated")

	m.batches = r.counter("delivery_batches_total", "Batches of events that were handed to the readers of a room.").WithLabelValues()
	m.events = r.counter("delivery_events_total", "Events in these batches.").WithLabelValues()
	m.deliveries = r.counter("deliveries_total", "Events that were handed to a reader, counted for each reader.").WithLabelValues()

	m.refusals = enumerate(r.counter("refusals_total", "What limits and rooms' rules have refused, by the code of the refusal.", "code"), refusals())
	m.resets = enumerate(r.counter("resets_total", "Readers that were told to begin anew, by why.", "reason"),
		[]string{string(chat.Expired), string(chat.Rewritten)})

	m.subscribers = enumerate(r.gauge("subscribers", "Readers of rooms on this node, by transport.", "transport"), transports())
	starts := r.counter("subscriber_starts_total",
		"Readers that have got what they missed, or all that is kept, by whether they resumed without a gap.", "start", "transport")
	m.fresh, m.resumed = enumerate(starts, transports(), "new"), enumerate(starts, transports(), "resumed")
	m.ends = enumerate(r.counter("subscriber_ends_total", "Readers that have gone, by why.", "reason"), ends())

	m.members = enumerate(r.gauge("members", "Members of rooms that this node holds, by the transport they came by last.", "transport"),
		transports())
	m.changes = enumerateTwo(r.counter("transport_changes_total",
		"Members that came to a room by another transport than before, within the reconnect grace.", "from", "to"), transports(), transports())
	return m
}

// AskOpen has the number of open rooms asked for.
func (m *Rooms) AskOpen(count func() int) { m.open.by(func() float64 { return float64(count()) }) }

// Posted implements [chat.RoomObserver].
func (m *Rooms) Posted(_ chat.RoomID, kind chat.Kind, repeated bool) {
	if repeated {
		m.repeated.of(string(kind)).Inc()
	} else {
		m.stored.of(string(kind)).Inc()
	}
}

// Delivered implements [chat.RoomObserver]. What a room says while nobody reads is no delivery.
func (m *Rooms) Delivered(_ chat.RoomID, events, readers int) {
	if readers == 0 {
		return
	}
	m.batches.Inc()
	m.events.Add(float64(events))
	m.deliveries.Add(float64(events * readers))
}

// Refused implements [chat.RoomObserver].
func (m *Rooms) Refused(_ chat.RoomID, _ chat.Action, why error) {
	m.refusals.of(string(wire.FailureOf(why).Code)).Inc()
}

// Reset implements [chat.RoomObserver].
func (m *Rooms) Reset(_ chat.RoomID, why chat.ResetReason, readers int) {
	m.resets.of(string(why)).Add(float64(readers))
}

// Came implements [chat.SubscriberObserver].
func (m *Rooms) Came(_ chat.RoomID, transport string, resumed bool) {
	m.subscribers.of(transport).Inc()
	if resumed {
		m.resumed.of(transport).Inc()
	} else {
		m.fresh.of(transport).Inc()
	}
}

// Went implements [chat.SubscriberObserver].
func (m *Rooms) Went(_ chat.RoomID, transport string, why error) {
	m.subscribers.of(transport).Dec()
	reason := "closed"
	if why != nil {
		reason = string(wire.FailureOf(why).Code)
	}
	m.ends.of(reason).Inc()
}

// Present implements [chat.MemberObserver].
func (m *Rooms) Present(transport string, by int) { m.members.of(transport).Add(float64(by)) }

// Changed implements [chat.MemberObserver].
func (m *Rooms) Changed(from, to string) { m.changes.of(from).of(to).Inc() }
