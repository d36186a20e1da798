package check_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caller-chat/caller/e2e/internal/check"
	"github.com/caller-chat/caller/e2e/internal/client"
)

// by is entry i as somebody's.
func by(who string, i int, e client.Event) client.Event {
	e.ID, e.Key, e.From, e.At = entry(i).ID, entry(i).Key, client.Author{ID: who}, at(i)
	if e.Type == "" {
		e.Type = "message"
	}
	return e
}

func id(i int) string { return entry(i).ID }

// talk is a record in which messages are edited, deleted and reacted to. Ann is there throughout,
// Ben comes back after the third entry, Cid comes when all has been done.
func talk() check.Room {
	edited := at(6)
	log := []client.Event{
		by("ann", 1, client.Event{Text: "tea?"}),
		by("ben", 2, client.Event{Text: "secret"}),
		by("ann", 3, client.Event{Text: "three"}),
		by("ann", 4, client.Event{Type: "edit", Target: id(1), Text: "coffee?"}),
		by("ben", 5, client.Event{Type: "reaction", Target: id(1), Emoji: "👍", On: true}),
		by("ann", 6, client.Event{Type: "edit", Target: id(1), Text: "cake?"}),
		by("ann", 7, client.Event{Type: "reaction", Target: id(2), Emoji: "😮", On: true}),
		by("ben", 8, client.Event{Text: "yes", ReplyTo: &client.Quote{ID: id(2), Excerpt: "secret"}}),
		by("ben", 9, client.Event{Type: "delete", Target: id(2)}),
		by("ann", 10, client.Event{Text: "ten"}),
		by("ann", 11, client.Event{Type: "reaction", Target: id(3), Emoji: "🎉", On: true}),
		by("ann", 12, client.Event{Type: "reaction", Target: id(3), Emoji: "🎉"}),
	}
	r := check.Room{Name: "kitchen", Limit: 100, Cursor: id(12)}
	for _, e := range log {
		a := attempt(e)
		if a.Target, a.Emoji, a.On = e.Target, e.Emoji, e.On; e.Type != "message" {
			a.Kind = e.Type
		}
		r.Attempts = append(r.Attempts, a)
	}
	first, second, third := log[0], log[1], log[2]
	first.Text, first.EditedAt, first.Amended = "cake?", edited, id(6)
	first.Reactions = []client.Reactions{{Emoji: "👍", Count: 1, By: []string{"ben"}}}
	second.Text, second.Deleted, second.Amended = "", true, id(9)
	third.Amended = id(12)
	reply := log[7]
	reply.ReplyTo = &client.Quote{ID: id(2)}
	r.Kept = []client.Event{first, second, third, reply, log[9]}
	void := func(e client.Event) client.Event {
		return client.Event{Type: "void", ID: e.ID, Target: e.Target, From: e.From, At: at(13)}
	}
	begin := []client.Event{{Type: "welcome"}, {Type: "live", Cursor: "0-0", At: at(0)}}
	back := []client.Event{{Type: client.TypeOpen, Cursor: id(3)}, {Type: "welcome", Resumed: true}}
	r.Readings = []check.Reading{
		{Who: "Ann", Events: slices.Concat(begin, log)},
		{Who: "Ben", Events: slices.Concat(begin, log[:3], back,
			[]client.Event{void(log[3]), log[4], log[5], void(log[6]), reply},
			log[8:], []client.Event{{Type: "live", Cursor: id(12), At: at(13)}})},
		{Who: "Cid", Events: slices.Concat([]client.Event{{Type: "welcome"}}, r.Kept, []client.Event{{Type: "live", Cursor: id(12), At: at(13)}})},
	}
	return r
}

// index finds an entry among events, the last one with its number.
func index(events []client.Event, i int) int {
	found := -1
	for at, e := range events {
		if e.ID == id(i) {
			found = at
		}
	}
	return found
}

