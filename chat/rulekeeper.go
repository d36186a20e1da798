package chat

import (
	"context"
	"time"
)

// RulesLife is for how long the rules of a room are kept after the last member has left it, unless
// its history is kept for longer; and for how long a closed room is known to be closed.
const RulesLife = 30 * 24 * time.Hour

// RuleKeeper keeps the rules of the rooms that somebody owns, for [RulesLife]. Methods may be called
// at the same time. An error means that the store did not answer and wraps [ErrUnavailable], unless
// it is one of those that ChangeRules names.
//
// What was decided by rules is carried out only while they are the room's: [Log.Append] and
// [Roster.Hold] compare their version in the same step, and answer with [ErrRulesChanged].
type RuleKeeper interface {
	// Rules are a room's; [OpenRules] for one that nobody owns.
	Rules(ctx context.Context, room RoomID) (*Rules, error)
	// ChangeRules changes a room's rules, appends the notice of it, and tells both to all nodes that
	// follow the room, in one step. It returns the notice as it was appended, and the rules'
	// version. Errors: [ErrRulesChanged] when the rules are not the ones it begins with;
	// [ErrOwned] when somebody else is there.
	ChangeRules(ctx context.Context, room RoomID, c RulesChange) (Entry, RulesVersion, error)
	// Grant notes that a session was let into a room. Of those that are noted for a room, the last
	// [MaxGrants] are kept.
	Grant(ctx context.Context, room RoomID, session MemberID) error
	// Granted reports whether a session was let into a room.
	Granted(ctx context.Context, room RoomID, session MemberID) (bool, error)
	// Arrivals are when sessions first came into a room, of those of whom that is known: [Roster.Hold]
	// notes it, in a room that somebody owns, of all but guests, and a session that is not let in any
	// more is forgotten.
	Arrivals(ctx context.Context, room RoomID, sessions []MemberID) (map[MemberID]Arrival, error)
}

// MaxGrants is how many sessions are noted as let into one room.
const MaxGrants = 10_000

// RulesChange is a change of a room's rules.
type RulesChange struct {
	// From are the rules as they are, and To as they are to be, but for the version. When To are of
	// a closed room, nothing else is left of the room.
	From, To *Rules
	// Notice is what the room says of it; without a payload it says nothing.
	Notice Draft
	// Clear empties the log, of which the notice is then the only entry. Numbers go on.
	Clear bool
	// Revoke are the sessions that are not let in any more, and when they came is forgotten.
	Revoke []MemberID
	// Alone makes the change only when no other member is there: Only names the one who has to be,
	// or is empty when nobody may.
	Alone bool
	Only  MemberID
}

// LeavesUnowned reports whether all that is done is to clear a room that nobody owns: it has no
// rules after that either, and no version.
func (c RulesChange) LeavesUnowned() bool {
	return c.Clear && c.From.Version.IsZero() && len(c.To.Roles) == 0 && c.To.Closed.IsZero()
}

// RulesChanged is the notice that a room's rules are of another version now.
type RulesChanged struct{ Version RulesVersion }

func (RulesChanged) notice() {}

// Keeping is what a room keeps of its log, where it is less than the store does; 0 for that.
type Keeping struct {
	Limit int
	TTL   time.Duration
}

// Admission is by what rules members may be in a room.
type Admission struct {
	Rules RulesVersion
	// MaxMembers is how many there may be at once; 0 for any number. Exempt are the members whom
	// that does not keep out.
	MaxMembers int
	Exempt     map[MemberID]bool
	// Owner says that an owner is among those who are held.
	Owner bool
	// Keeping is the room's.
	Keeping Keeping
}
