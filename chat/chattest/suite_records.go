package chattest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
)

// record is one that is good for an hour.
func record(id string) chat.Record {
	return chat.Record{
		ID: id, Hash: "hash-of-" + id, Expires: time.UnixMilli(time.Now().Add(time.Hour).UnixMilli()).UTC(),
		Data: []byte(`{"name":"a b \"c\" \u2028"}`),
	}
}

func testRecords(t *testing.T, open Open) {
	a, b, room, ctx := open(t, Options{}), open(t, Options{}), chat.NewRoomID(), context.Background()
	_, ok, err := a.Record(ctx, room, chat.RecordToken, "one")
	require.NoError(t, err)
	require.False(t, ok)
	all, err := a.Records(ctx, room, chat.RecordToken)
	require.NoError(t, err)
	require.Empty(t, all)

	one, two := record("one"), record("two")
	two.Hash = ""
	for _, r := range []chat.Record{one, two} {
		kept, full, err := a.KeepRecord(ctx, room, chat.RecordToken, r, 2)
		require.NoError(t, err)
		require.False(t, full)
		require.Equal(t, r, kept)
	}
	again := record("one")
	again.Data = []byte(`{"name":"another"}`)
	kept, full, err := b.KeepRecord(ctx, room, chat.RecordToken, again, 2)
	require.NoError(t, err)
	require.False(t, full)
	require.Equal(t, one, kept, "the first one of an id stays")
	_, full, err = b.KeepRecord(ctx, room, chat.RecordToken, record("three"), 2)
	require.NoError(t, err)
	require.True(t, full)
	_, full, err = b.KeepRecord(ctx, room, chat.RecordReport, record("three"), 2)
	require.NoError(t, err)
	require.False(t, full, "each kind is counted by itself")

	got, ok, err := b.Record(ctx, room, chat.RecordToken, "one")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, one, got)
	all, err = b.Records(ctx, room, chat.RecordToken)
	require.NoError(t, err)
	require.ElementsMatch(t, []chat.Record{one, two}, all)

	dropped, err := b.DropRecord(ctx, room, chat.RecordToken, "one")
	require.NoError(t, err)
	require.True(t, dropped)
	dropped, err = a.DropRecord(ctx, room, chat.RecordToken, "one")
	require.NoError(t, err)
	require.False(t, dropped)
	_, ok, err = a.Record(ctx, room, chat.RecordToken, "one")
	require.NoError(t, err)
	require.False(t, ok)
}

func testRecordsExpire(t *testing.T, open Open) {
	store, room, ctx := open(t, Options{}), chat.NewRoomID(), context.Background()
	short, long := record("short"), record("long")
	short.Expires = time.UnixMilli(time.Now().Add(50 * time.Millisecond).UnixMilli()).UTC()
	for _, r := range []chat.Record{short, long} {
		_, _, err := store.KeepRecord(ctx, room, chat.RecordInvite, r, 5)
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool {
		_, ok, err := store.Record(ctx, room, chat.RecordInvite, "short")
		return err == nil && !ok
	}, testwait.Limit, 5*time.Millisecond)
	ok, err := store.UseRecord(ctx, room, chat.RecordInvite, "short", short.Hash, "ann")
	require.NoError(t, err)
	require.False(t, ok)
	all, err := store.Records(ctx, room, chat.RecordInvite)
	require.NoError(t, err)
	require.Equal(t, []chat.Record{long}, all)
	_, full, err := store.KeepRecord(ctx, room, chat.RecordInvite, record("next"), 2)
	require.NoError(t, err)
	require.False(t, full, "what has expired takes no place")
}

