package chat

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Moderation is what a moderator does about somebody: one of the types below.
type Moderation interface {
	// about is who it is about; empty for what names a ban.
	about() MemberID
	// change changes the rules, and returns the notice's kind. Member is who it is about.
	change(to *Rules, by Principal, member Author, now time.Time) (what string, err error)
}

type (
	// RemoveMember ends somebody's streams, and what let them into the room: a password or an invite.
	RemoveMember struct {
		Member MemberID
		Reason string
	}
	// BanMember keeps somebody out: a session by its id, a guest by where they come from.
	BanMember struct {
		Member MemberID
		// For is how long; 0 for good.
		For    time.Duration
		Reason string
		// DeleteMessages deletes what they have said in the time before, in the same step; 0 for
		// nothing.
		DeleteMessages time.Duration
	}
	// Unban ends a ban, named by its id or by the member's that it is about.
	Unban struct{ ID string }
	// MuteMember lets somebody read only.
	MuteMember struct {
		Member MemberID
		For    time.Duration
		Reason string
	}
	// Unmute ends what MuteMember began.
	Unmute struct{ Member MemberID }
	// SetRole makes somebody a moderator, which ends what is against them, a member or a guest. Made owner, the room is given away: who
	// did it is a moderator then.
	SetRole struct {
		Member MemberID
		Role   Role
	}
)

func (m RemoveMember) about() MemberID { return m.Member }
func (m BanMember) about() MemberID    { return m.Member }
func (m Unban) about() MemberID        { return "" }
func (m MuteMember) about() MemberID   { return m.Member }
func (m Unmute) about() MemberID       { return m.Member }
func (m SetRole) about() MemberID      { return m.Member }

// removedFor is for how long somebody who was removed can't come back: the streams that browsers
// open again by themselves are refused so, once for all.
const removedFor = 30 * time.Second

// mayActOn says whether somebody may act on a member: those of one's own rank are one's peers. What
// a member is counts by the room's rules, or by what vouches for it, as far as that is known.
func (r *Rules) mayActOn(by Principal, member Author) error {
	role, other := r.RoleOf(by), r.Roles[member.ID]
	if member.ID == by.ID {
		return &RefusedError{Code: RefusedNotAllowed, Detail: "nobody does that to oneself"}
	}
	if member.Claims.AtLeast(other) {
		other = member.Claims
	}
	switch {
	case other.AtLeast(RoleOperator):
		return &RefusedError{Code: RefusedNotAllowed, Detail: "nobody may do this to the operator"}
	case other.AtLeast(RoleModerator) && !role.AtLeast(RoleOwner), other == RoleOwner && role == RoleOwner:
		return &RefusedError{Code: RefusedNotAllowed, Detail: "only an owner may do this to a moderator, and nobody to an owner"}
	}
	return nil
}

// forget ends all bans, mutes and removals of a member.
func (r *Rules) forget(member MemberID) {
	isTheirs := func(b Ban) bool { return b.Member.ID == member }
	r.Bans = slices.DeleteFunc(r.Bans, isTheirs)
	r.endMutes(member)
	r.Removals = slices.DeleteFunc(r.Removals, isTheirs)
}

// prune takes out what is over.
func (r *Rules) prune(now time.Time) {
	isOver := func(b Ban) bool { return b.isOver(now) }
	// A banned guest's id never comes again: with its network's, the ban holds nobody. There may be
	// many of them, and no more than MaxBans.
	r.Bans = slices.DeleteFunc(r.Bans, func(b Ban) bool {
		return b.isOver(now) || b.Member.Guest && !now.Before(b.networkEnds())
	})
	r.Mutes = slices.DeleteFunc(r.Mutes, isOver)
	r.Removals = slices.DeleteFunc(r.Removals, isOver)
}

// newBan is a ban of somebody, in the list in place of an older one of theirs.
func (r *Rules) newBan(list []Ban, by Principal, member Author, reason string, now time.Time, lasts time.Duration) ([]Ban, error) {
	if err := validReason(reason); err != nil {
		return list, err
	}
	if lasts < 0 || lasts > MaxBanSeconds*time.Second {
		why := fmt.Sprintf("is not a number of seconds from 0 to %d", MaxBanSeconds)
		return list, &InvalidError{Field: "for", Limit: MaxBanSeconds, Reason: why}
	}
	list = slices.DeleteFunc(list, func(b Ban) bool { return b.Member.ID == member.ID })
	if len(list) >= MaxBans {
		return list, tooMany("bans", len(list)+1, MaxBans)
	}
	role := r.RoleOf(by)
	now = now.UTC().Truncate(time.Millisecond)
	b := Ban{
		ID: uuid.NewString(), Member: Author{ID: member.ID, Name: member.Name, Guest: member.Guest}, Network: member.Network,
		By: Author{ID: by.ID, Name: by.Name, Via: by.Via}, Role: role, Reason: reason, At: now,
	}
	if lasts > 0 {
		b.Until = now.Add(lasts)
	}
	return append(list, b), nil
}

