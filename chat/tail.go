package chat

import "time"

// tail is a worker's copy of what the log keeps of its room: it serves joins and resumes without asking the store.
type tail struct {
	room      RoomID
	limit     int           // entries kept, as in the store
	retention time.Duration // how long the store keeps them after the last one
	events    []*Event      // their bodies are Appended, in order, without gaps
	closed    bool          // the room has been without members since the tail was read
	expires   time.Time     // when the store will have forgotten all of it, unless something is appended
}

func entryOf(e *Event) Entry { return e.Body.(Appended).Entry }

func (t *tail) last() Cursor {
	if len(t.events) == 0 {
		return Cursor{}
	}
	return entryOf(t.events[len(t.events)-1]).ID
}

// place says how an entry stands to the tail.
type place int

const (
	next      place = iota // the one after the last
	known                  // already in the tail
	elsewhere              // neither: entries are missing, or the log is another one
)

func (t *tail) place(e Entry) place {
	last := t.last()
	if e.ID.Seq == last.Seq+1 && e.Prev == last.Tag {
		return next
	}
	if have, ok := t.at(e.ID.Seq); ok && have.ID == e.ID {
		return known
	}
	return elsewhere
}

// at is the entry with a sequence number, if it is in the tail.
func (t *tail) at(seq uint64) (Entry, bool) {
	if len(t.events) == 0 {
		return Entry{}, false
	}
	first := entryOf(t.events[0]).ID.Seq
	if seq < first || seq-first >= uint64(len(t.events)) {
		return Entry{}, false
	}
	return entryOf(t.events[seq-first]), true
}

// push appends an entry that is the next one and returns its event.
func (t *tail) push(e Entry, now time.Time) *Event {
	event := &Event{Room: t.room, Body: Appended{Entry: e}}
	if len(t.events) >= 2*t.limit { // moved down now and then, not each time
		n := copy(t.events, t.events[len(t.events)-t.limit+1:])
		clear(t.events[n:])
		t.events = t.events[:n]
	}
	t.events = append(t.events, event)
	t.expires = now.Add(t.retention)
	return event
}

// kept are the events that the store still has.
func (t *tail) kept() []*Event {
	if len(t.events) > t.limit {
		return t.events[len(t.events)-t.limit:]
	}
	return t.events
}

// expired reports whether the store has forgotten what the tail holds.
func (t *tail) expired(now time.Time) bool { return len(t.events) > 0 && !now.Before(t.expires) }

// after returns what is kept after a cursor. With a reason, the cursor can't be served and the events are all that is
// kept.
func (t *tail) after(c Cursor) ([]*Event, ResetReason) {
	kept := t.kept()
	from, reason := c.in(len(kept), func(i int) Entry { return entryOf(kept[i]) })
	return kept[from:], reason
}

// After returns the entries after a cursor. With a reason, the cursor can't be served and the entries are all that is
// kept.
func (k Kept) After(c Cursor) ([]Entry, ResetReason) {
	from, reason := c.in(len(k.Entries), func(i int) Entry { return k.Entries[i] })
	return k.Entries[from:], reason
}

// in finds the cursor's place in n kept entries: the index from which to go on, or 0 and why it has none.
func (c Cursor) in(n int, at func(int) Entry) (from int, reason ResetReason) {
	if n == 0 {
		if c.IsZero() {
			return 0, ""
		}
		return 0, Expired
	}
	first, last := at(0), at(n-1).ID
	switch {
	case c.Seq+1 < first.ID.Seq:
		return 0, Expired
	case c.Seq > last.Seq:
		return 0, Rewritten
	case c.Seq+1 == first.ID.Seq: // its entry is no longer kept, but the one after it knows its tag
		if c.Tag != first.Prev {
			return 0, Rewritten
		}
		return 0, ""
	}
	i := int(c.Seq - first.ID.Seq)
	if at(i).ID != c {
		return 0, Rewritten
	}
	return i + 1, ""
}

// mayBeBehind reports whether a cursor that the tail can't serve may still have its place in the log: it may name an entry
// that another node has delivered already and the feed has yet to bring here, or one of a log that has replaced this.
// Only what is older than all that is kept is gone for certain.
func (t *tail) mayBeBehind(c Cursor) bool {
	kept := t.kept()
	return len(kept) == 0 || c.Seq+1 >= entryOf(kept[0]).ID.Seq
}

// adopt makes the tail what was read from the store. It returns the events that the tail did not have; with a reason,
// the tail's own last entry has no place in what was read, and the events are all that is kept.
func (t *tail) adopt(k Kept, now time.Time) ([]*Event, ResetReason) {
	had, hadExpired := t.last(), t.expired(now) || t.closed
	t.closed = false
	old := t.events
	t.events = make([]*Event, 0, len(k.Entries))
	for _, e := range k.Entries {
		t.events = append(t.events, &Event{Room: t.room, Body: Appended{Entry: e}})
	}
	t.expires = now.Add(k.Expires)
	fresh, reason := t.after(had)
	if reason == "" {
		t.keepEncoded(old)
		return fresh, ""
	}
	switch {
	case hadExpired:
		reason = Expired
	case len(t.events) == 0:
		reason = Rewritten // all of it, before its time: lost
	}
	return t.kept(), reason
}

// keepEncoded takes over the events that the tail had already, for the encodings they carry.
func (t *tail) keepEncoded(old []*Event) {
	if len(old) == 0 || len(t.events) == 0 {
		return
	}
	first := entryOf(t.events[0]).ID.Seq
	for _, e := range old {
		id := entryOf(e).ID
		if id.Seq < first || id.Seq-first >= uint64(len(t.events)) {
			continue
		}
		if i := id.Seq - first; entryOf(t.events[i]).ID == id {
			t.events[i] = e
		}
	}
}
