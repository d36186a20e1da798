package check

import (
	"time"

	"github.com/caller-chat/caller/e2e/internal/client"
)

// Attempt is one sending of a post. A post whose fate is unknown is sent again under its key:
// another attempt.
type Attempt struct {
	// Author is the id of who posts; together with Key it is one post.
	Author, Key, Text string
	Sent              time.Time
	// Answered is zero when no answer came.
	Answered time.Time
	// Status is the answer's; for a WebSocket 201 stands for an ack, and 503 for the error
	// "unavailable".
	Status int
	// ID is the entry's, when the post was acknowledged.
	ID string
	// Kind is what was sent: "edit", "delete" or "reaction"; "" for a message. Target is the
	// message that it is about, Emoji and On are a reaction's. For what a moderator does it is
	// "notice": Text is what the notice says, Target whom it is about, and Key this sending's own.
	Kind, Target, Emoji string
	On                  bool
	// Nothing says that the server has found nothing to do.
	Nothing bool
	// Detail is what else is known of an attempt that failed.
	Detail string
}

// amends reports whether it was about an earlier message.
func (a Attempt) amends() bool { return a.Kind != "" && a.Kind != "notice" }

// Acknowledged reports whether the server has said that the post is stored.
func (a Attempt) Acknowledged() bool { return a.ID != "" }

// Loss is a time at which a store lost what it had stored, as a test made it do.
type Loss struct {
	Why string
	// Since is from when on what was acknowledged may be gone; zero for all of it.
	Since time.Time
	// At is the moment before it was lost, Gone one at which it surely was, and Recovered when
	// every reader was seen to read on. Whoever does the harm can be made to wait between the first
	// two; Gone is At where it is zero.
	At, Gone, Recovered time.Time
}

// gone is when the store surely had nothing any more of what was lost.
func (l Loss) gone() time.Time {
	if l.Gone.IsZero() {
		return l.At
	}
	return l.Gone
}

// Outage is a time in which a node was without its store, or stood still: from before that was done
// to when all was well again.
type Outage struct{ From, To time.Time }

// Restraint is something that keeps people from saying something, or from being in the room.
type Restraint struct {
	// What is "banned", "muted" or a setting; Whom is the member, "" for all but the owner.
	What, Whom string
	// ID is the notice's, where that is known.
	ID string
	// From is before it was set, Lifting before it was lifted, and To when it surely was; zero for
	// what was not.
	From, Lifting, To time.Time
	// Unsure says that it may have been set once more since: a request that was not answered can be
	// carried out late.
	Unsure bool
}

// Reading is what one reader was told, over all of its connections, with its openings, drops and
// resumes.
type Reading struct {
	Who string
	// ID is the member's; "" when it is of no matter.
	ID     string
	Events []client.Event
	// Left says that it did not stay to the end, and is not the member's only connection: it is owed
	// nothing after its last event.
	Left bool
}

// Room is the record of one room: all that was sent to it, all that was seen in it, and what was
// done to its store.
//
// The record is complete: every post to the room is among the attempts, and every reader that has
// not left was read to the end of the log.
type Room struct {
	Name string
	// Limit is how many entries the room keeps.
	Limit   int
	Losses  []Loss
	Outages []Outage
	// Late is the longest that the machine let somebody wait who was ready to run, as far as that
	// was measured.
	Late     time.Duration
	Attempts []Attempt
	// Owner is who moderates the room; "" for a room nobody owns. Restraints are what the owner has
	// done.
	Owner      string
	Restraints []Restraint
	Readings   []Reading
	// Kept is what the room has in the end, and Cursor where its log ends: after the last of Kept
	// when it is empty.
	Kept   []client.Event
	Cursor string
}

// late is how long after it was caused something may be seen: by a client that has only just been
// scheduled, after a server that had to be, twice over.
func (r Room) late() time.Duration { return max(250*time.Millisecond, 4*r.Late) }
