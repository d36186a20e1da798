package chattest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

func testEdit(t *testing.T, open Open) {
	a, b, room := open(t, Options{}), open(t, Options{}), chat.NewRoomID()
	first, second := post(t, a, room, says(ann, "first")), post(t, a, room, says(bob, "second"))
	edit := post(t, b, room, amends(ann, first, chat.Edit{Text: "the first"}))
	require.Equal(t, amends(ann, first, chat.Edit{Text: "the first"}).Payload, edit.Payload)
	require.EqualValues(t, 3, edit.ID.Seq)
	require.Equal(t, second.ID.Tag, edit.Prev)
	require.Equal(t, first.ID, edit.Target)

	again := post(t, a, room, amends(ann, first, chat.Edit{Text: "the very first"}))
	third := post(t, a, room, says(ann, "third"))
	require.Equal(t, again.ID.Tag, third.Prev)

	kept := read(t, b, room)
	want, _ := first.AmendedBy(again)
	require.Equal(t, []chat.Entry{want, second, third}, kept.Entries)
	require.Equal(t, []chat.Entry{edit.Voided(), again}, kept.Amendments, "what an edit said goes with the next")
	require.Equal(t, again.Time, want.Payload.(chat.Message).Changes.EditedAt)

	fresh, reason := kept.After(second.ID)
	require.Empty(t, reason)
	require.Equal(t, []chat.Entry{edit.Voided(), again, third}, fresh)
}

// An edit leaves a message its files, and may leave it nothing else.
func testEditWithFiles(t *testing.T, open Open) {
	store, room := open(t, Options{}), chat.NewRoomID()
	files := []chat.File{
		{ID: "f", Name: "a.jpg", Type: "image/jpeg", Size: 7, SHA256: "00", Width: 4, Height: 3, Preview: "data:,"},
		{ID: "v", Name: "v.ogg", Type: "audio/ogg", Size: 9, SHA256: "01", Duration: 1.5, Wave: chat.Wave{0, 31}},
	}
	d := says(ann, "look")
	d.Payload = chat.Message{Text: "look", Files: files}
	picture, words := post(t, store, room, d), post(t, store, room, says(ann, "words"))
	for _, text := range []string{"look here", "", " "} {
		edit := post(t, store, room, amends(ann, picture, chat.Edit{Text: text}))
		m, _ := message(t, store, room, picture.ID)
		require.Equal(t, text, m.Text)
		require.Equal(t, files, m.Files)
		require.Equal(t, edit.ID, m.Changes.Last)
	}
	for _, text := range []string{"", " \n"} {
		_, _, err := store.Append(context.Background(), room, amends(ann, words, chat.Edit{Text: text}))
		var invalid *chat.InvalidError
		require.ErrorAs(t, err, &invalid)
		require.Equal(t, "text", invalid.Field)
		refuse(t, store, room, amends(bob, words, chat.Edit{Text: text}), chat.ErrNotAuthor)
	}
}

func testDelete(t *testing.T, open Open) {
	store, room := open(t, Options{}), chat.NewRoomID()
	d := says(ann, "secret")
	d.Key = "k"
	first := post(t, store, room, d)
	edit := post(t, store, room, amends(ann, first, chat.Edit{Text: "another secret"}))
	reaction := post(t, store, room, reacts(bob, first, "👍", true))
	remove := amends(ann, first, chat.Delete{})
	remove.Key = "k-delete"
	deletion := post(t, store, room, remove)

	kept := read(t, store, room)
	require.Equal(t, []chat.Entry{edit.Voided(), reaction.Voided(), deletion}, kept.Amendments)
	first.Payload = chat.Message{Changes: &chat.Changes{Last: deletion.ID, Deleted: true}}
	require.Equal(t, []chat.Entry{first}, kept.Entries, "who said it, and when")

	e, repeated, err := store.Append(context.Background(), room, remove)
	require.NoError(t, err)
	require.True(t, repeated)
	require.Equal(t, deletion, e)
	e, repeated, err = store.Append(context.Background(), room, d)
	require.NoError(t, err)
	require.True(t, repeated)
	require.Equal(t, first, e, "a repeat does not bring it back")

	for _, key := range []string{"", "k-again", "k-again"} { // there is nothing left to do, which is no failure
		remove.Key = key
		e, repeated, err = store.Append(context.Background(), room, remove)
		require.NoError(t, err)
		require.True(t, repeated)
		require.Zero(t, e.ID)
	}
	for _, late := range []chat.Draft{amends(bob, first, chat.Delete{}), amends(ann, first, chat.Edit{Text: "x"}), reacts(bob, first, "👍", true)} {
		refuse(t, store, room, late, chat.ErrConflict)
	}
	reply := says(bob, "?")
	reply.Payload = chat.Message{Text: "?", ReplyTo: &chat.Quote{ID: first.ID}}
	refuse(t, store, room, reply, chat.ErrConflict)
	require.Equal(t, deletion.ID, read(t, store, room).Last())
}

