package redisstore

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

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
