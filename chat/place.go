package chat

import (
	"fmt"
	"slices"
)

// parts are a log as it is kept: entries that stand for themselves, and amendments, each in the
// order of their numbers. Where a number is missing, an amendment has been dropped.
//
// A reader can go on after a cursor if nothing is missing after it. That is known by counting:
// between the cursor and the last entry there must be as many entries as numbers.
type parts[T any] struct {
	entries, amendments []T
	id                  func(T) (id Cursor, prev Tag)
}

func (p parts[T]) seq(of T) uint64 {
	id, _ := p.id(of)
	return id.Seq
}

// last is the last entry's id; zero when there is none.
func (p parts[T]) last() (last Cursor) {
	for _, list := range [][]T{p.entries, p.amendments} {
		if n := len(list); n > 0 {
			if id, _ := p.id(list[n-1]); id.Seq > last.Seq {
				last = id
			}
		}
	}
	return last
}

// search is where an entry with a number is in a list, or would be.
func (p parts[T]) search(list []T, seq uint64) (i int, found bool) {
	return slices.BinarySearchFunc(list, seq, func(of T, seq uint64) int {
		switch have := p.seq(of); {
		case have < seq:
			return -1
		case have > seq:
			return 1
		}
		return 0
	})
}

// at is the entry with a number.
func (p parts[T]) at(seq uint64) (of T, ok bool) {
	for _, list := range [][]T{p.entries, p.amendments} {
		if i, found := p.search(list, seq); found {
			return list[i], true
		}
	}
	return of, false
}

// after returns all that came after a cursor, or why that can't be had.
func (p parts[T]) after(c Cursor) ([]T, ResetReason) {
	last := p.last()
	switch {
	case c == last:
		return nil, ""
	case last.IsZero():
		return nil, Expired
	case c.Seq > last.Seq:
		return nil, Rewritten
	}
	own, kept := p.at(c.Seq)
	if kept {
		if id, _ := p.id(own); id != c {
			return nil, Rewritten
		}
	}
	i, _ := p.search(p.entries, c.Seq+1)
	j, _ := p.search(p.amendments, c.Seq+1)
	fresh := merge(p.entries[i:], p.amendments[j:], p.seq)
	if uint64(len(fresh)) != last.Seq-c.Seq {
		return nil, Expired
	}
	// Its entry may be no longer kept, but the one after it knows its tag.
	if _, prev := p.id(fresh[0]); !kept && prev != c.Tag {
		return nil, Rewritten
	}
	return fresh, ""
}

// merge puts two lists together by number. Where one of them is empty the result is the other, and
// not a copy.
func merge[T any](a, b []T, seq func(T) uint64) []T {
	if len(b) == 0 {
		return a
	}
	if len(a) == 0 {
		return b
	}
	all := make([]T, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if seq(a[0]) < seq(b[0]) {
			all, a = append(all, a[0]), a[1:]
		} else {
			all, b = append(all, b[0]), b[1:]
		}
	}
	return append(append(all, a...), b...)
}

func (k Kept) parts() parts[Entry] {
	id := func(e Entry) (Cursor, Tag) { return e.ID, e.Prev }
	return parts[Entry]{entries: k.Entries, amendments: k.Amendments, id: id}
}

// Last is the id of the last entry, whatever its kind; zero for a room that has none.
func (k Kept) Last() Cursor {
	if k.all != nil {
		return k.all.Last()
	}
	return k.parts().last()
}

// At is the entry with a number.
func (k Kept) At(seq uint64) (Entry, bool) { return k.parts().at(seq) }

// After returns all that came after a cursor, amendments among it. With a reason, the cursor can't
// be served, and the entries are those that a new reader is shown.
func (k Kept) After(c Cursor) ([]Entry, ResetReason) {
	whole := k
	if k.all != nil {
		whole = *k.all
	}
	switch {
	case c.Seq >= k.openAfter:
	case c.IsZero(): // which anybody knows
		return k.Entries, ""
	default: // it has that from somebody else: of it, it has missed nothing
		return k.Entries, Expired
	}
	fresh, reason := whole.parts().after(c)
	if reason != "" {
		return k.Entries, reason
	}
	return fresh, ""
}

// Check says what is wrong with a log as it was read: numbers that do not grow, an entry that does
// not know the tag of the one before it, or numbers missing where no amendment can have been
// dropped. Those are dropped from the oldest on, so nothing is missing after the oldest that is
// kept, and nothing at all where none is.
func (k Kept) Check() error {
	var last Entry
	for i, e := range merge(k.Entries, k.Amendments, func(e Entry) uint64 { return e.ID.Seq }) {
		follows := e.ID.Seq == last.ID.Seq+1 && e.Prev == last.ID.Tag
		dropped := e.ID.Seq > last.ID.Seq+1 && len(k.Amendments) > 0 && e.ID.Seq <= k.Amendments[0].ID.Seq
		if i > 0 && !follows && !dropped {
			return fmt.Errorf("entry %v does not follow %v", e.ID, last.ID)
		}
		last = e
	}
	return nil
}
