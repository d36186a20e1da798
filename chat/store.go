package chat

import (
	"context"
	"time"
)

// Log keeps the rooms' entries. Methods may be called at the same time. An error means that the
// store did not answer and wraps [ErrUnavailable], unless it is one of those that Append names; a
// room that has nothing is no error.
type Log interface {
	// Append numbers a draft, stores it and tells all nodes that follow the room, in one step. When
	// it returns without an error, the entry is stored.
	//
	// A key that the same client used within [KeyLife] appends nothing: repeated is true and the
	// entry is the first one as it is kept now, or with what the draft says when it is no longer
	// kept. The same key with another target or payload is [ErrKeyReused].
	//
	// A draft with a target amends that message, in the same step: the kept message is from then on
	// what [Entry.AmendedBy] says, and amendments that are overtaken say nothing any more. Whether
	// it may is what [Draft.Changes] says, with its errors; when nothing would change, nothing is
	// appended: repeated is true and the entry has no ID. A message that is a reply gets its quote;
	// [ErrNotFound] and [ErrConflict] tell that the message that it answers is not kept, or has
	// been deleted.
	//
	// [ErrRulesChanged] says that the draft's Rules are not the room's, and [*SlowModeError] that its
	// slow mode has it wait, [ErrNewRoom] that an Existing room is not there; then nothing is
	// appended.
	Append(ctx context.Context, room RoomID, d Draft) (e Entry, repeated bool, err error)
	// Read returns all that is kept of a room.
	Read(ctx context.Context, room RoomID) (Kept, error)
}

// SlowModes is a [Log] that knows for how long somebody has to wait before it is asked to append.
type SlowModes interface {
	// SlowModeWait is for how long a draft's slow mode would have it wait; 0 for not at all. Errors
	// wrap [ErrUnavailable].
	SlowModeWait(ctx context.Context, room RoomID, d Draft) (time.Duration, error)
}

// AmendmentLimit is how many amendments are kept of a room by default. They are kept for those who
// come back: who has missed more of them is told to begin anew. A thousand are some 200 KB in the
// store at most, for a room that has them.
const AmendmentLimit = 1000

// Kept is what a room's log holds: what new readers are shown, and the amendments that those get
// who have been here before. Taken together they are in order by their numbers, and each knows the
// tag of the one before it. Numbers are missing where amendments are no longer kept.
type Kept struct {
	// Entries are the last messages and notices, as they are now.
	Entries []Entry
	// Amendments are the last amendments. What they say is in the entries already.
	Amendments []Entry
	// Expires is in how long all of it goes unless something is appended; 0 when there are no
	// entries.
	Expires time.Duration
	// all is all of it, where the room's settings keep a part from the reader; else nil. OpenAfter is
	// the number up to which they do so, whatever cursor it has.
	all       *Kept
	openAfter uint64
}

// Feed tells a node what happens in rooms, on whatever node.
type Feed interface {
	// Follow begins to tell l about a room; [Following] is its first notice. A room is followed at
	// most once at a time in a node; unfollow ends it and returns without waiting; a last notice
	// may still come.
	Follow(room RoomID, l Listener) (unfollow func())
	// Signal tells every node that follows the room now. It is stored nowhere. Only [Typing],
	// [Leaving] and [Marked] can be sent.
	Signal(ctx context.Context, room RoomID, n Notice) error
}

// Listener is told what happens in one room, in order, by one goroutine at a time. Notice must not
// block.
type Listener interface {
	Notice(n Notice)
}

// Notice is one of the types below.
type Notice interface{ notice() }

type (
	// Following says that from now on every notice comes, until [Cut]. What happened before has to
	// be read.
	Following struct{}
	// Cut says that notices may be missing until the next [Following].
	Cut struct{}
	// Appended is a new entry.
	Appended struct{ Entry Entry }
	// Joined says that a member has come, or that one who was there is another now: by its name or
	// its attributes. Version is the roster's after it. Known, which of the two it is, is the
	// room's to say.
	Joined struct {
		Member  Member
		Version int64
		Known   bool
	}
	// Left says that a member has gone. Version is the roster's after it.
	Left struct {
		Member  Member
		Version int64
	}
	// Typing says that a member is writing.
	Typing struct{ Member Member }
	// Leaving says that a member has said it goes: nodes that hold it let go without waiting
	// whether it comes back. Stream is the one that goes; when it is empty, all of the member's do.
	// Ended says that it does not go by itself: what it came with is good no more. By is the node that
	// has let go already: whoever is there again since then is not meant.
	Leaving struct {
		Member MemberID
		Stream string
		Ended  bool
		By     string
	}
	// Lapsing says that some leases were cut short: a look at the roster in that time finds members
	// gone.
	Lapsing struct{ In time.Duration }
)

