package chat

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// RulesVersion names one state of a room's rules. The zero value is that of a room nobody owns.
type RulesVersion struct {
	// Number counts the changes.
	Number int64
	// Tag is random: rules that a failover lost are not taken for those that came in their place.
	Tag Tag
}

// IsZero reports whether it is the version of a room nobody owns.
func (v RulesVersion) IsZero() bool { return v == RulesVersion{} }

// String is the version's one spelling, as in "3-7f3a9c12"; empty for the zero value.
func (v RulesVersion) String() string {
	if v.IsZero() {
		return ""
	}
	return strconv.FormatInt(v.Number, 10) + "-" + v.Tag.String()
}

// ParseRulesVersion reads what [RulesVersion.String] wrote.
func ParseRulesVersion(s string) (RulesVersion, error) {
	if s == "" {
		return RulesVersion{}, nil
	}
	at, err := ParseCursor(s)
	if err != nil || at.IsZero() {
		return RulesVersion{}, fmt.Errorf("%q is no version of rules", s)
	}
	return RulesVersion{int64(at.Seq), at.Tag}, nil
}

// Rules are who may do what in a room that somebody owns: its settings, and who is what in it. They
// are not changed once they have been made: [Rules.Clone] is. The zero Rules are those of a room
// nobody owns, but for the settings, which are [DefaultSettings] then: [OpenRules].
type Rules struct {
	Version RulesVersion
	Settings
	// PasswordHash is the room's password, as [Passwords] made it of it; empty for none.
	PasswordHash string
	// OwnerHash tells the owner's link: the hash of its secret.
	OwnerHash string
	// Roles are those that members have in the room.
	Roles map[MemberID]Role
	Bans  []Ban
	Mutes []Ban
	// Removals keep those who were removed from coming back at once.
	Removals []Ban
	// OwnerSeen is when an owner was in the room last, or did something in it, by the store's clock;
	// it may be a day too early.
	OwnerSeen time.Time
	// Closed is when the room was closed for good; zero for one that is not.
	Closed time.Time
}

// Ban keeps somebody out of a room, or a mute silent in it.
type Ban struct {
	// ID names the ban among the room's.
	ID string
	// Member is who it is about; only ID, Name and Guest are set.
	Member Author
	// Network is the one that it holds for as well: empty for none. It is told to nobody.
	Network string
	// By is who has set it; only ID, Name and Via are set.
	By Author
	// Role is what that was in the room then, [RoleModerator] where nothing is said: the ban holds for
	// those below it, whoever vouches for them.
	Role   Role
	Reason string
	// At is when it was set, Until when it ends; zero for one that does not.
	At, Until time.Time
}

// Limits on what a room's rules hold. What they bound is read as a whole by each node.
const (
	MaxRoles  = 2000
	MaxBans   = 1000
	MaxReason = 300
	// MaxBanSeconds is how long a ban or a mute that ends may last: ten years.
	MaxBanSeconds = 10 * 365 * 24 * 3600
)

// networkBan is for how long a network is held off at most: addresses go from hand to hand.
const networkBan = 24 * time.Hour

// OpenRules are those of a room nobody owns.
func OpenRules() *Rules { return &Rules{Settings: DefaultSettings()} }

// Keeping is what the room keeps of its log.
func (r *Rules) Keeping() Keeping {
	return Keeping{r.HistoryLimit, time.Duration(r.HistoryTTL) * time.Second}
}

// Within is what is kept of a log by a store that keeps that much by itself.
func (k Keeping) Within(limit int, ttl time.Duration) (int, time.Duration) {
	if k.Limit > 0 {
		limit = min(limit, k.Limit)
	}
	if k.TTL > 0 {
		ttl = min(ttl, k.TTL)
	}
	return limit, ttl
}

// Owned reports whether somebody owns the room.
func (r *Rules) Owned() bool { return !r.Version.IsZero() && r.Closed.IsZero() }

// Clone is a copy to change.
func (r *Rules) Clone() *Rules {
	c := *r
	c.Roles = maps.Clone(r.Roles)
	if c.Roles == nil {
		c.Roles = map[MemberID]Role{}
	}
	c.Bans, c.Mutes, c.Removals = slices.Clone(r.Bans), slices.Clone(r.Mutes), slices.Clone(r.Removals)
	return &c
}

// RoleOf is what somebody is in the room: by the room's rules or by what vouches for it, whichever
// is more. In a room nobody owns there are no roles but the operator's.
func (r *Rules) RoleOf(who Principal) Role {
	role := r.Roles[who.ID]
	if who.Guest && role != RoleMember { // an id that is good for one stream is let in at most
		role = RoleGuest
	}
	if (r.Owned() || who.Role == RoleOperator) && who.Role.AtLeast(role) {
		role = who.Role
	}
	return role
}

// Ends is when the ban is over for its network; zero for never.
func (b *Ban) networkEnds() time.Time {
	end := b.At.Add(networkBan)
	if !b.Until.IsZero() && b.Until.Before(end) {
		end = b.Until
	}
	return end
}

// isOver reports whether the ban has ended.
func (b *Ban) isOver(now time.Time) bool { return !b.Until.IsZero() && !now.Before(b.Until) }

// holds reports whether the ban holds for somebody now; network, that it is for where they come
// from: for guests, and for sessions that were made after it.
func (b *Ban) holds(who Principal, role Role, now time.Time) (holds, network bool) {
	if b.isOver(now) {
		return false, false
	}
	if b.Member.ID == who.ID {
		return !role.AtLeast(cmp.Or(b.Role, RoleModerator)), false
	}
	if b.Network == "" || b.Network != who.Network || !now.Before(b.networkEnds()) {
		return false, false
	}
	if who.Via != ViaItself || role.AtLeast(RoleMember) {
		return false, false
	}
	// A session's birth is told to the second: one of the ban's own second counts as later.
	return who.Guest || !who.Born.Before(b.At.Truncate(time.Second)), true
}

// removed is the removal that holds for somebody. That of a session, which is known again, holds for
// it alone: its neighbours have done nothing. Its network is kept for a ban that follows.
func (r *Rules) removed(who Principal, role Role, now time.Time) (b *Ban, network bool) {
	for i := range r.Removals {
		b := &r.Removals[i]
		if holds, network := b.holds(who, role, now); holds && (!network || b.Member.Guest) {
			return b, network
		}
	}
	return nil, false
}

// isSentOut reports whether somebody is banned, or was removed just now.
func (r *Rules) isSentOut(who Principal, role Role, now time.Time) bool {
	banned, _ := held(r.Bans, who, role, now)
	removed, _ := r.removed(who, role, now)
	return banned != nil || removed != nil
}

// held is the first of the bans that holds for somebody.
func held(bans []Ban, who Principal, role Role, now time.Time) (b *Ban, network bool) {
	for i := range bans {
		if holds, network := bans[i].holds(who, role, now); holds {
			return &bans[i], network
		}
	}
	return nil, false
}