func testReactions(t *testing.T, open Open) {
	a, b, room := open(t, Options{}), open(t, Options{}), chat.NewRoomID()
	first := post(t, a, room, says(ann, "tea?"))
	here := func() (all []string) {
		m, _ := message(t, b, room, first.ID)
		for _, r := range m.Changes.Reactions {
			all = append(all, fmt.Sprint(r.Emoji, r.By))
		}
		return all
	}
	same := func(d chat.Draft) {
		t.Helper()
		last := read(t, a, room).Last()
		for _, key := range []string{"", "k"} {
			d.Key = key
			for range 2 {
				e, repeated, err := a.Append(context.Background(), room, d)
				require.NoError(t, err)
				require.True(t, repeated)
				require.Zero(t, e.ID)
				require.Equal(t, d.Payload, e.Payload)
			}
		}
		require.Equal(t, last, read(t, a, room).Last(), "nothing is appended")
	}
	same(reacts(ann, first, "👍", false))
	post(t, a, room, reacts(ann, first, "👍", true))
	post(t, b, room, reacts(bob, first, "👍", true))
	post(t, b, room, reacts(bob, first, "🎉", true))
	require.Equal(t, []string{"👍[ann-id bob-id]", "🎉[bob-id]"}, here())
	again := reacts(bob, first, "👍", true)
	again.Client = "another"
	same(again)
	off := post(t, a, room, reacts(ann, first, "👍", false))
	require.Equal(t, []string{"👍[bob-id]", "🎉[bob-id]"}, here())
	require.Equal(t, chat.Reaction{Emoji: "👍"}, off.Payload)
	post(t, a, room, reacts(bob, first, "👍", false))
	post(t, a, room, reacts(ann, first, "👍", true))
	require.Equal(t, []string{"🎉[bob-id]", "👍[ann-id]"}, here())
	post(t, a, room, reacts(ann, first, "👍", false))
	last := post(t, a, room, reacts(bob, first, "🎉", false))
	m, _ := message(t, b, room, first.ID)
	require.Equal(t, &chat.Changes{Last: last.ID}, m.Changes)
	require.Equal(t, "tea?", m.Text)
}

func testReactionLimits(t *testing.T, open Open) {
	store, room := open(t, Options{}), chat.NewRoomID()
	first, second := post(t, store, room, says(ann, "emoji?")), post(t, store, room, says(ann, "who?"))
	tooMany := func(d chat.Draft, limit int) {
		t.Helper()
		_, _, err := store.Append(context.Background(), room, d)
		var invalid *chat.InvalidError
		require.ErrorAs(t, err, &invalid)
		require.Equal(t, "emoji", invalid.Field)
		require.Equal(t, limit, invalid.Limit)
	}
	for i := range chat.MaxReactions {
		post(t, store, room, reacts(ann, first, string(rune(0x1f600+i)), true))
	}
	tooMany(reacts(bob, first, "👍", true), chat.MaxReactions)
	post(t, store, room, reacts(bob, first, "\U0001f600", true))
	post(t, store, room, reacts(ann, first, "\U0001f601", false))
	post(t, store, room, reacts(bob, first, "👍", true))

	member := func(i int) chat.Author { return chat.Author{ID: chat.MemberID(fmt.Sprint("member-", i))} }
	for i := range chat.MaxReactors {
		post(t, store, room, reacts(member(i), second, "👍", true))
	}
	tooMany(reacts(ann, second, "👍", true), chat.MaxReactors)
	post(t, store, room, reacts(member(0), second, "👍", false))
	post(t, store, room, reacts(ann, second, "🎉", true))
	m, _ := message(t, store, room, second.ID)
	require.Len(t, m.Changes.Reactions[0].By, chat.MaxReactors-1)
}

