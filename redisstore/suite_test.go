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
	"github.com/caller-chat/caller/chat/chattest"
)

// The suite runs on every kind of Redis.

func TestRealRedis(t *testing.T) { suite(t, startRedis(t)) }
func TestCluster(t *testing.T)   { suite(t, startCluster(t)) }

// The embedded server runs the same scripts in another Lua, which is slow enough that a thousand
// reactions to one message take half a minute.
func TestEmbedded(t *testing.T) { suite(t, startEmbedded(t), "reactions are bounded") }

func suite(t *testing.T, s *server, skipped ...string) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, *server)
	}{
		{"the secret is one for all nodes", testSecret},
		{"ended sessions are told to all nodes and forgotten in time", testRevoked},
		{"a link to a session is good once and for a time", testLinks},
		{"all nodes push with one key", testPushKey},
		{"push subscriptions are bounded, and one person's each", testSubscriptions},
		{"push subscriptions end with their session", testSubscriptionsOfSessions},
		{"keys can't be made to collide", testKeysApart},
		{"a strange element is an error that names the key", testCorrupt},
		{"posts that go together get their own answers", testTogether},
		{"what was deleted is gone", testDeletedIsGone},
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
		{"marks live for a month from their last use", testMarkLife},
		{"those who come together are asked of together", testMarksTogether},
		{"a strange mark is an error that names the key", testStrangeMarks},
		{"a strange record is an error that names the key", testStrangeRecords},
		{"records go when the last has expired", testRecordsGo},
		{"arrivals are bounded", testArrivalsAreBounded},
		{"a room is dumped and put back", testDump},
		{"a hook that is changed, or off, has not failed", testHookFailures},
		{"what is deleted is in no dead letter", testDeadLettersOfNoHook},
		{"a change to a hook undoes no other one", testHookChanges},
		{"dead letters are listed in order", testListOfDeadLetters},
		{"all rooms are found", testRoomIDs},
		{"rooms in numbers", testSummaries},
		{"rates are by what is kept", testRates},
		{"the members of dead nodes are not counted", testSummariesOfLapsed},
		{"nodes know of each other", testNodes},
		{"the audit log is read backwards, and bounded", testAudit},
		{"what is no dump is not put back", testBadDumps},
		{"an owner who is seen keeps the room's rules", testOwnersKeepRules},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, s) })
	}
	chattest.TestStore(t, func(t testing.TB, o chattest.Options) chattest.Backend {
		return s.open(t, Options{
			HistoryLimit: o.HistoryLimit, AmendmentLimit: o.AmendmentLimit, HistoryTTL: o.HistoryTTL, Lease: o.Lease,
		})
	}, skipped...)
}

// TestPartition holds the hash, since nodes of two versions must agree on it; the package's doc has
// this example.
func TestPartition(t *testing.T) {
	assert.Equal(t, "caller:{p211}:lobby:log", (&Store{opt: Options{KeyPrefix: "caller:"}}).key("lobby", "log"))
	assert.Equal(t, "caller:{p002}marks:s", (&Store{opt: Options{KeyPrefix: "caller:"}}).marksKey("s"))
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

func testKeepAfterClose(t *testing.T, s *server) {
	ann := []chat.Member{{ID: "ann"}}
	comeAndGo := func(st *Store, r chat.RoomID) {
		_, err := st.Hold(ctx, r, ann, chat.Admission{})
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

	_, err := minute.Hold(ctx, r, ann, chat.Admission{}) // who comes back gets the rest of its time back
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
	state, err := st.Hold(ctx, r, nil, chat.Admission{})
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
