package chattest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
)

// taken is what a node has got of a bucket.
func taken(t testing.TB, b chat.Buckets, key string, of chat.Bucket, want chat.Taking) (int, time.Duration) {
	t.Helper()
	granted, wait, err := b.TakeTokens(t.Context(), key, of, want)
	require.NoError(t, err)
	return granted, wait
}

// slow is a bucket into which nothing comes back during a test.
var slow = chat.Bucket{Burst: 100, PerSecond: 1e-5}

func testBuckets(t *testing.T, open Open) {
	a, b, key := open(t, Options{}), open(t, Options{}), string(chat.NewRoomID())
	granted, wait := taken(t, a, key, slow, chat.Taking{Need: 60, Most: 60})
	require.Equal(t, 60, granted)
	require.Zero(t, wait)
	granted, wait = taken(t, b, key, slow, chat.Taking{Need: 41, Most: 50})
	require.Zero(t, granted, "all of those that are needed, or none")
	require.InDelta(t, 1e5, wait.Seconds(), testwait.Limit.Seconds())
	granted, _ = taken(t, b, key, slow, chat.Taking{Need: 1, Most: 50})
	require.Equal(t, 40, granted, "as many as there are")
	granted, _ = taken(t, a, key+"x", slow, chat.Taking{Need: 100, Most: 100})
	require.Equal(t, 100, granted, "another one's is its own")
	granted, wait = taken(t, b, key, slow, chat.Taking{Unused: 3})
	require.Zero(t, granted)
	require.Zero(t, wait)
	granted, _ = taken(t, b, key, slow, chat.Taking{Need: 1, Most: 50})
	require.Equal(t, 3, granted, "what was given back")
}

func testBucketRefills(t *testing.T, open Open) {
	s, key := open(t, Options{}), string(chat.NewRoomID())
	quick := chat.Bucket{Burst: 3, PerSecond: 20}
	began := time.Now()
	total := 0
	for total < 8 {
		granted, wait := taken(t, s, key, quick, chat.Taking{Need: 1, Most: 1})
		total += granted
		require.Equal(t, granted == 0, wait > 0)
		require.LessOrEqual(t, wait, 51*time.Millisecond)
		time.Sleep(wait) // as it says
	}
	elapsed := time.Since(began) + 10*time.Millisecond // clocks are read at other moments
	require.LessOrEqual(t, float64(total), 3+20*elapsed.Seconds())
}

// testBucketAhead: what nodes hold does not come back a second time.
func testBucketAhead(t *testing.T, open Open) {
	s, key := open(t, Options{}), string(chat.NewRoomID())
	full := chat.Bucket{Burst: 100, PerSecond: 1e6} // full again in no time
	ahead := chat.Taking{Need: 1, Most: 10, Keep: time.Hour}
	granted, _ := taken(t, s, key, full, ahead)
	require.Equal(t, 10, granted)
	time.Sleep(5 * time.Millisecond) // by the store's clock; it is full again
	granted, _ = taken(t, s, key, full, chat.Taking{Need: 1, Most: 1000})
	require.Equal(t, 91, granted, "the node has nine yet")
	time.Sleep(5 * time.Millisecond)
	granted, _ = taken(t, s, key, full, chat.Taking{Need: 1, Most: 1, Settled: 99, Unused: 9})
	require.Equal(t, 1, granted)
	time.Sleep(5 * time.Millisecond)
	granted, _ = taken(t, s, key, full, chat.Taking{Need: 1, Most: 1000})
	require.Equal(t, 100, granted)
}

func testBucketAtOnce(t *testing.T, open Open) {
	nodes, key := []Backend{open(t, Options{}), open(t, Options{})}, string(chat.NewRoomID())
	var total atomic.Int64
	var running sync.WaitGroup
	for i := range 8 {
		running.Go(func() {
			for range 50 {
				granted, _, err := nodes[i%2].TakeTokens(t.Context(), key, slow, chat.Taking{Need: 1, Most: 3})
				if err != nil {
					t.Error(err)
				}
				total.Add(int64(granted))
			}
		})
	}
	running.Wait()
	require.EqualValues(t, slow.Burst, total.Load())
}

// testExisting: a draft for a room that must be there begins none.
func testExisting(t *testing.T, open Open) {
	s, room := open(t, Options{}), chat.NewRoomID()
	d := says(ann, "hello")
	d.Existing, d.Key = true, "k-1"
	refuse(t, s, room, d, chat.ErrNewRoom)
	require.Empty(t, read(t, s, room).Entries)
	d.Existing = false
	first := post(t, s, room, d)
	d.Existing = true
	again, repeated, err := s.Append(t.Context(), room, d)
	require.NoError(t, err)
	require.True(t, repeated)
	require.Equal(t, first.ID, again.ID)
	d.Key = "k-2"
	post(t, s, room, d)
}