func testRules(t *testing.T, open Open) {
	store, room := open(t, Options{HistoryLimit: 3}), chat.NewRoomID()
	gone := post(t, store, room, says(ann, "gone"))
	first := post(t, store, room, says(ann, "first"))
	notice := post(t, store, room, chat.Draft{From: ann, Payload: chat.RoomNotice{What: "locked"}})
	post(t, store, room, says(bob, "second"))
	last := read(t, store, room).Last()
	moderates := func(d chat.Draft) chat.Draft {
		d.Moderator = true
		return d
	}
	wrongTag, unheardOf := first, first
	wrongTag.ID.Tag++
	unheardOf.ID.Seq = 99
	for _, c := range []struct {
		draft chat.Draft
		want  error
	}{
		{amends(bob, first, chat.Edit{Text: "x"}), chat.ErrNotAllowed},
		{amends(bob, first, chat.Delete{}), chat.ErrNotAllowed},
		{moderates(amends(bob, first, chat.Edit{Text: "x"})), chat.ErrNotAllowed},
		{amends(ann, gone, chat.Delete{}), chat.ErrNotFound},
		{moderates(amends(bob, gone, chat.Delete{})), chat.ErrNotFound},
		{reacts(bob, gone, "👍", true), chat.ErrNotFound},
		{amends(ann, notice, chat.Edit{Text: "x"}), chat.ErrNotFound},
		{amends(ann, notice, chat.Delete{}), chat.ErrNotFound},
		{reacts(ann, notice, "👍", true), chat.ErrNotFound},
		{amends(ann, wrongTag, chat.Edit{Text: "x"}), chat.ErrNotFound},
		{amends(ann, unheardOf, chat.Edit{Text: "x"}), chat.ErrNotFound},
	} {
		refuse(t, store, room, c.draft, c.want)
		c.draft.Key = "k"
		refuse(t, store, room, c.draft, c.want) // the key is as it was: it can be used again
		refuse(t, store, room, c.draft, c.want)
	}
	for _, answered := range []chat.Entry{gone, notice, wrongTag} {
		reply := says(bob, "?")
		reply.Payload = chat.Message{Text: "?", ReplyTo: &chat.Quote{ID: answered.ID}}
		refuse(t, store, room, reply, chat.ErrNotFound)
	}
	refuse(t, store, chat.NewRoomID(), amends(ann, first, chat.Delete{}), chat.ErrNotFound)
	require.Equal(t, last, read(t, store, room).Last(), "nothing was appended")

	post(t, store, room, moderates(amends(bob, first, chat.Delete{})))
	m, e := message(t, store, room, first.ID)
	require.True(t, m.Changes.Deleted)
	require.Equal(t, ann, e.From)
}

func testQuotes(t *testing.T, open Open) {
	a, b, room := open(t, Options{}), open(t, Options{}), chat.NewRoomID()
	long := strings.Repeat("я", 150)
	first := post(t, a, room, says(ann, long))
	answer := says(bob, "yes")
	answer.Payload = chat.Message{Text: "yes", ReplyTo: &chat.Quote{ID: first.ID}}
	answer.Key = "k"
	l := follow(t, b, room)
	reply := post(t, b, room, answer)
	require.Equal(t, chat.Appended{Entry: reply}, l.next(t))
	quote := func() chat.Quote {
		m, _ := message(t, a, room, reply.ID)
		return *m.ReplyTo
	}
	require.Equal(t, *reply.Payload.(chat.Message).ReplyTo, quote())
	require.Equal(t, chat.Quote{ID: first.ID, From: ann, Excerpt: strings.Repeat("я", chat.MaxExcerpt)}, quote())
	e, repeated, err := a.Append(context.Background(), room, answer)
	require.NoError(t, err)
	require.True(t, repeated)
	require.Equal(t, reply, e)

	// Somebody answers the answer, whose quote is of no account to it.
	answer.Key = ""
	answer.Payload = chat.Message{Text: "no", ReplyTo: &chat.Quote{ID: reply.ID}}
	second := post(t, a, room, answer)
	post(t, a, room, amends(ann, first, chat.Edit{Text: "short/🙂"}))
	require.Equal(t, chat.Quote{ID: first.ID, From: ann, Excerpt: "short/🙂"}, quote())
	post(t, a, room, amends(ann, first, chat.Delete{}))
	require.Equal(t, chat.Quote{ID: first.ID, From: ann}, quote())
	m, _ := message(t, a, room, second.ID)
	require.Equal(t, &chat.Quote{ID: reply.ID, From: bob, Excerpt: "yes"}, m.ReplyTo)
}

