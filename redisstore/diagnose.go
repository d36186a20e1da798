package redisstore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Server is what one Redis says of itself, for who looks for what is wrong.
type Server struct {
	// Addr is where it is, as host:port; of a Sentinel's it is what the Sentinel names.
	Addr string
	// Info are the fields of INFO.
	Info map[string]string
	// Cluster are the fields of CLUSTER INFO, nil where it is none.
	Cluster map[string]string
	// Saves is what "save" is set to; Known is false where it may not be asked.
	Saves string
	Known bool
	// Clock is how much its clock is ahead of ours, give or take half of Took, the fastest of some
	// exchanges.
	Clock, Took time.Duration
}

// diagnoseTimes is how often a Redis is asked for its time: the fastest answer counts.
const diagnoseTimes = 10

// Diagnose asks each Redis that keeps rooms (of a Cluster the masters) about itself.
func (s *Store) Diagnose(ctx context.Context) ([]Server, error) {
	cluster, ok := s.client.(*redis.ClusterClient)
	if !ok {
		server, err := diagnose(ctx, s.client)
		if single, ok := s.client.(*redis.Client); ok && err == nil {
			server.Addr = single.Options().Addr
		}
		return []Server{server}, err
	}
	var mu sync.Mutex // guards all
	all := map[string]Server{}
	err := cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		server, err := diagnose(ctx, node)
		server.Addr = node.Options().Addr
		mu.Lock()
		defer mu.Unlock()
		all[server.Addr] = server
		return err
	})
	servers := make([]Server, 0, len(all))
	for _, addr := range slices.Sorted(maps.Keys(all)) {
		servers = append(servers, all[addr])
	}
	return servers, err
}

func diagnose(ctx context.Context, client redis.Cmdable) (Server, error) {
	text, err := client.Info(ctx).Result()
	if err != nil {
		return Server{}, fmt.Errorf("INFO: %w", err)
	}
	server := Server{Info: fields(text), Took: time.Hour}
	for range diagnoseTimes {
		asked := time.Now()
		theirs, err := client.Time(ctx).Result()
		took := time.Since(asked)
		if err != nil {
			return Server{}, fmt.Errorf("TIME: %w", err)
		}
		if took < server.Took {
			server.Took, server.Clock = took, theirs.Sub(asked.Add(took/2).Round(0))
		}
	}
	if set, err := client.ConfigGet(ctx, "save").Result(); err == nil { // many hosts forbid it
		server.Saves, server.Known = set["save"], true
	}
	if server.Info["cluster_enabled"] == "1" {
		text, err := client.ClusterInfo(ctx).Result()
		if err != nil {
			return Server{}, fmt.Errorf("CLUSTER INFO: %w", err)
		}
		server.Cluster = fields(text)
	}
	return server, nil
}

// fields are the lines NAME:VALUE of an answer.
func fields(text string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), ":"); ok {
			all[name] = value
		}
	}
	return all
}
