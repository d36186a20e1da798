package chattest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
)

func testGrants(t *testing.T, open Open) {
	a, b, room, ctx := open(t, Options{}), open(t, Options{}), chat.NewRoomID(), context.Background()
	granted := func(session chat.MemberID) bool {
		ok, err := b.Granted(ctx, room, session)
		require.NoError(t, err)
		return ok
	}
	require.NoError(t, a.Grant(ctx, room, bob.ID))
	require.False(t, granted(bob.ID), "nobody is let into a room without rules")
	r := owned(t, a, room)
	require.NoError(t, a.Grant(ctx, room, bob.ID))
	require.NoError(t, a.Grant(ctx, room, "cid"))
	require.True(t, granted(bob.ID))
	require.False(t, granted(ann.ID))
	change(t, a, room, chat.RulesChange{From: r, To: r.Clone(), Revoke: []chat.MemberID{bob.ID, "nobody"}})
	require.False(t, granted(bob.ID))
	require.True(t, granted("cid"))
}

func testArrivals(t *testing.T, open Open) {
	a, b, room, ctx := open(t, Options{}), open(t, Options{}), chat.NewRoomID(), context.Background()
	came := func(sessions ...chat.MemberID) map[chat.MemberID]chat.Arrival {
		known, err := b.Arrivals(ctx, room, sessions)
		require.NoError(t, err)
		return known
	}
	hold := func(by Backend, r *chat.Rules, members ...chat.Member) {
		_, err := by.Hold(ctx, room, members, chat.Admission{Rules: r.Version})
		require.NoError(t, err)
	}
	member := func(of chat.Author) chat.Member { return chat.Member{ID: of.ID, Name: of.Name} }
	hold(a, chat.OpenRules(), member(bob))
	require.Empty(t, came(bob.ID), "of a room nobody owns nothing is noted")
	_, err := a.Release(ctx, room, []chat.MemberID{bob.ID}, 0)
	require.NoError(t, err)

	r := owned(t, a, room)
	first := read(t, a, room).Last()
	hold(a, r, member(bob), chat.Member{ID: "g", Name: "g", Guest: true})
	at := came(bob.ID, "g", "nobody")
	require.Len(t, at, 1, "nor of guests")
	require.Equal(t, first, at[bob.ID].After)
	require.WithinDuration(t, time.Now(), at[bob.ID].Time, testwait.Limit)

	said := post(t, a, room, by(r, says(bob, "hello")))
	last := post(t, a, room, by(r, amends(bob, said, chat.Edit{Text: "hello, all"})))
	hold(a, r, member(bob))
	_, err = a.Release(ctx, room, []chat.MemberID{bob.ID}, 0)
	require.NoError(t, err)
	hold(b, r, member(bob), member(ann))
	require.Equal(t, at[bob.ID], came(bob.ID)[bob.ID], "it is the first time that counts")
	require.Equal(t, last.ID, came(ann.ID)[ann.ID].After, "amendments are entries too")

	r = change(t, a, room, chat.RulesChange{From: r, To: r.Clone(), Revoke: []chat.MemberID{bob.ID}})
	require.Empty(t, came(bob.ID))
	hold(a, r, member(bob))
	require.Equal(t, last.ID, came(bob.ID)[bob.ID].After, "whoever was sent out comes anew")

	to := chat.OpenRules().Clone()
	to.Closed = time.UnixMilli(1767225600123).UTC()
	change(t, a, room, chat.RulesChange{From: r, To: to})
	require.Empty(t, came(ann.ID, bob.ID))
}

func testOwnedRoomsAreCounted(t *testing.T, open Open) {
	a, b, ctx := open(t, Options{}), open(t, Options{}), context.Background()
	rooms := []chat.RoomID{chat.NewRoomID(), chat.NewRoomID(), chat.NewRoomID()}
	keep := func(by Backend, room chat.RoomID, most int) bool {
		kept, err := by.KeepOwned(ctx, room, most)
		require.NoError(t, err)
		return kept
	}
	have := 1
	for !keep(a, rooms[0], have) { // with those of other tests
		have++
	}
	require.False(t, keep(b, rooms[1], have), "the newest is refused")
	require.True(t, keep(b, rooms[0], have), "what is there goes on")
	require.NoError(t, a.FreeOwned(ctx, rooms[2]), "which is not there")
	require.False(t, keep(a, rooms[1], have))
	require.NoError(t, b.FreeOwned(ctx, rooms[0]))
	require.True(t, keep(a, rooms[1], have))
	require.True(t, keep(a, rooms[2], 0), "any number")
	for _, room := range rooms {
		require.NoError(t, a.FreeOwned(ctx, room))
	}
}

func testOwnersAreSeen(t *testing.T, open Open) {
	a, b, room, ctx := open(t, Options{}), open(t, Options{}), chat.NewRoomID(), context.Background()
	require.NoError(t, a.SeeOwner(ctx, room, ann.ID))
	require.Equal(t, chat.OpenRules(), rules(t, a, room), "a room that nobody owns has no owners")
	r := owned(t, a, room)
	require.True(t, r.OwnerSeen.IsZero())
	require.NoError(t, b.SeeOwner(ctx, room, bob.ID))
	require.Equal(t, r, rules(t, a, room), "he does not own it")
	require.NoError(t, b.SeeOwner(ctx, room, ann.ID))
	seen := rules(t, a, room)
	require.False(t, seen.OwnerSeen.IsZero())
	require.Equal(t, r.Version, seen.Version, "that changes nothing")
	change(t, a, room, chat.RulesChange{From: r, To: r.Clone()})
	require.Equal(t, seen.OwnerSeen, rules(t, b, room).OwnerSeen, "a change that was decided before does not forget it")
}
