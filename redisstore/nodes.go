package redisstore

import (
	"context"
	"encoding/json"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/caller-chat/caller/chat"
)

// NodeLife is for how long a node is listed that says nothing more.
const NodeLife = 60 * time.Second

// NodeID names this node among those of its Redis.
func (s *Store) NodeID() string { return s.node }

// nodesKey is where the nodes tell of themselves: one hash, for they are few.
func (s *Store) nodesKey() string { return s.opt.KeyPrefix + "nodes" }

// TellNode tells the other nodes of this one. ID and Seen are set here. Errors wrap
// [chat.ErrUnavailable].
func (s *Store) TellNode(ctx context.Context, n chat.NodeInfo) error {
	return s.call(ctx, "telling of this node", "", func(ctx context.Context) error {
		now, err := s.client.Time(ctx).Result()
		if err != nil {
			return err
		}
		n.ID, n.Seen = s.node, now.UTC().Truncate(time.Millisecond)
		text, err := encode(n)
		if err != nil {
			return err
		}
		var all *redis.MapStringStringCmd
		_, err = s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			p.HSet(ctx, s.nodesKey(), s.node, text)
			p.PExpire(ctx, s.nodesKey(), 2*NodeLife)
			all = p.HGetAll(ctx, s.nodesKey())
			return nil
		})
		if err != nil {
			return err
		}
		var gone []string
		for id, text := range all.Val() {
			if other, ok := parseNode(text); !ok || now.Sub(other.Seen) > NodeLife {
				gone = append(gone, id)
			}
		}
		if len(gone) == 0 {
			return nil
		}
		return s.client.HDel(ctx, s.nodesKey(), gone...).Err()
	})
}

// Nodes are the nodes of this Redis that have told of themselves lately, the oldest first. Errors
// wrap [chat.ErrUnavailable].
func (s *Store) Nodes(ctx context.Context) (nodes []chat.NodeInfo, err error) {
	err = s.call(ctx, "reading which nodes there are", "", func(ctx context.Context) error {
		now, err := s.client.Time(ctx).Result()
		if err != nil {
			return err
		}
		all, err := s.client.HGetAll(ctx, s.nodesKey()).Result()
		nodes = nil
		for _, text := range all {
			if n, ok := parseNode(text); ok && now.Sub(n.Seen) <= NodeLife {
				nodes = append(nodes, n)
			}
		}
		return err
	})
	sortNodes(nodes)
	return nodes, err
}

// ForgetNode has this node listed no more.
func (s *Store) ForgetNode(ctx context.Context) error {
	return s.call(ctx, "taking this node off the list", "", func(ctx context.Context) error {
		return s.client.HDel(ctx, s.nodesKey(), s.node).Err()
	})
}

// parseNode reads what a node has told; ok is false for what can't be that, such as a newer node's.
func parseNode(text string) (n chat.NodeInfo, ok bool) {
	err := json.Unmarshal([]byte(text), &n)
	return n, err == nil && n.ID != ""
}
