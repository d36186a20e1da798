package chat

import "time"

// Author is who an entry is from, as the server knows it.
type Author struct {
	ID   MemberID
	Name string
	// Guest is somebody without a session: the id is good for one request or one stream.
	Guest bool
	// Look is by what a guest is recognised over requests: guests of one address under one name
	// have the same. It says nothing of the address. Empty for others, and where it could not be
	// had.
	Look string
	// Via says who vouches for it.
	Via Via
	// Network is the keyed hash of the address that it came from (of IPv6 the /64): by it a ban holds
	// for guests. It is empty for loopback, private and trusted addresses, which many share. It is
	// kept and told to nobody.
	Network string
	// Claims is the role that whoever vouches for it says it has. It is kept and told to nobody.
	Claims Role
}

// Entry is one entry of a room's log. It is not changed once it has been made: an amended message
// is another Entry.
type Entry struct {
	ID Cursor
	// Prev is the tag of the entry before it, 0 for the room's first: by it a reader can tell that
	// the entry follows the one it has, even when that one is no longer kept.
	Prev Tag
	From Author
	// Key is the one the sender chose, so that it knows its own post; may be empty.
	Key string
	// Time is when the store took it, by the store's clock, to the millisecond.
	Time time.Time
	// Target is the message that the entry amends; zero for one that stands for itself.
	Target Cursor
	// Payload is what the entry says, by its kind.
	Payload Payload
}

// Kind is the kind of the entry's payload.
func (e Entry) Kind() Kind { return kindOf(e.Payload) }

// Text is what a message or an edit says; empty for all other kinds.
func (e Entry) Text() string { return textOf(e.Payload) }

// Amends reports whether the entry amends an earlier one.
func (e Entry) Amends() bool { return !e.Target.IsZero() }

// clears reports whether the entry says that all before it is gone.
func (e Entry) clears() bool {
	n, ok := e.Payload.(RoomNotice)
	return ok && n.What == NoticeCleared
}

// Draft is an entry before the store has numbered it.
type Draft struct {
	From Author
	// Key is chosen by the client: the same key from the same Client within [KeyLife] is the same
	// entry. Empty means that the post can't be repeated.
	Key string
	// Client is whose keys these are: the session's id, or for guests what they can be told apart
	// by.
	Client string
	// Target is the message that is to be amended; zero for what stands for itself.
	Target Cursor
	// Payload says what it is: a [Message], an [Edit], a [Delete], a [Reaction] or a [RoomNotice].
	Payload Payload
	// Moderator says that the author may delete what others have said.
	Moderator bool
	// Rules are of the version by which it was decided that this may be said: nothing is appended
	// when it is not the room's.
	Rules RulesVersion
	// SlowMode is for how long nothing more may be said under the same SlowKey; 0 for at once.
	SlowMode time.Duration
	SlowKey  string
	// Existing says that the room must have something kept in it, or an owner.
	Existing bool
	// Counted says that the policy has been asked about it, by [Node.MayPost].
	Counted bool
	// Keeping is the room's.
	Keeping Keeping
}

// Kind is the kind of the draft's payload.
func (d Draft) Kind() Kind { return kindOf(d.Payload) }

// Text is what a message or an edit says; empty for all other kinds.
func (d Draft) Text() string { return textOf(d.Payload) }

// KeyLife is for how long a repeated key returns the first entry.
const KeyLife = 10 * time.Minute

// Entry is the draft as the store has taken it. Prev is the store's to set.
func (d Draft) Entry(id Cursor, at time.Time) Entry {
	return Entry{ID: id, From: d.From, Key: d.Key, Time: at, Target: d.Target, Payload: d.Payload}
}

func kindOf(p Payload) Kind {
	if p == nil {
		return ""
	}
	return p.Kind()
}

func textOf(p Payload) string {
	switch p := p.(type) {
	case Message:
		return p.Text
	case Edit:
		return p.Text
	}
	return ""
}

// size is about how many bytes an entry takes beside its struct.
func (e Entry) size() int {
	const perID, perFile = 40, 256
	size := len(e.Text())
	switch p := e.Payload.(type) {
	case Message:
		size += len(p.Mentions) * perID
		for _, f := range p.Files {
			size += perFile + len(f.Preview) + len(f.Wave)
		}
		if p.Changes != nil {
			for _, r := range p.Changes.Reactions {
				size += len(r.By) * perID
			}
		}
	case Edit:
		size += len(p.Mentions) * perID
	case RoomNotice:
		size += len(p.Fields)
	case Unknown:
		size += len(p.Fields)
	}
	return size
}
