package chat

import (
	"context"
	"encoding/json"
	"time"
)

// RecordKind is what a record is: each kind has its own in a room.
type RecordKind string

// The kinds of records.
const (
	RecordInvite RecordKind = "invites"
	RecordToken  RecordKind = "tokens"
	RecordReport RecordKind = "reports"
)

// Record is something that is kept of a room beside its log and its rules: an invite, a token of a
// program, a report.
type Record struct {
	// ID names it in its room and kind: printable ASCII without spaces.
	ID string
	// Hash is what its secret is compared with, in hexadecimal; empty where there is none. Who reads
	// the store finds out no secret by it: secrets are random, of at least 128 bits.
	Hash string
	// Expires is when it goes, by the store's clock, to the millisecond.
	Expires time.Time
	// Uses is how often it can be used, 0 for as often as anybody likes; Used is how often it was.
	Uses, Used int
	// Data is what it says: a JSON object without line breaks. Only this package reads it.
	Data json.RawMessage
}

// Records keeps what is kept of rooms beside their logs, each until it expires or is used up. Methods
// may be called at the same time. Errors wrap [ErrUnavailable].
type Records interface {
	// KeepRecord adds a record to those of its kind. kept is the one that is there afterwards: the
	// first one of that ID, which is not changed; full is true, and nothing is kept, when there are
	// so many others already.
	KeepRecord(ctx context.Context, room RoomID, kind RecordKind, r Record, most int) (kept Record, full bool, err error)
	// Record returns one; ok is false when there is none.
	Record(ctx context.Context, room RoomID, kind RecordKind, id string) (r Record, ok bool, err error)
	// Records returns all of a kind, in no order.
	Records(ctx context.Context, room RoomID, kind RecordKind) ([]Record, error)
	// UseRecord counts one use by a session of a record with that ID and hash, and lets the session
	// into the room as [RuleKeeper] notes it, in one step; a session that has been let in uses
	// nothing up. ok is false, and nothing has changed, when there is no such record (any more), and
	// in a room nobody owns.
	UseRecord(ctx context.Context, room RoomID, kind RecordKind, id, hash string, by MemberID) (ok bool, err error)
	// DropRecord takes one away, if there is one.
	DropRecord(ctx context.Context, room RoomID, kind RecordKind, id string) (dropped bool, err error)
}

// NoRecords is a store of records that has none and takes none.
type NoRecords struct{}

// KeepRecord implements [Records].
func (NoRecords) KeepRecord(context.Context, RoomID, RecordKind, Record, int) (Record, bool, error) {
	return Record{}, true, nil
}

// Record implements [Records].
func (NoRecords) Record(context.Context, RoomID, RecordKind, string) (Record, bool, error) {
	return Record{}, false, nil
}

// Records implements [Records].
func (NoRecords) Records(context.Context, RoomID, RecordKind) ([]Record, error) { return nil, nil }

// UseRecord implements [Records].
func (NoRecords) UseRecord(context.Context, RoomID, RecordKind, string, string, MemberID) (bool, error) {
	return false, nil
}

// DropRecord implements [Records].
func (NoRecords) DropRecord(context.Context, RoomID, RecordKind, string) (bool, error) {
	return false, nil
}
