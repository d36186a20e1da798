package chat

import (
	"context"
	"slices"
	"time"
)

// This file is whom a door leaves inside that is closed.

// isClosedFurtherThan reports whether a door has been closed.
func (r *Rules) isClosedFurtherThan(before *Rules) bool {
	return r.Locked && !before.Locked || r.InviteOnly && !before.InviteOnly || r.HasPassword && !before.HasPassword ||
		r.Newcomers == NewcomersRead && before.Newcomers != NewcomersRead
}

// How many roles are given by themselves: some are left for those whom a moderator names. A guest's
// is of no use when its stream has ended, and is not known from a session's then.
const (
	maxLetIn       = MaxRoles - 200
	maxGuestsLetIn = MaxRoles / 2
)

// letInWhoIsHere makes members of those who are in the room, or have said something that is kept and
// were not sent out since, as far as there is room for roles.
func (n *Node) letInWhoIsHere(ctx context.Context, room RoomID, to *Rules) error {
	roster, err := n.roster.Members(ctx, room)
	if err != nil {
		return err
	}
	kept, err := n.log.Read(ctx, room)
	if err != nil {
		return err
	}
	now, out := time.Now(), slices.Concat(to.Bans, to.Removals)
	letIn := func(who Author) {
		if _, has := to.Roles[who.ID]; has || who.ID == "" || len(to.Roles) >= maxLetIn ||
			who.Guest && len(to.Roles) >= maxGuestsLetIn {
			return
		}
		principal := Principal{ID: who.ID, Guest: who.Guest, Network: who.Network, Via: who.Via}
		if b, _ := held(out, principal, RoleGuest, now); b == nil {
			to.Roles[who.ID] = RoleMember
		}
	}
	for _, m := range roster.Members {
		letIn(m.Author())
	}
	sentOut := map[MemberID]bool{}
	for _, e := range slices.Backward(kept.Entries) {
		switch p := e.Payload.(type) {
		case RoomNotice:
			if p.What == NoticeRemoved || p.What == NoticeBanned {
				sentOut[p.member()] = true
			}
		case Message:
			if !e.From.Guest && !sentOut[e.From.ID] {
				letIn(e.From)
			}
		}
	}
	return nil
}
