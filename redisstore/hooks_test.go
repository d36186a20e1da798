package redisstore

import (
	"cmp"
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
		was := config
		if !known {
			was = nil
		}
		full, err := st.KeepHook(ctx, r, "wh-1", config, []chat.HookEvent{chat.HookMessage}, 5, was)
		require.NoError(t, err)
		require.False(t, full)
	}
	d := draft("a")
	d.Rules = rulesVersion(t, st, r)
	for range 2 {
		_, _, err := st.Append(ctx, r, d)
		require.NoError(t, err)
	}
	claims := func() []chat.HookClaim { return claimsOf(t, st, r) }
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

// testDeadLettersOfNoHook: what is deleted is gone from dead letters, also when there are no hooks any
// more.
func testDeadLettersOfNoHook(t *testing.T, s *server) {
	st := s.open(t, Options{})
	r := dumpedRoom(t, st)
	version := rulesVersion(t, st, r)
	say := func(d chat.Draft) chat.Entry {
		d.Rules = version
		e, _, err := st.Append(ctx, r, d)
		require.NoError(t, err)
		return e
	}
	first := say(draft("a secret"))
	say(draft("another one"))
	claims, err := st.DueHooks(ctx, partition(r), 25*time.Second, 1000)
	require.NoError(t, err)
	claims = slices.DeleteFunc(claims, func(c chat.HookClaim) bool { return c.Room != r })
	require.Len(t, claims, 1)
	work, err := st.HookWork(ctx, claims[0], 10)
	require.NoError(t, err)
	require.Len(t, work.Next, 2)
	for _, h := range work.Next {
		ok, err := st.Bury(ctx, &claims[0], h, 25*time.Second, []byte("{}"), false)
		require.NoError(t, err)
		require.True(t, ok)
	}
	require.NoError(t, st.DropHook(ctx, r, "wh-1"))
	texts := func() (all []string) {
		for _, h := range work.Next {
			d, ok, err := st.DeadLetter(ctx, r, "wh-1", h.ID)
			require.NoError(t, err)
			require.True(t, ok)
			said, _ := d.Entry.Payload.(chat.Message)
			all = append(all, said.Text)
		}
		return all
	}
	require.Equal(t, []string{"a secret", "another one"}, texts())
	d := draft("")
	d.Target, d.Payload = first.ID, chat.Delete{}
	say(d)
	require.Equal(t, []string{"", "another one"}, texts())
	rules, err := st.Rules(ctx, r)
	require.NoError(t, err)
	_, _, err = st.ChangeRules(ctx, r, chat.RulesChange{
		From: rules, To: rules, Clear: true, Notice: chat.Draft{From: draft("").From, Payload: chat.RoomNotice{What: chat.NoticeCleared}},
	})
	require.NoError(t, err)
	require.Equal(t, []string{"", ""}, texts())

	life := func() time.Duration { return st.client.PTTL(ctx, st.key(r, "hooks")).Val() }
	require.Greater(t, life(), 300*24*time.Hour)
	rules, err = st.Rules(ctx, r)
	require.NoError(t, err)
	to := rules.Clone()
	to.Closed = time.Now()
	_, _, err = st.ChangeRules(ctx, r, chat.RulesChange{From: rules, To: to})
	require.NoError(t, err)
	require.LessOrEqual(t, life(), 30*24*time.Hour, "its secrets are not kept for much longer than the room")
	require.Positive(t, life())
}

