package chattest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
)

// owned has a room owned by Ann, and returns its rules.
func owned(t testing.TB, b Backend, room chat.RoomID) *chat.Rules {
	t.Helper()
	to := chat.OpenRules().Clone()
	to.Roles[ann.ID] = chat.RoleOwner
	return change(t, b, room, chat.RulesChange{From: chat.OpenRules(), To: to, Notice: noticed(chat.NoticeOwned)})
}

func noticed(what string) chat.Draft {
	return chat.Draft{From: ann, Payload: chat.RoomNotice{What: what}}
}

// change changes rules, which has to be possible, and returns them as they are then.
func change(t testing.TB, b Backend, room chat.RoomID, c chat.RulesChange) *chat.Rules {
	t.Helper()
	_, version, err := b.ChangeRules(context.Background(), room, c)
	require.NoError(t, err)
	require.Equal(t, c.From.Version.Number+1, version.Number)
	now := rules(t, b, room)
	require.Equal(t, version, now.Version)
	return now
}

func rules(t testing.TB, b Backend, room chat.RoomID) *chat.Rules {
	t.Helper()
	r, err := b.Rules(context.Background(), room)
	require.NoError(t, err)
	return r
}

// by is a draft that was decided by rules.
func by(r *chat.Rules, d chat.Draft) chat.Draft {
	d.Rules, d.Keeping = r.Version, r.Keeping()
	return d
}

func testRulesAreKept(t *testing.T, open Open) {
	a, b, room := open(t, Options{}), open(t, Options{}), chat.NewRoomID()
	require.Equal(t, chat.OpenRules(), rules(t, a, room))
	r := owned(t, a, room)
	require.True(t, r.Owned())

	at := time.UnixMilli(1767225600123).UTC()
	to := r.Clone()
	to.Settings = chat.Settings{
		Title: "Tea <&>", Topic: "\u0442\u0435\u043c\u0430", HasPassword: true, InviteOnly: true, Locked: true, Posting: chat.PostingSessions, SlowMode: 5,
		History: chat.HistorySinceJoined, HistoryLimit: 7, HistoryTTL: 60, MaxMembers: 3, Newcomers: chat.NewcomersRead,
	}
	to.PasswordHash, to.OwnerHash, to.OwnerSeen = "$argon2id$x", "abcdef", at
	to.Roles["mod"], to.Roles["member: with a colon"] = chat.RoleModerator, chat.RoleMember
	to.Bans = []chat.Ban{
		{ID: "1", Member: chat.Author{ID: "x", Name: "X"}, Network: "n", By: chat.Author{ID: ann.ID, Name: ann.Name}, Role: chat.RoleOwner, Reason: "spam", At: at, Until: at.Add(time.Hour)},
		{ID: "2", Member: chat.Author{ID: "y", Name: "Y", Guest: true}, At: at.Add(time.Second)},
	}
	to.Mutes = []chat.Ban{{ID: "3", Member: chat.Author{ID: "z"}, At: at}}
	to.Removals = []chat.Ban{{ID: "4", Member: chat.Author{ID: "w"}, At: at, Until: at.Add(time.Minute)}}
	second := change(t, a, room, chat.RulesChange{From: r, To: to})
	to.Version = second.Version
	require.Equal(t, to, rules(t, b, room))

	// What is taken out is gone, and the rest stays.
	third := second.Clone()
	third.Bans, third.Mutes, third.Removals = nil, nil, nil
	third.PasswordHash, third.HasPassword = "", false
	delete(third.Roles, "mod")
	now := change(t, b, room, chat.RulesChange{From: second, To: third})
	third.Version = now.Version
	require.Equal(t, third.Settings, now.Settings)
	require.Equal(t, third.Roles, now.Roles)
	require.Empty(t, now.PasswordHash)
	require.Len(t, now.Bans, 0)
}

