package chat

import (
	"context"
	"slices"
	"time"
)

// This file is the room's part in telling sessions how far they have read, and how that is counted.

// has reports whether a cursor may be a place in this log: false when it is certainly one of
// another. Of one that is older than what is kept, nothing is known.
func (p parts[T]) has(c Cursor) bool {
	last := p.last()
	switch {
	case c.IsZero() || c == last:
		return true
	case c.Seq >= last.Seq:
		return false
	}
	if own, kept := p.at(c.Seq); kept {
		id, _ := p.id(own)
		return id == c
	}
	if after, kept := p.at(c.Seq + 1); kept {
		_, prev := p.id(after)
		return prev == c.Tag
	}
	return true
}

func (t *tail) has(c Cursor) bool { return t.parts().has(c) }

func (t *tail) isVoid(c Cursor) bool { return !t.has(c) }

// readMark counts what a session that has read up to a cursor has not.
func (t *tail) readMark(at Cursor, session MemberID) ReadMark {
	mark := ReadMark{Cursor: at}
	after := at.Seq
	if !t.has(at) {
		after = 0
	}
	kept := t.kept()
	i, _ := t.parts().search(kept, after+1)
	for _, e := range kept[i:] {
		if unread, mentioned := entryOf(e).unreadBy(session); unread {
			mark.Unread++
			if mentioned {
				mark.Mentions++
			}
		}
	}
	return mark
}

// unreadBy reports whether an entry counts for somebody who has not read it: what others have said,
// and have not taken back.
func (e Entry) unreadBy(session MemberID) (unread, mentioned bool) {
	m, ok := e.Payload.(Message)
	if !ok || e.From.ID == session || m.isDeleted() {
		return false, false
	}
	return true, slices.Contains(m.Mentions, session)
}

func (m Message) isDeleted() bool { return m.Changes != nil && m.Changes.Deleted }

// view is a copy of the tail for others than the room's worker.
func (t *tail) view() *tail {
	v := *t
	v.events, v.amendments = slices.Clone(t.kept()), slices.Clone(t.amendments)
	return &v
}

// lastMessage is the last message that has not been deleted, else the last that has been; ok is
// false when none is kept.
func (t *tail) lastMessage() (last Entry, ok bool) {
	kept := t.kept()
	for i := len(kept) - 1; i >= 0; i-- {
		e := entryOf(kept[i])
		m, isMessage := e.Payload.(Message)
		switch {
		case !isMessage:
		case !m.isDeleted():
			return e, true
		case !ok:
			last, ok = e, true
		}
	}
	return last, ok
}

// view is the tail's, if it is current and has a place for the cursor; else nil.
func (r *room) view(c Cursor) *tail {
	if r.sync.stale || r.tail.expired(time.Now()) || !r.tail.has(c) {
		return nil
	}
	return r.tail.view()
}

// recounts reports whether an amendment changes what its target counts for somebody who has not
// read it. The tail does not have it yet.
func (t *tail) recounts(a Entry) bool {
	switch p := a.Payload.(type) {
	case Delete:
		return true
	case Edit:
		target, kept := t.parts().at(a.Target.Seq)
		if !kept {
			return false
		}
		m, _ := entryOf(target).Payload.(Message)
		return !slices.Equal(m.Mentions, p.Mentions)
	}
	return false
}

// recountAfter has sessions told again whose count may be another one after a read, which brought
// these entries, or with a reason another log.
func (r *room) recountAfter(fresh []*Event, reason ResetReason) {
	if reason != "" {
		r.marks.tellAll()
		return
	}
	for _, e := range fresh {
		switch entry := entryOf(e); entry.Payload.(type) {
		case Edit, Delete: // what it has changed is not known
			r.marks.changed(entry.Target)
		}
	}
}

// askMarks asks the store for the marks of those who have come, in one call at a time.
func (r *room) askMarks(now time.Time) {
	if r.closing {
		return
	}
	asked, ok := r.marks.next(now)
	if !ok {
		return
	}
	r.back.async(func(ctx context.Context) {
		at, err := r.back.marks.StartMarks(ctx, r.id, asked)
		r.inbox.do(func() { // the worker does not end before
			if r.marks.answered(asked, at, err, time.Now(), r.tail.isVoid) {
				r.log().Warn("reading how far sessions have read failed; trying again", "error", err)
			}
		})
	})
}

// tellMarks tells sessions how far they have read, each on its own streams, once all that is
// counted has been delivered.
func (r *room) tellMarks() {
	if r.sync.stale || r.batch.isGathering() {
		return
	}
	for _, due := range r.marks.due() {
		mark := r.tail.readMark(due.at, due.session)
		if due.first && mark.Unread == 0 {
			continue
		}
		b := &Batch{Events: []*Event{{Room: r.id, Body: mark}}}
		for _, s := range due.to {
			s.sink.Deliver(b)
		}
	}
}