func TestAmendments(t *testing.T) {
	const ann, ben, cid = 0, 1, 2
	tests := []struct {
		name  string
		plant func(r *check.Room, of func(who int) *[]client.Event)
		want  []string
	}{
		{"nothing wrong", nil, nil},
		{"an amendment before its message", func(_ *check.Room, of func(int) *[]client.Event) {
			seen := of(cid) // who has the last message only, and then an edit of the first one
			*seen = slices.Concat([]client.Event{{Type: "live", Cursor: id(2)}}, (*of(ann))[index(*of(ann), 3):])
		}, []string{"early", "gap"}},
		{"an amendment of a message that is not shown after a reset", func(r *check.Room, of func(int) *[]client.Event) {
			seen := of(ann)
			i := index(*seen, 5)
			r.Losses = []check.Loss{{At: at(4), Recovered: at(7)}}
			third := *seen
			*seen = slices.Concat(third[:i:i], []client.Event{{Type: "reset", Reason: "rewritten", At: at(5)}, third[index(third, 3)],
				{Type: "live", Cursor: id(4), At: at(5)}}, third[i:])
			r.Limit = 1
		}, []string{"early"}},
		{"an edit by somebody else", func(r *check.Room, of func(int) *[]client.Event) {
			for who := range 2 {
				if i := index(*of(who), 6); i >= 0 {
					(*of(who))[i].From.ID = "ben"
				}
			}
			r.Attempts[5].Author = "ben"
		}, []string{"foreign"}},
		{"a deletion by somebody else is acknowledged", func(r *check.Room, _ func(int) *[]client.Event) {
			r.Attempts = append(r.Attempts, check.Attempt{Author: "cid", Key: "x", Kind: "delete", Target: id(3), Status: 200, Nothing: true})
		}, []string{"foreign"}},
		{"the text after the deletion, in a replay", func(_ *check.Room, of func(int) *[]client.Event) {
			seen := of(ann)
			*seen = append(*seen, client.Event{Type: "reset", Reason: "expired", At: at(14)})
			*seen = append(*seen, (*of(cid))[1:]...)
			again := &(*seen)[index(*seen, 2)]
			again.Text, again.Deleted, again.Amended = "secret", false, ""
		}, []string{"deleted", "reset", "stale"}},
		{"the text after the deletion, to who comes later", func(_ *check.Room, of func(int) *[]client.Event) {
			late := &(*of(cid))[index(*of(cid), 2)]
			late.Text, late.Deleted, late.Amended = "secret", false, ""
		}, []string{"deleted", "stale"}},
		{"a deleted message with its text", func(_ *check.Room, of func(int) *[]client.Event) {
			(*of(cid))[index(*of(cid), 2)].Text = "secret"
		}, []string{"altered", "deleted"}},
		{"an edit with the text after the deletion", func(_ *check.Room, of func(int) *[]client.Event) {
			seen := of(ann)
			e := by("ben", 13, client.Event{Type: "edit", Target: id(2), Text: "secret again"})
			*seen = append(*seen, e)
		}, []string{"altered", "deleted", "loss"}},
		{"a text in the same replay as its deletion", func(_ *check.Room, of func(int) *[]client.Event) {
			seen := of(ben)
			i := index(*seen, 2)
			again := (*seen)[i]
			*seen = slices.Delete(*seen, i, i+2) // and the third
			open := slices.IndexFunc(*seen, func(e client.Event) bool { return e.Type == client.TypeOpen })
			*seen = slices.Insert(*seen, open+2, again, (*of(ann))[index(*of(ann), 3)])
			(*seen)[open].Cursor = id(1)
		}, []string{"deleted"}},
		{"a quote of what was deleted", func(_ *check.Room, of func(int) *[]client.Event) {
			seen := of(cid)
			(*seen)[index(*seen, 8)].ReplyTo = &client.Quote{ID: id(2), Excerpt: "secret"}
		}, []string{"deleted"}},
		{"a reaction that is missing live", func(_ *check.Room, of func(int) *[]client.Event) {
			i := index(*of(ann), 5)
			*of(ann) = slices.Delete(*of(ann), i, i+1)
		}, []string{"gap", "loss"}},
		{"a reaction that is missing at a resume", func(_ *check.Room, of func(int) *[]client.Event) {
			i := index(*of(ben), 5)
			*of(ben) = slices.Delete(*of(ben), i, i+1)
		}, []string{"gap", "loss"}},
		{"an amendment among what is kept", func(_ *check.Room, of func(int) *[]client.Event) {
			i := index(*of(cid), 8)
			*of(cid) = slices.Insert(*of(cid), i, (*of(ann))[index(*of(ann), 5)])
		}, []string{"replay"}},
		{"a message that a replay leaves out", func(_ *check.Room, of func(int) *[]client.Event) {
			i := index(*of(cid), 3)
			*of(cid) = slices.Delete(*of(cid), i, i+1)
		}, []string{"gap", "loss"}},
		{"a last message that a replay leaves out", func(_ *check.Room, of func(int) *[]client.Event) {
			i := index(*of(cid), 10)
			*of(cid) = slices.Delete(*of(cid), i, i+1)
		}, []string{"gap", "loss"}},
		{"a message as it was before its last edit", func(_ *check.Room, of func(int) *[]client.Event) {
			late := &(*of(cid))[index(*of(cid), 1)]
			late.Text, late.Amended = "coffee?", id(5)
		}, []string{"stale"}},
		{"a message with another text than its edits say", func(_ *check.Room, of func(int) *[]client.Event) {
			(*of(cid))[index(*of(cid), 1)].Text = "coffee?"
		}, []string{"altered"}},
		{"a message without a reaction that it has", func(_ *check.Room, of func(int) *[]client.Event) {
			(*of(cid))[index(*of(cid), 1)].Reactions = nil
		}, []string{"altered"}},
		{"a message that is amended by nothing", func(_ *check.Room, of func(int) *[]client.Event) {
			(*of(cid))[index(*of(cid), 10)].EditedAt = at(11)
		}, []string{"altered"}},
		{"an edit that others saw otherwise", func(_ *check.Room, of func(int) *[]client.Event) {
			(*of(ann))[index(*of(ann), 6)].Text = "pie?"
		}, []string{"altered"}},
		{"nothing in what nothing has overtaken", func(_ *check.Room, of func(int) *[]client.Event) {
			e := &(*of(ben))[index(*of(ben), 5)]
			*e = client.Event{Type: "void", ID: e.ID, Target: e.Target, From: e.From}
		}, []string{"altered"}},
		{"a reaction that is not kept in the end", func(r *check.Room, of func(int) *[]client.Event) {
			r.Attempts[11].On = true // as it was sent, and never seen
			for who := range 2 {
				(*of(who))[index(*of(who), 12)].On = true
			}
		}, []string{"altered", "loss"}},
		{"an edit that is not in what is kept in the end", func(r *check.Room, _ func(int) *[]client.Event) {
			r.Kept[0].Text, r.Kept[0].Amended = "coffee?", id(5)
		}, []string{"stale"}},
		{"refusals that are right", func(r *check.Room, _ func(int) *[]client.Event) {
			r.Attempts = append(r.Attempts,
				check.Attempt{Author: "ben", Key: "x", Kind: "edit", Target: id(1), Status: 403, Answered: at(13)},
				check.Attempt{Author: "ann", Key: "y", Kind: "reaction", Target: id(2), Status: 409, Answered: at(13)})
		}, nil},
		{"an edit of one's own that is refused", func(r *check.Room, _ func(int) *[]client.Event) {
			r.Attempts = append(r.Attempts, check.Attempt{Author: "ann", Key: "x", Kind: "edit", Target: id(1), Status: 403, Answered: at(13)})
		}, []string{"refused"}},
		{"refused as deleted, and it is there", func(r *check.Room, _ func(int) *[]client.Event) {
			r.Attempts = append(r.Attempts, check.Attempt{Author: "ann", Key: "x", Kind: "edit", Target: id(1), Status: 409, Answered: at(13)})
		}, []string{"refused"}},
		{"refused as no longer kept, and it is", func(r *check.Room, _ func(int) *[]client.Event) {
			r.Attempts = append(r.Attempts, check.Attempt{Author: "ann", Key: "x", Kind: "edit", Target: id(1), Status: 404, Answered: at(13)})
		}, []string{"refused"}},
		{"somebody who has left before the end", func(r *check.Room, of func(int) *[]client.Event) {
			r.Readings = append(r.Readings, check.Reading{Who: "Dan", Events: (*of(ann))[:7], Left: true})
		}, nil},
		{"an edit stored twice under its key", func(r *check.Room, of func(int) *[]client.Event) {
			again := r.Attempts[5]
			again.ID, again.Sent, again.Answered = id(13), at(13), at(14)
			r.Attempts = append(r.Attempts, again)
			e := (*of(ann))[index(*of(ann), 6)]
			e.ID = id(13)
			*of(ann) = append(*of(ann), e)
			*of(ben) = append(*of(ben), e)
			*of(cid) = append(*of(cid), e)
			r.Cursor = id(13)
			r.Kept[0].Amended = id(13)
		}, []string{"doubled"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := talk()
			if test.plant != nil {
				for i := range r.Readings {
					r.Readings[i].Events = slices.Clone(r.Readings[i].Events)
				}
				r.Kept = slices.Clone(r.Kept)
				test.plant(&r, func(who int) *[]client.Event { return &r.Readings[who].Events })
			}
			faults := r.Check()
			assert.Equal(t, append([]string{}, test.want...), kinds(faults), fmt.Sprint(faults))
		})
	}
}
