package chat

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Audit keeps what moderators, owners and the operator have done. Its methods may be called at the
// same time.
type Audit interface {
	// Audit keeps an entry. An error means that it was not kept, and wraps [ErrUnavailable].
	Audit(ctx context.Context, e AuditEntry) error
}

// AuditEntry is one thing that was done.
type AuditEntry struct {
	// ID names it, and orders it among the others; the store makes it.
	ID string
	// At is when it was done, by the store's clock.
	At time.Time
	// Actor is who has done it, with the role that it had there.
	Actor AuditActor
	// Action is what: one of the Audit constants, or a feature's own.
	Action string
	// Room is where; empty for what is of no room.
	Room RoomID
	// Target is whom or what it was done to: the id of a member, message, ban, invite, token or
	// report. TargetName is a member's name.
	Target     string
	TargetName string
	// Detail says more: a reason, how long, which settings. No password or token is in it.
	Detail string
	// Node is the one that did it.
	Node string
}

// AuditActor is who has done something.
type AuditActor struct {
	ID   MemberID
	Name string
	Via  Via
	Role Role
}

// What can be in the audit log.
const (
	AuditOwn           = "own"
	AuditOwnerLink     = "owner-link"
	AuditBecameOwner   = "became-owner" // by the owner's link
	AuditSettings      = "settings"
	AuditRemove        = "remove"
	AuditBan           = "ban"
	AuditUnban         = "unban"
	AuditMute          = "mute"
	AuditUnmute        = "unmute"
	AuditRole          = "role"
	AuditClear         = "clear"
	AuditClose         = "close"
	AuditDeleteMessage = "delete-message" // somebody else's
	AuditInvite        = "invite"
	AuditRevokeInvite  = "revoke-invite"
	AuditMakeToken     = "make-token"
	AuditRevokeToken   = "revoke-token"
	AuditMakeHook      = "make-webhook"
	AuditChangeHook    = "change-webhook"
	AuditDropHook      = "drop-webhook"
	AuditEnableHook    = "enable-webhook" // the operator's own
	AuditRetryLetter   = "retry-dead-letter"
	AuditDropLetter    = "drop-dead-letter"
	AuditDropReport    = "handle-report"
	AuditAnnounce      = "announce"
	AuditPost          = "post" // by the operator
	AuditRevokeSession = "revoke-session"
	AuditReadSession   = "read-session" // all that somebody said was exported
	AuditLogin         = "login"
	AuditLoginDenied   = "login-denied"
	AuditExport        = "export"
	AuditImport        = "import"
)

// Record has something kept in the audit log that somebody has done, after it was done. It is
// written to the log of the program where the store can't keep it. Optional features, and those who
// act for the operator, call it too.
func (n *Node) Record(ctx context.Context, who Principal, role Role, e AuditEntry) {
	if n.options.Audit == nil {
		return
	}
	e.Actor = AuditActor{ID: who.ID, Name: who.Name, Via: who.Via, Role: role}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), n.options.Patience)
	defer cancel()
	if err := n.options.Audit.Audit(ctx, e); err != nil {
		n.options.Logger.WarnContext(ctx, "what was done could not be kept in the audit log",
			"action", e.Action, "room", string(e.Room), "actor", string(who.ID), "name", who.Name, "via", string(who.Via),
			"role", string(role), "target", e.Target, "detail", e.Detail, "error", err)
	}
}

// auditOf says what a moderation has done.
func auditOf(m Moderation, room RoomID, member Author) AuditEntry {
	e := AuditEntry{Room: room, Target: string(member.ID), TargetName: member.Name}
	lasts := func(d time.Duration) string {
		if d == 0 {
			return "for good"
		}
		return "for " + d.String()
	}
	switch m := m.(type) {
	case RemoveMember:
		e.Action, e.Detail = AuditRemove, m.Reason
	case BanMember:
		e.Action, e.Detail = AuditBan, detail(lasts(m.For), m.Reason)
		if m.DeleteMessages > 0 {
			e.Detail = detail(lasts(m.For), "with the messages of "+m.DeleteMessages.String(), m.Reason)
		}
	case Unban:
		e.Action, e.Detail = AuditUnban, "ban "+m.ID
	case MuteMember:
		e.Action, e.Detail = AuditMute, detail(lasts(m.For), m.Reason)
	case Unmute:
		e.Action = AuditUnmute
	case SetRole:
		e.Action, e.Detail = AuditRole, m.Role.shownName()
	}
	return e
}

// detail joins what there is to say.
func detail(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "; ")
}

// says is what a token may do, for the audit log.
func (t TokenTerms) says() string {
	var may []string
	for what, is := range map[string]bool{"read": t.Read, "post": t.Post, "hook": t.Hook, "moderate": t.Role == RoleModerator} {
		if is {
			may = append(may, what)
		}
	}
	slices.Sort(may)
	return strings.Join(may, ", ")
}

// recordDeletion keeps that somebody has deleted a message that is another's. Who has no say over
// others has deleted their own.
func (n *Node) recordDeletion(ctx context.Context, who Principal, room RoomID, message Cursor) {
	if n.options.Audit == nil {
		return
	}
	rules := n.currentRules(room)
	if rules == nil { // the room is not open here
		var err error
		if rules, err = n.readRules(ctx, room); err != nil {
			rules = openRules
		}
	}
	role := rules.RoleOf(who)
	if !role.AtLeast(RoleModerator) {
		return
	}
	e := AuditEntry{Action: AuditDeleteMessage, Room: room, Target: message.String()}
	kept, err := n.readLog(ctx, room)
	if err != nil {
		e.Detail = "whose it was is not known"
	}
	for _, m := range kept.Entries {
		if m.ID != message {
			continue
		}
		if m.From.ID == who.ID {
			return
		}
		e.TargetName, e.Detail = m.From.Name, "by "+string(m.From.ID)
	}
	n.Record(ctx, who, role, e)
}
