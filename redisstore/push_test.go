package redisstore

import (
	"bytes"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
)

func testPushKey(t *testing.T, s *server) {
	a, b := s.open(t, Options{}), s.open(t, Options{})
	first, err := a.PushKey(ctx, bytes.Repeat([]byte{1}, 32))
	require.NoError(t, err)
	second, err := b.PushKey(ctx, bytes.Repeat([]byte{2}, 32))
	require.NoError(t, err)
	assert.Equal(t, first, second, "the first one's is everybody's")
}

func testSubscriptions(t *testing.T, s *server) {
	a, b := s.open(t, Options{}), s.open(t, Options{})
	ann, bob := chat.NewMemberID(), chat.NewMemberID()
	prefix := randomHex(4) + "-" // ids are of all members together
	subscribed := func(who chat.MemberID) []string {
		all, err := b.Subscribed(ctx, who)
		require.NoError(t, err)
		var texts []string
		for _, one := range all {
			texts = append(texts, string(one))
		}
		return texts
	}
	put := func(who chat.MemberID, id, text string) {
		require.NoError(t, a.Subscribe(ctx, who, who, prefix+id, []byte(text), 3, time.Hour))
	}
	assert.Empty(t, subscribed(ann))
	put(ann, "1", `{"a": 1}`)
	put(ann, "2", "two")
	put(ann, "1", "one again")
	assert.Equal(t, []string{"two", "one again"}, subscribed(ann))
	for i := 3; i < 6; i++ {
		put(ann, strconv.Itoa(i), strconv.Itoa(i))
	}
	assert.Equal(t, []string{"3", "4", "5"}, subscribed(ann), "the newest")

	put(bob, "4", "bob's now")
	assert.Equal(t, []string{"3", "5"}, subscribed(ann), "a browser is one person's")
	assert.Equal(t, []string{"bob's now"}, subscribed(bob))

	require.NoError(t, b.Unsubscribe(ctx, ann, prefix+"3"))
	require.NoError(t, b.Unsubscribe(ctx, ann, prefix+"none"))
	assert.Equal(t, []string{"5"}, subscribed(ann))
	require.NoError(t, b.Unsubscribe(ctx, ann, ""))
	assert.Empty(t, subscribed(ann))
	for id, has := range map[string]int64{"1": 0, "2": 0, "3": 0, "4": 1, "5": 0} {
		n, err := a.client.Exists(ctx, a.pushOwnerKey(prefix+id)).Result()
		require.NoError(t, err)
		assert.Equal(t, has, n, "what is not kept is nobody's, and what somebody has taken over is theirs: %s", id)
	}

	require.NoError(t, a.Revoke(ctx, bob, time.Hour, 0))
	assert.Empty(t, subscribed(bob), "who has signed out")

	require.NoError(t, a.Subscribe(ctx, ann, ann, prefix+"9", []byte("short"), 3, time.Millisecond))
	testwait.Until(t, func() bool { return len(subscribed(ann)) == 0 }, "it is kept for longer than it should be")
}

// testSubscriptionsOfSessions has two sign-ins of one person, of which one ends.
func testSubscriptionsOfSessions(t *testing.T, s *server) {
	a, b := s.open(t, Options{}), s.open(t, Options{})
	ann := chat.NewMemberID()
	prefix := randomHex(4) + "-"
	put := func(session chat.MemberID, id string, keep time.Duration) {
		require.NoError(t, a.Subscribe(ctx, ann, session, prefix+id, []byte(id), 10, keep))
	}
	subscribed := func() []string {
		all, err := b.Subscribed(ctx, ann)
		require.NoError(t, err)
		var texts []string
		for _, one := range all {
			texts = append(texts, string(one))
		}
		return texts
	}
	put(ann+"@one", "phone", time.Hour)
	put(ann+"@two", "laptop", time.Hour)
	put(ann+"@three", "short", time.Millisecond)
	put(ann, "old", time.Hour) // of a version before
	testwait.Until(t, func() bool { return len(subscribed()) == 3 }, "a session's are kept for longer than it is")
	require.NoError(t, a.Revoke(ctx, ann+"@one", time.Hour, 0))
	assert.Equal(t, []string{"laptop", "old"}, subscribed(), "the other sign-in's stay")
	require.NoError(t, a.Unsubscribe(ctx, ann, ""))
	for _, id := range []string{"phone", "laptop", "old"} {
		n, err := a.client.Exists(ctx, a.pushOwnerKey(prefix+id)).Result()
		require.NoError(t, err)
		assert.Zero(t, n, id)
	}
}
