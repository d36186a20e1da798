package chattest

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/caller-chat/caller/chat"
)

// used is what a key was used for.
type used struct {
	first  chat.Entry // as it was appended; of what was said only what tells it from something else is used
	target chat.Cursor
	what   chat.Payload
	until  time.Time
}

// Append implements [chat.Log].
func (s *Store) Append(ctx context.Context, room chat.RoomID, d chat.Draft) (chat.Entry, bool, error) {
	if err := s.lockFor(ctx, "append"); err != nil {
		return chat.Entry{}, false, err
	}
	defer s.mu.Unlock()
	r := s.roomLocked(room)
	e, repeated, err := r.append(d)
	if err != nil {
		return chat.Entry{}, false, fmt.Errorf("append to %s: %w", room, err)
	}
	if !repeated {
		r.Tell(chat.Appended{Entry: e})
	}
	return e, repeated, nil
}

// Read implements [chat.Log].
func (s *Store) Read(ctx context.Context, room chat.RoomID) (chat.Kept, error) {
	if err := s.lockFor(ctx, "read"); err != nil {
		return chat.Kept{}, err
	}
	r := s.roomLocked(room)
	kept := chat.Kept{Entries: slices.Clone(r.Kept.Entries), Amendments: slices.Clone(r.Kept.Amendments)}
	if len(kept.Entries) > 0 {
		kept.Expires = time.Until(r.until)
	}
	slow := s.slow
	s.mu.Unlock()
	time.Sleep(slow)
	return kept, nil
}

func (r *Room) append(d chat.Draft) (e chat.Entry, repeated bool, err error) {
	if d.Rules != r.version() {
		return e, false, chat.ErrRulesChanged
	}
	key := [2]string{d.Client, d.Key}
	if first, ok := r.keys[key]; ok && d.Key != "" && time.Now().Before(first.until) {
		if first.target != d.Target || !reflect.DeepEqual(asRequest(first.what), asRequest(d.Payload)) {
			return e, false, chat.ErrKeyReused
		}
		now, kept := r.Kept.At(first.first.ID.Seq)
		if _, void := now.Payload.(chat.Void); kept && !void && now.ID == first.first.ID {
			return now, true, nil
		}
		return d.Entry(first.first.ID, first.first.Time), true, nil
	}
	if d.Existing && d.Target.IsZero() && d.Rules.IsZero() && len(r.Kept.Entries) == 0 && len(r.Kept.Amendments) == 0 {
		return e, false, chat.ErrNewRoom
	}
	said := d
	if d.Target.IsZero() {
		err = r.quote(&said)
	} else {
		repeated, err = r.check(d)
	}
	if err == nil && !repeated {
		err = r.slowed(d)
	}
	if err != nil {
		return e, false, err
	}
	if repeated {
		e = d.Entry(chat.Cursor{}, time.UnixMilli(time.Now().UnixMilli()).UTC())
	} else {
		e = r.Append(said)
	}
	if d.Key != "" {
		first := chat.Entry{ID: e.ID, Time: e.Time}
		r.keys[key] = used{first, d.Target, d.Payload, time.Now().Add(chat.KeyLife)}
	}
	return e, repeated, nil
}

// target is a kept message.
func (r *Room) target(id chat.Cursor) (chat.Entry, error) {
	e, ok := r.Kept.At(id.Seq)
	if !ok || e.ID != id {
		return e, chat.ErrNotFound
	}
	return e, nil
}

func (r *Room) check(d chat.Draft) (unchanged bool, err error) {
	target, err := r.target(d.Target)
	if err != nil {
		return false, err
	}
	changes, err := d.Changes(target)
	return !changes, err
}

// quote completes a reply.
func (r *Room) quote(d *chat.Draft) error {
	m, ok := d.Payload.(chat.Message)
	if !ok || m.ReplyTo == nil {
		return nil
	}
	target, err := r.target(m.ReplyTo.ID)
	if err != nil {
		return err
	}
	switch quoted, ok := target.Payload.(chat.Message); {
	case !ok:
		return chat.ErrNotFound
	case quoted.Changes != nil && quoted.Changes.Deleted:
		return chat.ErrConflict
	}
	reply, _ := chat.Entry{Payload: m}.Quoting(target)
	d.Payload = reply.Payload
	return nil
}

// Append appends an entry without telling anybody, and without asking whether it may be.
// [Room.Tell] tells of it.
func (r *Room) Append(d chat.Draft) chat.Entry { return r.appendAfter(d, r.Kept.Last()) }

// appendAfter is Append where the last entry may be one that is no longer kept.
func (r *Room) appendAfter(d chat.Draft, last chat.Cursor) chat.Entry {
	r.past = append(r.past[max(0, len(r.past)-maxPast):], r.Kept)
	r.store.tag += 0x01010101
	limit, ttl := d.Keeping.Within(r.store.options.HistoryLimit, r.store.options.HistoryTTL)
	// As the store's clock has it, to the millisecond.
	e := d.Entry(chat.Cursor{Seq: last.Seq + 1, Tag: r.store.tag}, time.UnixMilli(time.Now().UnixMilli()).UTC())
	e.Prev = last.Tag
	if e.Amends() {
		r.amend(e)
		r.Kept.Amendments = lastOf(append(r.Kept.Amendments, e), r.store.options.AmendmentLimit)
	} else {
		r.Kept.Entries = lastOf(append(r.Kept.Entries, e), limit)
		oldest := r.Kept.Entries[0].ID.Seq
		r.Kept.Amendments = slices.DeleteFunc(slices.Clone(r.Kept.Amendments), func(a chat.Entry) bool { return a.ID.Seq < oldest })
	}
	r.until = time.Now().Add(ttl)
	return e
}

func lastOf(entries []chat.Entry, limit int) []chat.Entry {
	return slices.Clone(entries[max(0, len(entries)-limit):])
}

// amend takes an amendment over into all that is about its target.
func (r *Room) amend(a chat.Entry) {
	i := slices.IndexFunc(r.Kept.Entries, func(e chat.Entry) bool { return e.ID == a.Target })
	if i < 0 {
		return
	}
	r.Kept.Entries, r.Kept.Amendments = slices.Clone(r.Kept.Entries), slices.Clone(r.Kept.Amendments)
	r.Kept.Entries[i], _ = r.Kept.Entries[i].AmendedBy(a)
	target := r.Kept.Entries[i]
	for i, e := range r.Kept.Entries {
		r.Kept.Entries[i], _ = e.Quoting(target)
	}
	for i, e := range r.Kept.Amendments {
		if e.OvertakenBy(a) {
			r.Kept.Amendments[i] = e.Voided()
		}
	}
}

// Clear loses the log.
func (r *Room) Clear() { r.Kept, r.past = chat.Kept{}, nil }

// maxPast is how many entries can be lost.
const maxPast = 10

// Lose loses the last entries of the log and what they have changed, as a failover may.
func (r *Room) Lose(n int) {
	n = min(n, len(r.past))
	if n > 0 {
		r.Kept, r.past = r.past[len(r.past)-n], r.past[:len(r.past)-n]
	}
}
