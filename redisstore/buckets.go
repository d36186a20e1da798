package redisstore

import (
	"context"
	"strconv"
	"time"

	"github.com/caller-chat/caller/chat"
)

var _ chat.Buckets = (*Store)(nil)

// bucketKey is where a bucket is. It is in whatever slot of a Cluster: nothing else is changed with
// it. The name that limits give it is hashed, since it has a client's address in it.
func (s *Store) bucketKey(name string) string {
	return s.opt.KeyPrefix + "bucket:" + hashKey("bucket", name)
}

// TakeTokens implements [chat.Buckets].
func (s *Store) TakeTokens(
	ctx context.Context, name string, b chat.Bucket, t chat.Taking,
) (granted int, wait time.Duration, err error) {
	key := s.bucketKey(name)
	var reply []any
	err = s.call(ctx, "counting what a client does", "", func(ctx context.Context) error {
		reply, err = s.run(ctx, s.scripts.tokens, []string{key}, b.Burst,
			strconv.FormatFloat(b.PerSecond/1000, 'f', -1, 64), t.Need, max(t.Need, t.Most), t.Keep.Milliseconds(), t.Settled, t.Unused)
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	var have, ms int64
	if err := scan(reply, &have, &ms); err != nil {
		return 0, 0, corrupt(key, err)
	}
	return int(have), fromMillis(ms), nil
}
