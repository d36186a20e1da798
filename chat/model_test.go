package chat_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/chattest"
	"pgregory.net/rapid"
)

// step is one thing that happens to a room in the model test.
type step int

const (
	post step = iota
	reply
	edit
	remove
	react
	pin // an amendment of a kind that only a newer node knows
	cutTold
	cutSilently
	mend
	mendSilently
	loseTail
	loseTailSilently
	delayFeed // of one node
	arrive
	comeBack // with the cursor one has
	moveNode // the same, on the other node
	pass     // time passes
)

// view is what one reader has of the room by what it was told, as a client keeps it.
type view struct {
	node    *chat.Node
	sink    *recorder
	sub     *chat.Subscription
	entries []chat.Entry // since the last reset; messages as they are now
	cursor  chat.Cursor
	known   bool // it has a cursor
	joining bool // it is being told what is kept, in which numbers may be missing
	resets  int
}

// take brings the view up to date, and fails where the promise is broken: each entry follows the
// one before it.
func (v *view) take() error {
	for _, b := range v.sink.take() {
		switch b := b.(type) {
		case chat.Welcome:
			v.joining = !v.known
		case chat.Reset:
			v.entries, v.cursor, v.resets, v.joining = nil, chat.Cursor{}, v.resets+1, true
		case chat.Appended:
			e := b.Entry
			follows := e.ID.Seq == v.cursor.Seq+1 && e.Prev == v.cursor.Tag
			if v.joining {
				follows = e.ID.Seq > v.cursor.Seq && !e.Amends()
			}
			if !follows {
				return fmt.Errorf("%v was told after %v", e.ID, v.cursor)
			}
			v.cursor, v.known = e.ID, true
			v.add(e)
		case chat.Live:
			if b.Cursor != v.cursor && !(v.joining && b.Cursor.Seq > v.cursor.Seq) {
				return fmt.Errorf("live at %v, after %v", b.Cursor, v.cursor)
			}
			v.cursor, v.known, v.joining = b.Cursor, true, false
		}
	}
	return nil
}

// add does with an entry what a client does.
func (v *view) add(a chat.Entry) {
	v.entries = append(v.entries, a)
	if !a.Amends() {
		return
	}
	for i, e := range v.entries {
		m, ok := e.Payload.(chat.Message)
		if e.ID != a.Target || !ok || m.Changes != nil && m.Changes.Last.Seq >= a.ID.Seq {
			continue // it is another one, or has the amendment in it already
		}
		amended, known := e.AmendedBy(a)
		if !known {
			return
		}
		v.entries[i] = amended
		for j, reply := range v.entries {
			v.entries[j], _ = reply.Quoting(amended)
		}
	}
}

func (v *view) subscribe(t *testing.T) error {
	start := chat.All
	if v.known {
		start = chat.Start{Resume: true, After: v.cursor, History: -1}
	}
	start.Unlisted = true
	v.sink = &recorder{}
	sub, err := v.node.Subscribe(t.Context(), chat.Principal{}, lobby, start, v.sink)
	v.sub = sub
	return err
}

