package chat

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// permit is that somebody may do something, and by what.
type permit struct {
	rules   *Rules
	role    Role
	granted bool // it was let into the room, by a password or an invite
}

// Authorize asks the node's policy and the room's rules. It is for actions that are not the node's
// own: its methods ask by themselves. Errors: those of [Policy]; a [*RefusedError], [ErrNotSignedIn]
// or [ErrNotOwned] by the rules; [ErrUnavailable].
func (n *Node) Authorize(ctx context.Context, who Principal, room RoomID, what Action) error {
	_, err := n.authorize(ctx, who, room, what)
	return err
}

// MayBeTold says whether somebody who does not ask just now may be told what is said in a room: who
// may read its history. Errors: as [Node.Authorize].
// Nobody has been in the room by that.
func (n *Node) MayBeTold(ctx context.Context, who Principal, room RoomID) error {
	const what = ActionHistory
	if err := n.askPolicy(ctx, who, room, what, 1); err != nil {
		return err
	}
	rules, err := n.readRules(ctx, room)
	if err != nil {
		return err
	}
	_, err = n.judged(ctx, rules, who, room, what)
	return n.told(room, what, err)
}

func (n *Node) authorize(ctx context.Context, who Principal, room RoomID, what Action) (permit, error) {
	if err := n.askPolicy(ctx, who, room, what, 1); err != nil {
		return permit{}, err
	}
	if what == ActionLeave { // that is nothing anybody is kept from
		return n.permitted(ctx, openRules, who, room, what)
	}
	if what == ActionTyping || what == ActionRead { // they are many, and nothing is learnt by them
		if rules := n.currentRules(room); rules != nil {
			if may, err := n.permitted(ctx, rules, who, room, what); err == nil {
				return may, nil
			}
		}
	}
	rules, err := n.readRules(ctx, room)
	if err != nil {
		return permit{}, err
	}
	may, err := n.permitted(ctx, rules, who, room, what)
	return may, n.told(room, what, err)
}

// askPolicy asks the node's policy, which is told what somebody is in the room as far as this node
// knows without asking. What is done may count several times.
func (n *Node) askPolicy(ctx context.Context, who Principal, room RoomID, what Action, times int) error {
	who.Role = n.assumedRules(room).RoleOf(who)
	return n.told(room, what, decideTimes(ctx, n.options.Policy, who, room, what, times))
}

// told says of a refusal what it was about, and has it counted.
func (n *Node) told(room RoomID, what Action, err error) error {
	if err == nil {
		return nil
	}
	if !errors.Is(err, ErrUnavailable) {
		n.options.Observer.Rooms.Refused(room, what, err)
	}
	return fmt.Errorf("%s in %s: %w", what, room, err)
}

// permitted asks a room's rules for somebody who does something now. An owner has been seen by that.
func (n *Node) permitted(ctx context.Context, rules *Rules, who Principal, room RoomID, what Action) (permit, error) {
	may, err := n.judged(ctx, rules, who, room, what)
	if err == nil {
		n.sawOwner(rules, who, room)
	}
	return may, err
}

// judged asks a room's rules, and where they need one, for a grant.
func (n *Node) judged(ctx context.Context, rules *Rules, who Principal, room RoomID, what Action) (permit, error) {
	d := decision{who: who, room: room, what: what.Decided(), now: time.Now()}
	err := rules.decide(d)
	if wantsGrant(err) {
		granted, failed := n.granted(ctx, rules, who, room)
		if failed != nil {
			return permit{}, failed
		}
		if d.granted = granted; granted {
			err = rules.decide(d)
		}
	}
	if err != nil {
		return permit{}, err
	}
	return permit{rules, rules.RoleOf(who), d.granted}, nil
}

// wantsGrant reports whether a refusal is one that a grant would change.
func wantsGrant(err error) bool {
	var refused *RefusedError
	return errors.As(err, &refused) && (refused.Code == RefusedPassword || refused.Code == RefusedInvite)
}

// openRules are those of all rooms nobody owns. They are not changed.
var openRules = OpenRules()

// currentRules are a room's as this node knows them by the feed, a moment late at most; nil where it
// has to ask the store.
func (n *Node) currentRules(room RoomID) *Rules {
	if r := n.existing(room); r != nil {
		return r.rules.current.Load()
	}
	return nil
}

// readRules are a room's, as the store has them. Errors: [ErrUnavailable].
func (n *Node) readRules(ctx context.Context, room RoomID) (*Rules, error) {
	ctx, cancel := context.WithTimeout(ctx, n.options.Patience)
	defer cancel()
	rules, err := n.keeper.Rules(ctx, room)
	if err != nil {
		return nil, fmt.Errorf("rules of %s: %w", room, n.unavailable(err))
	}
	return rules, nil
}

// assumedRules are a room's as far as this node knows them without asking: what they allow, the
// store still refuses when they are not the room's; what they refuse is asked again by those that the
// store has, so that nobody is refused for what has been changed on another node just now.
func (n *Node) assumedRules(room RoomID) *Rules {
	if rules := n.currentRules(room); rules != nil {
		return rules
	}
	return openRules
}

// stillBy reports whether what was refused by some rules is refused for good: the store has no others. It
// is not decided again then, since a wrong password would be counted twice.
func stillBy(refused error, then, now *Rules) bool {
	return refused != nil && then.Version == now.Version
}

// maxRulesTries is how often something is decided by other rules again.
const maxRulesTries = 5

// outOfTries makes of rules that change all the time what it means for whoever asks.
func outOfTries(err error) error {
	if errors.Is(err, ErrRulesChanged) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}
