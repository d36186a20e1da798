package redisstore

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
)

func hold(t *testing.T, st *Store, r chat.RoomID, members ...chat.Member) chat.RosterState {
	t.Helper()
	state, err := st.Hold(ctx, r, members, chat.Admission{})
	require.NoError(t, err)
	return state
}

func release(t *testing.T, st *Store, r chat.RoomID, after time.Duration, ids ...chat.MemberID) chat.RosterState {
	t.Helper()
	state, err := st.Release(ctx, r, ids, after)
	require.NoError(t, err)
	return state
}

func snapshot(t *testing.T, st *Store, r chat.RoomID) chat.RosterSnapshot {
	t.Helper()
	snapshot, err := st.Members(ctx, r)
	require.NoError(t, err)
	return snapshot
}

// lapse has a node's leases for members end, as they do when it is dead.
func lapse(t *testing.T, st *Store, r chat.RoomID, members ...chat.Member) {
	t.Helper()
	for _, m := range members {
		changed, err := st.client.ZAddArgs(ctx, st.key(r, "leases"), redis.ZAddArgs{XX: true, Ch: true,
			Members: []redis.Z{{Score: 1, Member: st.node + ":" + string(m.ID)}}}).Result()
		require.NoError(t, err)
		require.EqualValues(t, 1, changed, "the node has no lease for %s", m.Name)
	}
}

// told waits for n notices and returns them in short: "joined ann 1", versions counted from the
// first that was told.
func told(t *testing.T, f *listener, n int) []string {
	t.Helper()
	var base int64
	var all []string
	from := func(v int64) int64 {
		if base == 0 {
			base = v - 1
		}
		return v - base
	}
	for range n {
		switch n := f.next(t).(type) {
		case chat.Joined:
			all = append(all, fmt.Sprintf("joined %s %d", n.Member.Name, from(n.Version)))
		case chat.Left:
			all = append(all, fmt.Sprintf("left %s %d", n.Member.Name, from(n.Version)))
		case chat.Lapsing:
			all = append(all, fmt.Sprintf("lapsing %v", n.In))
		default:
			all = append(all, fmt.Sprintf("%T", n))
		}
	}
	return all
}

var (
	ann = chat.Member{ID: "ann-id", Name: "Ann", Transport: "ws"}
	bob = chat.Member{ID: "bob-id", Name: "Bob", Transport: "sse", Guest: true}
)

func testJoinOnce(t *testing.T, s *server) {
	a, b, r := s.open(t, Options{}), s.open(t, Options{}), room()
	l := followed(t, b, r)
	first := hold(t, a, r, ann)
	assert.InDelta(t, chat.Lease, first.NextLapse, float64(5*time.Second))
	hold(t, b, r, ann)
	hold(t, a, r, ann, bob)
	release(t, a, r, 0, ann.ID) // b still holds her
	release(t, a, r, 0, ann.ID, "nobody")
	got := snapshot(t, b, r)
	require.Len(t, got.Members, 2)
	assert.WithinDuration(t, time.Now(), got.Members[0].JoinedAt, time.Minute)
	got.Members[0].JoinedAt, got.Members[1].JoinedAt = time.Time{}, time.Time{}
	assert.Equal(t, []chat.Member{ann, bob}, got.Members)
	assert.Equal(t, first.Version+1, got.Version)
	release(t, b, r, 0, ann.ID)
	assert.Equal(t, []string{"joined Ann 1", "joined Bob 2", "left Ann 3"}, told(t, l, 3))
	release(t, a, r, 0, bob.ID)
	assert.Equal(t, []string{"left Bob 1"}, told(t, l, 1))
}

func testLapse(t *testing.T, s *server) {
	dead, alive, r := s.open(t, Options{Lease: time.Hour}), s.open(t, Options{Lease: 2 * time.Hour}), room()
	l := followed(t, alive, r)
	hold(t, dead, r, ann, bob)
	state := hold(t, alive, r, bob)
	assert.InDelta(t, time.Hour, state.NextLapse, float64(time.Minute), "the dead node's is the next to end")
	lapse(t, dead, r, ann, bob)
	assert.Len(t, snapshot(t, alive, r).Members, 1)
	assert.Equal(t, []string{"joined Ann 1", "joined Bob 2", "left Ann 3"}, told(t, l, 3))
	got := snapshot(t, alive, r)
	assert.Equal(t, bob.ID, got.Members[0].ID)
	assert.Greater(t, got.NextLapse, time.Hour)
	assert.Equal(t, state.Version+1, got.Version)
	release(t, alive, r, 0, bob.ID)
}

func testRename(t *testing.T, s *server) {
	st, r := s.open(t, Options{}), room()
	l := followed(t, st, r)
	first := hold(t, st, r, ann)
	joined := snapshot(t, st, r).Members[0].JoinedAt

	poll := ann
	poll.Transport = "poll"
	assert.Equal(t, first.Version, hold(t, st, r, poll).Version)
	assert.Equal(t, "poll", snapshot(t, st, r).Members[0].Transport)

	renamed := poll
	renamed.Name = "Anna\nwith a break"
	assert.Equal(t, first.Version+1, hold(t, st, r, renamed).Version)
	assert.Equal(t, []string{"joined Ann 1", "joined Anna\nwith a break 2"}, told(t, l, 2))
	got := snapshot(t, st, r).Members[0]
	renamed.JoinedAt = joined
	assert.Equal(t, renamed, got)
	release(t, st, r, 0, ann.ID)
}

