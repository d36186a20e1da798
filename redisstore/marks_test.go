package redisstore

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

func testMarkLife(t *testing.T, s *server) {
	st, r, ann := s.open(t, Options{}), room(), chat.NewMemberID()
	at := chat.Cursor{Seq: 3, Tag: 7}
	use := map[string]func() error{
		"start": func() error {
			_, err := st.StartMarks(ctx, r, map[chat.MemberID]chat.Cursor{ann: at})
			return err
		},
		"move": func() error { _, err := st.MoveMark(ctx, r, ann, at, chat.Cursor{}); return err },
		"list": func() error { _, err := st.MarksOf(ctx, ann); return err },
	}
	require.NoError(t, use["start"]())
	for name, renew := range use {
		require.NoError(t, st.client.PExpire(ctx, st.marksKey(ann), time.Hour).Err())
		require.NoError(t, renew())
		left, err := st.client.PTTL(ctx, st.marksKey(ann)).Result()
		require.NoError(t, err)
		require.InDelta(t, chat.MarkLife, left, float64(time.Hour), name)
	}
	require.NoError(t, st.ForgetMark(ctx, r, ann))
	n, err := st.client.Exists(ctx, st.marksKey(ann)).Result()
	require.NoError(t, err)
	require.Zero(t, n, "nothing is left of who has forgotten all")
}

// Those who come to a room together cost one call, in a Cluster one for each slot of marks.
func testMarksTogether(t *testing.T, s *server) {
	st, r, most := s.open(t, Options{}), room(), 1
	if st.sharded {
		most = marksPartitions
	}
	sessions := map[chat.MemberID]chat.Cursor{}
	for i := range marksBatch {
		sessions[chat.NewMemberID()] = chat.Cursor{Seq: uint64(i + 1), Tag: 7}
	}
	_, err := st.StartMarks(ctx, r, sessions) // has the script stored
	require.NoError(t, err)
	sent := 0
	st.client.AddHook(countScripts{&sent})
	got, err := st.StartMarks(ctx, r, sessions)
	require.NoError(t, err)
	require.Equal(t, sessions, got)
	require.Positive(t, sent)
	require.LessOrEqual(t, sent, most)
}

// countScripts counts the scripts that a client has run.
type countScripts struct{ n *int }

func (countScripts) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c countScripts) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c.count(cmd)
		return next(ctx, cmd)
	}
}

func (c countScripts) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, commands []redis.Cmder) error {
		c.count(commands...)
		return next(ctx, commands)
	}
}

func (c countScripts) count(commands ...redis.Cmder) {
	for _, cmd := range commands {
		if strings.HasPrefix(cmd.Name(), "eval") {
			*c.n++
		}
	}
}

func testStrangeMarks(t *testing.T, s *server) {
	st, r := s.open(t, Options{}), room()
	for _, value := range []string{"", "soon", "3-0000000x 1", "3-00000007", "3-00000007 later"} {
		ann := chat.NewMemberID()
		require.NoError(t, st.client.HSet(ctx, st.marksKey(ann), string(r), value).Err())
		_, err := st.MarksOf(ctx, ann)
		require.ErrorIs(t, err, ErrCorrupt, value)
		require.ErrorContains(t, err, st.marksKey(ann))
		_, err = st.MoveMark(ctx, r, ann, chat.Cursor{Seq: 4, Tag: 1}, chat.Cursor{})
		require.ErrorIs(t, err, ErrCorrupt, value)
		_, err = st.StartMarks(ctx, r, map[chat.MemberID]chat.Cursor{ann: {}})
		require.ErrorIs(t, err, ErrCorrupt, value)
	}
	_, err := parseNotice(`M{"session":"a","at":"x"}`)
	require.Error(t, err)
	_, err = parseNotice(`M[]`)
	require.Error(t, err)
	want := chat.Marked{Session: "a", At: chat.Cursor{Seq: 4, Tag: 1}}
	payload, err := encodeSignal(want)
	require.NoError(t, err)
	got, err := parseNotice(payload)
	require.NoError(t, err)
	require.Equal(t, want, got)
}
