package chattest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
)

func testNumbering(t *testing.T, open Open) {
	const nodes, each = 3, 20
	room := chat.NewRoomID()
	var group sync.WaitGroup
	got := make([][]chat.Entry, nodes)
	for i := range nodes {
		store := open(t, Options{})
		group.Go(func() {
			for j := range each {
				e, _, err := store.Append(context.Background(), room, says(ann, fmt.Sprintf("%d/%d", i, j)))
				if assert.NoError(t, err) {
					got[i] = append(got[i], e)
				}
			}
		})
	}
	group.Wait()
	kept := read(t, open(t, Options{}), room)
	require.Len(t, kept.Entries, nodes*each)
	assert.Empty(t, kept.Amendments)
	assert.InDelta(t, 24*time.Hour, kept.Expires, float64(time.Minute))
	for i, e := range kept.Entries {
		assert.EqualValues(t, i+1, e.ID.Seq)
		assert.NotZero(t, e.ID.Tag)
		assert.WithinDuration(t, time.Now(), e.Time, time.Minute)
	}
	for _, own := range got {
		for i, e := range own {
			assert.Equal(t, e, kept.Entries[e.ID.Seq-1])
			if i > 0 {
				assert.Greater(t, e.ID.Seq, own[i-1].ID.Seq)
			}
		}
	}
}

func testRepeat(t *testing.T, open Open) {
	a, b, room := open(t, Options{HistoryLimit: 2}), open(t, Options{HistoryLimit: 2}), chat.NewRoomID()
	d := says(ann, "first")
	d.Key = "k"
	first := post(t, a, room, d)
	require.Equal(t, d.Entry(chat.Cursor{Seq: 1, Tag: first.ID.Tag}, first.Time), first)
	again := func(l chat.Log, d chat.Draft) chat.Entry {
		t.Helper()
		e, repeated, err := l.Append(context.Background(), room, d)
		require.NoError(t, err)
		require.True(t, repeated)
		return e
	}
	require.Equal(t, first, again(b, d))

	edit := amends(ann, first, chat.Edit{Text: "edited"})
	edit.Key = "k-edit"
	edited := post(t, b, room, edit)
	require.Equal(t, edited, again(a, edit))
	now := again(b, d)
	require.Equal(t, "edited", now.Text(), "it is answered as it is now")
	require.Equal(t, first.ID, now.ID)

	post(t, a, room, amends(ann, first, chat.Edit{Text: "edited again"}))
	require.Equal(t, edit.Entry(edited.ID, edited.Time), again(b, edit), "it has been overtaken")

	for range 3 {
		post(t, a, room, says(ann, "other")) // trims the first one away, and its amendments
	}
	require.Equal(t, d.Entry(first.ID, first.Time), again(b, d), "what is known of one that is no longer kept")
	require.Equal(t, edit.Entry(edited.ID, edited.Time), again(a, edit))
	require.EqualValues(t, 6, read(t, a, room).Last().Seq, "nothing was appended")

	other := d
	other.Client = "c2"
	require.EqualValues(t, 7, post(t, b, room, other).ID.Seq, "the same key is another client's")
	require.EqualValues(t, 1, post(t, b, chat.NewRoomID(), d).ID.Seq, "the same key is another room's")
}

func testRepeatAtOnce(t *testing.T, open Open) {
	a, b, room := open(t, Options{}), open(t, Options{}), chat.NewRoomID()
	d := says(ann, "once")
	d.Key = "k"
	var group sync.WaitGroup
	var mu sync.Mutex
	ids, firsts := map[chat.Cursor]bool{}, 0
	for i := range 10 {
		group.Go(func() {
			e, repeated, err := []Backend{a, b}[i%2].Append(context.Background(), room, d)
			assert.NoError(t, err)
			mu.Lock()
			defer mu.Unlock()
			ids[e.ID] = true
			if !repeated {
				firsts++
			}
		})
	}
	group.Wait()
	assert.Len(t, ids, 1)
	assert.Equal(t, 1, firsts)
	assert.Len(t, read(t, a, room).Entries, 1)
}

func testKeyReused(t *testing.T, open Open) {
	a, b, room := open(t, Options{}), open(t, Options{}), chat.NewRoomID()
	target := post(t, a, room, says(ann, "target"))
	second := post(t, a, room, says(ann, "second"))
	reply := says(ann, "x")
	reply.Payload = chat.Message{Text: "x", ReplyTo: &chat.Quote{ID: target.ID}}
	mention := says(ann, "x")
	mention.Payload = chat.Message{Text: "x", Mentions: []chat.MemberID{"bob-id"}}
	file := says(ann, "x")
	file.Payload = chat.Message{Text: "x", Files: []chat.File{{ID: "f"}}}
	all := []chat.Draft{
		says(ann, "x"), says(ann, "y"), reply, mention, file, amends(ann, target, chat.Edit{Text: "x"}),
		amends(ann, second, chat.Edit{Text: "x"}), amends(ann, target, chat.Edit{Text: "y"}),
		reacts(ann, target, "👍", true), reacts(ann, target, "👍", false), reacts(ann, target, "🎉", true),
		amends(ann, second, chat.Delete{}),
	}
	for i, first := range all {
		first.Key = fmt.Sprint("k-", i)
		_, _, err := a.Append(context.Background(), room, first)
		require.NoError(t, err)
		for j, other := range all {
			if i != j {
				other.Key = first.Key
				refuse(t, b, room, other, chat.ErrKeyReused)
			}
		}
		_, repeated, err := b.Append(context.Background(), room, first)
		require.NoError(t, err, "%d", i)
		require.True(t, repeated)
	}
}

