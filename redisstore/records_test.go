package redisstore

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

func testStrangeRecords(t *testing.T, s *server) {
	st, r := s.open(t, Options{}), room()
	key := st.key(r, "invites")
	require.NoError(t, s.client.HSet(ctx, key, "strange", "not ours").Err())
	good := chat.Record{ID: "good", Hash: "h", Expires: time.Now().Add(time.Hour), Data: []byte("{}")}
	_, err := st.Records(ctx, r, chat.RecordInvite)
	require.ErrorIs(t, err, ErrCorrupt)
	assert.ErrorContains(t, err, key)
	_, _, err = st.Record(ctx, r, chat.RecordInvite, "strange")
	require.ErrorIs(t, err, ErrCorrupt)
	require.NoError(t, s.client.HSet(ctx, st.key(r, "rules"), "version", "1-00000001").Err()) // somebody owns it
	_, err = st.UseRecord(ctx, r, chat.RecordInvite, "strange", "h", "ann")
	require.ErrorIs(t, err, ErrCorrupt)
	_, _, err = st.KeepRecord(ctx, r, chat.RecordInvite, good, 9)
	require.ErrorIs(t, err, ErrCorrupt)
	require.ErrorIs(t, err, chat.ErrUnavailable)
}

// What is kept goes with the last record that expires, and no secret is in Redis.
func testRecordsGo(t *testing.T, s *server) {
	st, r := s.open(t, Options{}), room()
	for id, life := range map[string]time.Duration{"hour": time.Hour, "day": 24 * time.Hour, "minute": time.Minute} {
		_, full, err := st.KeepRecord(ctx, r, chat.RecordToken, chat.Record{
			ID: id, Hash: "h", Expires: time.Now().Add(life), Data: []byte("{}"),
		}, 9)
		require.NoError(t, err)
		require.False(t, full)
	}
	left, err := s.client.PTTL(ctx, st.key(r, "tokens")).Result()
	require.NoError(t, err)
	assert.Greater(t, left, 23*time.Hour)
	assert.LessOrEqual(t, left, 24*time.Hour)
}

// Rules live on while an owner does something, however it comes.
func testOwnersKeepRules(t *testing.T, s *server) {
	st, r := s.open(t, Options{}), room()
	keys := []string{st.key(r, "rules"), st.key(r, "grants")}
	require.NoError(t, st.SeeOwner(ctx, r, "ann"))
	require.Zero(t, s.client.Exists(ctx, keys[0]).Val(), "it makes nothing")
	to := chat.OpenRules().Clone()
	to.Roles["ann"] = chat.RoleOwner
	_, _, err := st.ChangeRules(ctx, r, chat.RulesChange{From: chat.OpenRules(), To: to})
	require.NoError(t, err)
	require.NoError(t, st.Grant(ctx, r, "bob"))
	for who, longer := range map[chat.MemberID]bool{"bob": false, "ann": true} {
		require.NoError(t, s.client.PExpire(ctx, keys[0], time.Hour).Err())
		require.NoError(t, s.client.PExpire(ctx, keys[1], time.Hour).Err())
		require.NoError(t, st.SeeOwner(ctx, r, who))
		for _, key := range keys {
			require.Equal(t, longer, s.client.PTTL(ctx, key).Val() > 2*time.Hour, "%s, by %s", key, who)
		}
	}
}