func testAmendmentsApart(t *testing.T, open Open) {
	store, room := open(t, Options{HistoryLimit: 3}), chat.NewRoomID()
	var said []chat.Entry
	for i := range 3 {
		said = append(said, post(t, store, room, says(ann, fmt.Sprint(i))))
	}
	for i := range 50 {
		post(t, store, room, reacts(ann, said[i%3], "👍", i%6 < 3))
	}
	kept := read(t, store, room)
	require.Len(t, kept.Entries, 3)
	require.Len(t, kept.Amendments, 50)
	fresh, reason := kept.After(said[2].ID)
	require.Empty(t, reason)
	require.Equal(t, kept.Amendments, fresh)
}

func testDroppedAmendments(t *testing.T, open Open) {
	store, room := open(t, Options{AmendmentLimit: 3}), chat.NewRoomID()
	first := post(t, store, room, says(ann, "first"))
	var done []chat.Entry
	for i := range 5 {
		done = append(done, post(t, store, room, reacts(ann, first, "👍", i%2 == 0)))
	}
	second := post(t, store, room, says(ann, "second"))
	kept := read(t, store, room)
	require.Equal(t, done[2:], kept.Amendments)
	require.Equal(t, second, kept.Entries[1])

	all := append(append([]chat.Entry{first}, done...), second)
	for i, e := range all {
		fresh, reason := kept.After(e.ID)
		if i < 2 { // what came next is no longer kept
			require.Equal(t, chat.Expired, reason, i)
			require.Equal(t, kept.Entries, fresh)
			continue
		}
		require.Empty(t, reason, i)
		require.Len(t, fresh, len(all)-1-i)
		for j, e := range fresh {
			require.Equal(t, all[i+1+j], e)
		}
	}
	_, reason := kept.After(chat.Cursor{})
	require.Equal(t, chat.Expired, reason)
}

func testOldAmendments(t *testing.T, open Open) {
	store, room := open(t, Options{HistoryLimit: 2}), chat.NewRoomID()
	first, second := post(t, store, room, says(ann, "1")), post(t, store, room, says(ann, "2"))
	post(t, store, room, amends(ann, first, chat.Edit{Text: "one"}))
	post(t, store, room, amends(ann, second, chat.Edit{Text: "two"}))
	third := post(t, store, room, says(ann, "3"))
	require.Len(t, read(t, store, room).Amendments, 2, "they follow the second message")
	fourth := post(t, store, room, says(ann, "4"))
	kept := read(t, store, room)
	require.Empty(t, kept.Amendments)
	require.Equal(t, []chat.Entry{third, fourth}, kept.Entries)
	fresh, reason := kept.After(chat.Cursor{Seq: 4, Tag: third.Prev})
	require.Empty(t, reason, "the amendment before the third is not kept, but known by its tag")
	require.Equal(t, kept.Entries, fresh)
}

func testAmendmentKeeps(t *testing.T, open Open) {
	store, room := open(t, Options{HistoryTTL: time.Hour}), chat.NewRoomID()
	first := post(t, store, room, says(ann, "first"))
	longer := open(t, Options{HistoryTTL: 2 * time.Hour})
	post(t, longer, room, amends(ann, first, chat.Edit{Text: "edited"}))
	assert.Greater(t, read(t, store, room).Expires, 90*time.Minute)
	// A message keeps the amendments: without them the next number would be one that there was.
	post(t, open(t, Options{HistoryTTL: 3 * time.Hour}), room, says(ann, "second"))
	assert.Greater(t, read(t, store, room).Expires, 150*time.Minute)
}

// errorsAre are the errors of the rules.
var errorsAre = []error{chat.ErrNotFound, chat.ErrNotAllowed, chat.ErrConflict, chat.ErrKeyReused}

// ruleOf is which of the rules an error is about.
func ruleOf(err error) string {
	var invalid *chat.InvalidError
	if errors.As(err, &invalid) {
		return invalid.Error()
	}
	for _, rule := range errorsAre {
		if errors.Is(err, rule) {
			return rule.Error()
		}
	}
	if err != nil {
		return "another: " + err.Error()
	}
	return ""
}
