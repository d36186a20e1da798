package redisstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
)

// The suite runs on every kind of Redis.

func TestRealRedis(t *testing.T) { suite(t, startRedis(t)) }
func TestEmbedded(t *testing.T)  { suite(t, startEmbedded(t)) }
func TestCluster(t *testing.T)   { suite(t, startCluster(t)) }

func suite(t *testing.T, s *server) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, *server)
	}{
		{"the secret is one for all nodes", testSecret},
		{"ended sessions are told to all nodes and forgotten in time", testRevoked},
		{"entries are numbered in one order by several nodes at once", testNumbering},
		{"a key posts once", testRepeat},
		{"a key posts once from two nodes at once", testRepeatAtOnce},
		{"keys can't be made to collide", testKeysApart},
		{"a log is trimmed and its tags chain", testTrim},
		{"a log expires", testExpiry},
		{"a strange element is an error that names the key", testCorrupt},
		{"posts that go together get their own answers", testTogether},
		{"a caller who gives up gets its own error", testCancelled},
		{"notices come in order after Following", testNotices},
		{"signals reach all nodes", testSignals},
		{"unfollow and follow again", testRefollow},
		{"many rooms at once", testManyRooms},
		{"a member on two nodes joins and leaves once", testJoinOnce},
		{"a dead node's members lapse", testLapse},
		{"a change of name is told, one of transport is not", testRename},
		{"versions are contiguous, a reopened room's are beyond", testVersions},
		{"release after a while shortens and tells", testReleaseAfter},
		{"closing leaves nothing", testCloseLeavesNothing},
		{"history is kept after closing as configured", testKeepAfterClose},
		{"reading creates nothing", testReadCreatesNothing},
		{"a very large roster", testLargeRoster},
		{"attributes are set if the roster is the one that was read", testAttributes},
		{"a member may have several attributes", testSeveralAttributes},
		{"who had attributes when taken out is told once", testRemoved},
		{"nobody has no attributes", testAttributesOfNobody},
		{"very many attributes", testManyAttributes},
		{"one node has the turn", testTurns},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, s) })
	}
}

// TestPartition holds the hash, since nodes of two versions must agree on it; the package's doc has this example.
func TestPartition(t *testing.T) {
	assert.Equal(t, "caller:{p211}:lobby:log", (&Store{opt: Options{KeyPrefix: "caller:"}}).key("lobby", "log"))
}

var ctx = context.Background()

// room is one of the test's own.
func room() chat.RoomID { return chat.NewRoomID() }

func draft(text string) chat.Draft {
	return chat.Draft{From: chat.Author{ID: "ann-id", Name: "Ann <&>"}, Client: "c1", Payload: chat.Message{Text: text}}
}

func post(t *testing.T, st *Store, r chat.RoomID, text string) chat.Entry {
	t.Helper()
	e, repeated, err := st.Append(ctx, r, draft(text))
	require.NoError(t, err)
	require.False(t, repeated)
	return e
}

func read(t *testing.T, st *Store, r chat.RoomID) chat.Kept {
	t.Helper()
	k, err := st.Read(ctx, r)
	require.NoError(t, err)
	return k
}

func testSecret(t *testing.T, s *server) {
	a, err := s.open(t, Options{}).Secret(ctx)
	require.NoError(t, err)
	b, err := s.open(t, Options{}).Secret(ctx)
	require.NoError(t, err)
	assert.Equal(t, a, b)
	assert.Len(t, a, 32)
}

func testNumbering(t *testing.T, s *server) {
	const nodes, each = 3, 20
	r := room()
	var wg sync.WaitGroup
	got := make([][]chat.Entry, nodes)
	for i := range nodes {
		st := s.open(t, Options{})
		wg.Go(func() {
			for j := range each {
				e, _, err := st.Append(ctx, r, draft(fmt.Sprintf("%d/%d", i, j)))
				if assert.NoError(t, err) {
					got[i] = append(got[i], e)
				}
			}
		})
	}
	wg.Wait()
	kept := read(t, s.open(t, Options{}), r)
	require.Len(t, kept.Entries, nodes*each)
	assert.InDelta(t, 24*time.Hour, kept.Expires, float64(time.Minute))
	for i, e := range kept.Entries {
		assert.EqualValues(t, i+1, e.ID.Seq)
		assert.NotZero(t, e.ID.Tag)
		assert.WithinDuration(t, time.Now(), e.Time, time.Minute)
	}
	for _, own := range got {
		for i, e := range own {
			assert.Equal(t, e, kept.Entries[e.ID.Seq-1])
			if i > 0 {
				assert.Greater(t, e.ID.Seq, own[i-1].ID.Seq)
			}
		}
	}
}

