package check_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/caller-chat/caller/e2e/internal/check"
	"github.com/caller-chat/caller/e2e/internal/client"
)

var began = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// at is a second of the story.
func at(second int) time.Time { return began.Add(time.Duration(second) * time.Second) }

func entry(i int) client.Event {
	return client.Event{
		Type: "message", ID: fmt.Sprintf("%d-%08x", i, i*7919), Key: fmt.Sprintf("k-%d", i),
		Text: fmt.Sprintf("message %d", i), From: client.Author{ID: "ann"}, At: at(i),
	}
}

// record is the record of a room in which all went well: entry i is posted and seen by two readers
// at second i, and Ben changes nodes between the sixth and the seventh.
func record() check.Room {
	r := check.Room{Name: "kitchen", Limit: 100}
	for _, who := range []string{"Ann", "Ben"} {
		r.Readings = append(r.Readings, check.Reading{Who: who, Events: []client.Event{
			{Type: client.TypeOpen}, {Type: "welcome"}, {Type: "live", Cursor: "0-0", At: at(0)},
		}})
	}
	for i := 1; i <= 12; i++ {
		e := entry(i)
		r.Attempts = append(r.Attempts, check.Attempt{
			Author: "ann", Key: e.Key, Text: e.Text, Sent: e.At.Add(-time.Millisecond), Answered: e.At.Add(time.Millisecond), Status: 201, ID: e.ID,
		})
		r.Kept = append(r.Kept, e)
		for who := range r.Readings {
			r.Readings[who].Events = append(r.Readings[who].Events, e)
		}
		if i == 6 {
			r.Readings[1].Events = append(r.Readings[1].Events, resume(6)...)
		}
	}
	return r
}

func resume(i int) []client.Event {
	cursor := entry(i).ID
	return []client.Event{
		{Type: client.TypeOpen, Cursor: cursor, At: at(i)}, {Type: "welcome", Resumed: true, At: at(i)},
		{Type: "live", Cursor: cursor, At: at(i)},
	}
}

// where finds an entry among events.
func where(events []client.Event, i int) int {
	return slices.IndexFunc(events, func(e client.Event) bool { return e.ID == entry(i).ID })
}

func other(i, second int) client.Event {
	e := entry(i)
	e.ID, e.Key, e.Text, e.At = fmt.Sprintf("%d-0000abcd", i), fmt.Sprintf("k-again-%d", i), "another", at(second)
	return e
}

func attempt(e client.Event) check.Attempt {
	return check.Attempt{Author: e.From.ID, Key: e.Key, Text: e.Text, Sent: e.At.Add(-time.Millisecond), Answered: e.At, Status: 201, ID: e.ID}
}

// lostTail is a record in which a failover at second 12 lost the last three entries, and two others
// came since. Both readers were told.
func lostTail() check.Room {
	r := record()
	r.Losses = []check.Loss{{Why: "failover", Since: at(10).Add(-500 * time.Millisecond), At: at(12).Add(500 * time.Millisecond), Recovered: at(20)}}
	r.Kept = append(slices.Clone(r.Kept[:9]), other(10, 14), other(11, 15))
	r.Attempts = append(r.Attempts, attempt(other(10, 14)), attempt(other(11, 15)))
	for who := range r.Readings {
		events := append(r.Readings[who].Events, client.Event{Type: "reset", Reason: "rewritten", At: at(13)})
		events = append(events, r.Kept[:9]...)
		events = append(events, client.Event{Type: "live", Cursor: entry(9).ID, At: at(13)})
		r.Readings[who].Events = append(events, other(10, 14), other(11, 15))
	}
	return r
}

