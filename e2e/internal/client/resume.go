package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// More types of events that are not the protocol's, in the record of a reader that comes back.
const (
	// TypeOpen is the beginning of a connection; Cursor is where it resumes.
	TypeOpen = "(open)"
	// TypeNote is what else is worth knowing when the record is read later; Detail says it.
	TypeNote = "(note)"
)

// What notes say of a connection that the reader has dropped.
const (
	OnPurpose    = "dropped on purpose"
	AfterSilence = "dropped after silence"
)

// Note adds a remark to the record.
func (r *Record) Note(format string, args ...any) {
	r.add(Event{Type: TypeNote, Detail: fmt.Sprintf(format, args...)})
}

// Last is the last event, and the zero Event when there is none.
func (r *Record) Last() Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.events) == 0 {
		return Event{}
	}
	return r.events[len(r.events)-1]
}

// Recent is the last n events, or as many as there are.
func (r *Record) Recent(n int) []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events[max(0, len(r.events)-n):])
}

// Since is what was recorded from event n on, and how to wait for more.
func (r *Record) Since(n int) (events []Event, changed <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n < len(r.events) {
		events = append(events, r.events[n:]...)
	}
	return events, r.changed
}

// ErrNotInTime says that a connection did not come about within its time.
var ErrNotInTime = errors.New("not in time")

// Resume opens a reader that goes on from the cursor of the record, which is told of it. It gives
// up after a while, since the other side may be one that does not answer at all. The caller drops
// the reader.
func (p Person) Resume(ctx context.Context, within time.Duration, kind Kind, room string, into *Record) (*Reader, error) {
	after := into.Cursor()
	into.add(Event{Type: TypeOpen, Cursor: after, Detail: fmt.Sprintf("%s at %s after %q", kind, p.Base, after)})
	ctx, cancel := context.WithCancel(ctx)
	giveUp := time.AfterFunc(within, cancel)
	reader, err := p.TryRead(ctx, kind, room, Options{After: after, LastEventID: kind == SSE && after != "", Into: into})
	inTime := giveUp.Stop()
	switch {
	case err != nil:
		cancel()
	case !inTime:
		reader.Drop()
		err = ErrNotInTime
	default:
		inner := reader.cancel
		reader.cancel = func() { inner(); cancel() }
	}
	if err != nil {
		into.add(Event{Type: TypeEnd, Detail: err.Error()})
		return nil, err
	}
	return reader, nil
}

// TrySend is Send for a connection that may be broken.
func (r *Reader) TrySend(command any) error {
	r.sendMu.Lock()
	defer r.sendMu.Unlock()
	return r.conn.WriteJSON(command)
}