func (Following) notice() {}
func (Cut) notice()       {}
func (Appended) notice()  {}
func (Joined) notice()    {}
func (Left) notice()      {}
func (Typing) notice()    {}
func (Leaving) notice()   {}
func (Lapsing) notice()   {}

// Marks keeps how far each session has read in each of its rooms: the [MaxMarks] where it has read
// last, for [MarkLife] after they were last used. Methods may be called at the same time.
type Marks interface {
	// StartMarks returns where sessions' marks in a room are. One that has none gets the one that
	// is given for it.
	StartMarks(ctx context.Context, room RoomID, at map[MemberID]Cursor) (map[MemberID]Cursor, error)
	// MoveMark moves a session's mark forward, and returns where it is then: at a cursor with a
	// lower number it stays where it is. One that is at void is moved in any case.
	MoveMark(ctx context.Context, room RoomID, session MemberID, to, void Cursor) (Cursor, error)
	// MarksOf returns a session's marks, the last that was moved first.
	MarksOf(ctx context.Context, session MemberID) ([]Mark, error)
	// ForgetMark takes a session's mark in a room away, if there is one.
	ForgetMark(ctx context.Context, room RoomID, session MemberID) error
	// Since reads of a room what it takes to count what comes after a cursor: all entries after it;
	// by a part of the rest, whether the cursor has a place in the log at all, and when it has not,
	// all entries; and the last message. A store may return more, up to all that is kept.
	Since(ctx context.Context, room RoomID, c Cursor) (Kept, error)
}

// Member is somebody present in a room.
type Member struct {
	ID    MemberID
	Name  string
	Guest bool
	// Transport is how it came last: "ws", "sse", "ndjson", "text" or "poll".
	Transport string
	// JoinedAt is when it came into the room, by the store's clock, to the millisecond. The store
	// sets it.
	JoinedAt time.Time
	// Attributes are what optional features note about it.
	Attributes Attributes
	// Look, Via, Network and Claims are as an [Author]'s.
	Look    string
	Via     Via
	Network string
	Claims  Role
	// Role is what it is in the room, where that is the owner or a moderator. The node sets it where
	// it tells of a member, and no store keeps it.
	Role Role
	// LooksLike is the first of those who were here before it whose name looks the same; empty for
	// nobody. The node sets it where it tells of a member, and no store keeps it.
	LooksLike MemberID
}

// Author is the member as the sender of an entry.
func (m Member) Author() Author {
	return Author{ID: m.ID, Name: m.Name, Guest: m.Guest, Look: m.Look, Via: m.Via, Network: m.Network, Claims: m.Claims}
}

// Lease is how long a member stays present after a node last said so, [RenewEvery] how often a node
// says so.
const (
	Lease      = 60 * time.Second
	RenewEvery = 20 * time.Second
)

// Roster keeps who is present, by leases that a node holds for the members connected to it. One
// member can be held by several nodes; it has left when the last lease has gone. Methods may be
// called at the same time. Each of them also takes out members whose leases have lapsed. What
// changed is told to the nodes that follow the room, each change with a version one higher than the
// last; a room that closed and opened again goes on from a much higher one.
type Roster interface {
	// Hold takes or renews this node's leases for members, for [Lease] from now, and announces who
	// was not there. Those for whom there is no room are not held, but returned as Full.
	// [ErrRulesChanged] says that they were admitted by rules that are not the room's: nobody is held
	// then.
	Hold(ctx context.Context, room RoomID, members []Member, by Admission) (RosterState, error)
	// Release gives this node's leases up: at once when after is 0, else when that time has passed.
	// Members that this node does not hold are passed over. The room closes with its last member.
	Release(ctx context.Context, room RoomID, members []MemberID, after time.Duration) (RosterState, error)
	// Members returns who is there, in the order in which they came.
	Members(ctx context.Context, room RoomID) (RosterSnapshot, error)
}

// RosterState is what a node needs to know of a roster it does not read.
type RosterState struct {
	// Version counts the roster's changes; 0 when nobody is there.
	Version int64
	// NextLapse is in how long the first lease of any node runs out; 0 when there is none.
	NextLapse time.Duration
	// Removed are the members with attributes whom this very request took out of the roster: nobody
	// else is told so.
	Removed []Member
	// Full are the members for whom there was no room.
	Full []MemberID
}

// RosterSnapshot is a whole roster.
type RosterSnapshot struct {
	RosterState
	Members []Member
}

// Read is the roster as it is told: above foldAbove members, only how many.
func (r RosterSnapshot) Event(foldAbove int) RosterEvent {
	read := RosterEvent{Members: r.Members, Count: len(r.Members), Version: r.Version, Attributes: CountAttributes(r.Members)}
	if read.Count > foldAbove {
		read.Members = nil
	}
	return read
}
