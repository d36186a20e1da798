package redisstore

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
)

func TestAPostWaitsForReplicas(t *testing.T) {
	manyServers(t)
	master := startRedis(t)
	at, err := url.Parse(master.url)
	require.NoError(t, err)
	replica := startRedis(t, "--replicaof", at.Hostname(), at.Port(), "--repl-diskless-sync-delay", "0")
	s, err := Open(context.Background(), Options{URL: master.url, WaitReplicas: 1, Timeout: time.Second, KeyPrefix: "waits:"})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	draft := chat.Draft{Payload: chat.Message{Text: "hello"}, Key: "k", Client: "c"}

	var first chat.Entry
	testwait.Until(t, func() bool { // once the replica has caught up
		first, _, err = s.Append(context.Background(), "lobby", draft)
		return err == nil
	}, "no replica acknowledged")
	have, err := replica.client.LLen(context.Background(), s.key("lobby", "log")).Result()
	require.NoError(t, err)
	require.EqualValues(t, 1, have, "what is acknowledged is on the replica")

	replica.stop()
	draft.Key = "k2"
	bounded, cancel := context.WithTimeout(context.Background(), testwait.Limit)
	defer cancel()
	_, _, err = s.Append(bounded, "lobby", draft)
	require.ErrorIs(t, err, chat.ErrUnavailable, "nobody else has it")
	_, _, err = s.Append(bounded, "lobby", draft)
	require.ErrorIs(t, err, chat.ErrUnavailable, "a repeat is waited for too")

	replica.restart()
	var second chat.Entry
	var repeated bool
	testwait.Until(t, func() bool {
		second, repeated, err = s.Append(context.Background(), "lobby", draft)
		return err == nil
	}, "the replica is back")
	require.True(t, repeated)
	require.Equal(t, first.ID.Seq+1, second.ID.Seq, "it was stored once")
}
