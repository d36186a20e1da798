package redisstore

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

// Posts of 16 clients a core into 100 rooms, each with a key: the round trip and what both ends do
// for it.
func BenchmarkAppend(b *testing.B) {
	for name, start := range map[string]func(testing.TB) *server{
		"redis":    func(t testing.TB) *server { return startRedis(t) },
		"embedded": startEmbedded,
	} {
		b.Run(name, func(b *testing.B) {
			st := start(b).open(b, Options{})
			rooms := make([]chat.RoomID, 100)
			for i := range rooms {
				rooms[i] = room()
			}
			b.SetParallelism(16)
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				d := draft("hello, this is a message of an ordinary length")
				client := string(room())
				for i := 0; pb.Next(); i++ {
					d.Client, d.Key = client, fmt.Sprint(i)
					_, _, err := st.Append(ctx, rooms[i%len(rooms)], d)
					require.NoError(b, err)
				}
			})
		})
	}
}

// A room's log as a node reads it when the room is opened, and after a cut: 100 entries.
func BenchmarkRead(b *testing.B) {
	st := startRedis(b).open(b, Options{})
	id := room()
	for range 100 {
		_, _, err := st.Append(ctx, id, draft("hello, this is a message of an ordinary length"))
		require.NoError(b, err)
	}
	b.ReportAllocs()
	for b.Loop() {
		kept, err := st.Read(ctx, id)
		require.NoError(b, err)
		require.Len(b, kept.Entries, 100)
	}
}

// What one node renews every 20 s: its leases for the members of a room.
func BenchmarkHold(b *testing.B) {
	st := startRedis(b).open(b, Options{})
	id := room()
	for _, n := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("members=%d", n), func(b *testing.B) {
			members := make([]chat.Member, n)
			for i := range members {
				members[i] = chat.Member{ID: chat.MemberID(fmt.Sprintf("member-%d", i)), Name: "Ann", Transport: "ws"}
			}
			b.ReportAllocs()
			for b.Loop() {
				_, err := st.Hold(ctx, id, members, chat.Admission{})
				require.NoError(b, err)
			}
		})
	}
}

// What a post costs Redis itself (evalsha in INFO commandstats), in a room that nobody owns and in one
// that has an owner and no hooks.
func BenchmarkAppendInRedis(b *testing.B) {
	st := startRedis(b).open(b, Options{})
	owned := dumpedRoom(b, st)
	require.NoError(b, st.DropHook(ctx, owned, "wh-1"))
	for _, of := range []struct {
		name  string
		room  chat.RoomID
		rules chat.RulesVersion
	}{{"nobody's", room(), chat.RulesVersion{}}, {"owned", owned, rulesVersion(b, st, owned)}} {
		b.Run(of.name, func(b *testing.B) {
			d := draft("hello, this is a message of an ordinary length")
			d.Client, d.Rules = string(room()), of.rules
			require.NoError(b, st.client.ConfigResetStat(ctx).Err())
			for i := 0; b.Loop(); i++ {
				d.Key = fmt.Sprint(i)
				_, _, err := st.Append(ctx, of.room, d)
				require.NoError(b, err)
			}
			stats, err := st.client.Info(ctx, "commandstats").Result()
			require.NoError(b, err)
			_, found, _ := strings.Cut(stats, "cmdstat_evalsha:")
			var calls, spent float64
			_, err = fmt.Sscanf(found, "calls=%f,usec=%f", &calls, &spent)
			require.NoError(b, err)
			b.ReportMetric(spent/calls, "redis-µs/op")
		})
	}
}
