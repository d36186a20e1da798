package chat

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// What invites are bound by.
const (
	// MaxInvites is how many of a room are good at once.
	MaxInvites = 100
	// InviteLife is for how long an invite is good by default, MaxInviteLife at most.
	InviteLife    = 7 * 24 * time.Hour
	MaxInviteLife = 30 * 24 * time.Hour
	// MaxInviteUses is how many sessions one invite can let in. By default it is one.
	MaxInviteUses = 1000
)

const invitePrefix = "i-"

// Invite lets sessions into a room.
type Invite struct {
	ID      string
	By      Author
	Made    time.Time
	Expires time.Time
	// Uses is how many sessions it lets in, Used how many it has let in.
	Uses, Used int
	// Secret is what one comes in with. Only [Node.Invite] tells it.
	Secret string
}

// InviteTerms say what an invite is to be.
type InviteTerms struct {
	// ExpiresIn is for how many seconds it is good: [InviteLife] for 0.
	ExpiresIn int
	// Uses is how many sessions it lets in: one for 0.
	Uses int
}

type inviteData struct {
	By   authorData `json:"by"`
	Made time.Time  `json:"made"`
}

// invite is what a record says.
func (r Record) invite() (Invite, error) {
	var d inviteData
	err := readData(r, &d)
	return Invite{ID: r.ID, By: d.By.author(), Made: d.Made, Expires: r.Expires, Uses: r.Uses, Used: r.Used}, err
}

// Invite makes an invite of a room. Errors: those of [Node.Authorize] for [ActionInvite]; an [*InvalidError]
// for "expiresIn", "uses", and for "invites" when there are [MaxInvites]; [ErrUnavailable].
func (n *Node) Invite(ctx context.Context, who Principal, room RoomID, terms InviteTerms) (Invite, error) {
	role, err := n.authorizeOwned(ctx, who, room, ActionInvite)
	if err != nil {
		return Invite{}, err
	}
	life, err := lasting(terms.ExpiresIn, InviteLife, MaxInviteLife)
	if err != nil {
		return Invite{}, err
	}
	uses := cmp.Or(terms.Uses, 1)
	if uses < 1 || uses > MaxInviteUses {
		return Invite{}, &InvalidError{Field: "uses", Limit: MaxInviteUses, Reason: fmt.Sprintf("has to be 1 to %d", MaxInviteUses)}
	}
	id, whole := newSecret(invitePrefix, inviteSecret)
	now := time.Now()
	kept, err := n.keepRecord(ctx, room, RecordInvite, Record{
		ID: id, Hash: hashOf(whole), Expires: toMillis(now.Add(life)), Uses: uses,
		Data: data(inviteData{dataOf(who.Author()), toMillis(now)}),
	}, MaxInvites)
	if err != nil {
		return Invite{}, err
	}
	n.Record(ctx, who, role, AuditEntry{
		Action: AuditInvite, Room: room, Target: id, Detail: fmt.Sprintf("for %s, %d uses", life, uses),
	})
	made, err := kept.invite()
	made.Secret = secretText(whole)
	return made, err
}

// Invites are those of a room that are still good, the newest first. Errors: those of [Node.Authorize] for
// [ActionInvite], [ErrUnavailable].
func (n *Node) Invites(ctx context.Context, who Principal, room RoomID) ([]Invite, error) {
	if _, err := n.authorizeOwned(ctx, who, room, ActionInvite); err != nil {
		return nil, err
	}
	kept, err := n.records(ctx, room, RecordInvite)
	if err != nil {
		return nil, err
	}
	all := make([]Invite, 0, len(kept))
	for _, r := range kept {
		one, err := r.invite()
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b Invite) int { return cmp.Or(b.Made.Compare(a.Made), cmp.Compare(a.ID, b.ID)) })
	return all, nil
}

// RevokeInvite makes an invite good for nothing. Errors: those of [Node.Authorize] for [ActionInvite],
// [ErrNoRecord], [ErrUnavailable].
func (n *Node) RevokeInvite(ctx context.Context, who Principal, room RoomID, id string) error {
	role, err := n.authorizeOwned(ctx, who, room, ActionInvite)
	if err == nil {
		err = n.dropRecord(ctx, room, RecordInvite, id)
	}
	if err == nil {
		n.Record(ctx, who, role, AuditEntry{Action: AuditRevokeInvite, Room: room, Target: id})
	}
	return err
}

// useInvite lets a session in by an invite's secret; ok is false when it is not good, for whatever
// reason.
func (n *Node) useInvite(ctx context.Context, room RoomID, secret string, by MemberID) (ok bool, err error) {
	id, whole, ok := readSecret(invitePrefix, secret, inviteSecret)
	if !ok {
		return false, nil
	}
	ok, err = n.options.Records.UseRecord(ctx, room, RecordInvite, id, hashOf(whole), by)
	if err != nil {
		return false, fmt.Errorf("come into %s by an invite: %w", room, n.unavailable(err))
	}
	return ok, nil
}

// toMillis is a time as stores and the wire have it.
func toMillis(t time.Time) time.Time { return time.UnixMilli(t.UnixMilli()).UTC() }