func testRepeat(t *testing.T, s *server) {
	a, b, r := s.open(t, Options{HistoryLimit: 2}), s.open(t, Options{HistoryLimit: 2}), room()
	d := draft("first")
	d.Key = "k"
	first, repeated, err := a.Append(ctx, r, d)
	require.NoError(t, err)
	require.False(t, repeated)
	assert.Equal(t, chat.Entry{
		ID: chat.Cursor{Seq: 1, Tag: first.ID.Tag}, From: d.From, Key: "k", Payload: chat.Message{Text: "first"},
		Time: first.Time,
	}, first)
	for range 3 {
		post(t, a, r, "other") // trims the first one away
	}
	d.Payload = chat.Message{Text: "second try"}
	again, repeated, err := b.Append(ctx, r, d)
	require.NoError(t, err)
	assert.True(t, repeated)
	assert.Equal(t, first, again)
	assert.EqualValues(t, 4, read(t, a, r).Entries[1].ID.Seq)

	other := d
	other.Client = "c2"
	e, repeated, err := b.Append(ctx, r, other)
	require.NoError(t, err)
	assert.False(t, repeated, "the same key is another client's")
	assert.EqualValues(t, 5, e.ID.Seq)

	e, repeated, err = b.Append(ctx, room(), d)
	require.NoError(t, err)
	assert.False(t, repeated, "the same key is another room's")
	assert.EqualValues(t, 1, e.ID.Seq)
}

func testRepeatAtOnce(t *testing.T, s *server) {
	a, b, r := s.open(t, Options{}), s.open(t, Options{}), room()
	d := draft("once")
	d.Key = "k"
	var wg sync.WaitGroup
	var mu sync.Mutex
	ids, firsts := map[chat.Cursor]bool{}, 0
	for i := range 10 {
		wg.Go(func() {
			e, repeated, err := []*Store{a, b}[i%2].Append(ctx, r, d)
			assert.NoError(t, err)
			mu.Lock()
			defer mu.Unlock()
			ids[e.ID] = true
			if !repeated {
				firsts++
			}
		})
	}
	wg.Wait()
	assert.Len(t, ids, 1)
	assert.Equal(t, 1, firsts)
	assert.Len(t, read(t, a, r).Entries, 1)
}

func testKeysApart(t *testing.T, s *server) {
	prefix := "apart-" + string(room()) + ":"
	st, r := s.open(t, Options{KeyPrefix: prefix}), room()
	for _, p := range [][2]string{{"a", "b:c"}, {"a:b", "c"}, {"ab", "c"}, {"a", "bc"}, {"", "abc"}, {"}{", "{x}"}} {
		d := draft("x")
		d.Client, d.Key = p[0], p[1]
		_, repeated, err := st.Append(ctx, r, d)
		require.NoError(t, err)
		assert.False(t, repeated, "%q", p)
	}
	tag := fmt.Sprintf("{p%03d}", partition(r))
	for _, key := range scanKeys(t, s, prefix) {
		assert.True(t, strings.HasPrefix(key, prefix+tag+":"+string(r)+":"), key)
	}
}

func testTrim(t *testing.T, s *server) {
	st, r := s.open(t, Options{HistoryLimit: 3}), room()
	var all []chat.Entry
	for i := range 7 {
		all = append(all, post(t, st, r, fmt.Sprint(i)))
	}
	kept := read(t, st, r).Entries
	assert.Equal(t, all[4:], kept)
	assert.Zero(t, all[0].Prev)
	for i := range all[1:] {
		assert.Equal(t, all[i].ID.Tag, all[i+1].Prev)
	}
}

func testExpiry(t *testing.T, s *server) {
	st, r := s.open(t, Options{HistoryTTL: 300 * time.Millisecond}), room()
	first := post(t, st, r, "soon gone")
	testwait.Until(t, func() bool { return len(read(t, st, r).Entries) == 0 }, "the log did not expire")
	assert.Zero(t, read(t, st, r).Expires)
	next := post(t, st, r, "anew")
	assert.EqualValues(t, 1, next.ID.Seq)
	assert.NotEqual(t, first.ID, next.ID)
}

