package redisstore

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

// testHookFailures: a failure from before a hook was changed or switched off would have it switched off
// again by the next one, after days of them.
func testHookFailures(t *testing.T, s *server) {
	st := s.open(t, Options{})
	r := dumpedRoom(t, st)
	config := []byte(`{"url":"https://example.org"}`)
	keep := func(known bool) {
		full, err := st.KeepHook(ctx, r, "wh-1", config, []chat.HookEvent{chat.HookMessage}, 5, known)
		require.NoError(t, err)
		require.False(t, full)
	}
	d := draft("a")
	d.Rules = rulesVersion(t, st, r)
	for range 2 {
		_, _, err := st.Append(ctx, r, d)
		require.NoError(t, err)
	}
	claims := func() []chat.HookClaim {
		all, err := st.DueHooks(ctx, partition(r), 25*time.Second, 1000)
		require.NoError(t, err)
		return slices.DeleteFunc(all, func(c chat.HookClaim) bool { return c.Room != r })
	}
	failure := func() string {
		all, err := st.RoomHooks(ctx, r)
		require.NoError(t, err)
		require.Len(t, all, 1)
		return string(all[0].Failure)
	}
	fail := func(again time.Duration) {
		all := claims()
		require.Len(t, all, 1)
		require.NoError(t, st.Postpone(ctx, all[0], again, []byte(`{"count":9}`)))
		require.Equal(t, `{"count":9}`, failure())
	}

	fail(time.Hour)
	require.Empty(t, claims(), "it waits")
	keep(true)
	require.Empty(t, failure())
	fail(0) // it is due at once

	all := claims()
	require.Len(t, all, 1)
	keep(true)
	work, err := st.HookWork(ctx, all[0], 10)
	require.NoError(t, err)
	require.False(t, work.Lapsed, "whoever tells it just now goes on")
	require.Len(t, work.Next, 2)
	require.NoError(t, st.Postpone(ctx, all[0], 0, []byte(`{"count":9}`)))
	all = claims()
	for i, off := range []bool{false, true} {
		ok, err := st.Bury(ctx, &all[0], work.Next[i], 25*time.Second, []byte("{}"), off)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, off, failure() == "")
	}
}
