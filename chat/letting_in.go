package chat

import (
	"context"
	"slices"
	"strings"
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
	maxMutedIn     = MaxBans / 2
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
	now := time.Now()
	silent, err := n.silentNewcomers(ctx, room, to, roster.Members, kept)
	if err != nil {
		return err
	}
	letIn := func(who Author) {
		if _, has := to.Roles[who.ID]; has || who.ID == "" || len(to.Roles) >= maxLetIn ||
			who.Guest && len(to.Roles) >= maxGuestsLetIn {
			return
		}
		principal := Principal{ID: who.ID, Guest: who.Guest, Network: who.Network, Via: who.Via}
		if to.isSentOut(principal, RoleGuest, now) {
			return
		}
		if mute := silent[who.ID]; mute != nil { // members are not muted by their network
			if len(to.Mutes) >= maxMutedIn {
				return
			}
			to.Mutes = append(to.Mutes, mute.also(who))
		}
		to.Roles[who.ID] = RoleMember
	}
	for _, m := range roster.Members {
		letIn(m.Author())
	}
	for _, who := range kept.speakers() {
		letIn(who)
	}
	return nil
}

// also is a mute of somebody else of the same network, for as long as it holds for that.
func (b *Ban) also(who Author) Ban {
	return Ban{
		ID: alsoPrefix(b.Member.ID) + string(who.ID), Member: Author{ID: who.ID, Name: who.Name, Guest: who.Guest},
		By: b.By, Role: b.Role, At: b.At, Until: b.networkEnds(),
	}
}

// alsoPrefix begins the ids of the mutes that somebody's has brought others.
func alsoPrefix(member MemberID) string { return "also@" + string(member) + "@" }

// isMuted reports whether there is a mute of somebody itself.
func (r *Rules) isMuted(member MemberID) bool {
	return slices.ContainsFunc(r.Mutes, func(b Ban) bool { return b.Member.ID == member })
}

// endMutes ends somebody's mute, and what it has brought others.
func (r *Rules) endMutes(member MemberID) {
	r.Mutes = slices.DeleteFunc(r.Mutes, func(b Ban) bool {
		return b.Member.ID == member || strings.HasPrefix(b.ID, alsoPrefix(member))
	})
}

// speakers are the sessions that have said something that is kept, and were not sent out since, the
// last ones first.
func (k Kept) speakers() []Author {
	var all []Author
	known := map[MemberID]bool{}
	for _, e := range slices.Backward(k.Entries) {
		switch p := e.Payload.(type) {
		case RoomNotice:
			if p.What == NoticeRemoved || p.What == NoticeBanned {
				known[p.member()] = true
			}
		case Message:
			if !e.From.Guest && !known[e.From.ID] {
				known[e.From.ID] = true
				all = append(all, e.From)
			}
		}
	}
	return all
}

// silentNewcomers are those in a room who have come since somebody of their network was muted, and
// have said nothing: each may be that one again. They stay muted when they become members.
func (n *Node) silentNewcomers(ctx context.Context, room RoomID, by *Rules, here []Member, kept Kept) (map[MemberID]*Ban, error) {
	now, silent := time.Now(), map[MemberID]*Ban{}
	var sessions []MemberID
	for _, m := range here {
		// When a session was made is not known of who is here: it is looked at when it first came.
		who := Principal{ID: m.ID, Guest: true, Network: m.Network, Via: m.Via}
		if _, has := by.Roles[m.ID]; has || by.isMuted(m.ID) {
			continue
		}
		if mute, network := held(by.Mutes, who, RoleGuest, now); network {
			silent[m.ID] = mute
			if !m.Guest {
				sessions = append(sessions, m.ID)
			}
		}
	}
	if len(silent) == 0 {
		return nil, nil
	}
	for _, who := range kept.speakers() {
		delete(silent, who.ID)
	}
	if len(sessions) == 0 {
		return silent, nil
	}
	came, err := n.keeper.Arrivals(ctx, room, sessions)
	if err != nil {
		return nil, err
	}
	for id, a := range came {
		if mute := silent[id]; mute != nil && a.Time.Before(mute.At) {
			delete(silent, id)
		}
	}
	return silent, nil
}