func testRulesAreCompared(t *testing.T, open Open) {
	a, b, room := open(t, Options{}), open(t, Options{}), chat.NewRoomID()
	first := post(t, a, room, says(bob, "in an open room"))
	r := owned(t, a, room)

	// What was decided by other rules is not done, on whatever node.
	refuse(t, b, room, says(bob, "late"), chat.ErrRulesChanged)
	refuse(t, b, room, amends(bob, first, chat.Edit{Text: "late"}), chat.ErrRulesChanged)
	refuse(t, b, room, by(&chat.Rules{Version: chat.RulesVersion{Number: 1, Tag: r.Version.Tag + 1}}, says(bob, "x")), chat.ErrRulesChanged)
	_, err := b.Hold(context.Background(), room, []chat.Member{{ID: bob.ID, Name: bob.Name}}, chat.Admission{})
	require.ErrorIs(t, err, chat.ErrRulesChanged)
	_, _, err = b.ChangeRules(context.Background(), room, chat.RulesChange{From: chat.OpenRules(), To: r.Clone()})
	require.ErrorIs(t, err, chat.ErrRulesChanged)
	require.Len(t, read(t, a, room).Entries, 2)
	snapshot, err := a.Members(context.Background(), room)
	require.NoError(t, err)
	require.Empty(t, snapshot.Members)

	post(t, b, room, by(r, says(bob, "in time")))
	post(t, b, room, by(r, amends(bob, first, chat.Edit{Text: "in time"})))
	_, err = b.Hold(context.Background(), room, []chat.Member{{ID: bob.ID, Name: bob.Name}}, chat.Admission{Rules: r.Version})
	require.NoError(t, err)
}

// A repeat is judged like the first time: whoever has been banned since is told so.
func testRepeatsAreCompared(t *testing.T, open Open) {
	s, room := open(t, Options{}), chat.NewRoomID()
	d := says(bob, "once")
	d.Key = "k"
	first := post(t, s, room, d)
	r := owned(t, s, room)
	refuse(t, s, room, d, chat.ErrRulesChanged)
	again, repeated, err := s.Append(context.Background(), room, by(r, d))
	require.NoError(t, err)
	require.True(t, repeated)
	require.Equal(t, first.ID, again.ID)
}

func testRulesAtOnce(t *testing.T, open Open) {
	nodes, room := []Backend{open(t, Options{}), open(t, Options{})}, chat.NewRoomID()
	r := owned(t, nodes[0], room)
	const changes = 8
	var running sync.WaitGroup
	for i := range changes {
		running.Go(func() {
			for {
				from := rules(t, nodes[i%2], room)
				to := from.Clone()
				to.Roles[chat.MemberID(fmt.Sprint(i))] = chat.RoleMember
				_, _, err := nodes[i%2].ChangeRules(context.Background(), room, chat.RulesChange{From: from, To: to})
				if err == nil {
					return
				}
				if !errors.Is(err, chat.ErrRulesChanged) {
					t.Error(err)
					return
				}
			}
		})
	}
	running.Wait()
	now := rules(t, nodes[1], room)
	require.Equal(t, r.Version.Number+changes, now.Version.Number)
	require.Len(t, now.Roles, changes+1, "no change has overwritten another")
}

func testRulesAreTold(t *testing.T, open Open) {
	a, b, room := open(t, Options{}), open(t, Options{}), chat.NewRoomID()
	l := follow(t, b, room)
	first := post(t, a, room, says(bob, "before"))
	require.Equal(t, chat.Appended{Entry: first}, l.next(t))
	to := chat.OpenRules().Clone()
	e, version, err := a.ChangeRules(context.Background(), room, chat.RulesChange{
		From: chat.OpenRules(), To: to, Notice: noticed(chat.NoticeOwned),
	})
	require.NoError(t, err)
	require.Equal(t, first.ID.Seq+1, e.ID.Seq, "the notice has its place in the log")
	require.Equal(t, first.ID.Tag, e.Prev)
	require.Equal(t, chat.RulesChanged{Version: version}, l.next(t))
	require.Equal(t, chat.Appended{Entry: e}, l.next(t))

	silent := rules(t, a, room)
	_, version, err = a.ChangeRules(context.Background(), room, chat.RulesChange{From: silent, To: silent.Clone()})
	require.NoError(t, err)
	require.Equal(t, chat.RulesChanged{Version: version}, l.next(t))
	require.Len(t, read(t, a, room).Entries, 2, "what is not to be said is not said")
}