func validReason(reason string) error {
	switch n := utf8.RuneCountInString(reason); {
	case !utf8.ValidString(reason):
		return &InvalidError{Field: "reason", Reason: "is not valid UTF-8"}
	case n > MaxReason:
		return tooLong("reason", n, MaxReason)
	}
	return nil
}

func (m RemoveMember) change(to *Rules, by Principal, member Author, now time.Time) (what string, err error) {
	delete(to.Roles, member.ID)
	to.Removals, err = to.newBan(to.Removals, by, member, m.Reason, now, removedFor)
	return NoticeRemoved, err
}

func (m BanMember) change(to *Rules, by Principal, member Author, now time.Time) (what string, err error) {
	if m.DeleteMessages < 0 {
		return "", &InvalidError{Field: "deleteMessages", Reason: "is not a number of seconds"}
	}
	delete(to.Roles, member.ID)
	to.Bans, err = to.newBan(to.Bans, by, member, m.Reason, now, m.For)
	return NoticeBanned, err
}

func (m MuteMember) change(to *Rules, by Principal, member Author, now time.Time) (what string, err error) {
	to.Mutes, err = to.newBan(to.Mutes, by, member, m.Reason, now, m.For)
	return NoticeMuted, err
}

func (m Unmute) change(to *Rules, _ Principal, member Author, _ time.Time) (what string, err error) {
	to.endMutes(member.ID)
	return NoticeUnmuted, nil
}

// names reports whether a ban is the one.
func (m Unban) names(b Ban) bool { return b.ID == m.ID || b.Member.ID == MemberID(m.ID) }

func (m Unban) change(to *Rules, _ Principal, _ Author, _ time.Time) (what string, err error) {
	before := len(to.Bans)
	to.Bans = slices.DeleteFunc(to.Bans, m.names)
	if len(to.Bans) == before {
		return "", ErrNoBan
	}
	return NoticeUnbanned, nil
}

func (m SetRole) change(to *Rules, by Principal, member Author, _ time.Time) (what string, err error) {
	role := to.RoleOf(by)
	had := to.Roles[member.ID]
	switch m.Role {
	case RoleOwner, RoleModerator:
		if !role.AtLeast(RoleOwner) {
			return "", &RefusedError{Code: RefusedNotAllowed, Detail: "only the room's owner may do this"}
		}
		if member.Guest {
			return "", fmt.Errorf("%w: only who has a session can have a say over others", ErrGuest)
		}
		if m.Role == RoleOwner && isProgram(member.ID) { // which can't do what owners do: the room would have none
			return "", &RefusedError{Code: RefusedNotAllowed, Detail: "a program can't be the room's owner"}
		}
	case RoleMember, RoleGuest:
	default:
		return "", &InvalidError{Field: "role", Reason: "is none of owner, moderator, member, guest"}
	}
	if member.Claims.AtLeast(RoleModerator) && !m.Role.AtLeast(member.Claims) {
		return "", &RefusedError{Code: RefusedNotAllowed, Detail: "whoever vouches for them has made them that: it has to be taken back there"}
	}
	if m.Role == RoleGuest {
		delete(to.Roles, member.ID)
		return NoticeRole, nil
	}
	if had == RoleGuest && len(to.Roles) >= MaxRoles {
		return "", tooMany("roles", len(to.Roles)+1, MaxRoles)
	}
	if m.Role != RoleMember { // who has a say over others is not kept out, nor silent
		to.forget(member.ID)
	}
	to.Roles[member.ID] = m.Role
	if m.Role == RoleOwner && to.Roles[by.ID] == RoleOwner {
		to.Roles[by.ID] = RoleModerator
	}
	if m.Role == RoleMember && had == RoleGuest {
		return NoticeLetIn, nil
	}
	return NoticeRole, nil
}
