package redisstore

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

func testSummaries(t *testing.T, s *server) {
	st := s.open(t, Options{KeyPrefix: "sums:"})
	other := s.open(t, Options{KeyPrefix: "sums:"})
	full, empty, owned := dumpedRoom(t, st), room(), room()
	first := post(t, st, owned, "hello")
	last := post(t, st, owned, `what "guest":true says`)
	ann := chat.Member{ID: "ann-id", Name: "Ann", Transport: "ws"}
	bob := chat.Member{ID: "bob-id", Name: `"guest":true`, Transport: "sse", Guest: true}
	for _, store := range []*Store{st, other} { // a member that two nodes hold is one
		_, err := store.Hold(ctx, owned, []chat.Member{ann, bob}, chat.Admission{})
		require.NoError(t, err)
	}
	to := chat.OpenRules().Clone()
	to.Roles["ann-id"] = chat.RoleOwner
	to.Title, to.Locked = "Tea", true
	_, _, err := st.ChangeRules(ctx, owned, chat.RulesChange{From: chat.OpenRules(), To: to})
	require.NoError(t, err)

	all, err := st.Summaries(ctx, []chat.RoomID{owned, empty, full}, "call")
	require.NoError(t, err)
	require.Len(t, all, 3)
	assert.Equal(t, full, all[2].Room)
	assert.True(t, all[2].IsThere())
	assert.Positive(t, all[2].Messages)
	assert.False(t, all[1].IsThere())
	of := all[0]
	assert.Equal(t, "Tea", of.Title)
	assert.True(t, of.Owned)
	assert.True(t, of.Settings.Locked)
	assert.Equal(t, 2, of.Members)
	assert.Equal(t, 1, of.Guests)
	assert.Equal(t, 0, of.InCall)
	assert.Equal(t, 2, of.Messages)
	assert.Equal(t, first.ID, of.First)
	assert.Equal(t, last.ID, of.Last)
	assert.Equal(t, last.Time, of.LastAt)
	assert.Equal(t, 2, of.PerMinute)
	assert.Equal(t, 2, of.PerHour)

	before := scanKeys(t, s, "sums:")
	_, err = st.Summaries(ctx, []chat.RoomID{"never-was"}, "call")
	require.NoError(t, err)
	assert.Equal(t, before, scanKeys(t, s, "sums:"), "reading creates nothing")

	holders, err := st.Holders(ctx, owned)
	require.NoError(t, err)
	nodes := []string{st.NodeID(), other.NodeID()}
	slices.Sort(nodes)
	assert.Equal(t, nodes, holders["ann-id"])
	assert.Len(t, holders, 2)

	rooms, err := st.ClientRooms(ctx, "ann-id", []chat.RoomID{empty, owned, full})
	require.NoError(t, err)
	i := slices.IndexFunc(rooms, func(r chat.ClientRoom) bool { return r.Room == owned })
	require.GreaterOrEqual(t, i, 0)
	assert.Equal(t, chat.RoleOwner, rooms[i].Role)
	require.NotNil(t, rooms[i].Present)
	assert.Equal(t, "Ann", rooms[i].Present.Name)
	rooms, err = st.ClientRooms(ctx, "nobody", []chat.RoomID{empty, owned, full})
	require.NoError(t, err)
	assert.Empty(t, rooms)

	require.NoError(t, st.Revoke(ctx, "ann-id", time.Hour, 0))
	n, err := st.CountRevoked(ctx)
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	ended, err := st.IsRevoked(ctx, "ann-id")
	require.NoError(t, err)
	assert.True(t, ended)
	ended, err = st.IsRevoked(ctx, "bob-id")
	require.NoError(t, err)
	assert.False(t, ended)
}

// What came before this minute and this hour is not counted, and a room with more than it keeps has
// the rate of what it keeps.
func testRates(t *testing.T, s *server) {
	st := s.open(t, Options{KeyPrefix: "rates:", HistoryLimit: 10})
	now, err := s.client.Time(ctx).Result()
	require.NoError(t, err)
	write := func(ages ...time.Duration) chat.RoomID {
		r := room()
		prev := "00000000"
		for i, age := range ages {
			tag := fmt.Sprintf("%08x", i+1)
			element := fmt.Sprintf("%d-%s %s %d %s", i+1, tag, prev, now.Add(-age).UnixMilli(), `{"kind":"message","from":{"id":"a","name":"A"},"text":"x"}`)
			require.NoError(t, s.client.RPush(ctx, st.key(r, "log"), element).Err())
			prev = tag
		}
		return r
	}
	quiet := write(5*time.Hour, 59*time.Minute, 20*time.Minute, 10*time.Second)
	old := write(5*time.Hour, 2*time.Hour)
	busy := write(slices.Collect(func(yield func(time.Duration) bool) {
		for i := range 10 {
			yield(10*time.Second - time.Duration(i)*time.Second)
		}
	})...)
	all, err := st.Summaries(ctx, []chat.RoomID{quiet, old, busy}, "call")
	require.NoError(t, err)
	assert.Equal(t, []int{1, 3}, []int{all[0].PerMinute, all[0].PerHour})
	assert.Equal(t, []int{0, 0}, []int{all[1].PerMinute, all[1].PerHour})
	assert.Equal(t, 66, all[2].PerMinute, "ten in nine seconds, and no more are kept")
	assert.Equal(t, 4000, all[2].PerHour)
}

