package poll

import (
	"context"
	"sync"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// reader is a poll as a subscriber: it gathers what the room delivers until the poll is answered.
type reader struct {
	poll         *poll
	known        int64        // the roster's version that the client has; -1 for none
	mark         *chat.Cursor // where the client has the session's mark; nil for nowhere
	subscription *chat.Subscription

	mu      sync.Mutex // protects following
	entries []chat.Entry
	cursor  chat.Cursor // where the entries lead to
	reason  chat.ResetReason
	roster  chat.RosterEvent
	version int64
	changed bool // somebody has come or gone since the roster
	marked  bool // the session's mark has been told
	ended   error
}

// Deliver implements [chat.Sink].
func (r *reader) Deliver(b *chat.Batch) {
	moved := false
	r.mu.Lock()
	for _, e := range b.Events {
		switch body := e.Body.(type) {
		case chat.Welcome:
			r.roster, r.version, r.changed = body.Roster, body.Roster.Version, false
		case chat.Reset:
			r.entries, r.reason = nil, body.Reason
		case chat.Appended:
			r.entries = append(r.entries, body.Entry)
			r.cursor = body.Entry.ID
		case chat.Live:
			r.cursor = body.Cursor
		case chat.Joined:
			r.version, r.changed = body.Version, true
		case chat.Left:
			r.version, r.changed = body.Version, true
		case chat.RosterEvent:
			r.roster, r.version, r.changed = body, body.Version, false
		case chat.ReadMark:
			// The first is where the mark was before, which may be news all the same.
			moved = moved || r.marked || r.mark != nil && *r.mark != body.Cursor
			r.marked = true
		}
	}
	newRoster := r.known >= 0 && r.known != r.version
	something := len(r.entries) > 0 || r.reason != "" || newRoster || moved
	r.mu.Unlock()
	if something {
		r.poll.wake()
	}
}

// Closed implements [chat.Sink].
func (r *reader) Closed(err error) {
	r.mu.Lock()
	r.ended = err
	r.mu.Unlock()
	r.poll.wake()
}

// err is why the room has ended it, if it has.
func (r *reader) err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended
}

// page is the answer as it stands now. The room is asked for its roster only if the reader's own is
// out of date: a message wakes all who poll, and the room's worker would have to answer each.
func (r *reader) page(ctx context.Context, limit int) wire.Page {
	r.mu.Lock()
	changed := r.changed
	r.mu.Unlock()
	var fresh chat.RosterEvent
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
	// Who has to begin anew gets the last entries, as a new reader does: after those before them,
	// numbers may be missing that are no longer kept.
	entries, cursor := r.entries, r.cursor
	if r.reason == "" {
		entries, cursor = first(entries, limit, cursor)
	} else {
		entries = last(entries, limit)
	}
	return page(r.subscription.Room(), entries, cursor, r.reason, roster)
}