// testHookChanges: of two changes to a hook that were decided by what it was, the second one is refused;
// one that waits after a failure is tried again at once; and what is told by an earlier config is told
// no more after what is under way.
func testHookChanges(t *testing.T, s *server) {
	st := s.open(t, Options{})
	r := dumpedRoom(t, st)
	first, second, third := []byte(`{"url":"https://example.org"}`), []byte(`{"n":2}`), []byte(`{"n":3}`)
	keep := func(config, was []byte) error {
		_, err := st.KeepHook(ctx, r, "wh-1", config, []chat.HookEvent{chat.HookMessage}, 5, was)
		return err
	}
	d := draft("a")
	d.Rules = rulesVersion(t, st, r)
	for range 3 {
		_, _, err := st.Append(ctx, r, d)
		require.NoError(t, err)
	}
	claims := func() []chat.HookClaim { return claimsOf(t, st, r) }
	require.NoError(t, keep(second, first))
	require.ErrorIs(t, keep(third, first), chat.ErrHookChanged)
	require.ErrorIs(t, func() error {
		_, err := st.KeepHook(ctx, r, "wh-none", third, nil, 5, first)
		return err
	}(), chat.ErrNoRecord)

	all := claims()
	require.Len(t, all, 1)
	require.NoError(t, st.Postpone(ctx, all[0], 40*time.Second, []byte(`{"count":9}`)))
	require.Empty(t, claims(), "it waits")
	require.NoError(t, keep(first, second))
	all = claims()
	require.Len(t, all, 1, "it is tried again at once")

	work, err := st.HookWork(ctx, all[0], 10)
	require.NoError(t, err)
	require.Len(t, work.Next, 3)
	all[0].Config = work.Config
	ok, err := st.Told(ctx, &all[0], work.Next[0], 25*time.Second)
	require.NoError(t, err)
	require.True(t, ok)
	require.NoError(t, keep(third, first))
	ok, err = st.Told(ctx, &all[0], work.Next[1], 25*time.Second)
	require.NoError(t, err)
	require.False(t, ok, "the hook is another one now")
	all = claims()
	require.Len(t, all, 1, "it is claimed at once")
	left, err := st.HookWork(ctx, all[0], 10)
	require.NoError(t, err)
	require.Equal(t, third, left.Config)
	require.Len(t, left.Next, 1, "what was told is not told again")
	require.Equal(t, work.Next[2].ID, left.Next[0].ID)

	require.NoError(t, st.DropHook(ctx, r, "wh-1"))
	all = claims()
	require.Len(t, all, 1)
	ok, err = st.Told(ctx, &all[0], left.Next[0], 25*time.Second)
	require.NoError(t, err)
	require.True(t, ok)
	work, err = st.HookWork(ctx, all[0], 10)
	require.NoError(t, err)
	require.True(t, work.Done)
	require.Empty(t, st.client.HKeys(ctx, st.key(r, "hooks")).Val(), "nothing is left of it")
}

// testListOfDeadLetters: the latest first, and of one millisecond by name.
func testListOfDeadLetters(t *testing.T, s *server) {
	st := s.open(t, Options{})
	r := dumpedRoom(t, st)
	d := draft("a")
	d.Rules = rulesVersion(t, st, r)
	for range 4 {
		_, _, err := st.Append(ctx, r, d)
		require.NoError(t, err)
	}
	claims, err := st.DueHooks(ctx, partition(r), 25*time.Second, 1000)
	require.NoError(t, err)
	claims = slices.DeleteFunc(claims, func(c chat.HookClaim) bool { return c.Room != r })
	require.Len(t, claims, 1)
	work, err := st.HookWork(ctx, claims[0], 10)
	require.NoError(t, err)
	for _, h := range work.Next {
		ok, err := st.Bury(ctx, &claims[0], h, 25*time.Second, []byte("{}"), false)
		require.NoError(t, err)
		require.True(t, ok)
	}
	list := func(until time.Time, most int) (all []chat.DeadLetter) {
		some, err := st.DeadLetters(ctx, partition(r), until, most)
		require.NoError(t, err)
		return slices.DeleteFunc(some, func(d chat.DeadLetter) bool { return d.Room != r })
	}
	all := list(time.Time{}, 1000)
	require.Len(t, all, 4)
	require.True(t, slices.IsSortedFunc(all, func(a, b chat.DeadLetter) int {
		return cmp.Or(b.Died.Compare(a.Died), cmp.Compare(b.ID, a.ID))
	}))
	require.Equal(t, all, list(all[0].Died, 1000), "those of the moment itself are in it")
	require.Empty(t, list(all[3].Died.Add(-time.Millisecond), 1000))
	read, ok, err := st.DeadLetter(ctx, r, all[3].Hook, all[3].ID)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, work.Next[0].Ref, read.Ref)
	for _, one := range all { // as a list has them, without what was to be told
		was, err := st.DropDeadLetter(ctx, one)
		require.NoError(t, err)
		require.True(t, was)
	}
	was, err := st.DropDeadLetter(ctx, all[0])
	require.NoError(t, err)
	require.False(t, was)
	fields := st.client.HKeys(ctx, st.key(r, "hooks")).Val()
	require.ElementsMatch(t, []string{"h:wh-1", "c:wh-1"}, fields, "what was said goes with the last letter about it")
}

// claimsOf claims what is due of a room's hooks.
func claimsOf(t *testing.T, st *Store, r chat.RoomID) []chat.HookClaim {
	t.Helper()
	all, err := st.DueHooks(t.Context(), partition(r), 25*time.Second, 1000)
	require.NoError(t, err)
	return slices.DeleteFunc(all, func(c chat.HookClaim) bool { return c.Room != r })
}
