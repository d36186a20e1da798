package calls

import (
	"context"
	"slices"

	"github.com/caller-chat/caller/chat"
)

// observedRules are the rooms' rules, and see what changes for those who are in a call. It is
// carried out by the node that has made the change, whichever has given out the join tokens; if it
// can't, by the next sweep.
type observedRules struct {
	chat.RuleKeeper
	calls *Calls
}

// Rules is the store's keeper of rules as the node has to use it.
func (c *Calls) Rules(keeper chat.RuleKeeper) chat.RuleKeeper { return observedRules{keeper, c} }

// ChangeRules implements [chat.RuleKeeper].
func (w observedRules) ChangeRules(
	ctx context.Context, room chat.RoomID, c chat.RulesChange,
) (chat.Entry, chat.RulesVersion, error) {
	e, version, err := w.RuleKeeper.ChangeRules(ctx, room, c)
	if err == nil && concernsCalls(c.From, c.To) {
		w.calls.queue.add(room, 0)
	}
	return e, version, err
}

// concernsCalls reports whether a change of rules may change what somebody may do in a call.
func concernsCalls(from, to *chat.Rules) bool {
	return from.Calls != to.Calls || from.Closed != to.Closed || !slices.Equal(from.Mutes, to.Mutes) ||
		!slices.Equal(from.Bans, to.Bans) || !slices.Equal(from.Removals, to.Removals)
}
