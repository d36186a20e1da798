package limits

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

func TestRateCountsByClientAndAction(t *testing.T) {
	now := time.Now()
	l := NewRate(chat.Open{}, 0.001, 3, chat.ActionPost, "call")
	l.now = func() time.Time { return now }
	decide := func(client string, what chat.Action) error {
		return l.Decide(context.Background(), chat.Principal{LimitKey: client}, "lobby", what)
	}
	for _, what := range []chat.Action{chat.ActionPost, "call", chat.ActionPost} {
		require.NoError(t, decide("ann", what))
	}
	var limit *chat.LimitError
	require.ErrorAs(t, decide("ann", chat.ActionPost), &limit)
	assert.InDelta(t, 1000, limit.RetryAfter.Seconds(), 1)
	require.Error(t, decide("ann", "call"), "they are counted together")
	require.NoError(t, decide("ann", chat.ActionHistory), "reading is not counted")
	require.NoError(t, decide("bob", chat.ActionPost))
	now = now.Add(limit.RetryAfter)
	require.NoError(t, decide("ann", chat.ActionPost))
	require.Error(t, decide("ann", chat.ActionPost))
}

// refuse is a policy that refuses everything.
type refuse struct{}

func (refuse) Decide(context.Context, chat.Principal, chat.RoomID, chat.Action) error {
	return chat.ErrNotAllowed
}

func TestTheNextPolicyDecides(t *testing.T) {
	l := NewRate(refuse{}, 0.001, 1, chat.ActionPost)
	ctx := context.Background()
	require.ErrorIs(t, l.Decide(ctx, chat.Principal{}, "lobby", chat.ActionPost), chat.ErrNotAllowed)
	require.ErrorIs(t, l.Decide(ctx, chat.Principal{}, "lobby", chat.ActionHistory), chat.ErrNotAllowed)
	require.ErrorAs(t, l.Decide(ctx, chat.Principal{}, "lobby", chat.ActionPost), new(*chat.LimitError),
		"what is refused counts too")
}

func TestABurstIsFiveSecondsWorth(t *testing.T) {
	assert.Equal(t, 10, NewRate(chat.Open{}, 2, 0).burst)
	assert.Equal(t, 1, NewRate(chat.Open{}, 0.01, 0).burst)
}

func TestRatesForgetWhoIsGone(t *testing.T) {
	l := NewRate(chat.Open{}, 1, 1)
	now := time.Now()
	assert.Zero(t, l.wait("busy", now))
	for i := range 5 * maxClients {
		assert.Zero(t, l.wait(fmt.Sprint(i), now))
		if i%1000 == 0 {
			assert.NotZero(t, l.wait("busy", now), "who goes on is remembered")
		}
	}
	assert.LessOrEqual(t, len(l.new)+len(l.old), 2*maxClients)
}