func testTrim(t *testing.T, open Open) {
	store, room := open(t, Options{HistoryLimit: 3}), chat.NewRoomID()
	var all []chat.Entry
	for i := range 7 {
		all = append(all, post(t, store, room, says(ann, fmt.Sprint(i))))
	}
	assert.Equal(t, all[4:], read(t, store, room).Entries)
	assert.Zero(t, all[0].Prev)
	for i := range all[1:] {
		assert.Equal(t, all[i].ID.Tag, all[i+1].Prev)
	}
}

func testExpiry(t *testing.T, open Open) {
	store, room := open(t, Options{HistoryTTL: 300 * time.Millisecond}), chat.NewRoomID()
	first := post(t, store, room, says(ann, "soon gone"))
	post(t, store, room, amends(ann, first, chat.Edit{Text: "edited"}))
	testwait.Until(t, func() bool { return read(t, store, room).Last().IsZero() }, "the log did not expire")
	assert.Equal(t, chat.Kept{}, read(t, store, room))
	next := post(t, store, room, says(ann, "anew"))
	assert.EqualValues(t, 1, next.ID.Seq)
	assert.NotEqual(t, first.ID, next.ID)
	refuse(t, store, room, amends(ann, first, chat.Delete{}), chat.ErrNotFound)
}

func testReadCreatesNothing(t *testing.T, open Open) {
	store, room := open(t, Options{}), chat.NewRoomID()
	assert.Equal(t, chat.Kept{}, read(t, store, room))
	snapshot, err := store.Members(context.Background(), room)
	require.NoError(t, err)
	assert.Empty(t, snapshot.Members)
	assert.Zero(t, snapshot.RosterState)
	state, err := store.Hold(context.Background(), room, nil, chat.Admission{})
	require.NoError(t, err)
	assert.Zero(t, state)
	state, err = store.Release(context.Background(), room, []chat.MemberID{"ann"}, 0)
	require.NoError(t, err)
	assert.Zero(t, state)
}

func testCancelled(t *testing.T, open Open) {
	store := open(t, Options{})
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := store.Read(gone, chat.NewRoomID())
	require.ErrorIs(t, err, context.Canceled)
	assert.NotErrorIs(t, err, chat.ErrUnavailable)
}

func testKinds(t *testing.T, open Open) {
	a, b, room := open(t, Options{}), open(t, Options{}), chat.NewRoomID()
	l := follow(t, b, room)
	rich := says(ann, "\x00look\u2028 <b>/\\\"&' 🙂\x7f")
	rich.Payload = chat.Message{
		Text: rich.Text(), Mentions: []chat.MemberID{"bob-id", "\"<x>/"},
		Files: []chat.File{{ID: "f", Name: "a/b <c>.png", Type: "image/png", Size: 1 << 40, SHA256: "00", Width: 3, Height: 4, Preview: "data:,"}},
	}
	first := post(t, a, room, rich)
	said := []chat.Entry{
		first,
		post(t, a, room, chat.Draft{From: ann, Payload: chat.RoomNotice{What: "topic", Fields: json.RawMessage(`{"topic":"<tea>"}`)}}),
		post(t, a, room, chat.Draft{From: ann, Payload: chat.RoomNotice{What: "locked"}}),
		post(t, a, room, reacts(bob, first, "👍", true)),
		post(t, a, room, amends(ann, first, chat.Edit{Text: rich.Text() + "!", Mentions: []chat.MemberID{"ann-id", "</>"}})),
	}
	for _, e := range said {
		require.Equal(t, chat.Appended{Entry: e}, l.next(t))
	}
	kept := read(t, b, room)
	require.Equal(t, said[1:3], kept.Entries[1:])
	require.Equal(t, said[3:], kept.Amendments)
	// What Redis has rewritten is what it was but for the change.
	m, e := message(t, b, room, first.ID)
	want := rich.Payload.(chat.Message)
	want.Text, want.Mentions = want.Text+"!", []chat.MemberID{"ann-id", "</>"}
	want.Changes = &chat.Changes{Last: said[4].ID, EditedAt: said[4].Time, Reactions: []chat.Reactions{{Emoji: "👍", By: []chat.MemberID{"bob-id"}}}}
	require.Equal(t, want, m)
	first.Payload = want
	require.Equal(t, first, e)

	post(t, a, room, amends(ann, first, chat.Edit{Text: "nobody"}))
	m, _ = message(t, b, room, first.ID)
	require.Empty(t, m.Mentions, "an edit has its own mentions")
}
