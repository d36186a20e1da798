package find_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/find"
)

func message(n uint64, from, text string) chat.Entry {
	return chat.Entry{ID: chat.Cursor{Seq: n, Tag: 1}, From: chat.Author{ID: chat.MemberID(from)}, Payload: chat.Message{Text: text}}
}

func search(t *testing.T, entries []chat.Entry, text, from string, limit int) (found []uint64, more bool) {
	t.Helper()
	q, err := find.Parse(text, from)
	require.NoError(t, err)
	all, more, err := q.In(t.Context(), entries, limit)
	require.NoError(t, err)
	for _, e := range all {
		found = append(found, e.ID.Seq)
	}
	return found, more
}

func TestEveryWordOccursInWhateverCase(t *testing.T) {
	for _, c := range []struct {
		text, query string
		want        bool
	}{
		{"Hello, world", "hello", true},
		{"Hello, world", "WORLD hello", true},
		{"Hello, world", "hello there", false},
		{"Hello, world", "lo, wo", true},
		{"hello", "  hello\t", true},
		{"ПРИВЕТ", "привет", true},
		{"Straße", "STRASSE", true},
		{"ΟΔΟΣ", "οδος", true},
		{"Café", "cafe\u0301", true},
		{"CAFE\u0301", "café", true},
		{"a.b", "a b", true},
		{"axb", "a.b", false},
		{"line one\nline two", "one two", true},
		{"İstanbul", "i̇stanbul", true},
		{"İstanbul", "istanbul", true},
		{"istanbul", "İSTANBUL", true},
	} {
		found, _ := search(t, []chat.Entry{message(1, "ann", c.text)}, c.query, "", 10)
		require.Equal(t, c.want, len(found) == 1, "%q in %q", c.query, c.text)
	}
}

func TestTheLastAreFoundInOrder(t *testing.T) {
	var entries []chat.Entry
	for i := range uint64(10) {
		entries = append(entries, message(i+1, []string{"ann", "bob"}[i%2], fmt.Sprint("tea ", i+1)))
	}
	deleted := message(11, "ann", "")
	deleted.Payload = chat.Message{Text: "tea", Changes: &chat.Changes{Deleted: true}}
	notice := message(12, "ann", "")
	notice.Payload = chat.RoomNotice{What: "tea"}
	file := message(13, "cid", "")
	file.Payload = chat.Message{Files: []chat.File{{Name: "TEA.png"}}}
	entries = append(entries, deleted, notice, file)

	found, more := search(t, entries, "tea", "", 4)
	require.Equal(t, []uint64{8, 9, 10, 13}, found)
	require.True(t, more)
	found, more = search(t, entries, "tea", "", 11)
	require.Len(t, found, 11)
	require.False(t, more)
	found, more = search(t, entries, "", "ann", 10)
	require.Equal(t, []uint64{1, 3, 5, 7, 9}, found)
	require.False(t, more)
	found, _ = search(t, entries, "tea 10", "ann", 10)
	require.Empty(t, found)
}

func TestWhoSaidItIsFoundByIDNameOrLook(t *testing.T) {
	said := func(n uint64, by chat.Author) chat.Entry {
		return chat.Entry{ID: chat.Cursor{Seq: n, Tag: 1}, From: by, Payload: chat.Message{Text: "built"}}
	}
	entries := []chat.Entry{ // a guest has another id with each post
		said(1, chat.Author{ID: "g-1", Name: "ci", Guest: true, Look: "look-of-ci"}),
		said(2, chat.Author{ID: "ann-id", Name: "Änn Ødegård"}),
		said(3, chat.Author{ID: "g-2", Name: "ci", Guest: true, Look: "look-of-ci"}),
		said(4, chat.Author{ID: "g-3", Name: "ci", Guest: true, Look: "another-look"}),
		said(5, chat.Author{ID: "g-4", Name: "guest-1f"}),
	}
	for from, want := range map[string][]uint64{
		"look-of-ci": {1, 3}, "ci": {1, 3, 4}, " CI ": {1, 3, 4}, "g-2": {3}, "ann-id": {2}, "ÄNN ØDEGÅRD": {2}, "A\u0308nn ødegård": {2},
		"ann": nil, "c": nil, "ANN-ID": nil, " ": nil,
	} {
		found, _ := search(t, entries, "", from, 10)
		require.Equal(t, want, found, "%q", from)
		found, _ = search(t, entries, "BUILT", from, 10)
		require.Equal(t, want, found, "%q", from)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ text, from, field string }{
		{strings.Repeat("я", find.MaxQuery+1), "", "q"},
		{" \t", "", "q"},
		{"\xff", "", "q"},
		{"", strings.Repeat("a", find.MaxFrom+1), "from"},
	} {
		_, err := find.Parse(c.text, c.from)
		var invalid *chat.InvalidError
		require.ErrorAs(t, err, &invalid)
		require.Equal(t, c.field, invalid.Field)
	}
	q, err := find.Parse("", "")
	require.NoError(t, err)
	require.True(t, q.IsEmpty())
	_, err = find.Parse(strings.Repeat("я", find.MaxQuery), strings.Repeat("𝒜", chat.MaxName))
	require.NoError(t, err)
}

func TestASearchEndsWithItsCaller(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("gone"))
	q, err := find.Parse("tea", "")
	require.NoError(t, err)
	_, _, err = q.In(ctx, []chat.Entry{message(1, "ann", "tea")}, 1)
	require.ErrorIs(t, err, context.Canceled)
}
