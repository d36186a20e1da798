package redisstore

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/caller-chat/caller/chat"
)

// Secret returns 32 random bytes that are the same for all nodes of this Redis. Sessions are signed
// with them. The first node to ask makes them up.
func (s *Store) Secret(ctx context.Context) ([]byte, error) {
	key := s.opt.KeyPrefix + "secret"
	var stored string
	err := s.call(ctx, "reading the secret", "", func(ctx context.Context) error {
		if err := s.client.SetNX(ctx, key, randomHex(32), 0).Err(); err != nil {
			return err
		}
		var err error
		stored, err = s.client.Get(ctx, key).Result()
		return err
	})
	if err != nil {
		return nil, err
	}
	secret, err := hex.DecodeString(stored)
	if err != nil || len(secret) != 32 {
		return nil, corrupt(key, errors.New("want 64 hexadecimal digits"))
	}
	return secret, nil
}

func (s *Store) revokedKey() string { return s.opt.KeyPrefix + "revoked" }

// Revoke remembers a session's end for that long. All calls give the same time. It is
// [chat.ErrFull], and nothing is remembered, when there are most others already; 0 bounds nothing.
func (s *Store) Revoke(ctx context.Context, id chat.MemberID, keep time.Duration, most int) error {
	var reply []any
	err := s.call(ctx, "ending a session", "", func(ctx context.Context) error {
		var err error
		reply, err = s.run(ctx, s.scripts.revoke, []string{s.revokedKey()}, string(id), keep.Milliseconds(), most)
		return err
	})
	if err != nil {
		return err
	}
	if len(reply) != 1 || reply[0] != int64(1) {
		return chat.ErrFull
	}
	return nil
}

// revokedOverlap is how far behind the newest end that a node knows it asks again: a Redis that
// took over may have a clock that is behind, and gives the next ones earlier times.
const revokedOverlap = time.Minute

// Revoked are the sessions whose end is remembered: with the empty string all, else
// those since an earlier call, which had next as its result. It may name some again.
func (s *Store) Revoked(ctx context.Context, since string) (ids []chat.MemberID, next string, err error) {
	from := "-inf"
	if since != "" {
		ms, err := strconv.ParseInt(since, 10, 64)
		if err != nil {
			return nil, since, fmt.Errorf("ended sessions since %q: %w", since, err)
		}
		from = strconv.FormatInt(ms-revokedOverlap.Milliseconds(), 10)
	}
	var found []redis.Z
	err = s.call(ctx, "reading the ended sessions", "", func(ctx context.Context) error {
		var err error
		found, err = s.client.ZRangeByScoreWithScores(ctx, s.revokedKey(), &redis.ZRangeBy{Min: from, Max: "+inf"}).Result()
		return err
	})
	if err != nil {
		return nil, since, err
	}
	next = since
	for _, z := range found {
		id, ok := z.Member.(string)
		if !ok {
			return nil, since, corrupt(s.revokedKey(), fmt.Errorf("want text, have %T", z.Member))
		}
		ids = append(ids, chat.MemberID(id))
		next = strconv.FormatFloat(z.Score, 'f', 0, 64)
	}
	return ids, next, nil
}

// linkKey is where a link to a session is kept: by a hash of its code, so that who reads Redis
// takes nobody's place.
func (s *Store) linkKey(hash string) string { return s.opt.KeyPrefix + "link:" + hash }

// KeepLink keeps what a link stands for, for that long.
func (s *Store) KeepLink(ctx context.Context, hash string, of []byte, keep time.Duration) error {
	return s.call(ctx, "keeping a link to a session", "", func(ctx context.Context) error {
		return s.client.Set(ctx, s.linkKey(hash), of, keep).Err()
	})
}

// TakeLink is what a link stands for. It is so once, for all nodes: after that, and when its time
// is over, ok is false.
func (s *Store) TakeLink(ctx context.Context, hash string) (of []byte, ok bool, err error) {
	var reply []any
	err = s.call(ctx, "taking a link to a session", "", func(ctx context.Context) error {
		reply, err = s.run(ctx, s.scripts.take, []string{s.linkKey(hash)})
		return err
	})
	if err != nil || len(reply) == 0 {
		return nil, false, err
	}
	text, ok := reply[0].(string)
	if !ok {
		return nil, false, corrupt(s.linkKey(hash), fmt.Errorf("want text, have %T", reply[0]))
	}
	return []byte(text), true, nil
}