func testClear(t *testing.T, open Open) {
	s, room := open(t, Options{}), chat.NewRoomID()
	r := owned(t, s, room)
	d := by(r, says(bob, "secret"))
	d.Key = "k"
	said := post(t, s, room, d)
	last := post(t, s, room, by(r, amends(bob, said, chat.Edit{Text: "still secret"})))
	e, version, err := s.ChangeRules(context.Background(), room, chat.RulesChange{
		From: r, To: r.Clone(), Notice: noticed(chat.NoticeCleared), Clear: true,
	})
	require.NoError(t, err)
	require.Equal(t, last.ID.Seq+1, e.ID.Seq, "numbers go on")
	require.Equal(t, last.ID.Tag, e.Prev)
	kept := read(t, s, room)
	require.Equal(t, []chat.Entry{e}, kept.Entries)
	require.Empty(t, kept.Amendments)

	fresh, reason := kept.After(last.ID) // who had all of it goes on
	require.Empty(t, reason)
	require.Equal(t, []chat.Entry{e}, fresh)
	_, reason = kept.After(said.ID) // who had not, begins anew
	require.Equal(t, chat.Expired, reason)
	refuse(t, s, room, by(&chat.Rules{Version: version}, amends(bob, said, chat.Edit{Text: "x"})), chat.ErrNotFound)

	// The key still says that it was used, and nothing comes back by it.
	d.Rules = version
	again, repeated, err := s.Append(context.Background(), room, d)
	require.NoError(t, err)
	require.True(t, repeated)
	require.Equal(t, said.ID, again.ID)
	require.Len(t, read(t, s, room).Entries, 1)
	next := post(t, s, room, by(&chat.Rules{Version: version}, says(bob, "after")))
	require.Equal(t, e.ID.Seq+1, next.ID.Seq)
}

func testCloseForGood(t *testing.T, open Open) {
	s, room := open(t, Options{}), chat.NewRoomID()
	r := owned(t, s, room)
	post(t, s, room, by(r, says(bob, "hello")))
	require.NoError(t, s.Grant(context.Background(), room, bob.ID))
	to := chat.OpenRules().Clone()
	to.Closed = time.UnixMilli(1767225600123).UTC()
	now := change(t, s, room, chat.RulesChange{From: r, To: to})
	require.Equal(t, to.Closed, now.Closed)
	require.False(t, now.Owned())
	require.Empty(t, now.Roles)
	require.Empty(t, read(t, s, room).Entries)
	granted, err := s.Granted(context.Background(), room, bob.ID)
	require.NoError(t, err)
	require.False(t, granted)
	refuse(t, s, room, says(bob, "again"), chat.ErrRulesChanged)
}

func testAlone(t *testing.T, open Open) {
	s, room, ctx := open(t, Options{}), chat.NewRoomID(), context.Background()
	own := func(alone bool, only chat.MemberID) error {
		_, _, err := s.ChangeRules(ctx, room, chat.RulesChange{
			From: chat.OpenRules(), To: chat.OpenRules().Clone(), Alone: alone, Only: only,
		})
		return err
	}
	require.ErrorIs(t, own(true, ann.ID), chat.ErrOwned, "she is not there")
	_, err := s.Hold(ctx, room, []chat.Member{{ID: ann.ID, Name: ann.Name}, {ID: bob.ID, Name: bob.Name}}, chat.Admission{})
	require.NoError(t, err)
	require.ErrorIs(t, own(true, ann.ID), chat.ErrOwned, "Bob is there too")
	require.ErrorIs(t, own(true, ""), chat.ErrOwned, "somebody is there")
	_, err = s.Release(ctx, room, []chat.MemberID{bob.ID}, 0)
	require.NoError(t, err)
	require.ErrorIs(t, own(true, bob.ID), chat.ErrOwned, "it is Ann who is there")
	require.NoError(t, own(true, ann.ID))
}

