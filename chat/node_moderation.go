package chat

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Moderate does something about somebody, and returns the room's notice of it. In the same step
// their streams end, on every node, and nothing of theirs comes after the notice; the invites and
// tokens that they have made are good for nothing any more. Where there is
// nothing to do (nobody is muted, or that is the role already), nothing is said, and the notice has no id.
//
// Errors: those of [Node.Authorize] for [ActionModerate]; [ErrNotOwned]; [ErrNoMember]; [ErrNoBan];
// a [*RefusedError] about owners and moderators; an [*InvalidError] for "reason", "for",
// "deleteMessages" or "role".
func (n *Node) Moderate(ctx context.Context, who Principal, room RoomID, m Moderation) (Entry, error) {
	var member Author
	var role Role
	var idle *Entry
	_, e, err := n.change(ctx, who, room, ActionModerate, func(ctx context.Context, may permit) (*RulesChange, error) {
		if !may.rules.Owned() {
			return nil, ErrNotOwned
		}
		role, idle = may.role, nil
		now := time.Now()
		c := &RulesChange{From: may.rules, To: may.rules.Clone()}
		var err error
		if unban, is := m.(Unban); is {
			member = bannedBy(may.rules, unban)
		} else {
			if err := may.rules.mayActOn(who, Author{ID: m.about()}); err != nil {
				return nil, err
			}
			if member, err = n.memberOf(ctx, may.rules, room, m.about()); err != nil {
				return nil, err
			}
			if err := may.rules.mayActOn(who, member); err != nil {
				return nil, err
			}
		}
		c.To.prune(now)
		before := c.To.Clone()
		what, err := m.change(c.To, who, member, now)
		if err != nil {
			return nil, err
		}
		if !c.To.hasAllOwnersOf(may.rules) {
			c.To.OwnerHash = "" // whoever was an owner may have the link yet
		}
		if what == NoticeRemoved || what == NoticeBanned {
			c.Revoke = []MemberID{member.ID}
		}
		c.Notice = noticeAbout(who, what, member)
		if what == NoticeRole {
			c.Notice = notice(who, what, noticeFields{
				Member: &noticeMember{member.ID, member.Name}, Role: c.To.Roles[member.ID].shownName(),
			})
		}
		if c.To.areAboutPeopleAs(before) {
			idle = &Entry{From: c.Notice.From, Time: now, Payload: c.Notice.Payload}
			c.Notice = Draft{}
			if before.areAboutPeopleAs(may.rules) {
				return nil, nil
			}
		}
		return c, nil
	})
	if err != nil {
		return Entry{}, err
	}
	if idle != nil {
		return *idle, nil
	}
	n.Record(ctx, who, role, auditOf(m, room, member))
	switch m.(type) {
	case BanMember, RemoveMember:
		if err := n.takeBack(context.WithoutCancel(ctx), who, role, room, member); err != nil {
			return Entry{}, err
		}
	}
	if ban, is := m.(BanMember); is && ban.DeleteMessages > 0 {
		if err := n.deleteMessagesOf(ctx, who, room, member, e.Time.Add(-ban.DeleteMessages)); err != nil {
			return Entry{}, err
		}
		n.released(ctx, room)
	}
	return e, nil
}