// play carries the steps out and says what promise was broken, if one was.
func play(t *testing.T, limit, amendLimit int, steps []step) error {
	s := chattest.New(chattest.Options{HistoryLimit: limit, AmendmentLimit: amendLimit})
	o := chat.Options{HistoryLimit: limit, AmendmentLimit: amendLimit}
	nodes := []*chat.Node{s.NewNode("a", o), s.NewNode("b", o)}
	defer func() {
		for _, n := range nodes {
			_ = n.Close(t.Context())
		}
	}()
	var views []*view
	s.SetSlow(time.Millisecond)
	cut, told, lost, posts, amendments := false, false, false, 0, 0
	pinned := map[chat.Cursor]bool{}
	say := func() error {
		posts++
		_, _, err := nodes[posts%2].Post(t.Context(), session("Ann"), lobby, chat.Draft{Payload: chat.Message{Text: fmt.Sprint(posts)}})
		return err
	}
	// target is one of the messages that were said last.
	target := func(i int) (id chat.Cursor) {
		s.Do(lobby, func(r *chattest.Room) {
			if n := len(r.Kept.Entries); n > 0 {
				id = r.Kept.Entries[n-1-i%min(n, 4)].ID
			}
		})
		return id
	}
	// refused is no failure of amending what somebody has deleted, or what is not kept.
	amend := func(i int, d chat.Draft) error {
		if d.Target.IsZero() {
			return nil
		}
		amendments++
		_, _, err := nodes[i%2].Post(t.Context(), session("Ann"), lobby, d)
		if errors.Is(err, chat.ErrConflict) || errors.Is(err, chat.ErrNotFound) {
			return nil
		}
		return err
	}
	for i, what := range steps {
		var err error
		switch what {
		case post:
			err = say()
		case reply:
			if to := target(i); !to.IsZero() {
				posts++
				answer := chat.Message{Text: "re", ReplyTo: &chat.Quote{ID: to}}
				_, _, err = nodes[i%2].Post(t.Context(), session("Ann"), lobby, chat.Draft{Payload: answer})
				if errors.Is(err, chat.ErrConflict) || errors.Is(err, chat.ErrNotFound) {
					err = nil
				}
			}
		case edit:
			err = amend(i, chat.Draft{Target: target(i), Payload: chat.Edit{Text: fmt.Sprint("edit ", i)}})
		case remove:
			err = amend(i, chat.Draft{Target: target(i), Payload: chat.Delete{}})
		case react:
			err = amend(i, chat.Draft{Target: target(i), Payload: chat.Reaction{Emoji: "👍", On: i%4 > 0}})
		case pin:
			if id := target(i); !id.IsZero() {
				amendments++
				pinned[id] = true
				s.Do(lobby, func(r *chattest.Room) { pinMessage(r, id) })
			}
		case cutTold, cutSilently:
			cut = true
			told = told || what == cutTold
			s.CutFeed(what == cutTold)
		case mend, mendSilently:
			// One that was told of the cut has to be told of its end.
			s.MendFeed(what == mend || told)
			cut, told = false, false
			s.CatchUp("b")
		case delayFeed:
			s.DelayFeed("b")
		case loseTail, loseTailSilently: // as a failover does: everybody is cut from the old master, or does not notice
			s.CutFeed(what == loseTail)
			told = told || what == loseTail
			s.Do(lobby, func(r *chattest.Room) {
				r.Lose(2)
			})
			lost = true
			s.MendFeed(told)
			s.CatchUp("b")
			cut, told = false, false
		case arrive:
			if cut {
				continue // the store's feed does not answer: nobody gets in
			}
			v := &view{node: nodes[i%2]}
			err = v.subscribe(t)
			views = append(views, v)
		case comeBack, moveNode:
			if cut || len(views) == 0 {
				continue
			}
			v := views[i%len(views)]
			synctest.Wait() // it has all that has been delivered
			if err := v.take(); err != nil {
				return err
			}
			v.sub.Close()
			if what == moveNode {
				v.node = nodes[i/2%2]
			}
			err = v.subscribe(t)
		case pass:
			time.Sleep(time.Second)
		}
		if err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
		if i%3 == 0 {
			synctest.Wait()
		}
	}
	s.MendFeed(told)
	s.CatchUp("b")
	if err := say(); err != nil {
		return err
	}
	time.Sleep(5 * time.Second)
	kept, err := s.Read(t.Context(), lobby)
	if err != nil {
		return err
	}
	last := kept.Entries[len(kept.Entries)-1]
	for i, n := range nodes { // who comes now gets the room as it is, whatever its node has been through
		v := &view{node: n}
		if err := errors.Join(v.subscribe(t), v.take()); err != nil {
			return fmt.Errorf("a new reader: %w", err)
		}
		if !reflect.DeepEqual(v.entries, kept.Entries) {
			return fmt.Errorf("a new reader of node %d is told %+v, and the room has %+v", i, v.entries, kept.Entries)
		}
	}
	for i, v := range views {
		if err := v.take(); err != nil {
			return fmt.Errorf("reader %d: %w", i, err)
		}
		if v.cursor != last.ID {
			return fmt.Errorf("reader %d is at %v, the room at %v", i, v.cursor, last.ID)
		}
		for _, e := range v.entries { // what it has is what is kept, where it is still kept
			for _, k := range kept.Entries {
				if e.ID.Seq == k.ID.Seq && !pinned[e.ID] && !isReplyTo(k, pinned) && !reflect.DeepEqual(e, k) {
					return fmt.Errorf("reader %d has %+v where the room has %+v", i, e, k)
				}
			}
		}
		if !lost && posts <= limit && amendments <= amendLimit && v.resets > 0 {
			return fmt.Errorf("reader %d was reset, and nothing is gone", i)
		}
	}
	return nil
}