func testVersions(t *testing.T, s *server) {
	st, r := s.open(t, Options{}), room()
	var members []chat.Member
	var ids []chat.MemberID
	for i := range 100 {
		members = append(members, chat.Member{ID: chat.MemberID(fmt.Sprint(i)), Name: fmt.Sprint(i)})
		ids = append(ids, members[i].ID)
	}
	var last int64
	for range 3 {
		state := hold(t, st, r, members...)
		assert.Greater(t, state.Version, last+1)
		for i := range 99 {
			assert.Equal(t, state.Version+int64(i)+1, release(t, st, r, 0, ids[i]).Version)
		}
		last = state.Version + 100
		assert.Zero(t, release(t, st, r, 0, ids[99]))
	}
}

func testReleaseAfter(t *testing.T, s *server) {
	st, other, r := s.open(t, Options{Lease: time.Hour}), s.open(t, Options{}), room()
	l := followed(t, other, r)
	hold(t, st, r, ann, bob)
	state := release(t, st, r, 5*time.Minute, ann.ID)
	assert.LessOrEqual(t, state.NextLapse, 5*time.Minute)
	assert.Equal(t, []string{"joined Ann 1", "joined Bob 2", "lapsing 5m0s"}, told(t, l, 3))
	state = release(t, st, r, 10*time.Minute, ann.ID)
	assert.LessOrEqual(t, state.NextLapse, 5*time.Minute, "never lengthened")
	hold(t, st, r, ann) // she is back
	assert.Greater(t, snapshot(t, st, r).NextLapse, 20*time.Minute)
	release(t, st, r, 200*time.Millisecond, ann.ID)
	testwait.Until(t, func() bool { return len(snapshot(t, other, r).Members) == 1 }, "she did not leave")
	assert.Equal(t, "lapsing 200ms", told(t, l, 1)[0])
	assert.Equal(t, []string{"left Ann 1"}, told(t, l, 1))
	release(t, st, r, 0, bob.ID)
}

func testCloseLeavesNothing(t *testing.T, s *server) {
	prefix := "close-" + string(room()) + ":"
	st, r := s.open(t, Options{KeyPrefix: prefix, KeepAfterClose: new(time.Duration(0))}), room()
	post(t, st, r, "hello")
	hold(t, st, r, ann, bob)
	assert.Len(t, scanKeys(t, s, prefix), 5)
	for _, key := range scanKeys(t, s, prefix) {
		assert.Positive(t, s.client.PTTL(ctx, key).Val(), "%s has no time to live", key)
	}
	release(t, st, r, 0, ann.ID, bob.ID)
	assert.Empty(t, scanKeys(t, s, prefix))

	post(t, st, r, "hello")
	hold(t, st, r, ann)
	lapse(t, st, r, ann)
	assert.Zero(t, snapshot(t, st, r).Version)
	assert.Empty(t, scanKeys(t, s, prefix))
}

func testLargeRoster(t *testing.T, s *server) {
	st, r := s.open(t, Options{}), room()
	const n = 2500
	var members []chat.Member
	var ids []chat.MemberID
	for i := range n {
		members = append(members, chat.Member{ID: chat.MemberID(fmt.Sprintf("%05d", i)), Name: "x", Transport: "ws"})
		ids = append(ids, members[i].ID)
	}
	state := hold(t, st, r, members...)
	got := snapshot(t, st, r)
	require.Len(t, got.Members, n)
	assert.Equal(t, state.Version, got.Version)
	assert.Equal(t, members[n-1].ID, got.Members[n-1].ID)
	assert.Zero(t, release(t, st, r, 0, ids...))
}

// Whoever came in longest ago makes room for who comes now, and what is kept does not grow.
func testArrivalsAreBounded(t *testing.T, s *server) {
	st, r := s.open(t, Options{}), room()
	rules, key := chat.RulesVersion{Number: 1, Tag: 1}, st.key(r, "arrivals")
	require.NoError(t, s.client.HSet(ctx, st.key(r, "rules"), "version", rules.String()).Err())
	old := make([]any, 0, 2*chat.MaxArrivals)
	for i := range chat.MaxArrivals {
		old = append(old, fmt.Sprintf("s%d", i), fmt.Sprintf("0-0 1767225600000 %d", 1767225600000+i))
	}
	require.NoError(t, s.client.HSet(ctx, key, old...).Err())
	hold := func(id chat.MemberID) {
		_, err := st.Hold(ctx, r, []chat.Member{{ID: id, Name: "x"}}, chat.Admission{Rules: rules})
		require.NoError(t, err)
	}
	hold("s0") // who comes again
	hold("new")
	length, err := s.client.HLen(ctx, key).Result()
	require.NoError(t, err)
	require.LessOrEqual(t, length, int64(chat.MaxArrivals))
	known, err := st.Arrivals(ctx, r, []chat.MemberID{"s0", "s1", "s500", "s5000", "new"})
	require.NoError(t, err)
	require.Contains(t, known, chat.MemberID("s0"))
	require.Contains(t, known, chat.MemberID("s5000"))
	require.Contains(t, known, chat.MemberID("new"))
	require.NotContains(t, known, chat.MemberID("s1"))
	require.NotContains(t, known, chat.MemberID("s500"))
	left, err := s.client.PTTL(ctx, key).Result()
	require.NoError(t, err)
	require.Positive(t, left)

	require.NoError(t, s.client.HSet(ctx, key, "strange", "not ours").Err())
	_, err = st.Arrivals(ctx, r, []chat.MemberID{"strange"})
	require.ErrorIs(t, err, ErrCorrupt)
}
