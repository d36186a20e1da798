package check_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/check"
	"github.com/caller-chat/caller/e2e/internal/client"
)

func TestBans(t *testing.T) {
	said := func(seq int, who string) client.Event {
		return client.Event{Type: "message", ID: fmt.Sprintf("%d-0000000%d", seq, seq), From: client.Author{ID: who, Name: who}}
	}
	notice := func(seq int, what, who string) client.Event {
		e := said(seq, "owner")
		e.Type, e.What, e.Member = "notice", what, client.Member{Author: client.Author{ID: who}}
		return e
	}
	good := []client.Event{said(1, "bob"), notice(2, "banned", "bob"), said(3, "ann"), notice(4, "unbanned", "bob"), said(5, "bob")}
	require.Empty(t, check.Bans(good))
	require.Empty(t, check.Bans([]client.Event{good[4], good[2], good[1], good[3], good[0]}), "in whatever order they came")
	late := append(append([]client.Event{}, good[:2]...), said(3, "bob"))
	require.Len(t, check.Bans(late), 1)
	late[2].Type = "edit"
	require.Len(t, check.Bans(late), 1, "of whatever kind")

	muted := []client.Event{said(1, "bob"), notice(2, "muted", "bob"), said(3, "ann"), notice(4, "unmuted", "bob"), said(5, "bob")}
	require.Empty(t, check.Bans(muted))
	spoke := append(append([]client.Event{}, muted[:2]...), said(3, "bob"))
	require.Len(t, check.Bans(spoke), 1)
	spoke[2].Type = "delete"
	require.Empty(t, check.Bans(spoke), "one's own may be taken back")

	posting := func(seq int, who string) client.Event {
		e := notice(seq, "settings", "")
		e.Settings = map[string]json.RawMessage{"posting": json.RawMessage(`"` + who + `"`)}
		return e
	}
	closed := []client.Event{said(1, "bob"), posting(2, "moderators"), said(3, "owner"), posting(4, "everyone"), said(5, "bob")}
	require.Empty(t, check.Bans(closed))
	require.Len(t, check.Bans(append(append([]client.Event{}, closed[:3]...), said(4, "bob"))), 1)

	require.Empty(t, check.ReadWhileBanned("bob", good[1], good[:2]))
	require.Len(t, check.ReadWhileBanned("bob", good[1], good[:3]), 1)
}

// moderated is the record of a room in which all went well: Ann owns it, and bans Ben at second 4,
// who does not read on before second 8.
func moderated() check.Room {
	r := record()
	r.Owner = "ann"
	for i, what := range map[int]string{4: "banned", 8: "unbanned"} {
		n := entry(i)
		n.Type, n.Text, n.Key, n.What, n.Member = "notice", "", "", what, client.Member{Author: client.Author{ID: "ben"}}
		r.Kept[i-1] = n
		r.Attempts[i-1] = check.Attempt{
			Author: "ann", Kind: "notice", Key: fmt.Sprint("notice-", i), Text: what, Target: "ben",
			Sent: n.At.Add(-time.Millisecond), Answered: n.At.Add(time.Millisecond), Status: 200, ID: n.ID,
		}
		ann := r.Readings[0].Events
		ann[where(ann, i)] = n
	}
	r.Restraints = []check.Restraint{{
		What: "banned", Whom: "ben", ID: entry(4).ID, From: at(4).Add(-time.Millisecond), Lifting: at(8).Add(-time.Millisecond), To: at(8).Add(time.Millisecond),
	}}
	ben := r.Readings[1].Events
	before := slices.Clone(ben[:where(ben, 4)])
	before = append(before, client.Event{Type: client.TypeEnd, Status: 4003, At: at(4)}, client.Event{Type: client.TypeOpen, Cursor: entry(3).ID, At: at(8)},
		client.Event{Type: "welcome", Resumed: true, At: at(8)})
	for _, e := range r.Kept[3:8] {
		e.At = at(8).Add(10 * time.Millisecond)
		before = append(before, e)
	}
	before = append(before, client.Event{Type: "live", Cursor: entry(8).ID, At: at(8).Add(10 * time.Millisecond)})
	r.Readings[1] = check.Reading{Who: "Ben", ID: "ben", Events: append(before, r.Kept[8:]...)}
	return r
}

func TestModeration(t *testing.T) {
	refused := func(who string, second int) check.Attempt {
		return check.Attempt{Author: who, Key: "refused", Text: "no", Sent: at(second), Answered: at(second).Add(time.Millisecond), Status: 403}
	}
	for _, test := range []struct {
		name  string
		plant func(r *check.Room)
		want  []string
	}{
		{"nothing wrong", func(*check.Room) {}, nil},
		{"refused while banned", func(r *check.Room) { r.Attempts = append(r.Attempts, refused("ben", 5)) }, nil},
		{"refused for nothing", func(r *check.Room) { r.Attempts = append(r.Attempts, refused("ann", 5)) }, []string{"refused"}},
		{"refused before the ban", func(r *check.Room) { r.Attempts = append(r.Attempts, refused("ben", 2)) }, []string{"refused"}},
		{"refused after the ban", func(r *check.Room) { r.Attempts = append(r.Attempts, refused("ben", 9)) }, []string{"refused"}},
		{"refused after a ban that may have come twice", func(r *check.Room) {
			r.Attempts = append(r.Attempts, refused("ben", 9))
			r.Restraints[0].Unsure = true
		}, nil},
		{"what was said after the ban is in the log", func(r *check.Room) {
			for i := range r.Readings {
				events := r.Readings[i].Events
				events[where(events, 6)].From.ID = "ben"
			}
			r.Kept[5].From.ID, r.Attempts[5].Author = "ben", "ben"
		}, []string{"said after a ban"}},
		{"read while banned", func(r *check.Room) {
			ben := r.Readings[1].Events
			ben[where(ben, 5)].At = at(5)
		}, []string{"told after a ban"}},
		{"read while banned by another connection", func(r *check.Room) {
			r.Readings = append(r.Readings, check.Reading{Who: "Ben anew", ID: "ben", Left: true, Events: r.Readings[0].Events[:8]})
		}, []string{"told after a ban"}},
		{"read in a log that was lost meanwhile", func(r *check.Room) {
			r.Losses = []check.Loss{{At: at(5), Recovered: at(6)}}
			ben := r.Readings[1].Events
			ben[where(ben, 5)].At = at(5)
		}, nil},
		{"a notice of what nobody has done", func(r *check.Room) { r.Attempts[3].Text = "muted"; r.Attempts[3].ID = "" }, []string{"altered"}},
		{"a notice about somebody else", func(r *check.Room) {
			events := r.Readings[1].Events
			events[where(events, 4)].Member.ID = "carl"
		}, []string{"altered"}},
		{"an acknowledged ban that is not in the log", func(r *check.Room) {
			lost := r.Attempts[3]
			lost.ID, lost.Key = "13-0000abcd", "notice-13"
			lost.Sent, lost.Answered = at(13), at(14)
			r.Attempts = append(r.Attempts, lost)
		}, []string{"loss"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := moderated()
			test.plant(&r)
			faults := r.Check()
			assert.Equal(t, append([]string{}, test.want...), kinds(faults), "%v", faults)
		})
	}
}

func TestDeparturesByABan(t *testing.T) {
	r := moderated()
	r.Readings[0].Events = append(r.Readings[0].Events, client.Event{Type: "left", Member: client.Member{Author: client.Author{ID: "ben", Name: "Ben"}}, Version: 7, At: at(4)})
	require.Empty(t, check.Departures(r))
	r.Restraints = nil
	require.Len(t, check.Departures(r), 1)
}