func testSlowMode(t *testing.T, open Open) {
	a, b, room := open(t, Options{}), open(t, Options{}), chat.NewRoomID()
	slowly := func(key string, d chat.Draft) chat.Draft {
		d.SlowMode, d.SlowKey, d.Key = time.Hour, string(d.From.ID), key
		return d
	}
	first := post(t, a, room, slowly("1", says(ann, "one")))
	var slow *chat.SlowModeError
	_, _, err := b.Append(context.Background(), room, slowly("2", says(ann, "two")))
	require.ErrorAs(t, err, &slow)
	require.NotErrorIs(t, err, chat.ErrUnavailable)
	require.Greater(t, slow.RetryAfter, 59*time.Minute)
	require.LessOrEqual(t, slow.RetryAfter, time.Hour)
	for who, want := range map[chat.MemberID]time.Duration{first.From.ID: slow.RetryAfter, "nobody": 0} {
		if log, tells := b.(chat.SlowModes); tells {
			wait, err := log.SlowModeWait(context.Background(), room, chat.Draft{SlowMode: time.Hour, SlowKey: string(who)})
			require.NoError(t, err)
			require.LessOrEqual(t, wait, want)
			require.Equal(t, want > 0, wait > 59*time.Minute)
		}
	}
	post(t, b, room, slowly("1", says(bob, "others do not wait")))
	post(t, b, room, slowly("", amends(ann, first, chat.Edit{Text: "nor does an edit"})))
	again, repeated, err := b.Append(context.Background(), room, slowly("1", says(ann, "one")))
	require.NoError(t, err)
	require.True(t, repeated, "a repeat does not wait")
	require.Equal(t, first.ID, again.ID)
	require.Len(t, read(t, a, room).Entries, 2)

	quick := says(ann, "quick")
	quick.SlowMode, quick.SlowKey = time.Millisecond, "quick"
	post(t, a, room, quick)
	require.Eventually(t, func() bool {
		_, _, err := a.Append(context.Background(), room, quick)
		return err == nil
	}, testwait.Limit, time.Millisecond, "the wait is over")

	shorter := slowly("3", says(ann, "two"))
	shorter.SlowMode = time.Millisecond
	require.Eventually(t, func() bool {
		_, _, err := b.Append(context.Background(), room, shorter)
		return err == nil
	}, testwait.Limit, time.Millisecond, "a slow mode that has been shortened holds for who waits already")
}

func testFull(t *testing.T, open Open) {
	a, b, room, ctx := open(t, Options{}), open(t, Options{}), chat.NewRoomID(), context.Background()
	member := func(id string) chat.Member { return chat.Member{ID: chat.MemberID(id), Name: id} }
	two := chat.Admission{MaxMembers: 2, Exempt: map[chat.MemberID]bool{"mod": true}}
	state, err := a.Hold(ctx, room, []chat.Member{member("1"), member("2"), member("3")}, two)
	require.NoError(t, err)
	require.Equal(t, []chat.MemberID{"3"}, state.Full)
	state, err = b.Hold(ctx, room, []chat.Member{member("4"), member("mod"), member("1")}, two)
	require.NoError(t, err)
	require.Equal(t, []chat.MemberID{"4"}, state.Full, "those who are there stay, moderators come")
	snapshot, err := a.Members(ctx, room)
	require.NoError(t, err)
	require.Len(t, snapshot.Members, 3)
	_, err = b.Release(ctx, room, []chat.MemberID{"mod"}, 0)
	require.NoError(t, err)
	_, err = a.Release(ctx, room, []chat.MemberID{"2"}, 0)
	require.NoError(t, err)
	state, err = a.Hold(ctx, room, []chat.Member{member("3")}, two)
	require.NoError(t, err)
	require.Empty(t, state.Full)
}

func testKeeping(t *testing.T, open Open) {
	s, room := open(t, Options{HistoryLimit: 5}), chat.NewRoomID()
	for i := range 5 {
		post(t, s, room, says(ann, fmt.Sprint(i)))
	}
	r := owned(t, s, room)
	to := r.Clone()
	to.HistoryLimit, to.HistoryTTL = 2, 60
	r = change(t, s, room, chat.RulesChange{From: r, To: to, Notice: noticed(chat.NoticeSettings)})
	kept := read(t, s, room)
	require.Len(t, kept.Entries, 2)
	require.LessOrEqual(t, kept.Expires, time.Minute)
	post(t, s, room, by(r, says(ann, "next")))
	kept = read(t, s, room)
	require.Len(t, kept.Entries, 2)
	require.LessOrEqual(t, kept.Expires, time.Minute)
	to = r.Clone()
	to.HistoryLimit, to.HistoryTTL = 100, 365*24*3600
	r = change(t, s, room, chat.RulesChange{From: r, To: to, Notice: noticed(chat.NoticeSettings)})
	for range 9 {
		post(t, s, room, by(r, says(ann, "more")))
	}
	kept = read(t, s, room)
	require.Len(t, kept.Entries, 5, "no more than the store keeps")
	require.LessOrEqual(t, kept.Expires, 24*time.Hour)
}