func testCorrupt(t *testing.T, s *server) {
	st, r := s.open(t, Options{}), room()
	post(t, st, r, "ours")
	require.NoError(t, s.client.RPush(ctx, st.key(r, "log"), "not ours").Err())
	_, err := st.Read(ctx, r)
	require.ErrorIs(t, err, ErrCorrupt)
	require.ErrorIs(t, err, chat.ErrUnavailable)
	assert.ErrorContains(t, err, st.key(r, "log"))
	_, _, err = st.Append(ctx, r, draft("x"))
	require.ErrorIs(t, err, ErrCorrupt)
	assert.ErrorContains(t, err, st.key(r, "log"))

	require.NoError(t, s.client.RPop(ctx, st.key(r, "log")).Err())
	require.NoError(t, s.client.LPop(ctx, st.key(r, "log")).Err())
	require.NoError(t, s.client.RPush(ctx, st.key(r, "log"),
		"3-0000000a 00000001 5 {}", "5-0000000b 0000000a 6 {}").Err())
	_, err = st.Read(ctx, r)
	require.ErrorIs(t, err, ErrCorrupt, "a gap")
}

func testCancelled(t *testing.T, s *server) {
	st := s.open(t, Options{})
	gone, cancel := context.WithCancel(ctx)
	cancel()
	_, err := st.Read(gone, room())
	require.ErrorIs(t, err, context.Canceled)
	assert.NotErrorIs(t, err, chat.ErrUnavailable)
}

func testKeepAfterClose(t *testing.T, s *server) {
	ann := []chat.Member{{ID: "ann"}}
	comeAndGo := func(st *Store, r chat.RoomID) {
		_, err := st.Hold(ctx, r, ann)
		require.NoError(t, err)
		_, err = st.Release(ctx, r, []chat.MemberID{"ann"}, 0)
		require.NoError(t, err)
	}
	normal, none, minute := s.open(t, Options{}), s.open(t, Options{KeepAfterClose: new(time.Duration(0))}),
		s.open(t, Options{KeepAfterClose: new(time.Minute)})
	r := room()
	post(t, normal, r, "hello")
	comeAndGo(normal, r)
	assert.Greater(t, read(t, normal, r).Expires, 23*time.Hour)

	comeAndGo(minute, r)
	kept := read(t, minute, r)
	assert.Len(t, kept.Entries, 1)
	assert.LessOrEqual(t, kept.Expires, time.Minute)

	_, err := minute.Hold(ctx, r, ann) // who comes back gets the rest of its time back
	require.NoError(t, err)
	assert.Greater(t, read(t, minute, r).Expires, 23*time.Hour)

	_, err = none.Release(ctx, r, []chat.MemberID{"ann"}, 0)
	require.NoError(t, err)
	assert.NotEmpty(t, read(t, none, r).Entries, "another node still holds her")
	_, err = minute.Release(ctx, r, []chat.MemberID{"ann"}, 0)
	require.NoError(t, err)
	comeAndGo(none, r)
	assert.Empty(t, read(t, none, r).Entries)
}

func testReadCreatesNothing(t *testing.T, s *server) {
	prefix := "nothing-" + string(room()) + ":"
	st, r := s.open(t, Options{KeyPrefix: prefix}), room()
	assert.Equal(t, chat.Kept{}, read(t, st, r))
	snapshot, err := st.Members(ctx, r)
	require.NoError(t, err)
	assert.Empty(t, snapshot.Members)
	assert.Zero(t, snapshot.RosterState)
	state, err := st.Hold(ctx, r, nil)
	require.NoError(t, err)
	assert.Zero(t, state)
	state, err = st.Release(ctx, r, []chat.MemberID{"ann"}, 0)
	require.NoError(t, err)
	assert.Zero(t, state)
	_, err = st.Release(ctx, r, []chat.MemberID{"ann"}, time.Second)
	require.NoError(t, err)
	assert.Empty(t, scanKeys(t, s, prefix))
}

// scanKeys lists the keys with a prefix, on all nodes of a cluster.
func scanKeys(t *testing.T, s *server, prefix string) []string {
	var mu sync.Mutex
	var all []string
	scan := func(ctx context.Context, c *redis.Client) error {
		it := c.Scan(ctx, 0, prefix+"*", 1000).Iterator()
		for it.Next(ctx) {
			mu.Lock()
			all = append(all, it.Val())
			mu.Unlock()
		}
		return it.Err()
	}
	if c, ok := s.client.(*redis.ClusterClient); ok {
		require.NoError(t, c.ForEachMaster(ctx, scan))
	} else {
		require.NoError(t, scan(ctx, s.client.(*redis.Client)))
	}
	slices.Sort(all)
	return all
}
