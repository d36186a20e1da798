package chat

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"
)

// OwnedRooms counts the rooms that somebody owns, of all nodes: what is kept of each lives for
// [RulesLife], so there has to be an end to them. It also notes that owners still come. Methods may be called at the same time; errors
// wrap [ErrUnavailable].
type OwnedRooms interface {
	// KeepOwned counts a room for as long as its rules live, from now on. In one step it looks
	// whether there is room for it: kept is false for one that is not counted yet, when there are so
	// many already. 0 is any number.
	KeepOwned(ctx context.Context, room RoomID, most int) (kept bool, err error)
	// FreeOwned says that nobody owns the room after all.
	FreeOwned(ctx context.Context, room RoomID) error
	// SeeOwner notes that an owner was in the room now ([Rules.OwnerSeen]), and has what is kept of
	// the room live on as when a member is there. Of somebody who does not own it, nothing is noted.
	SeeOwner(ctx context.Context, room RoomID, owner MemberID) error
}

// ErrManyOwned is an [ErrFull]: there are as many rooms that somebody owns as there may be.
var ErrManyOwned = fmt.Errorf("%w: no further room can be owned", ErrFull)

// countOwned counts a room that is about to be owned. The caller frees it if that fails.
func (n *Node) countOwned(ctx context.Context, room RoomID) error {
	if n.options.Owned == nil {
		return nil
	}
	kept, err := n.options.Owned.KeepOwned(ctx, room, n.options.MaxOwned)
	if err == nil && !kept {
		err = ErrManyOwned
	}
	return err
}

// freeOwned has a room counted no more, unless it is owned: by somebody else, or after all.
func (n *Node) freeOwned(ctx context.Context, room RoomID) {
	if n.options.Owned == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), n.options.Patience)
	defer cancel()
	rules, err := n.keeper.Rules(ctx, room)
	if err == nil && rules.Version.IsZero() {
		err = n.options.Owned.FreeOwned(ctx, room)
	}
	if err != nil { // it is counted until its time is over
		n.options.Logger.Debug("freeing an owned room's place failed", "room", string(room), "error", err)
	}
}

// stillOwned has a room counted on that is used, once a day. Who calls it has begun some work that
// [Node.Close] waits for.
func (b *backend) stillOwned(room RoomID) {
	if b.options.Owned == nil {
		return
	}
	if !b.firstToday("owned\x00" + string(room)) {
		return
	}
	b.async(func(ctx context.Context) {
		if _, err := b.options.Owned.KeepOwned(ctx, room, 0); err != nil { // tomorrow it is asked again
			b.options.Logger.Debug("counting an owned room failed", "room", string(room), "error", err)
		}
	})
}

// firstToday reports whether something has not been done on this day (UTC), as far as this node
// remembers, and that it has been done from now on.
func (b *backend) firstToday(what string) bool {
	memory := sha256.Sum256([]byte(time.Now().UTC().Format(time.DateOnly) + "\x00" + what))
	if b.remembered.has(memory) {
		return false
	}
	b.remembered.add(memory)
	return true
}

// ownerSeenFor is for how long an owner that was seen need not be seen again.
const ownerSeenFor = 24 * time.Hour

// sawOwner notes that an owner has done something in its room: once a day, since streams and posts
// are many. The store notes those with a stream by itself.
func (n *Node) sawOwner(rules *Rules, who Principal, room RoomID) {
	if n.options.Owned == nil || who.Guest || rules.Roles[who.ID] != RoleOwner {
		return
	}
	if time.Since(rules.OwnerSeen) < ownerSeenFor || !n.firstToday("owner\x00"+string(who.ID)+"\x00"+string(room)) {
		return
	}
	if !n.begin() {
		return
	}
	defer n.running.Done()
	n.stillOwned(room)
	owner := who.ID
	n.async(func(ctx context.Context) {
		if err := n.options.Owned.SeeOwner(ctx, room, owner); err != nil { // tomorrow it is noted
			n.options.Logger.Debug("noting that an owner was there failed", "room", string(room), "error", err)
		}
	})
}
