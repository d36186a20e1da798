package chat

import "time"

// Event is something a room tells its subscribers. Events are made and encoded by the room's worker
// alone.
type Event struct {
	Room RoomID
	Body Body

	encoded encodings
}

// Body is what an event says: one of [Welcome], [Reset], [Appended], [Live], [Joined], [Left],
// [RosterEvent], [Typing], [AttributeChanged], [SettingsChanged], [ReadMark].
type Body interface{ body() }

type (
	// Welcome is always first.
	Welcome struct {
		// You is the subscriber's member; its ID is empty for one that is not in the roster.
		You Member
		// Stream names the subscription, for [Node.Leave].
		Stream string
		// Resumed says that the subscriber's cursor is served without a gap.
		Resumed bool
		// Heartbeat is how often something is sent at least.
		Heartbeat time.Duration
		Roster    RosterEvent
	}
	// Reset says that the subscriber's cursor can't be served: what it has of the room is void, all
	// that is kept follows.
	Reset struct{ Reason ResetReason }
	// Live says that the past is done. Cursor is where the subscriber is now.
	Live struct{ Cursor Cursor }
	// RosterEvent is the whole roster. Members is nil when there are more than [Options].FoldAbove.
	RosterEvent struct {
		Members []Member
		Count   int
		Version int64
		// Attributes counts those of all members.
		Attributes AttributeCounts
	}
	// AttributeChanged says that the first member has an attribute now, or that the last one has
	// lost it. It follows the change in the roster that made it so.
	AttributeChanged struct {
		Key     string
		Present bool
		// Least is the least of its values, as strings compare, when it is present.
		Least string
		// Time is when the node learned of it.
		Time time.Time
	}
	// SettingsChanged is what the room is set to: after the welcome where somebody owns it, and when
	// its rules have changed.
	SettingsChanged struct {
		// Version is the rules': 0 for a room nobody owns.
		Version  int64
		Settings Settings
		Owned    bool
	}
)

func (Welcome) body()          {}
func (Reset) body()            {}
func (Appended) body()         {}
func (Live) body()             {}
func (Joined) body()           {}
func (Left) body()             {}
func (RosterEvent) body()      {}
func (Typing) body()           {}
func (AttributeChanged) body() {}
func (SettingsChanged) body()  {}

// ResetReason says why a cursor can't be served.
type ResetReason string

const (
	// Expired means that entries after the cursor are no longer kept.
	Expired ResetReason = "expired"
	// Rewritten means that the cursor's entry is not in the log: it was lost or replaced, or is
	// another room's.
	Rewritten ResetReason = "rewritten"
)

// Framing is how events look on one kind of wire. Values must be comparable: an event keeps its
// encoding by framing, so that one is made for all the subscribers that share it.
type Framing interface {
	// AppendEvent appends the bytes of one event, complete in themselves, and returns the extended
	// slice.
	AppendEvent(dst []byte, e *Event) []byte
}

// Encoded is the event in a framing. It may be called by the room's worker only, that is inside
// [Sink.Deliver]. The bytes are shared and must not be changed.
func (e *Event) Encoded(f Framing) []byte {
	return e.encoded.get(f, func() []byte { return f.AppendEvent(nil, e) })
}

// Batch is what a room delivers at once.
type Batch struct {
	Events []*Event
	// Replay marks what is as long as what is kept of the room, and no reason to call its reader
	// slow: the first batch of a subscriber, from the welcome to the [Live], and what a node missed
	// and has read.
	Replay bool

	encoded encodings
}

// Encoded is the whole batch in a framing. It may be called by the room's worker only, that is
// inside [Sink.Deliver]. The bytes are shared and must not be changed.
func (b *Batch) Encoded(f Framing) []byte {
	if len(b.Events) == 1 {
		return b.Events[0].Encoded(f)
	}
	return b.encoded.get(f, func() []byte {
		var all []byte
		for _, e := range b.Events {
			all = f.AppendEvent(all, e)
		}
		return all
	})
}

// encodings holds bytes by framing. There are a handful of framings at most, so a list is quicker
// than a map.
type encodings []encoding

type encoding struct {
	framing Framing
	bytes   []byte
}

func (es *encodings) get(f Framing, encode func() []byte) []byte {
	for _, e := range *es {
		if e.framing == f {
			return e.bytes
		}
	}
	bytes := encode()
	*es = append(*es, encoding{f, bytes})
	return bytes
}
