package redisstore

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
)

func testRevoked(t *testing.T, s *server) {
	a, b := s.open(t, Options{}), s.open(t, Options{})
	begin, next, err := a.Revoked(ctx, "")
	require.NoError(t, err)
	ann, bob := chat.NewMemberID(), chat.NewMemberID()
	require.NotContains(t, begin, ann)

	require.NoError(t, b.Revoke(ctx, ann, time.Hour, 0))
	ids, next, err := a.Revoked(ctx, next)
	require.NoError(t, err)
	assert.Contains(t, ids, ann)
	require.NotEmpty(t, next)

	require.NoError(t, a.Revoke(ctx, bob, time.Hour, 0))
	ids, again, err := a.Revoked(ctx, next)
	require.NoError(t, err)
	assert.Contains(t, ids, bob)
	assert.GreaterOrEqual(t, again, next)
	all, _, err := b.Revoked(ctx, "")
	require.NoError(t, err)
	assert.Subset(t, all, []chat.MemberID{ann, bob})

	// They are forgotten one by one, not with the key, which every end keeps for longer.
	cleo := chat.NewMemberID()
	testwait.Until(t, func() bool {
		require.NoError(t, a.Revoke(ctx, cleo, time.Second, 0))
		all, _, err := b.Revoked(ctx, "")
		require.NoError(t, err)
		return slices.Contains(all, cleo) && !slices.Contains(all, ann) && !slices.Contains(all, bob)
	}, "the first two are remembered on")
	_, _, err = a.Revoked(ctx, "yesterday")
	assert.Error(t, err)

	// So many are remembered, and the one that is again.
	all, _, err = b.Revoked(ctx, "")
	require.NoError(t, err)
	most := len(all)
	dora := chat.NewMemberID()
	require.ErrorIs(t, a.Revoke(ctx, dora, time.Hour, most), chat.ErrFull)
	require.NoError(t, a.Revoke(ctx, all[0], time.Hour, most))
	after, _, err := b.Revoked(ctx, "")
	require.NoError(t, err)
	assert.NotContains(t, after, dora)
	require.NoError(t, a.Revoke(ctx, dora, time.Hour, most+1))
	require.NoError(t, a.Revoke(ctx, chat.NewMemberID(), time.Hour, 0), "a program's, which always ends")
}

func testLinks(t *testing.T, s *server) {
	a, b := s.open(t, Options{}), s.open(t, Options{})
	_, ok, err := a.TakeLink(ctx, "none")
	require.NoError(t, err)
	assert.False(t, ok)

	hash := randomHex(8)
	require.NoError(t, a.KeepLink(ctx, hash, []byte("ann"), time.Hour))
	takers := make(chan []byte, 20)
	var all sync.WaitGroup
	for i := range cap(takers) {
		node := a
		if i%2 == 1 {
			node = b
		}
		all.Go(func() {
			if of, ok, err := node.TakeLink(ctx, hash); assert.NoError(t, err) && ok {
				takers <- of
			}
		})
	}
	all.Wait()
	close(takers)
	require.Equal(t, []byte("ann"), <-takers)
	assert.Nil(t, <-takers, "it is good once, on whatever node")

	require.NoError(t, a.KeepLink(ctx, hash, []byte("ann"), time.Millisecond))
	testwait.Until(t, func() bool {
		n, err := a.client.Exists(ctx, a.linkKey(hash)).Result()
		return assert.NoError(t, err) && n == 0
	}, "it is kept for longer than it should be")
	_, ok, err = b.TakeLink(ctx, hash)
	require.NoError(t, err)
	assert.False(t, ok)
}
