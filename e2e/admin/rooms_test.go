package admin

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/internal/testwait"
)

type roomList struct {
	Rooms []roomInfo
	Next  string
	Total int
}

// manyRooms writes logs of rooms into Redis, as nodes do: rooms that were made by a request each
// would take minutes. No message becomes a minute or an hour old within the test, so that no rate
// falls while one reads the list by it.
func manyRooms(t *testing.T, r *harness.Redis, count int) {
	t.Helper()
	c := r.Client()
	defer c.Close()
	for from := 0; from < count; from += 1000 {
		_, err := c.Pipelined(context.Background(), func(p redis.Pipeliner) error {
			for i := from; i < min(count, from+1000); i++ {
				room := fmt.Sprintf("room-%05d", i)
				age := time.Duration(5+i%10)*time.Minute + time.Duration(i)*time.Millisecond
				if i%4 == 0 {
					age += 2 * time.Hour
				}
				key := "caller:" + hashTag(room) + ":" + room + ":log"
				for n := range i%3 + 1 {
					p.RPush(context.Background(), key, fmt.Sprintf(`%d-%08x %08x %d {"kind":"message","from":{"id":"a","name":"A"},"text":"x"}`,
						n+1, n+1, n, time.Now().Add(-age).UnixMilli()))
				}
				p.PExpire(context.Background(), key, time.Hour)
			}
			return nil
		})
		require.NoError(t, err)
	}
}

// hashTag is the partition of a room, as redisstore's doc has it: by FNV-1a.
func hashTag(room string) string {
	hash := uint32(2166136261)
	for i := range len(room) {
		hash = (hash ^ uint32(room[i])) * 16777619
	}
	return fmt.Sprintf("{p%03d}", hash%256)
}

func TestTenThousandRooms(t *testing.T) {
	one, other, r := two(t)
	const count = 10_000
	manyRooms(t, r, count)
	ann := newPerson(t, other.node, "Ann")
	var made struct{ RoomID string }
	require.Equal(t, http.StatusCreated, ann.ask(t, "POST", "/rooms", `{"title":"Tee um Fünf"}`, &made))
	in := ann.follow(t, "/rooms/"+made.RoomID+"/ndjson")
	in.live(t)

	var list roomList
	testwait.Until(t, func() bool {
		one.get(t, "/api/rooms?sort=members&limit=1", &list)
		return list.Total == count+1 && list.Rooms[0].Members == 1
	}, "not all rooms are listed")
	assert.Equal(t, made.RoomID, list.Rooms[0].Room)

	// Every order, page by page: each room once.
	for _, query := range []string{"sort=name&limit=200", "sort=name&order=desc&limit=200", "sort=messages&limit=199", "sort=last&limit=200", "sort=rate&limit=200"} {
		seen := map[string]bool{}
		var names []string
		after := ""
		for {
			var page roomList
			one.get(t, "/api/rooms?"+query+"&after="+url.QueryEscape(after), &page)
			for _, room := range page.Rooms {
				assert.False(t, seen[room.Room], "%s is there twice by %s", room.Room, query)
				seen[room.Room] = true
				names = append(names, room.Room)
			}
			if after = page.Next; after == "" {
				break
			}
		}
		assert.Len(t, seen, count+1, query)
		if query == "sort=name&limit=200" {
			assert.True(t, slices.IsSorted(names))
		}
	}
	one.get(t, "/api/rooms?query=FÜNF", &list)
	require.Equal(t, 1, list.Total, "search is over titles, whatever the case")
	assert.Equal(t, made.RoomID, list.Rooms[0].Room)
	one.get(t, "/api/rooms?query=room-0999", &list)
	assert.Equal(t, 10, list.Total)
	assert.Equal(t, 1, list.Rooms[0].Messages)

	var stats struct{ Rooms, ActiveRooms, Members, MessagesKept, Owned, Nodes, Subscribers int }
	testwait.Until(t, func() bool {
		one.get(t, "/api/stats", &stats)
		return stats.Subscribers == 1
	}, "nodes do not tell of their subscribers")
	assert.Equal(t, count+1, stats.Rooms)
	assert.Equal(t, 1, stats.ActiveRooms)
	assert.Equal(t, 1, stats.Owned)
	assert.Equal(t, 2, stats.Nodes)
	assert.GreaterOrEqual(t, stats.MessagesKept, 2*count-2)

	// What changes comes by itself.
	live := one.follow(t, "/api/stream")
	require.Equal(t, http.StatusCreated, ann.ask(t, "POST", "/rooms/brand-new/messages", `{"text":"hi"}`, nil))
	live.await(t, func(e event) bool {
		return slices.ContainsFunc(e.Rooms, func(r roomInfo) bool { return r.Room == "brand-new" && r.Messages == 1 })
	})

	// A node that has stopped is gone from the list at once.
	assert.Zero(t, other.node.Stop(t))
	var nodes struct{ Nodes []struct{ ID string } }
	one.get(t, "/api/nodes", &nodes)
	assert.Len(t, nodes.Nodes, 1)
}
