package redisstore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/redis/go-redis/v9"
)

// A script whose keys are half here and half there, since their slot is being moved, is run again
// after a while that doubles.
const (
	firstMoveWait = 5 * time.Millisecond
	lastMoveWait  = 100 * time.Millisecond
)

// runAppend runs a script that appends. While a Cluster moves the room's slot it waits for the end
// of that, for as long as it has time.
func (s *Store) runAppend(ctx context.Context, sc script, keys []string, args ...any) ([]any, error) {
	for wait := firstMoveWait; ; wait = min(2*wait, lastMoveWait) {
		reply, err := s.appendOnce(ctx, sc, keys, args...)
		if !redis.HasErrorPrefix(err, "TRYAGAIN") { // which says that nothing was done
			return reply, err
		}
		moving := time.NewTimer(wait/2 + rand.N(wait/2))
		select {
		case <-ctx.Done():
			moving.Stop()
			return nil, fmt.Errorf("%w (%w)", err, ctx.Err())
		case <-moving.C:
		}
	}
}

// appendOnce runs a script that appends, together with others' when Redis is busy, and, if
// [Options.WaitReplicas] says so, waits until that many replicas have what it wrote. The latter
// goes over one connection, since WAIT waits for the writes of its own.
func (s *Store) appendOnce(ctx context.Context, sc script, keys []string, args ...any) ([]any, error) {
	master, err := s.master(ctx, keys[0])
	if err != nil {
		return nil, err
	}
	if s.opt.WaitReplicas == 0 {
		return s.runTogether(ctx, master, sc, keys, args...)
	}
	reply, err := s.appendAndWait(ctx, master, "evalsha", sc.sha, keys, args)
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		return s.appendAndWait(ctx, master, "eval", sc.source, keys, args)
	}
	if cluster, ok := s.client.(*redis.ClusterClient); ok && redis.HasErrorPrefix(err, "MOVED") {
		cluster.ReloadState(ctx) // nothing has been written: the next post finds the slot's new node
	}
	return reply, err
}

// master is the client of the node that writes of a key go to.
func (s *Store) master(ctx context.Context, key string) (*redis.Client, error) {
	switch client := s.client.(type) {
	case *redis.ClusterClient:
		return client.MasterForKey(ctx, key)
	case *redis.Client:
		return client, nil
	}
	return nil, fmt.Errorf("a client of type %T has no master to ask", s.client)
}

func (s *Store) appendAndWait(
	ctx context.Context, master *redis.Client, command, script string, keys []string, args []any,
) ([]any, error) {
	appended := scriptCmd(ctx, command, script, keys, args)
	var waited *redis.Cmd
	_, err := master.Pipelined(ctx, func(p redis.Pipeliner) error {
		_ = p.Process(ctx, appended) // it is only put in line
		waited = p.Do(ctx, "wait", s.opt.WaitReplicas, millis(s.opt.Timeout/2))
		return nil
	})
	reply, replyErr := appended.Slice()
	if replyErr != nil {
		return nil, replyErr
	}
	if err != nil {
		return nil, err
	}
	have, err := waited.Int()
	if err != nil {
		return nil, err
	}
	if have < s.opt.WaitReplicas {
		return nil, fmt.Errorf("%d of %d replicas have it: it is stored, but a failover may lose it", have, s.opt.WaitReplicas)
	}
	return reply, nil
}
