package redisstore

import (
	"context"
	"time"
)

// TakeTurn reports whether it is this node's turn to do something that one node of all is to do,
// and if so keeps the others from it for that long.
func (s *Store) TakeTurn(ctx context.Context, what string, keep time.Duration) (mine bool, err error) {
	err = s.call(ctx, "taking the turn for "+what, "", func(ctx context.Context) error {
		mine, err = s.client.SetNX(ctx, s.opt.KeyPrefix+"turn:"+what, s.node, keep).Result()
		return err
	})
	return mine, err
}