// takeBack makes the invites and tokens good for nothing that somebody has made who was sent out: by
// those it could come back as somebody else.
func (n *Node) takeBack(ctx context.Context, who Principal, role Role, room RoomID, member Author) error {
	if member.Guest {
		return nil
	}
	for kind, action := range map[RecordKind]string{RecordInvite: AuditRevokeInvite, RecordToken: AuditRevokeToken} {
		made, err := n.records(ctx, room, kind)
		if err != nil {
			return err
		}
		for _, r := range made {
			var d struct {
				By authorData `json:"by"`
			}
			if err := readData(r, &d); err != nil {
				return err
			}
			if d.By.author().ID != member.ID {
				continue
			}
			err := n.dropRecord(ctx, room, kind, r.ID)
			if errors.Is(err, ErrNoRecord) {
				continue
			}
			if err == nil {
				n.Record(ctx, who, role, AuditEntry{Action: action, Room: room, Target: r.ID})
			}
			if err == nil && kind == RecordToken {
				err = n.signal(ctx, room, Leaving{Member: MemberID(r.ID), Ended: true})
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// areAboutPeopleAs reports whether rules say the same of people as others do.
func (r *Rules) areAboutPeopleAs(others *Rules) bool {
	return maps.Equal(r.Roles, others.Roles) && slices.Equal(r.Bans, others.Bans) && slices.Equal(r.Mutes, others.Mutes) &&
		slices.Equal(r.Removals, others.Removals)
}

// hasAllOwnersOf reports whether nobody has ceased to be an owner.
func (r *Rules) hasAllOwnersOf(before *Rules) bool {
	for id, role := range before.Roles {
		if role == RoleOwner && r.Roles[id] != RoleOwner {
			return false
		}
	}
	return true
}

// bannedBy is whom a ban is about.
func bannedBy(rules *Rules, ban Unban) Author {
	if i := slices.IndexFunc(rules.Bans, ban.names); i >= 0 {
		return rules.Bans[i].Member
	}
	return Author{}
}

// memberOf is who somebody is that is in a room, or has said something there that is kept, or is
// named in its rules.
func (n *Node) memberOf(ctx context.Context, rules *Rules, room RoomID, id MemberID) (Author, error) {
	roster, err := n.roster.Members(ctx, room)
	if err != nil {
		return Author{}, err
	}
	for _, m := range roster.Members {
		if m.ID == id {
			return m.Author(), nil
		}
	}
	kept, err := n.log.Read(ctx, room)
	if err != nil {
		return Author{}, err
	}
	for _, list := range [][]Entry{kept.Entries, kept.Amendments} {
		for _, e := range slices.Backward(list) {
			if e.From.ID == id {
				return e.From, nil
			}
		}
	}
	for _, b := range slices.Concat(rules.Bans, rules.Mutes, rules.Removals) {
		if b.Member.ID == id {
			member := b.Member
			member.Network = b.Network
			return member, nil
		}
	}
	if _, has := rules.Roles[id]; has {
		return Author{ID: id}, nil
	}
	return Author{}, ErrNoMember
}

// maxDeleted is how many messages of one person are deleted with a ban.
const maxDeleted = 500

// deleteMessagesOf deletes what somebody has said since then, the last first. Nothing can be added
// to it meanwhile: whoever it is has been banned. Of a guest, whose id is new with each request, it
// is what guests of the same network have said under the same name.
func (n *Node) deleteMessagesOf(ctx context.Context, who Principal, room RoomID, member Author, since time.Time) error {
	kept, err := n.readLog(ctx, room)
	if err != nil {
		return err
	}
	deleted := 0
	for _, e := range slices.Backward(kept.Entries) {
		m, said := e.Payload.(Message)
		if !said || m.isDeleted() || e.Time.Before(since) || !isSame(e.From, member) {
			continue
		}
		if deleted++; deleted > maxDeleted {
			return nil
		}
		err := n.deleteOne(ctx, who, room, e.ID)
		if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrConflict) {
			return fmt.Errorf("delete what %s has said: %w", member.ID, err)
		}
	}
	return nil
}

// deleteOne deletes a message. It is a part of something that the policy has been asked about.
func (n *Node) deleteOne(ctx context.Context, who Principal, room RoomID, message Cursor) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), n.options.Patience)
	defer cancel()
	d := Draft{From: who.Author(), Client: who.Client, Target: message, Payload: Delete{}}
	e, repeated, err := n.append(ctx, who, room, ActionDelete, d)
	if err == nil {
		n.options.Observer.Rooms.Posted(room, e.Kind(), repeated)
	}
	return err
}

// isSame reports whether two authors are one person, as far as that can be known.
func isSame(a, b Author) bool {
	return a.ID == b.ID || a.Guest && b.Guest && a.Name == b.Name && a.Network != "" && a.Network == b.Network
}

func (n *Node) readLog(ctx context.Context, room RoomID) (Kept, error) {
	ctx, cancel := context.WithTimeout(ctx, n.options.Patience)
	defer cancel()
	kept, err := n.log.Read(ctx, room)
	if err != nil {
		return Kept{}, fmt.Errorf("history of %s: %w", room, n.unavailable(err))
	}
	return kept, nil
}

// Bans are those of a room that are not over, and its mutes, the oldest first. Errors: those of [Node.Authorize]
// for [ActionModerate]; [ErrNotOwned].
func (n *Node) Bans(ctx context.Context, who Principal, room RoomID) (bans, mutes []Ban, err error) {
	if err := n.askPolicy(ctx, who, room, ActionModerate, 1); err != nil {
		return nil, nil, err
	}
	rules, err := n.readRules(ctx, room)
	if err != nil {
		return nil, nil, err
	}
	if _, err := n.permitted(ctx, rules, who, room, ActionModerate); err != nil {
		return nil, nil, n.told(room, ActionModerate, err)
	}
	now := time.Now()
	isOver := func(b Ban) bool { return b.isOver(now) }
	return slices.DeleteFunc(slices.Clone(rules.Bans), isOver), slices.DeleteFunc(slices.Clone(rules.Mutes), isOver), nil
}

// Clear deletes all that is kept of a room. What is left is the notice of it. Errors: those of
// [Node.Authorize].
func (n *Node) Clear(ctx context.Context, who Principal, room RoomID) (Entry, error) {
	var role Role
	_, e, err := n.change(ctx, who, room, ActionClear, func(_ context.Context, may permit) (*RulesChange, error) {
		if !may.rules.Owned() && !may.role.AtLeast(RoleOperator) {
			return nil, ErrNotOwned
		}
		role = may.role
		c := &RulesChange{From: may.rules, To: may.rules.Clone(), Clear: true}
		c.Notice = notice(who, NoticeCleared, noticeFields{})
		return c, nil
	})
	if err == nil {
		n.Record(ctx, who, role, AuditEntry{Action: AuditClear, Room: room})
		n.released(ctx, room)
	}
	return e, err
}

// CloseRoom ends a room for good: its streams, its history and its rules. For [RulesLife] everybody
// is told so who comes. Errors: those of [Node.Authorize].
func (n *Node) CloseRoom(ctx context.Context, who Principal, room RoomID) error {
	var role Role
	_, _, err := n.change(ctx, who, room, ActionClose, func(_ context.Context, may permit) (*RulesChange, error) {
		role = may.role
		to := OpenRules().Clone()
		to.Closed = time.Now()
		return &RulesChange{From: may.rules, To: to}, nil
	})
	if err == nil {
		n.Record(ctx, who, role, AuditEntry{Action: AuditClose, Room: room})
		n.released(ctx, room)
	}
	return err
}
