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
	ended   error
}

func newReader(a asked, woken chan<- struct{}) *reader { return &reader{asked: a, woken: woken} }

// Deliver implements [chat.Sink].
func (r *reader) Deliver(b *chat.Batch) {
	r.mu.Lock()
	for _, e := range b.Events {
		switch body := e.Body.(type) {
		case chat.Welcome:
			r.roster, r.version = body.Roster, body.Roster.Version
		case chat.Reset:
			r.entries, r.reason = nil, body.Reason
		case chat.Appended:
			r.entries = append(r.entries, body.Entry)
		case chat.Live:
			r.start = body.Cursor
		case chat.Joined:
			r.version = body.Version
		case chat.Left:
			r.version = body.Version
		case chat.RosterRead:
			r.roster, r.version = body, body.Version
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

// page is the answer as it stands now.
func (r *reader) page(ctx context.Context, limit int) wire.Page {
	roster, current := r.subscription.Roster(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	if !current {
		roster = r.roster
	}
	return page(r.asked.Room, first(r.entries, limit), r.start, r.reason, roster)
}
