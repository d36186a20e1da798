package chattest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/caller-chat/caller/chat"
)

// twin has done all that a store was asked to do, and holds to the rules as package chat has them.
type twin struct {
	store *Store
	// theirs and mine are the ids of the same entries, which have other tags in each store.
	theirs, mine map[chat.Cursor]chat.Cursor
	times        map[chat.Cursor]time.Time // of theirs
}

// translated is an entry of the twin's as the store should have it.
func (w *twin) translated(e chat.Entry, prev chat.Tag) chat.Entry {
	id := w.theirs[e.ID]
	e.ID, e.Prev, e.Time = id, prev, w.times[id]
	e.Target = w.theirs[e.Target]
	m, ok := e.Payload.(chat.Message)
	if !ok {
		return e
	}
	if m.ReplyTo != nil {
		quote := *m.ReplyTo
		quote.ID = w.theirs[quote.ID]
		m.ReplyTo = &quote
	}
	if m.Changes != nil {
		changes := *m.Changes
		changes.Last = w.theirs[changes.Last]
		if !changes.EditedAt.IsZero() { // to be the time of an edit: which one, the amendments say
			changes.EditedAt = time.Time{}
		}
		m.Changes = &changes
	}
	e.Payload = m
	return e
}

// testModel does the same at random with a store, by two nodes, and with this package's own.
func testModel(t *testing.T, open Open) {
	const history, amendments = 4, 6
	o := Options{HistoryLimit: history, AmendmentLimit: amendments}
	nodes := []Backend{open(t, o), open(t, o)}
	authors := []chat.Author{ann, bob, {ID: "cid-id", Name: "Cid"}}
	rapid.Check(t, func(rt *rapid.T) {
		room, ctx := chat.NewRoomID(), context.Background()
		w := &twin{store: New(o), theirs: map[chat.Cursor]chat.Cursor{{}: {}}, mine: map[chat.Cursor]chat.Cursor{{}: {}},
			times: map[chat.Cursor]time.Time{}}
		var ids, readers []chat.Cursor // the store's, and where somebody once was
		last := chat.Cursor{}
		pick := func() chat.Cursor {
			if len(ids) == 0 {
				return chat.Cursor{Seq: 1, Tag: 1}
			}
			return ids[len(ids)-1-rapid.IntRange(0, min(len(ids), 12)-1).Draw(rt, "which")]
		}
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			d := chat.Draft{From: rapid.SampledFrom(authors).Draw(rt, "who"), Client: "c"}
			d.Key = rapid.SampledFrom([]string{"", "", "k1", "k2"}).Draw(rt, "key")
			text := rapid.SampledFrom([]string{"a", "b", "<\"/\u2028🙂>", "long " + string(make([]byte, 120))}).Draw(rt, "text")
			switch rapid.IntRange(0, 7).Draw(rt, "what") {
			case 0, 1:
				d.Payload = chat.Message{Text: text}
			case 2:
				d.Payload = chat.Message{Text: text, ReplyTo: &chat.Quote{ID: pick()}, Mentions: []chat.MemberID{"ann-id"}}
			case 3:
				d.Payload = chat.RoomNotice{What: "topic"}
			case 4:
				edit := chat.Edit{Text: text}
				if rapid.Bool().Draw(rt, "mentions") {
					edit.Mentions = []chat.MemberID{"bob-id"}
				}
				d.Target, d.Payload = pick(), edit
			case 5:
				d.Target, d.Payload = pick(), chat.Delete{}
				d.Moderator = rapid.Bool().Draw(rt, "moderator")
			default:
				emoji := rapid.SampledFrom([]string{"👍", "🎉"}).Draw(rt, "emoji")
				d.Target, d.Payload = pick(), chat.Reaction{Emoji: emoji, On: rapid.Bool().Draw(rt, "on")}
			}
			own := d
			known := func(id chat.Cursor) chat.Cursor {
				if mine, ok := w.mine[id]; ok {
					return mine
				}
				return id
			}
			own.Target = known(d.Target)
			if m, ok := d.Payload.(chat.Message); ok && m.ReplyTo != nil {
				m.ReplyTo = &chat.Quote{ID: known(m.ReplyTo.ID)}
				own.Payload = m
			}
			e, repeated, err := nodes[rapid.IntRange(0, 1).Draw(rt, "node")].Append(ctx, room, d)
			mine, wantRepeated, wantErr := w.store.Append(ctx, room, own)
			require.Equal(rt, ruleOf(wantErr), ruleOf(err))
			require.Equal(rt, wantRepeated, repeated)
			require.Equal(rt, mine.ID.IsZero(), e.ID.IsZero())
			if err != nil || repeated {
				require.Equal(rt, w.theirs[mine.ID], e.ID)
				continue
			}
			require.Equal(rt, mine.ID.Seq, e.ID.Seq)
			require.Equal(rt, last.Tag, e.Prev)
			w.theirs[mine.ID], w.mine[e.ID], w.times[e.ID], last = e.ID, mine.ID, e.Time, e.ID
			ids = append(ids, e.ID)
			if rapid.IntRange(0, 3).Draw(rt, "reader") == 0 {
				readers = append(readers, e.ID)
			}
		}
		compare(rt, w, nodes[0], room, ids, readers)
	})
}

// compare says where the store has something else than the twin.
func compare(rt *rapid.T, w *twin, l chat.Log, room chat.RoomID, ids, readers []chat.Cursor) {
	kept, err := l.Read(context.Background(), room)
	require.NoError(rt, err)
	require.NoError(rt, kept.Check())
	want, err := w.store.Read(context.Background(), room)
	require.NoError(rt, err)
	same := func(of string, got, want []chat.Entry) {
		require.Len(rt, got, len(want), of)
		for i, e := range got {
			prev := chat.Tag(0)
			if e.ID.Seq > 1 {
				prev = ids[e.ID.Seq-2].Tag
			}
			if m, ok := e.Payload.(chat.Message); ok && m.Changes != nil && !m.Changes.EditedAt.IsZero() {
				changes := *m.Changes
				require.False(rt, changes.EditedAt.Before(e.Time))
				changes.EditedAt = time.Time{}
				m.Changes = &changes
				e.Payload = m
			}
			require.Equal(rt, w.translated(want[i], prev), e, fmt.Sprint(of, " ", i))
		}
	}
	same("entry", kept.Entries, want.Entries)
	same("amendment", kept.Amendments, want.Amendments)
	for _, c := range readers {
		got, reason := kept.After(c)
		wanted, wantReason := want.After(w.mine[c])
		require.Equal(rt, wantReason, reason)
		require.Len(rt, got, len(wanted))
	}
}
