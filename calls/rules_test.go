package calls

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

// keeper is the rooms' rules, of which the calls see what changes.
type keeper struct {
	chat.RuleKeeper
	store
}

func (k keeper) ChangeRules(ctx context.Context, room chat.RoomID, c chat.RulesChange) (chat.Entry, chat.RulesVersion, error) {
	return k.store.ChangeRules(ctx, room, c)
}

func (k keeper) Rules(ctx context.Context, room chat.RoomID) (*chat.Rules, error) {
	return k.store.Rules(ctx, room)
}

// rule changes the room's rules, on this node.
func rule(t *testing.T, r *rooms, c *Calls, change func(*chat.Rules)) {
	t.Helper()
	rules := c.Rules(keeper{store: store{r}})
	from, err := rules.Rules(t.Context(), lobby)
	require.NoError(t, err)
	to := from.Clone()
	to.Version.Number++
	change(to)
	_, _, err = rules.ChangeRules(t.Context(), lobby, chat.RulesChange{From: from, To: to})
	require.NoError(t, err)
	after(soon)
}

func against(id chat.MemberID, until time.Time) []chat.Ban {
	return []chat.Ban{{ID: "1", Member: chat.Author{ID: id}, At: time.Now(), Until: until}}
}

// inCall is a room with three people in its call.
func inCall(t *testing.T, test func(t *testing.T, r *rooms, c *Calls)) {
	t.Helper()
	reconciling(t, func(t *testing.T, r *rooms, c *Calls) {
		r.open(time.Hour, "ann", "bob", "cid")
		for _, id := range ids("ann", "bob", "cid") {
			r.connect(id)
		}
		c.queue.add(lobby, 0)
		after(soon)
		require.Len(t, r.inCall(), 3)
		test(t, r, c)
	})
}

func TestWhoIsMutedSendsNothing(t *testing.T) {
	inCall(t, func(t *testing.T, r *rooms, c *Calls) {
		rule(t, r, c, func(to *chat.Rules) { to.Mutes = against("bob", time.Time{}) })
		assert.Equal(t, []string{"silent bob"}, r.take())
		assert.Len(t, r.inCall(), 3, "and listens on")
		after(3 * sweepEvery)
		assert.Empty(t, r.take(), "it is told once")

		r.disconnect("bob")
		r.connect("bob") // with the token that it had
		c.queue.add(lobby, 0)
		after(soon)
		assert.Equal(t, []string{"silent bob"}, r.take())
		rule(t, r, c, func(to *chat.Rules) { to.Mutes = nil })
		assert.Equal(t, []string{"heard bob"}, r.take())
	})
}

func TestAMuteInACallEndsByItself(t *testing.T) {
	for _, lasts := range []time.Duration{2 * time.Second, 40 * time.Second} {
		inCall(t, func(t *testing.T, r *rooms, c *Calls) {
			rule(t, r, c, func(to *chat.Rules) { to.Mutes = against("bob", time.Now().Add(lasts)) })
			require.Equal(t, []string{"silent bob"}, r.take())
			after(lasts / 2)
			require.Empty(t, r.take())
			after(lasts/2 + time.Second)
			require.Equal(t, []string{"heard bob"}, r.take())
		})
	}
}

func TestWhoIsBannedIsOutOfTheCall(t *testing.T) {
	inCall(t, func(t *testing.T, r *rooms, c *Calls) {
		rule(t, r, c, func(to *chat.Rules) { to.Bans = against("bob", time.Time{}) })
		assert.Equal(t, []string{"out bob"}, r.take())
		assert.Equal(t, ids("ann", "cid"), r.inCall())
		r.connect("bob") // by the token that it has
		c.queue.add(lobby, 0)
		after(soon)
		assert.Equal(t, []string{"out bob"}, r.take())
	})
}

func TestCallsThatARoomIsWithout(t *testing.T) {
	inCall(t, func(t *testing.T, r *rooms, c *Calls) {
		rule(t, r, c, func(to *chat.Rules) { to.Calls = false })
		assert.Equal(t, []string{"close"}, r.take())
		assert.Empty(t, r.inCall())
		r.connect("ann")
		c.queue.add(lobby, 0)
		after(soon)
		assert.Equal(t, []string{"close"}, r.take())
	})
}

// A node that can't carry out what it has changed leaves it to the next sweep, of whatever node.
func TestRulesThatAnotherNodeHasChanged(t *testing.T) {
	inCall(t, func(t *testing.T, r *rooms, c *Calls) {
		to := r.rules.Clone()
		to.Mutes = against("bob", time.Time{})
		r.do(func() { r.rules = to })
		after(sweepEvery + soon)
		assert.Equal(t, []string{"silent bob"}, r.take())
	})
}

func TestOtherRulesAskLiveKitNothing(t *testing.T) {
	inCall(t, func(t *testing.T, r *rooms, c *Calls) {
		asked := r.asked
		rule(t, r, c, func(to *chat.Rules) { to.Topic = "tea" })
		assert.Equal(t, asked, r.asked)
	})
}
