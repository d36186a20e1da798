package redisstore

import (
	"context"
	"time"

	"github.com/caller-chat/caller/chat"
)

var _ chat.OwnedRooms = (*Store)(nil)

// ownedMargin is how much longer than its rules a room is counted: nodes count it anew once a day
// while it is used.
const ownedMargin = 48 * time.Hour

// ownedKey is where the rooms are that somebody owns: one key for all of them, so that they are
// counted in one step. In a Cluster it is in another slot than most of them.
func (s *Store) ownedKey() string { return s.opt.KeyPrefix + "owned" }

// KeepOwned implements [chat.OwnedRooms].
func (s *Store) KeepOwned(ctx context.Context, room chat.RoomID, most int) (kept bool, err error) {
	err = s.call(ctx, "counting owned room", room, func(ctx context.Context) error {
		reply, err := s.run(ctx, s.scripts.owned, []string{s.ownedKey()}, string(room), most, millis(s.rulesLife()+ownedMargin))
		kept = err == nil && len(reply) > 0
		return err
	})
	return kept, err
}

// FreeOwned implements [chat.OwnedRooms].
func (s *Store) FreeOwned(ctx context.Context, room chat.RoomID) error {
	return s.call(ctx, "freeing the place of owned room", room, func(ctx context.Context) error {
		return s.client.ZRem(ctx, s.ownedKey(), string(room)).Err()
	})
}

// SeeOwner implements [chat.OwnedRooms].
func (s *Store) SeeOwner(ctx context.Context, room chat.RoomID, owner chat.MemberID) error {
	return s.call(ctx, "noting an owner of room", room, func(ctx context.Context) error {
		keys := []string{s.key(room, "rules"), s.key(room, "grants"), s.key(room, "arrivals")}
		_, err := s.run(ctx, s.scripts.seen, keys, fieldRole+string(owner), millis(s.rulesLife()))
		return err
	})
}