func TestRoom(t *testing.T) {
	reset := func(reason string, second int) client.Event {
		return client.Event{Type: "reset", Reason: reason, At: at(second)}
	}
	tests := []struct {
		name  string
		from  func() check.Room
		plant func(r *check.Room, ben *[]client.Event)
		want  []string
	}{
		{"nothing wrong", record, nil, nil},
		{"a tail lost in a failover", lostTail, nil, nil},
		{"an entry that was never acknowledged", record, func(r *check.Room, _ *[]client.Event) {
			r.Attempts[4].ID, r.Attempts[4].Status, r.Attempts[4].Answered = "", 0, time.Time{}
		}, nil},
		{"sent again under its key", record, func(r *check.Room, _ *[]client.Event) {
			again := r.Attempts[4]
			r.Attempts[4].ID, r.Attempts[4].Status = "", 503
			again.Sent, again.Answered = at(8), at(9)
			r.Attempts = append(r.Attempts, again)
		}, nil},
		{"a loss in the middle", record, func(_ *check.Room, ben *[]client.Event) {
			*ben = slices.Delete(*ben, where(*ben, 4), where(*ben, 4)+1)
		}, []string{"gap", "loss"}},
		{"a loss at a resume", record, func(_ *check.Room, ben *[]client.Event) {
			*ben = slices.Delete(*ben, where(*ben, 7), where(*ben, 7)+1)
		}, []string{"gap", "loss"}},
		{"a loss at the end", record, func(_ *check.Room, ben *[]client.Event) {
			*ben = (*ben)[:len(*ben)-1]
		}, []string{"loss"}},
		{"a loss at the beginning", record, func(r *check.Room, ben *[]client.Event) {
			*ben = slices.Insert(slices.Clone((*ben)[where(*ben, 3):]), 0, client.Event{Type: "live", Cursor: "0-0", At: at(0)})
		}, []string{"gap", "loss"}},
		{"a repeat", record, func(_ *check.Room, ben *[]client.Event) {
			*ben = slices.Insert(*ben, where(*ben, 5), entry(4))
		}, []string{"repeat"}},
		{"a repeat at a resume", record, func(_ *check.Room, ben *[]client.Event) {
			*ben = slices.Insert(*ben, where(*ben, 7), entry(6))
		}, []string{"repeat"}},
		{"a swap", record, func(_ *check.Room, ben *[]client.Event) {
			i := where(*ben, 3)
			(*ben)[i], (*ben)[i+1] = (*ben)[i+1], (*ben)[i]
		}, []string{"gap", "order"}},
		{"a silent gap of entries nobody knows of", record, func(r *check.Room, ben *[]client.Event) {
			r.Attempts[3].ID = ""
			*ben = slices.Delete(*ben, where(*ben, 4), where(*ben, 4)+1)
		}, []string{"gap"}},
		{"an acknowledged post that nobody has", record, func(r *check.Room, _ *[]client.Event) {
			r.Attempts = append(r.Attempts, attempt(other(13, 13)))
		}, []string{"loss"}},
		{"an acknowledged post whose number another has", record, func(r *check.Room, _ *[]client.Event) {
			r.Attempts = append(r.Attempts, attempt(other(7, 7)))
		}, []string{"loss", "split"}},
		{"one number twice", record, func(_ *check.Room, ben *[]client.Event) {
			(*ben)[where(*ben, 9)].ID = "9-0000abcd"
		}, []string{"loss", "split"}},
		{"a reset for a cut", record, func(r *check.Room, ben *[]client.Event) {
			i := where(*ben, 7)
			*ben = slices.Insert(*ben, i, slices.Concat([]client.Event{reset("rewritten", 6)}, r.Kept[:6])...)
		}, []string{"reset"}},
		{"an expired one with all still kept", record, func(r *check.Room, ben *[]client.Event) {
			i := where(*ben, 7)
			*ben = slices.Insert(*ben, i, slices.Concat([]client.Event{reset("expired", 6)}, r.Kept[:6])...)
		}, []string{"reset"}},
		{"an expired one for a reader that was away too long", record, func(r *check.Room, ben *[]client.Event) {
			r.Limit = 3
			*ben = slices.Concat((*ben)[:where(*ben, 4)], []client.Event{reset("expired", 10)}, r.Kept[7:10],
				[]client.Event{{Type: "live", Cursor: entry(10).ID, At: at(10)}}, r.Kept[10:])
		}, nil},
		{"not all that is kept after a reset", record, func(r *check.Room, ben *[]client.Event) {
			r.Limit = 3
			*ben = slices.Concat((*ben)[:where(*ben, 4)], []client.Event{reset("expired", 10)}, r.Kept[8:10],
				[]client.Event{{Type: "live", Cursor: entry(10).ID, At: at(10)}}, r.Kept[10:])
		}, []string{"loss"}},
		{"nothing after a reset", record, func(r *check.Room, ben *[]client.Event) {
			r.Limit = 3
			*ben = slices.Concat((*ben)[:where(*ben, 4)], []client.Event{reset("expired", 12), {Type: "live", Cursor: entry(12).ID, At: at(12)}})
		}, []string{"gap"}},
		{"live says more than was shown", record, func(_ *check.Room, ben *[]client.Event) {
			for i := range *ben {
				if (*ben)[i].Type == "live" && i > 3 {
					(*ben)[i].Cursor = entry(7).ID
				}
			}
		}, []string{"gap", "order"}},
		{"welcomed as resumed, and reset", record, func(r *check.Room, ben *[]client.Event) {
			r.Losses = []check.Loss{{At: at(5), Recovered: at(8)}}
			i := slices.IndexFunc(*ben, func(e client.Event) bool { return e.Resumed })
			*ben = slices.Insert(*ben, i+1, slices.Concat([]client.Event{reset("rewritten", 6)}, r.Kept[:6])...)
		}, []string{"reset"}},
		{"a key stored twice", record, func(r *check.Room, ben *[]client.Event) {
			again := entry(13)
			again.Key, again.Text = entry(5).Key, entry(5).Text
			r.Kept = append(r.Kept, again)
			r.Attempts = append(r.Attempts, attempt(again))
			r.Readings[0].Events = append(r.Readings[0].Events, again)
			*ben = append(*ben, again)
		}, []string{"doubled"}},
		{"a text that was changed for one", record, func(_ *check.Room, ben *[]client.Event) {
			(*ben)[where(*ben, 5)].Text = "something else"
		}, []string{"altered"}},
		{"an entry that nobody has posted", record, func(r *check.Room, _ *[]client.Event) {
			r.Attempts = slices.Delete(r.Attempts, 4, 5)
		}, []string{"altered"}},
		{"posted after another's acknowledgement and before it in the log", record, func(r *check.Room, _ *[]client.Event) {
			r.Attempts[4].Sent, r.Attempts[4].Answered = at(11), at(12)
		}, []string{"order"}},
		{"a lost tail that one was not told of", lostTail, func(_ *check.Room, ben *[]client.Event) {
			i := slices.IndexFunc(*ben, func(e client.Event) bool { return e.Type == "reset" })
			*ben = append((*ben)[:i], other(10, 14), other(11, 15))
		}, []string{"order"}},
		{"a lost tail, silently replaced", lostTail, func(_ *check.Room, ben *[]client.Event) {
			i := where(*ben, 11)
			*ben = append((*ben)[:i], other(11, 15)) // 10 of the old log, 11 of the new one
		}, []string{"loss", "split"}},
		{"a loss beyond what the failover explains", lostTail, func(r *check.Room, _ *[]client.Event) {
			r.Losses[0].Since = at(11)
		}, []string{"loss"}},
		{"what was sent while the store was being killed is lost", lostTail, func(r *check.Room, _ *[]client.Event) {
			r.Losses[0].Gone = at(13)
			lost := other(12, 13)
			lost.At = lost.At.Add(-100 * time.Millisecond)
			r.Attempts = append(r.Attempts, attempt(lost))
		}, nil},
		{"what was sent after it was killed is lost", lostTail, func(r *check.Room, _ *[]client.Event) {
			r.Losses[0].Gone = at(13)
			lost := other(12, 13)
			lost.At = lost.At.Add(100 * time.Millisecond)
			r.Attempts = append(r.Attempts, attempt(lost))
		}, []string{"loss"}},
		{"a reset that only its own replay explains", record, func(r *check.Room, ben *[]client.Event) {
			r.Limit = 3
			i := where(*ben, 4)
			*ben = append((*ben)[:i:i], reset("expired", 7)) // the others saw the eighth entry a second later
			*ben = append(*ben, r.Kept[9:]...)
			*ben = append(*ben, client.Event{Type: "live", Cursor: entry(12).ID, At: at(12)})
		}, nil},
		{"what was sent after the failover is lost", lostTail, func(r *check.Room, _ *[]client.Event) {
			r.Attempts = append(r.Attempts, attempt(other(12, 16)))
		}, []string{"loss"}},
		{"a second reset for one loss, long after", lostTail, func(r *check.Room, ben *[]client.Event) {
			*ben = append(*ben, client.Event{Type: "live", Cursor: r.Kept[10].ID, At: at(25)}, reset("rewritten", 26))
			*ben = append(*ben, r.Kept...)
			*ben = append(*ben, client.Event{Type: "live", Cursor: r.Kept[10].ID, At: at(26)})
		}, []string{"reset"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := test.from()
			if test.plant != nil {
				ben := slices.Clone(r.Readings[1].Events)
				test.plant(&r, &ben)
				r.Readings[1].Events = ben
			}
			faults := r.Check()
			assert.Equal(t, append([]string{}, test.want...), kinds(faults), "%v", faults)
		})
	}
}
