package redisstore

import (
	"testing"
	"time"

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
