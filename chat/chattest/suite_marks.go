package chattest

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

func testMarks(t *testing.T, open Open) {
	a, b, room, ctx := open(t, Options{}), open(t, Options{}), chat.NewRoomID(), context.Background()
	ann, bob := chat.NewMemberID(), chat.NewMemberID()
	at := func(seq uint64) chat.Cursor { return chat.Cursor{Seq: seq, Tag: chat.Tag(seq)} }
	marks, err := a.MarksOf(ctx, ann)
	require.NoError(t, err)
	require.Empty(t, marks)

	started, err := a.StartMarks(ctx, room, map[chat.MemberID]chat.Cursor{ann: at(5), bob: {}})
	require.NoError(t, err)
	require.Equal(t, map[chat.MemberID]chat.Cursor{ann: at(5), bob: {}}, started)
	started, err = b.StartMarks(ctx, room, map[chat.MemberID]chat.Cursor{ann: at(9), bob: at(9)})
	require.NoError(t, err)
	require.Equal(t, map[chat.MemberID]chat.Cursor{ann: at(5), bob: {}}, started, "they have begun")

	other := chat.Cursor{Seq: 3, Tag: 0xffffffff}
	for _, step := range []struct{ to, void, want chat.Cursor }{
		{at(7), chat.Cursor{}, at(7)},
		{at(7), chat.Cursor{}, at(7)},
		{at(6), chat.Cursor{}, at(7)},
		{chat.Cursor{}, chat.Cursor{}, at(7)},
		{chat.Cursor{Seq: 7, Tag: 1}, chat.Cursor{}, at(7)},
		{other, at(6), at(7)},
		{other, at(7), other},
		{at(1<<53 - 1), chat.Cursor{}, at(1<<53 - 1)},
	} {
		now, err := b.MoveMark(ctx, room, ann, step.to, step.void)
		require.NoError(t, err)
		require.Equal(t, step.want, now, "to %v", step.to)
	}
	marks, err = a.MarksOf(ctx, ann)
	require.NoError(t, err)
	require.Len(t, marks, 1)
	require.Equal(t, room, marks[0].Room)
	require.Equal(t, at(1<<53-1), marks[0].At)
	require.False(t, marks[0].Time.IsZero())

	require.NoError(t, b.ForgetMark(ctx, room, ann))
	require.NoError(t, b.ForgetMark(ctx, room, ann))
	marks, err = a.MarksOf(ctx, ann)
	require.NoError(t, err)
	require.Empty(t, marks)
	now, err := a.MoveMark(ctx, room, ann, at(2), chat.Cursor{})
	require.NoError(t, err)
	require.Equal(t, at(2), now)
}

func testManyMarks(t *testing.T, open Open) {
	store, session, ctx := open(t, Options{}), chat.NewMemberID(), context.Background()
	const more = 5
	for i := range chat.MaxMarks + more {
		_, err := store.MoveMark(ctx, chat.RoomID(fmt.Sprint("room-", i)), session, chat.Cursor{Seq: 1, Tag: 1}, chat.Cursor{})
		require.NoError(t, err)
	}
	marks, err := store.MarksOf(ctx, session)
	require.NoError(t, err)
	require.Len(t, marks, chat.MaxMarks)
	last := chat.RoomID(fmt.Sprint("room-", chat.MaxMarks+more-1))
	for i, m := range marks {
		require.True(t, i == 0 || !m.Time.After(marks[i-1].Time))
	}
	// Of those that were moved in one millisecond any may have gone, but never the one just moved.
	rooms := map[chat.RoomID]bool{}
	for _, m := range marks {
		rooms[m.Room] = true
	}
	require.True(t, rooms[last])

	sessions := map[chat.MemberID]chat.Cursor{}
	for range 1200 { // more than go to a store at once
		sessions[chat.NewMemberID()] = chat.Cursor{Seq: 1, Tag: 1}
	}
	started, err := store.StartMarks(ctx, "lobby", sessions)
	require.NoError(t, err)
	require.Equal(t, sessions, started)
}

// What a node counts from what Since returns is what it counts from all that is kept.
func testSince(t *testing.T, open Open) {
	store, room := open(t, Options{HistoryLimit: 12, AmendmentLimit: 6}), chat.NewRoomID()
	node := chat.NewNode(store, store, store, store, store, chat.Options{HistoryLimit: 12, AmendmentLimit: 6})
	defer func() { require.NoError(t, node.Close(context.Background())) }()
	var all []chat.Entry
	say := func(d chat.Draft) chat.Entry {
		e := post(t, store, room, d)
		all = append(all, e)
		return e
	}
	check := func() {
		t.Helper()
		kept := read(t, store, room)
		for _, c := range cursors(all) {
			bob := chat.NewMemberID() // a mark of its own for each
			part, err := store.Since(context.Background(), room, c)
			require.NoError(t, err)
			require.Equal(t, kept.Last(), part.Last(), "since %v", c)
			got, err := node.Mark(context.Background(), chat.Principal{ID: bob, Client: string(bob)}, room, c)
			require.NoError(t, err)
			require.Equal(t, unread(kept, got.Cursor), got.Unread, "since %v, at %v", c, got.Cursor)
			if ofLog(kept, c) {
				require.Equal(t, c, got.Cursor)
			} else {
				require.Equal(t, kept.Last(), got.Cursor, "a place of another log is none: it begins at the end")
			}
		}
	}
	check()
	first := say(says(ann, "first"))
	check()
	say(amends(ann, first, chat.Edit{Text: "edited"}))
	check()
	var last chat.Entry
	for i := range 14 {
		last = say(says(ann, fmt.Sprint(i)))
		if i%3 == 0 {
			say(reacts(bob, last, "👍", true))
		}
	}
	check()
	for i := range 8 { // the first are dropped
		say(reacts(ann, last, "👍", i%2 == 0))
	}
	check()
	say(amends(ann, last, chat.Delete{}))
	check()
}

// cursors are those of entries, the same numbers in another log, and some beyond.
func cursors(all []chat.Entry) []chat.Cursor {
	of := []chat.Cursor{{}, {Seq: 1, Tag: 0x12345678}, {Seq: 1 << 40, Tag: 1}}
	for _, e := range all {
		of = append(of, e.ID, chat.Cursor{Seq: e.ID.Seq, Tag: e.ID.Tag ^ 1})
	}
	return of
}

// ofLog reports whether nothing that is kept says that a cursor is another log's.
func ofLog(kept chat.Kept, c chat.Cursor) bool {
	switch own, ok := kept.At(c.Seq); {
	case c.IsZero():
		return true
	case c.Seq > kept.Last().Seq:
		return false
	case ok:
		return own.ID == c
	}
	after, ok := kept.At(c.Seq + 1)
	return !ok || after.Prev == c.Tag
}

func unread(kept chat.Kept, at chat.Cursor) (n int) {
	for _, e := range kept.Entries {
		m, ok := e.Payload.(chat.Message)
		if ok && e.ID.Seq > at.Seq && (m.Changes == nil || !m.Changes.Deleted) {
			n++
		}
	}
	return n
}
