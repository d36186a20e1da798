package redisstore

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
)

// dump is all that Redis has under a prefix, values and all.
func dump(t *testing.T, s *server, prefix string) string {
	var all strings.Builder
	for _, key := range scanKeys(t, s, prefix) {
		kind := s.client.Type(ctx, key).Val()
		fmt.Fprintf(&all, "%s %s ", key, kind)
		switch kind {
		case "string":
			fmt.Fprintln(&all, s.client.Get(ctx, key).Val())
		case "list":
			fmt.Fprintln(&all, s.client.LRange(ctx, key, 0, -1).Val())
		case "hash":
			fmt.Fprintln(&all, s.client.HGetAll(ctx, key).Val())
		case "zset":
			fmt.Fprintln(&all, s.client.ZRangeWithScores(ctx, key, 0, -1).Val())
		default:
			require.Failf(t, "what is it?", "%s is a %s", key, kind)
		}
	}
	return all.String()
}

// remembered is what a store has in its memory of posts.
func remembered(st *Store) string {
	st.recentPosts.mu.Lock()
	defer st.recentPosts.mu.Unlock()
	var all strings.Builder
	for i := range st.recentPosts.recent {
		if p := &st.recentPosts.recent[i]; p.tag != 0 {
			fmt.Fprintf(&all, "%s %+v\n", p.body, p.draft)
		}
	}
	return all.String()
}

// reader writes down the bytes that a room's readers are told.
type reader struct {
	mu   sync.Mutex
	told strings.Builder
}

// plainly is a framing that shows all there is.
type plainly struct{}

func (plainly) AppendEvent(dst []byte, e *chat.Event) []byte {
	if a, ok := e.Body.(chat.Appended); ok {
		quoted := ""
		if m, ok := a.Entry.Payload.(chat.Message); ok && m.ReplyTo != nil {
			quoted = m.ReplyTo.Excerpt
		}
		return fmt.Appendf(dst, "%v %s: %s (%s) %+v\n", a.Entry.ID, a.Entry.Kind(), a.Entry.Text(), quoted, a.Entry.Payload)
	}
	return dst
}

func (r *reader) Deliver(b *chat.Batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told.Write(b.Encoded(plainly{}))
}

func (r *reader) Closed(error) {}

func (r *reader) take() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := r.told.String()
	r.told.Reset()
	return text
}

// What was deleted is gone: from Redis, and from the memory of both nodes, whoever asks for it and
// from where on.
func testDeletedIsGone(t *testing.T, s *server) {
	prefix := "gone-" + string(room()) + ":"
	id, ann := room(), chat.Principal{ID: "ann-id", Name: "Ann", Client: "ann-id"}
	stores := []*Store{s.open(t, Options{KeyPrefix: prefix}), s.open(t, Options{KeyPrefix: prefix})}
	var nodes []*chat.Node
	var readers []*reader
	for _, st := range stores {
		n := chat.NewNode(st, st, st, st, st, chat.Options{Patience: testwait.Limit})
		defer func() { require.NoError(t, n.Close(context.Background())) }()
		r := &reader{}
		_, err := n.Subscribe(ctx, chat.Principal{}, id, chat.Start{Unlisted: true, History: -1}, r)
		require.NoError(t, err)
		nodes, readers = append(nodes, n), append(readers, r)
	}
	post := func(node int, d chat.Draft) chat.Entry {
		e, _, err := nodes[node].Post(ctx, ann, id, d)
		require.NoError(t, err)
		return e
	}
	before := post(0, chat.Draft{Payload: chat.Message{Text: "before"}})
	first := post(0, chat.Draft{Payload: chat.Message{Text: "the first secret"}, Key: "k"})
	post(1, chat.Draft{Payload: chat.Message{Text: "what?", ReplyTo: &chat.Quote{ID: first.ID}}, Key: "k-reply"})
	post(1, chat.Draft{Target: first.ID, Payload: chat.Edit{Text: "the second secret"}, Key: "k-1"})
	post(0, chat.Draft{Target: first.ID, Payload: chat.Edit{Text: "the third secret"}, Key: "k-2"})
	hasBeenTold := func(text string) {
		for _, r := range readers {
			testwait.Until(t, func() bool {
				r.mu.Lock()
				defer r.mu.Unlock()
				return strings.Contains(r.told.String(), text)
			}, "a reader is not told")
		}
	}
	hasBeenTold("the third secret")
	require.Contains(t, dump(t, s, prefix), "the third secret")
	edited := dump(t, s, prefix) + remembered(stores[0]) + remembered(stores[1])
	assert.NotContains(t, edited, "the first secret")
	assert.NotContains(t, edited, "the second secret")

	deletion := post(1, chat.Draft{Target: first.ID, Payload: chat.Delete{}})
	hasBeenTold(deletion.ID.String())
	assert.NotContains(t, dump(t, s, prefix), "secret")
	for i, n := range nodes {
		assert.NotContains(t, remembered(stores[i]), "secret", "node %d", i)
		for _, start := range []chat.Start{
			{Unlisted: true, History: -1}, {Unlisted: true, Resume: true, After: before.ID}, {Unlisted: true, Resume: true, After: first.ID},
			{Unlisted: true, Resume: true, After: chat.Cursor{Seq: 2, Tag: 1}},
		} {
			r := &reader{}
			sub, err := n.Subscribe(ctx, chat.Principal{}, id, start, r)
			require.NoError(t, err)
			sub.Close()
			told := r.take()
			assert.NotContains(t, told, "secret", "node %d, %+v", i, start)
			assert.Contains(t, told, "what?")
		}
		kept, err := n.History(ctx, ann, id)
		require.NoError(t, err)
		assert.NotContains(t, fmt.Sprintf("%+v", kept), "secret")
		again, repeated, err := n.Post(ctx, ann, id, chat.Draft{Payload: chat.Message{Text: "the first secret"}, Key: "k"})
		require.NoError(t, err)
		require.True(t, repeated)
		assert.Equal(t, first.ID, again.ID)
		assert.Empty(t, again.Text())
	}
	assert.NotContains(t, dump(t, s, prefix), "secret")
}
