package redisstore

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/caller-chat/caller/chat"
)

// pushKeyBytes is the length of a private key of the curve P-256.
const pushKeyBytes = 32

// PushKey is the key by which pushes are signed, the same on all nodes of this Redis: the one that
// was made, unless another node was first.
func (s *Store) PushKey(ctx context.Context, made []byte) ([]byte, error) {
	key := s.opt.KeyPrefix + "push-key"
	var stored string
	err := s.call(ctx, "reading the push key", "", func(ctx context.Context) error {
		if err := s.client.SetNX(ctx, key, hex.EncodeToString(made), 0).Err(); err != nil {
			return err
		}
		var err error
		stored, err = s.client.Get(ctx, key).Result()
		return err
	})
	if err != nil {
		return nil, err
	}
	kept, err := hex.DecodeString(stored)
	if err != nil || len(kept) != pushKeyBytes {
		return nil, corrupt(key, errors.New("want 64 hexadecimal digits"))
	}
	return kept, nil
}

// pushKey is where a member's subscriptions are: a list of "ID SUBSCRIPTION".
func (s *Store) pushKey(who chat.MemberID) string { return s.opt.KeyPrefix + "push:" + string(who) }

// pushOwnerKey is where it stands whose a subscription is: a browser is reached in one person's
// name.
func (s *Store) pushOwnerKey(id string) string { return s.opt.KeyPrefix + "push-at:" + id }

// pushLife is how long a member's list of subscriptions is kept after the last was given. Each ends by
// itself, with what stands under its pushOwnerKey.
const pushLife = 30 * 24 * time.Hour

// Subscribe keeps by what a member's session is reached, for that long and [pushLife] at most: of each
// member the newest, so many. The session is who, or an id of its own that begins with who and an @.
// The subscription's id has no space in it; whoever had one of the same id has it no more.
func (s *Store) Subscribe(
	ctx context.Context, who, session chat.MemberID, id string, subscription []byte, most int, keep time.Duration,
) error {
	return s.call(ctx, "keeping a push subscription", "", func(ctx context.Context) error {
		if err := s.client.Set(ctx, s.pushOwnerKey(id), string(session), keep).Err(); err != nil {
			return err
		}
		gone, err := s.run(ctx, s.scripts.subscribe, []string{s.pushKey(who)},
			id, id+" "+string(subscription), most, pushLife.Milliseconds())
		if err != nil {
			return err
		}
		return s.disown(ctx, who, gone)
	})
}

// disown forgets whose subscriptions are that are not kept any more, unless somebody else has taken
// them over.
func (s *Store) disown(ctx context.Context, who chat.MemberID, ids []any) error {
	for _, id := range ids {
		text, ok := id.(string)
		if !ok {
			return corrupt(s.pushKey(who), fmt.Errorf("want text, have %T", id))
		}
		if _, err := s.run(ctx, s.scripts.take, []string{s.pushOwnerKey(text)}, string(who)); err != nil {
			return err
		}
	}
	return nil
}

// Unsubscribe forgets one of a member's subscriptions, or all for "".
func (s *Store) Unsubscribe(ctx context.Context, who chat.MemberID, id string) error {
	return s.call(ctx, "forgetting a push subscription", "", func(ctx context.Context) error {
		if id == "" {
			elements, err := s.client.LRange(ctx, s.pushKey(who), 0, -1).Result()
			if err != nil {
				return err
			}
			var ids []any
			for _, element := range elements {
				id, _, _ := strings.Cut(element, " ")
				ids = append(ids, id)
			}
			if err := s.client.Del(ctx, s.pushKey(who)).Err(); err != nil {
				return err
			}
			return s.disown(ctx, who, ids)
		}
		gone, err := s.run(ctx, s.scripts.subscribe, []string{s.pushKey(who)}, id, "", 0, 0)
		if err != nil {
			return err
		}
		return s.disown(ctx, who, gone)
	})
}

// isOf reports whether a session, by the id that stands under a pushOwnerKey, is a member's.
func isOf(who chat.MemberID, session string) bool {
	rest, ok := strings.CutPrefix(session, string(who))
	return ok && (rest == "" || rest[0] == '@')
}

// Subscribed are a member's subscriptions. Those of a session that was signed out are gone, and one
// that somebody else has taken over is not among them.
func (s *Store) Subscribed(ctx context.Context, who chat.MemberID) (subscriptions [][]byte, err error) {
	err = s.call(ctx, "reading push subscriptions", "", func(ctx context.Context) error {
		subscriptions = nil
		elements, err := s.client.LRange(ctx, s.pushKey(who), 0, -1).Result()
		if err != nil || len(elements) == 0 {
			return err
		}
		switch err := s.client.ZScore(ctx, s.revokedKey(), string(who)).Err(); {
		case err == nil:
			return s.client.Del(ctx, s.pushKey(who)).Err()
		case !errors.Is(err, redis.Nil):
			return err
		}
		for _, element := range elements {
			id, text, _ := strings.Cut(element, " ")
			owner, err := s.client.Get(ctx, s.pushOwnerKey(id)).Result()
			if err != nil && !errors.Is(err, redis.Nil) {
				return err
			}
			if !isOf(who, owner) {
				continue
			}
			if owner != string(who) { // a session of its own, which may have ended alone
				switch err := s.client.ZScore(ctx, s.revokedKey(), owner).Err(); {
				case err == nil:
					continue
				case !errors.Is(err, redis.Nil):
					return err
				}
			}
			subscriptions = append(subscriptions, []byte(text))
		}
		return nil
	})
	return subscriptions, err
}
