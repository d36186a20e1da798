package redisstore

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/caller-chat/caller/chat"
)

// scanStep is about how many keys Redis looks at for one SCAN, so that nobody waits for it.
const scanStep = 1000

// RoomIDs are all rooms of which there is something: entries, rules or members; in order. Redis goes
// through all keys for it, in small steps. A room that comes or goes meanwhile may be among them or
// not. Errors wrap [chat.ErrUnavailable].
func (s *Store) RoomIDs(ctx context.Context) ([]chat.RoomID, error) {
	var mu sync.Mutex // protects following
	all := map[chat.RoomID]bool{}
	scan := func(ctx context.Context, node redis.UniversalClient) error {
		var found []string
		for cursor := uint64(0); ; {
			err := s.call(ctx, "looking for rooms", "", func(ctx context.Context) (err error) {
				found, cursor, err = node.Scan(ctx, cursor, globEscape(s.opt.KeyPrefix)+"{p*}:*", scanStep).Result()
				return err
			})
			if err != nil {
				return err
			}
			mu.Lock()
			for _, key := range found {
				if room, ok := s.roomOf(key); ok {
					all[room] = true
				}
			}
			mu.Unlock()
			if cursor == 0 {
				return nil
			}
		}
	}
	var err error
	if cluster, ok := s.client.(*redis.ClusterClient); ok {
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return scan(ctx, node) })
	} else {
		err = scan(ctx, s.client)
	}
	if err != nil {
		return nil, err
	}
	rooms := make([]chat.RoomID, 0, len(all))
	for room := range all {
		rooms = append(rooms, room)
	}
	slices.Sort(rooms)
	return rooms, nil
}

// roomOf is the room that a key is of, if it is one of those by which there is a room:
// PREFIX{p000}:ROOM:NAME.
func (s *Store) roomOf(key string) (chat.RoomID, bool) {
	rest, ok := strings.CutPrefix(key, s.opt.KeyPrefix)
	parts := strings.Split(rest, ":")
	if !ok || len(parts) != 3 || parts[2] != "log" && parts[2] != "rules" && parts[2] != "members" {
		return "", false
	}
	room := chat.RoomID(parts[1])
	return room, parts[0] == hashTag(partition(room))
}

// globEscape is a text as a pattern of Redis's that matches it alone.
func globEscape(s string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "]", `\]`).Replace(s)
}