// A dead node's members are not counted, though nobody has looked since.
func testSummariesOfLapsed(t *testing.T, s *server) {
	st := s.open(t, Options{KeyPrefix: "lapsed:"})
	r := room()
	_, err := st.Hold(ctx, r, []chat.Member{{ID: "a", Name: "A", Transport: "ws"}, {ID: "b", Name: "B", Guest: true, Transport: "ws"}}, chat.Admission{})
	require.NoError(t, err)
	require.NoError(t, s.client.ZAdd(ctx, st.key(r, "leases"), redis.Z{Score: 1, Member: st.NodeID() + ":b"}).Err())
	all, err := st.Summaries(ctx, []chat.RoomID{r}, "call")
	require.NoError(t, err)
	assert.Equal(t, 1, all[0].Members)
	assert.Equal(t, 0, all[0].Guests)
}

func testNodes(t *testing.T, s *server) {
	a, b := s.open(t, Options{KeyPrefix: "nodes:"}), s.open(t, Options{KeyPrefix: "nodes:"})
	began := time.UnixMilli(1_800_000_000_000).UTC()
	info := chat.NodeInfo{Version: "v1", Started: began, Rooms: 3, Subscribers: map[string]int{"ws": 2}}
	info.Store.LatencyP50 = 0.5
	require.NoError(t, a.TellNode(ctx, info))
	require.NoError(t, b.TellNode(ctx, chat.NodeInfo{Version: "v2", Started: began.Add(time.Second)}))
	nodes, err := b.Nodes(ctx)
	require.NoError(t, err)
	require.Len(t, nodes, 2)
	assert.Equal(t, a.NodeID(), nodes[0].ID)
	assert.Equal(t, 2, nodes[0].Subscribers["ws"])
	assert.InDelta(t, 0.5, nodes[0].Store.LatencyP50, 0)
	assert.False(t, nodes[0].Seen.IsZero())

	// One that died is gone when its time is over, and so is what nobody can read.
	dead, err := encode(chat.NodeInfo{ID: "dead", Seen: nodes[0].Seen.Add(-NodeLife - time.Second)})
	require.NoError(t, err)
	require.NoError(t, s.client.HSet(ctx, a.nodesKey(), "dead", dead, "odd", "{").Err())
	nodes, err = a.Nodes(ctx)
	require.NoError(t, err)
	require.Len(t, nodes, 2)
	require.NoError(t, a.TellNode(ctx, info))
	n, err := s.client.HLen(ctx, a.nodesKey()).Result()
	require.NoError(t, err)
	assert.EqualValues(t, 2, n)
	require.NoError(t, b.ForgetNode(ctx))
	nodes, err = a.Nodes(ctx)
	require.NoError(t, err)
	assert.Len(t, nodes, 1)
}

