package poll

import (
	"context"
	"sync"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// reader is a poll as a subscriber: it gathers what the room delivers until the poll is answered.
type reader struct {
	asked        asked
	subscription *chat.Subscription
	woken        chan<- struct{}

	mu      sync.Mutex // protects following
	entries []chat.Entry
	start   chat.Cursor // where the entries begin
	reason  chat.ResetReason
	roster  chat.RosterRead
	version int64
	changed bool // somebody has come or gone since the roster
	ended   error
}

func newReader(a asked, woken chan<- struct{}) *reader { return &reader{asked: a, woken: woken} }

// Deliver implements [chat.Sink].
func (r *reader) Deliver(b *chat.Batch) {
	r.mu.Lock()
	for _, e := range b.Events {
		switch body := e.Body.(type) {
		case chat.Welcome:
			r.roster, r.version, r.changed = body.Roster, body.Roster.Version, false
		case chat.Reset:
			r.entries, r.reason = nil, body.Reason
		case chat.Appended:
			r.entries = append(r.entries, body.Entry)
		case chat.Live:
			r.start = body.Cursor
		case chat.Joined:
			r.version, r.changed = body.Version, true
		case chat.Left:
			r.version, r.changed = body.Version, true
		case chat.RosterRead:
			r.roster, r.version, r.changed = body, body.Version, false
		}
	}
	r.mu.Unlock()
	r.wake()
}

// Closed implements [chat.Sink].
func (r *reader) Closed(err error) {
	r.mu.Lock()
	r.ended = err
	r.mu.Unlock()
	r.wake()
}

func (r *reader) wake() {
	select {
	case r.woken <- struct{}{}:
	default: // it is awake
	}
}

// state tells whether there is something to answer with, and why the room has ended it, if it has.
func (r *reader) state() (something bool, ended error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	newRoster := r.asked.known >= 0 && r.asked.known != r.version
	return len(r.entries) > 0 || r.reason != "" || newRoster, r.ended
}

// page is the answer as it stands now. The room is asked for its roster only if the reader's own is out of date: a
// message wakes all who poll, and the room's worker would have to answer each.
func (r *reader) page(ctx context.Context, limit int) wire.Page {
	r.mu.Lock()
	changed := r.changed
	r.mu.Unlock()
	var fresh chat.RosterRead
	current := false
	if changed {
		fresh, current = r.subscription.Roster(ctx)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	roster := r.roster
	if current {
		roster = fresh
	}
	return page(r.asked.Room, first(r.entries, limit), r.start, r.reason, roster)
}
