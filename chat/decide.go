package chat

import (
	"fmt"
	"slices"
	"time"
)

// decision is what the rules are asked: may somebody do something now?
type decision struct {
	who  Principal
	room RoomID
	what Action
	now  time.Time
	// granted says that it was let into the room, by a password or an invite.
	granted bool
}

// decide is who may do what, all of it. It returns nil for yes. The errors wrap [ErrNotAllowed],
// [ErrNotSignedIn] or [ErrSessionOver]; [RefusedPassword] and [RefusedInvite] mean that a grant would change the
// answer.
func (r *Rules) decide(d decision) error {
	if err := d.byCredential(); err != nil {
		return err
	}
	if !r.Closed.IsZero() {
		return &RefusedError{Code: RefusedClosed}
	}
	role := r.RoleOf(d.who)
	operator := role.AtLeast(RoleOperator)
	switch {
	case d.what == ActionLeave, operator && r.Owned(), operator && (d.what == ActionClear || d.what == ActionClose):
		return nil
	case r.Owned():
	case d.what.moderates() && d.what != ActionSettings && d.what != ActionOwn:
		return ErrNotOwned // there is nothing that could be set, and nobody who could be kept out
	default:
		return nil // whoever comes may do all that an open room has
	}
	if err := r.mayBeHere(d, role); err != nil {
		return err
	}
	if role.AtLeast(RoleModerator) {
		return r.moderatorMay(d, role)
	}
	return r.memberMay(d, role)
}

// byCredential is what the credential that a principal came with allows, in whatever room.
func (d decision) byCredential() error {
	if err := d.who.Over(d.now); err != nil {
		return err
	}
	if d.who.Rooms != nil && !slices.Contains(d.who.Rooms, d.room) {
		return &RefusedError{Code: RefusedNotAllowed, Detail: "the token is for other rooms"}
	}
	switch {
	case d.who.NoPost && d.what.says() && !(d.what == ActionDelete && d.who.Role.AtLeast(RoleModerator)):
		return &RefusedError{Code: RefusedNotAllowed, Detail: "the token may not post"}
	case d.who.NoRead && d.what.reads():
		return &RefusedError{Code: RefusedNotAllowed, Detail: "the token may not read"}
	case d.what.isOwners() && d.who.Via == ViaToken:
		return &RefusedError{Code: RefusedNotAllowed, Detail: "only the room's owner may do this, and no token"}
	case d.what.moderates() && d.what != ActionSettings && d.who.Via == ViaToken && !d.who.Role.AtLeast(RoleModerator):
		return &RefusedError{Code: RefusedNotAllowed, Detail: "the token may not moderate"}
	case d.what.moderates() && d.who.Guest && d.what != ActionSettings:
		return ErrNotSignedIn
	}
	return nil
}

// mayBeHere says whether somebody may enter the room at all, and so know more of it than that.
func (r *Rules) mayBeHere(d decision, role Role) error {
	if b, network := held(r.Bans, d.who, role, d.now); b != nil {
		if network {
			return &RefusedError{Code: RefusedBanned, Until: b.networkEnds(), Network: true}
		}
		return &RefusedError{Code: RefusedBanned, Until: b.Until, Reason: b.Reason}
	}
	if b, network := r.removed(d.who, role, d.now); network {
		return &RefusedError{Code: RefusedRemoved, Until: b.Until, Network: true}
	} else if b != nil {
		return &RefusedError{Code: RefusedRemoved, Until: b.Until, Reason: b.Reason}
	}
	if role.AtLeast(RoleMember) || d.who.Via == ViaToken {
		return nil // a room's own token is let in by whoever made it
	}
	if r.Locked {
		return &RefusedError{Code: RefusedLocked}
	}
	if d.granted || d.what == ActionEnter {
		return nil
	}
	switch {
	case r.InviteOnly:
		return &RefusedError{Code: RefusedInvite}
	case r.HasPassword:
		return &RefusedError{Code: RefusedPassword}
	}
	return nil
}

// moderatorMay is what moderators and owners may.
func (r *Rules) moderatorMay(d decision, role Role) error {
	if d.what.isOwners() && !role.AtLeast(RoleOwner) && d.what != ActionOwn {
		return &RefusedError{Code: RefusedNotAllowed, Detail: "only the room's owner may do this"}
	}
	if d.what.says() && d.what != ActionDelete {
		if muted := r.muted(d.who, role, d.now); muted != nil {
			return muted
		}
	}
	return r.featureMay(d.what)
}

// muted is what somebody is told who may say nothing; nil for who may.
func (r *Rules) muted(who Principal, role Role, now time.Time) *RefusedError {
	b, network := held(r.Mutes, who, role, now)
	switch {
	case b == nil:
		return nil
	case network: // the reason is not about them
		return &RefusedError{Code: RefusedMuted, Until: b.networkEnds()}
	}
	return &RefusedError{Code: RefusedMuted, Until: b.Until, Reason: b.Reason}
}

// InCall is what a session that is in the room's call may do there: stay, and be heard. Unheard is
// until when it is not; zero for no end.
func (r *Rules) InCall(m Member, now time.Time) (stays, heard bool, unheard time.Time) {
	if !r.Calls || !r.Closed.IsZero() {
		return false, false, time.Time{}
	}
	who := Principal{ID: m.ID, Guest: m.Guest, Via: m.Via, Role: m.Claims} // others of its network have not got into the call
	role := r.RoleOf(who)
	if r.isSentOut(who, role, now) {
		return false, false, time.Time{}
	}
	if muted := r.muted(who, role, now); muted != nil {
		return true, false, muted.Until
	}
	return true, true, time.Time{}
}

// featureMay is what the room as a whole does without.
func (r *Rules) featureMay(what Action) error {
	switch {
	case what == ActionCall && !r.Calls:
		return &RefusedError{Code: RefusedNotAllowed, Detail: "there are no calls in this room"}
	case what == ActionFile && !r.Files:
		return &RefusedError{Code: RefusedNotAllowed, Detail: "there are no files in this room"}
	}
	return nil
}

// memberMay is what those may who have no say over others.
func (r *Rules) memberMay(d decision, role Role) error {
	switch {
	case d.what.moderates() && d.what != ActionSettings && d.what != ActionOwn: // who owns it, is not asked here
		return &RefusedError{Code: RefusedNotAllowed, Detail: "only moderators may do this"}
	case !d.what.says():
		return r.featureMay(d.what)
	}
	if muted := r.muted(d.who, role, d.now); muted != nil && d.what != ActionDelete {
		return muted
	}
	switch {
	case d.what == ActionDelete:
		return nil // what is one's own
	case r.Newcomers == NewcomersRead && !role.AtLeast(RoleMember):
		return &RefusedError{Code: RefusedNotAllowed, Detail: "newcomers only read here until a moderator lets them in"}
	case r.Posting == PostingModerators:
		return &RefusedError{Code: RefusedNotAllowed, Detail: "only moderators say something in this room"}
	case r.Posting == PostingSessions && d.who.Guest:
		return fmt.Errorf("%w: only sessions say something in this room", ErrNotSignedIn)
	}
	return r.featureMay(d.what)
}