func testAudit(t *testing.T, s *server) {
	st := s.open(t, Options{KeyPrefix: "audit:"})
	all := func(chat.AuditEntry) bool { return true }
	entries, next, err := st.AuditLog(ctx, "", 10, all)
	require.NoError(t, err)
	assert.Empty(t, entries)
	assert.Empty(t, next)
	for i := range 25 {
		require.NoError(t, st.Audit(ctx, chat.AuditEntry{
			Actor: chat.AuditActor{ID: "ann", Name: "Ann", Via: chat.ViaSite, Role: chat.RoleOwner}, Action: chat.AuditBan,
			Room: chat.RoomID("r" + strconv.Itoa(i%2)), Target: strconv.Itoa(i), TargetName: "Bob", Detail: "for good",
		}))
	}
	var read []string
	for next, more := "", true; more; more = next != "" {
		entries, next, err = st.AuditLog(ctx, next, 10, all)
		require.NoError(t, err)
		for _, e := range entries {
			read = append(read, e.Target)
		}
	}
	require.Len(t, read, 25)
	assert.Equal(t, "24", read[0])
	assert.Equal(t, "0", read[24])
	entries, _, err = st.AuditLog(ctx, "", 100, func(e chat.AuditEntry) bool { return e.Room == "r1" })
	require.NoError(t, err)
	require.Len(t, entries, 12)
	e := entries[0]
	assert.Equal(t, chat.AuditActor{ID: "ann", Name: "Ann", Via: chat.ViaSite, Role: chat.RoleOwner}, e.Actor)
	assert.Equal(t, st.NodeID(), e.Node)
	assert.NotEmpty(t, e.ID)
	assert.WithinDuration(t, time.Now(), e.At, time.Hour)
	for _, before := range []string{"x", "1", "1-", "+", "(1-0", "1-0 1", "99999999999999999999-0"} {
		_, _, err = st.AuditLog(ctx, before, 10, all)
		var invalid *chat.InvalidError
		require.ErrorAs(t, err, &invalid, before)
	}
	// What is too old goes with the next entry.
	old := strconv.FormatInt(time.Now().Add(-auditLife-time.Hour).UnixMilli(), 10)
	st = s.open(t, Options{KeyPrefix: "audit-old:"})
	for i := range 300 { // Redis trims whole nodes of a stream
		require.NoError(t, s.client.XAdd(ctx, &redis.XAddArgs{Stream: st.auditKey(), ID: old + "-" + strconv.Itoa(i+1), Values: []any{"entry", "{}"}}).Err())
	}
	require.NoError(t, st.Audit(ctx, chat.AuditEntry{Action: chat.AuditClear}))
	n, err := s.client.XLen(ctx, st.auditKey()).Result()
	require.NoError(t, err)
	assert.Less(t, n, int64(200))
}

// TestTenThousandRooms says what a look at all rooms costs: run it with CALLER_MEASURE=1 -v.
func TestTenThousandRooms(t *testing.T) {
	if os.Getenv("CALLER_MEASURE") == "" {
		t.Skip("it measures, and says nothing of right or wrong")
	}
	s := startRedis(t)
	st := s.open(t, Options{})
	for r := range 10_000 {
		id := chat.RoomID(fmt.Sprintf("room-%05d", r))
		_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i := range 100 {
				p.RPush(ctx, st.key(id, "log"), fmt.Sprintf("%d-%08x %08x %d %s", i+1, i+1, i, time.Now().Add(-time.Duration(100-i)*time.Minute).UnixMilli(),
					`{"kind":"message","from":{"id":"7b0a3a5e-0000-4000-8000-000000000000","name":"Ann"},"text":"a message of some ordinary length, as people write it"}`))
			}
			return nil
		})
		require.NoError(t, err)
		_, err = st.Hold(ctx, id, []chat.Member{{ID: "a", Name: "A", Transport: "ws"}, {ID: "b", Name: "B", Guest: true, Transport: "ws"}}, chat.Admission{})
		require.NoError(t, err)
	}
	used := func() float64 {
		info, err := s.client.InfoMap(ctx, "cpu").Result()
		require.NoError(t, err)
		user, err := strconv.ParseFloat(info["CPU"]["used_cpu_user"], 64)
		require.NoError(t, err)
		sys, err := strconv.ParseFloat(info["CPU"]["used_cpu_sys"], 64)
		require.NoError(t, err)
		return user + sys
	}
	// What another client waits meanwhile.
	stop, waited := make(chan struct{}), make(chan []time.Duration)
	go func() {
		c := redis.NewClient(&redis.Options{Addr: s.url[len("redis://"):], Protocol: 2})
		defer c.Close()
		var all []time.Duration
		for {
			select {
			case <-stop:
				waited <- all
				return
			default:
			}
			began := time.Now()
			_ = c.Ping(ctx).Err()
			all = append(all, time.Since(began))
			time.Sleep(time.Millisecond)
		}
	}()
	before, began := used(), time.Now()
	ids, err := st.RoomIDs(ctx)
	require.NoError(t, err)
	scanned, scanCPU := time.Since(began), used()-before
	before, began = used(), time.Now()
	all, err := st.Summaries(ctx, ids, "call")
	require.NoError(t, err)
	took, cpu := time.Since(began), used()-before
	close(stop)
	pings := <-waited
	slices.Sort(pings)
	require.Len(t, all, 10_000)
	t.Logf("10,000 rooms: found in %v (Redis's CPU %.0f ms), numbers in %v (Redis's CPU %.0f ms); a ping beside it: p50 %v, p99 %v, most %v of %d",
		scanned, scanCPU*1000, took, cpu*1000, pings[len(pings)/2], pings[len(pings)*99/100], pings[len(pings)-1], len(pings))
}