// pinMessage does what a newer node's script would: it amends a message in a way of which this
// version knows nothing.
func pinMessage(r *chattest.Room, id chat.Cursor) {
	e := r.Append(chat.Draft{Target: id, Payload: chat.Unknown{Name: "pin"}})
	r.Kept.Entries = slices.Clone(r.Kept.Entries)
	for i, kept := range r.Kept.Entries {
		if m, ok := kept.Payload.(chat.Message); ok && kept.ID == id {
			changes := chat.Changes{}
			if m.Changes != nil {
				changes = *m.Changes
			}
			changes.Last = e.ID
			m.Mentions, m.Changes = []chat.MemberID{"pinned"}, &changes
			r.Kept.Entries[i].Payload = m
		}
	}
	r.Tell(chat.Appended{Entry: e})
}

// isReplyTo reports whether an entry quotes one of those.
func isReplyTo(e chat.Entry, ids map[chat.Cursor]bool) bool {
	m, ok := e.Payload.(chat.Message)
	return ok && m.ReplyTo != nil && ids[m.ReplyTo.ID]
}

// Whatever happens to feed, log and readers: each reader has the room's entries in one order, each
// once, and a reset only where something is gone.
func TestReadersAgreeWithTheLog(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		limit := rapid.SampledFrom([]int{3, 100}).Draw(rt, "limit")
		amendLimit := rapid.SampledFrom([]int{4, 100}).Draw(rt, "amendments")
		happens := []step{post, post, post, reply, edit, edit, remove, react, react, pin, arrive, arrive, comeBack, moveNode, moveNode, pass, delayFeed, mend, mendSilently, cutTold, cutSilently}
		if rapid.Bool().Draw(rt, "loss") {
			happens = append(happens, loseTail, loseTailSilently)
		}
		steps := rapid.SliceOfN(rapid.SampledFrom(happens), 1, 60).Draw(rt, "steps")
		var broken error
		synctest.Test(t, func(t *testing.T) { broken = play(t, limit, amendLimit, steps) })
		if broken != nil {
			rt.Fatal(broken)
		}
	})
}

// The tail serves a cursor as the list itself does.
func TestTheTailIsTheList(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		count := rapid.IntRange(0, 20).Draw(rt, "entries")
		first := rapid.Uint64Range(1, 5).Draw(rt, "first")
		var kept chat.Kept
		for i := range count {
			id := chat.Cursor{Seq: first + uint64(i), Tag: chat.Tag(100 + i)}
			e := chat.Entry{ID: id}
			if i > 0 {
				e.Prev = kept.Entries[i-1].ID.Tag
			} else if first > 1 {
				e.Prev = 99
			}
			kept.Entries = append(kept.Entries, e)
		}
		c := chat.Cursor{
			Seq: rapid.Uint64Range(0, 30).Draw(rt, "seq"),
			Tag: chat.Tag(rapid.IntRange(98, 121).Draw(rt, "tag")),
		}
		if c.Seq == 0 {
			c.Tag = 0
		}
		// The model: all entries there ever were, the one before the first included.
		place := -1
		switch {
		case c.IsZero() && (count == 0 || first == 1):
			place = 0
		case count > 0 && first > 1 && c == (chat.Cursor{Seq: first - 1, Tag: 99}):
			place = 0
		}
		for i, e := range kept.Entries {
			if e.ID == c {
				place = i + 1
			}
		}
		got, reason := kept.After(c)
		if place < 0 {
			if reason == "" || len(got) != count {
				rt.Fatalf("%v has no place, and got %d entries, reason %q", c, len(got), reason)
			}
			return
		}
		if reason != "" || len(got) != count-place {
			rt.Fatalf("%v is at %d of %d, and got %d entries, reason %q", c, place, count, len(got), reason)
		}
	})
}
