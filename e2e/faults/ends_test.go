package faults

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// keyLife is how long a post's key is remembered, which outlives the room: sent again it must not
// be a second post.
const keyLife = 10 * time.Minute

// leftOf is what Redis has of a room, without the remembered keys of posts; those must be on their
// way out.
func leftOf(t *testing.T, redis *harness.Redis, room string) (left []string) {
	t.Helper()
	client := redis.Client()
	defer func() { _ = client.Close() }() // nothing of it is used after this
	scan := client.Scan(t.Context(), 0, "*", 1000).Iterator()
	for scan.Next(t.Context()) {
		key := scan.Val()
		switch {
		case !strings.Contains(key, ":"+room+":"):
		case strings.Contains(key, ":"+room+":key:"):
			ttl := client.PTTL(t.Context(), key).Val()
			assert.Positive(t, ttl, "%s has an end", key)
			assert.LessOrEqual(t, ttl, keyLife, key)
		default:
			left = append(left, key[strings.LastIndex(key, ":")+1:])
		}
	}
	require.NoError(t, scan.Err())
	slices.Sort(left)
	return left
}

// TestRoomsEnd has the last members of rooms leave in all ways there are: after the history's time
// nothing is left.
func TestRoomsEnd(t *testing.T) {
	t.Parallel() // it mostly waits
	redis := harness.StartRedis(t)
	// Long enough that a machine which stands still for a while sees it all the same.
	one := programs.Node(t, nodeArgs(redis.URL(), "--history-ttl", "15s")...)
	two := programs.Node(t, nodeArgs(redis.URL(), "--history-ttl", "15s", "--keep-after-close", "0")...)
	enter := func(base, room string) (client.Person, []*client.Reader) {
		ann := client.SignIn(t, base, "Ann")
		var readers []*client.Reader
		for _, kind := range client.Resuming {
			readers = append(readers, ann.Read(t, kind, room, client.Options{}))
		}
		readers = append(readers, client.Guest(base, "Guest").Read(t, client.SSE, room, client.Options{}))
		for _, reader := range readers {
			reader.WaitType(t, "live")
		}
		ann.Post(t, room, "without a key")
		_, status, err := ann.TryPost(t.Context(), room, "k-1", "with a key")
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, status)
		readers[0].WaitText(t, "with a key")
		require.Equal(t, []string{"holds", "leases", "log", "members", "version"}, leftOf(t, redis, room))
		return ann, readers
	}
	// leave leaves until all that she reads by has ended: a poll that is made after it comes to the
	// room again.
	leave := func(ann client.Person, room string, readers []*client.Reader) {
		readers[4].Drop()
		harness.Eventually(t, "all that Ann reads by to have ended", func() bool {
			resp := ann.Do(t, http.MethodPost, "/rooms/"+room+"/leave", "")
			require.Equal(t, http.StatusNoContent, resp.Status, resp.Body)
			return !slices.ContainsFunc(readers[:4], func(r *client.Reader) bool {
				select {
				case <-r.Done():
					return false
				default:
					return true
				}
			})
		})
	}
	gone := func(room string, want ...string) func() bool {
		return func() bool { return slices.Equal(leftOf(t, redis, room), want) }
	}
	t.Run("left", func(t *testing.T) {
		ann, readers := enter(one.URL, "left")
		leave(ann, "left", readers)
		harness.Eventually(t, "the members to be gone, and the history not yet", gone("left", "log"))
		assert.Equal(t, []string{"without a key", "with a key"}, client.Guest(one.URL, "").Page(t, "left", "").Texts())
		harness.Eventually(t, "nothing of the room to be left", gone("left"))
	})
	t.Run("left, and nothing is to be kept", func(t *testing.T) {
		ann, readers := enter(two.URL, "unkept")
		leave(ann, "unkept", readers)
		harness.Eventually(t, "nothing of the room to be left", gone("unkept"))
	})
	t.Run("connections lost", func(t *testing.T) {
		_, readers := enter(one.URL, "lost")
		for _, reader := range readers {
			reader.Drop()
		}
		harness.Eventually(t, "nothing of the room to be left", gone("lost"))
	})
	t.Run("reading creates nothing", func(t *testing.T) {
		client.Guest(one.URL, "").Page(t, "unseen", "")
		client.Guest(one.URL, "").Members(t, "unseen")
		client.Guest(one.URL, "").Page(t, "unseen", "after=0-0&wait=1")
		assert.Empty(t, leftOf(t, redis, "unseen"))
	})
	t.Run("the last node killed", func(t *testing.T) {
		enter(one.URL, "killed")
		one.Kill()
		client := redis.Client()
		defer func() { _ = client.Close() }() // nothing of it is used after this
		for _, name := range leftOf(t, redis, "killed") {
			keys := client.Keys(t.Context(), "caller:*:killed:"+name).Val()
			require.Len(t, keys, 1)
			ttl := client.PTTL(t.Context(), keys[0]).Val()
			assert.Positive(t, ttl, "%s has an end", name)
			assert.LessOrEqual(t, ttl, 2*time.Minute, name)
		}
	})
}
