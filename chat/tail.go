package chat

import (
	"reflect"
	"slices"
	"time"
)

// tail is a worker's copy of what the log keeps of its room: it serves joins and resumes without
// asking the store. The bodies of its events are [Appended]. Events are not changed: an amended
// message is a new event, and with the old one goes what was encoded of it.
type tail struct {
	room       RoomID
	limit      int           // messages and notices kept, as in the store
	amendLimit int           // amendments kept, as in the store
	retention  time.Duration // how long the store keeps them after the last one
	events     []*Event      // messages and notices, as they are now
	amendments []*Event
	end        Cursor    // the last entry, whatever its kind
	closed     bool      // the room has been without members since the tail was read
	expires    time.Time // when the store will have forgotten all of it, unless something is appended
}

func newTail(room RoomID, o Options) tail {
	return tail{room: room, limit: o.HistoryLimit, amendLimit: o.AmendmentLimit, retention: o.HistoryTTL}
}

func entryOf(e *Event) Entry { return e.Body.(Appended).Entry }

func eventID(e *Event) (Cursor, Tag) {
	entry := entryOf(e)
	return entry.ID, entry.Prev
}

func (t *tail) last() Cursor { return t.end }

// parts are what the store still has.
func (t *tail) parts() parts[*Event] {
	return parts[*Event]{entries: t.kept(), amendments: t.amendments, id: eventID}
}

// place says how an entry stands to the tail.
type place int

const (
	next      place = iota // the one after the last
	known                  // already in the tail
	elsewhere              // neither: entries are missing, or the log is another one
)

func (t *tail) place(e Entry) place {
	if e.ID.Seq == t.end.Seq+1 && e.Prev == t.end.Tag {
		return next
	}
	all := parts[*Event]{entries: t.events, amendments: t.amendments, id: eventID}
	if have, ok := all.at(e.ID.Seq); ok && entryOf(have).ID == e.ID {
		return known
	}
	return elsewhere
}

// dropPast returns the notices without entries that a read has left behind: such as are no longer
// kept, but lead up, each to the next, to one that the tail has. By themselves they would look like
// those of another log.
func (t *tail) dropPast(notices []Notice) []Notice {
	var after *Entry // is in this log, and the next one that was told of
	for i := len(notices) - 1; i >= 0; i-- {
		told, ok := notices[i].(Appended)
		if !ok {
			continue
		}
		e := told.Entry
		switch {
		case t.place(e) == known:
			after = &e
		case after != nil && e.ID == (Cursor{after.ID.Seq - 1, after.Prev}):
			after, notices[i] = &e, nil
		default:
			after = nil
		}
	}
	return slices.DeleteFunc(notices, func(n Notice) bool { return n == nil })
}

// push appends an entry that is the next one and returns its event. current is false when the tail
// does not know what the entry has amended: then it has to be read again before anybody is shown
// it.
func (t *tail) push(e Entry, now time.Time) (event *Event, current bool) {
	event, current = t.event(e), true
	if e.clears() {
		t.events, t.amendments = nil, nil
	}
	if e.Amends() {
		current = t.amend(e)
		t.amendments = pushed(t.amendments, event, t.amendLimit)
	} else {
		t.events = pushed(t.events, event, t.limit)
	}
	t.end = e.ID
	t.expires = now.Add(t.retention)
	return event, current
}

func (t *tail) event(e Entry) *Event { return &Event{Room: t.room, Body: Appended{Entry: e}} }

// pushed appends to a list of which the last limit events count. It is moved down now and then, not
// each time.
func pushed(events []*Event, e *Event, limit int) []*Event {
	if len(events) >= 2*limit {
		n := copy(events, events[len(events)-limit+1:])
		clear(events[n:])
		events = events[:n]
	}
	return append(events, e)
}

// amend takes what an amendment says over into the events that it is about. It returns false when
// it does not know how.
func (t *tail) amend(a Entry) bool {
	kept := t.kept()
	i, found := t.parts().search(kept, a.Target.Seq)
	if !found || entryOf(kept[i]).ID != a.Target {
		return true // it is no longer kept
	}
	amended, ok := entryOf(kept[i]).AmendedBy(a)
	if !ok {
		return false
	}
	kept[i] = t.event(amended)
	switch a.Payload.(type) {
	case Edit, Delete:
		for i, e := range kept {
			if reply, ok := entryOf(e).Quoting(amended); ok {
				kept[i] = t.event(reply)
			}
		}
		t.void(a)
	}
	return true
}

// void takes out of earlier amendments what an edit or a deletion has overtaken. Of a message's
// edits only the last one still says something: with it an edit is done.
func (t *tail) void(a Entry) {
	_, edits := a.Payload.(Edit)
	for i, e := range slices.Backward(t.amendments) {
		if overtaken := entryOf(e); overtaken.OvertakenBy(a) {
			t.amendments[i] = t.event(overtaken.Voided())
			if edits {
				return
			}
		}
	}
}

// kept are the messages and notices that the store still has.
func (t *tail) kept() []*Event {
	if len(t.events) > t.limit {
		return t.events[len(t.events)-t.limit:]
	}
	return t.events
}

func (t *tail) empty() bool { return len(t.events) == 0 }

// expired reports whether the store has forgotten what the tail holds.
func (t *tail) expired(now time.Time) bool { return !t.empty() && !now.Before(t.expires) }

// after returns what came after a cursor. With a reason, the cursor can't be served, and the events
// are those that a new reader is shown. The list is the caller's to read until the next entry
// comes.
func (t *tail) after(c Cursor) ([]*Event, ResetReason) {
	fresh, reason := t.parts().after(c)
	if reason != "" {
		return t.kept(), reason
	}
	return fresh, ""
}

// mayBeBehind reports whether a cursor that the tail can't serve may still have its place in the
// log: it may name an entry that another node has delivered already and the feed has yet to bring
// here, or one of a log that has replaced this. Only where something is no longer kept, the cursor
// is void for certain.
func (t *tail) mayBeBehind(reason ResetReason) bool { return t.empty() || reason == Rewritten }

// adopt makes the tail what was read from the store. It returns the events that the tail did not
// have; with a reason, the tail's own last entry has no place in what was read, and the events are
// those that a new reader is shown.
func (t *tail) adopt(k Kept, now time.Time) ([]*Event, ResetReason) {
	had, hadExpired := t.end, t.expired(now) || t.closed
	old := t.parts()
	t.closed, t.end, t.expires = false, k.Last(), now.Add(k.Expires)
	t.events, t.amendments = t.adopted(k.Entries, old), t.adopted(k.Amendments, old)
	fresh, reason := t.after(had)
	if reason == "" {
		return slices.Clone(fresh), ""
	}
	switch {
	case hadExpired:
		reason = Expired
	case t.empty():
		reason = Rewritten // all of it, before its time: lost
	}
	return slices.Clone(fresh), reason
}

// adopted are entries as events. Those that the tail had already, and that are the same now, are
// taken over for the encodings that they carry.
func (t *tail) adopted(entries []Entry, old parts[*Event]) []*Event {
	events := make([]*Event, 0, len(entries))
	for _, e := range entries {
		event, ok := old.at(e.ID.Seq)
		if !ok || !reflect.DeepEqual(entryOf(event), e) {
			event = t.event(e)
		}
		events = append(events, event)
	}
	return events
}