func testRecordsUsed(t *testing.T, open Open) {
	a, b, room, ctx := open(t, Options{}), open(t, Options{}), chat.NewRoomID(), context.Background()
	owned(t, a, room)
	twice := record("twice")
	twice.Uses = 2
	_, _, err := a.KeepRecord(ctx, room, chat.RecordInvite, twice, 1)
	require.NoError(t, err)
	use := func(store Backend, id, hash string, by chat.MemberID) bool {
		ok, err := store.UseRecord(ctx, room, chat.RecordInvite, id, hash, by)
		require.NoError(t, err)
		return ok
	}
	require.False(t, use(a, "twice", "another", "ann"))
	granted, err := a.Granted(ctx, room, "ann")
	require.NoError(t, err)
	require.False(t, granted)
	require.False(t, use(a, "none", twice.Hash, "ann"))
	require.True(t, use(a, "twice", twice.Hash, "ann"))
	require.True(t, use(b, "twice", twice.Hash, "ann"), "who is in uses nothing up")
	granted, err = b.Granted(ctx, room, "ann")
	require.NoError(t, err)
	require.True(t, granted)
	got, ok, err := a.Record(ctx, room, chat.RecordInvite, "twice")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, 1, got.Used)
	require.True(t, use(b, "twice", twice.Hash, "bob"))
	require.False(t, use(b, "twice", twice.Hash, "cid"))
	require.True(t, use(b, "twice", twice.Hash, "bob"), "an answer that was lost")
	_, ok, err = a.Record(ctx, room, chat.RecordInvite, "twice")
	require.NoError(t, err)
	require.False(t, ok, "it is used up")
	_, full, err := a.KeepRecord(ctx, room, chat.RecordInvite, record("next"), 1)
	require.NoError(t, err)
	require.False(t, full, "what is used up takes no place")
}

func testRecordsUsedAtOnce(t *testing.T, open Open) {
	a, b, room, ctx := open(t, Options{}), open(t, Options{}), chat.NewRoomID(), context.Background()
	owned(t, a, room)
	const uses, people = 3, 12
	few := record("few")
	few.Uses = uses
	_, _, err := a.KeepRecord(ctx, room, chat.RecordInvite, few, 1)
	require.NoError(t, err)
	var running sync.WaitGroup
	var in atomic.Int64
	for i := range people {
		store := []Backend{a, b}[i%2]
		running.Go(func() {
			ok, err := store.UseRecord(ctx, room, chat.RecordInvite, "few", few.Hash, chat.MemberID(fmt.Sprint("session-", i)))
			if err == nil && ok {
				in.Add(1)
			}
		})
	}
	running.Wait()
	require.EqualValues(t, uses, in.Load())
}

// A room has its records for as long as it has its owner.
func testRecordsGoWithTheOwner(t *testing.T, open Open) {
	store, room, ctx := open(t, Options{}), chat.NewRoomID(), context.Background()
	kinds := []chat.RecordKind{chat.RecordInvite, chat.RecordToken, chat.RecordReport}
	keep := func() {
		for _, kind := range kinds {
			_, full, err := store.KeepRecord(ctx, room, kind, record("one"), 1)
			require.NoError(t, err)
			require.False(t, full)
		}
	}
	none := func() {
		t.Helper()
		for _, kind := range kinds {
			all, err := store.Records(ctx, room, kind)
			require.NoError(t, err)
			require.Empty(t, all, kind)
		}
	}
	keep() // of an owner whose rules have gone meanwhile
	to := chat.OpenRules().Clone()
	to.Roles["olga"] = chat.RoleOwner
	r := change(t, store, room, chat.RulesChange{From: chat.OpenRules(), To: to, Notice: noticed(chat.NoticeOwned), Alone: true})
	none()
	keep()
	ok, err := store.UseRecord(ctx, room, chat.RecordInvite, "one", "hash-of-one", "ann")
	require.NoError(t, err)
	require.True(t, ok)
	closed := chat.OpenRules().Clone()
	closed.Closed = time.Now()
	change(t, store, room, chat.RulesChange{From: r, To: closed})
	none()
	granted, err := store.Granted(ctx, room, "ann")
	require.NoError(t, err)
	require.False(t, granted)
}
