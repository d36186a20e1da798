package program

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// These tests look into Redis for what is left there of what somebody has made: it is too small to
// be seen in a node's memory, until there are many of them.

// left counts what a Redis keeps: strings, and the elements of everything else. Buckets are none of
// what is made: they are how it is counted.
func left(t *testing.T, redis *harness.Redis) map[string]int {
	t.Helper()
	c := redis.Client()
	defer func() { _ = c.Close() }() // nothing of it is used after this
	kinds := map[string]int{}
	keys := c.Scan(t.Context(), 0, "caller:*", 1000).Iterator()
	for keys.Next(t.Context()) {
		key := keys.Val()
		n := int64(1)
		var err error
		switch c.Type(t.Context(), key).Val() {
		case "hash":
			n, err = c.HLen(t.Context(), key).Result()
		case "list":
			n, err = c.LLen(t.Context(), key).Result()
		case "zset":
			n, err = c.ZCard(t.Context(), key).Result()
		}
		require.NoError(t, err)
		kinds[kindOfKey(key)] += int(n)
	}
	require.NoError(t, keys.Err())
	delete(kinds, "bucket")
	return kinds
}

// kindOfKey is what a key is for: a room's keys are called by their end, others by their beginning.
func kindOfKey(key string) string {
	if _, name, in := strings.Cut(key, "}:"); in {
		return name[strings.LastIndex(name, ":")+1:]
	}
	kind := strings.TrimPrefix(key, "caller:")
	if _, inSlot, in := strings.Cut(kind, "}"); in { // marks lie in slots of their own
		kind = inSlot
	}
	kind, _, _ = strings.Cut(kind, ":")
	return kind
}

// pushTo is a browser's push subscription.
func pushTo(t *testing.T, endpoint string) string {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	require.NoError(t, err)
	encode := base64.RawURLEncoding.EncodeToString
	return fmt.Sprintf(`{"endpoint":%q,"keys":{"p256dh":%q,"auth":%q}}`, endpoint, encode(key.PublicKey().Bytes()), encode(make([]byte, 16)))
}

// TestWhatOneCanMake has one session, or all guests of one address, make something until that is
// refused, and more of it. What is left of it in Redis is no more than the limit says.
func TestWhatOneCanMake(t *testing.T) {
	redis := harness.StartRedis(t)
	// Where a slow machine could make less than what comes back, less comes back.
	node := startNode(t, "--limits", "joins.address=100/1,reads=1000/1,signals=60/1,sessions=300/1",
		"--redis-url", redis.URL(), "--trusted-proxy", "127.0.0.1/32", "--push-subject", "mailto:a@example.com")
	bob := newBystander(t, node)
	owner := person(t, node.URL, "Ann", "X-Forwarded-For", "198.51.100.1")
	room := "/rooms/" + want(t, owner, http.MethodPost, "/rooms", "")["roomId"].(string)
	said := want(t, owner, http.MethodPost, room, "hello")["id"].(string)

	for i, thing := range []struct {
		name string
		// make makes one more.
		make func(t *testing.T, eve visitor, n int) client.Response
		// allowed is how many are, at once and each second; 0 for any number.
		allowed, perSecond float64
		// keeps is how many of each kind are left of it in Redis, at most.
		keeps map[string]int
	}{
		{"sessions", func(t *testing.T, eve visitor, n int) client.Response {
			eve.headers = eve.headers[2:] // without its own
			return eve.do(t, http.MethodPost, "/session", fmt.Sprintf(`{"name":"Eve %d"}`, n), "Content-Type", "application/json")
		}, 300, 1, nil},
		{"read marks", func(t *testing.T, eve visitor, n int) client.Response {
			return eve.do(t, http.MethodPost, fmt.Sprintf("/rooms/marked-%d/read", n), "0-0")
		}, 0, 0, map[string]int{"marks": 200}},
		{"push subscriptions", func(t *testing.T, eve visitor, n int) client.Response {
			return eve.do(t, http.MethodPut, "/push/subscription", pushTo(t, fmt.Sprint("https://push.example.com/", n)), "Content-Type", "application/json")
		}, 30, 0.2, map[string]int{"push": 10, "push-at": 10}},
		{"links for other devices", func(t *testing.T, eve visitor, _ int) client.Response {
			return eve.do(t, http.MethodPost, "/session/link", "")
		}, 10, 0.1, map[string]int{"link": 10}},
		{"tries of such links", func(t *testing.T, eve visitor, n int) client.Response {
			answer := eve.do(t, http.MethodPost, "/session/claim", fmt.Sprintf(`{"code":"wrong-%d"}`, n), "Content-Type", "application/json")
			if answer.Status == http.StatusNotFound {
				answer.Status = http.StatusOK // it was looked at
			}
			return answer
		}, 60, 1, nil},
		{"signs of typing", func(t *testing.T, eve visitor, n int) client.Response {
			return eve.do(t, http.MethodPost, fmt.Sprintf("/rooms/typed-%d/typing", n), "")
		}, 60, 1, nil},
		{"reports", func(t *testing.T, eve visitor, n int) client.Response {
			return eve.do(t, http.MethodPost, room+"/reports", fmt.Sprintf(`{"message":%q,"reason":"%d"}`, said, n), "Content-Type", "application/json")
		}, 10, 1.0 / 60, map[string]int{"reports": 1}},
	} {
		t.Run(thing.name, func(t *testing.T) {
			eve := person(t, node.URL, "Eve", "X-Forwarded-For", fmt.Sprint("203.0.113.", i))
			before, began := left(t, redis), time.Now()
			tried, made := 0, 0
			try := func(times int) {
				t.Helper()
				for range times {
					tried++
					answer := thing.make(t, eve, tried)
					if answer.Status < 300 {
						made++
					} else {
						require.Equal(t, http.StatusTooManyRequests, answer.Status, answer.Body)
						require.Equal(t, "too_much", answer.Problem(t).Code)
					}
				}
			}
			try(500)
			resident := node.Resident(t)
			try(200)
			assert.Less(t, node.Resident(t)-resident, noGrowth)
			if most := thing.allowed + thing.perSecond*time.Since(began).Seconds(); thing.allowed > 0 {
				assert.GreaterOrEqual(t, float64(made), thing.allowed-1, "but for Eve's own session")
				assert.LessOrEqual(t, float64(made), most+1)
				assert.Less(t, made, 700, "none was refused")
			}
			back := int(thing.perSecond*time.Since(began).Seconds()) + 1
			for kind, n := range left(t, redis) {
				grown := n - before[kind]
				if most, keeps := thing.keeps[kind]; keeps {
					assert.LessOrEqual(t, grown, most+back, kind)
					assert.Positive(t, grown, kind)
				} else {
					assert.LessOrEqual(t, grown, 0, kind)
				}
			}
			bob.goesOn(t)
		})
	}
	t.Run("guests in the rosters", func(t *testing.T) {
		open := func(n int) error {
			guest := client.Guest(node.URL, fmt.Sprint("Eve ", n))
			r, err := guest.TryRead(t.Context(), client.SSE, fmt.Sprintf("crowded-%d", n%3), client.Options{})
			if err == nil {
				t.Cleanup(r.Drop)
				r.WaitType(t, "live")
			}
			return err
		}
		began, made := time.Now(), 0
		for n := range 300 {
			if err := open(n); err == nil {
				made++
			} else {
				require.ErrorContains(t, err, "429")
			}
		}
		assert.GreaterOrEqual(t, made, 98, "Bob has come in too, and what is held ahead")
		assert.LessOrEqual(t, float64(made), 101+time.Since(began).Seconds())
		members := 0
		for n := range 3 {
			members += len(bob.person.Members(t, fmt.Sprintf("crowded-%d", n)).Members)
		}
		assert.Equal(t, made, members)
		bob.goesOn(t)
	})
}

// TestWhatARoomKeeps makes what an owner, or who comes to a room, can make in it, until that is
// refused; with limits off, since each has a limit on how often besides.
func TestWhatARoomKeeps(t *testing.T) {
	redis := harness.StartRedis(t)
	node := startNode(t, "--redis-url", redis.URL())
	bob := newBystander(t, node)
	owner := person(t, node.URL, "Ann")
	room := "/rooms/" + want(t, owner, http.MethodPost, "/rooms", "")["roomId"].(string)
	var said []string
	for n := range 90 {
		said = append(said, want(t, owner, http.MethodPost, room, fmt.Sprint("hello ", n))["id"].(string))
	}
	eves := make([]visitor, 3)
	for i := range eves {
		eves[i] = person(t, node.URL, fmt.Sprint("Eve ", i))
	}
	for kind, thing := range map[string]struct {
		most int
		make func(n int) client.Response
	}{
		"invites": {100, func(int) client.Response { return owner.do(t, http.MethodPost, room+"/invites", "{}") }},
		"tokens": {50, func(n int) client.Response {
			return owner.do(t, http.MethodPost, room+"/tokens", fmt.Sprintf(`{"name":"ci %d"}`, n))
		}},
		"reports": {200, func(n int) client.Response {
			eve, message := eves[n/len(said)%len(eves)], said[n%len(said)]
			return eve.do(t, http.MethodPost, room+"/reports", fmt.Sprintf(`{"message":%q,"reason":%q}`, message, strings.Repeat("x", 300)))
		}},
	} {
		t.Run(kind, func(t *testing.T) {
			made := 0
			for n := range thing.most + 50 {
				answer := thing.make(n)
				if answer.Status == http.StatusCreated {
					made++
					continue
				}
				require.Equal(t, http.StatusUnprocessableEntity, answer.Status, answer.Body)
				require.Equal(t, thing.most, answer.Problem(t).Limit, answer.Body)
			}
			assert.Equal(t, thing.most, made)
			assert.Equal(t, thing.most, left(t, redis)[kind])
			bob.goesOn(t)
		})
	}
}

// TestAFullNode fills the store that is in the process. Whatever takes more memory is refused then,
// in words, and costs none; who is there goes on.
func TestAFullNode(t *testing.T) {
	node := startNode(t, "--max-memory", "128MB", "--push-subject", "mailto:a@example.com")
	bob := newBystander(t, node)
	owner, eve := person(t, node.URL, "Ann"), person(t, node.URL, "Eve")
	room := "/rooms/" + want(t, owner, http.MethodPost, "/rooms", "")["roomId"].(string)
	want(t, owner, http.MethodPatch, room+"/settings", `{"password":"hunter2"}`)

	text := strings.Repeat("💣", 4000)
	post := func(n int) client.Response {
		return eve.do(t, http.MethodPost, fmt.Sprint("/rooms/filled-", n), text, "Idempotency-Key", fmt.Sprint("k", n))
	}
	isFull := func() bool {
		return client.Do(t, http.MethodPost, node.URL+"/session", `{"name":"New"}`, "Content-Type", "application/json").Status == http.StatusServiceUnavailable
	}
	for n := 0; n%50 != 0 || !isFull(); n++ {
		require.Less(t, n, 50_000, "it is never full")
		post(n)
	}
	for n := range 500 { // and clearly so, whatever a collection finds: where something is kept, there is room yet
		answer := eve.do(t, http.MethodPost, fmt.Sprint("/rooms/filled-", n%10), text, "Idempotency-Key", fmt.Sprint("more", n))
		if answer.Status != http.StatusCreated {
			require.Equal(t, "busy", answer.Problem(t).Code, answer.Body)
			break // that is full enough
		}
	}
	long := strings.Repeat("x", 50)
	for _, thing := range []struct {
		name string
		make func(t *testing.T, n int) string
	}{
		{"a session", func(t *testing.T, n int) string {
			return answerOf(t, client.Do(t, http.MethodPost, node.URL+"/session", fmt.Sprintf(`{"name":"Eve %d"}`, n), "Content-Type", "application/json"))
		}},
		{"a room by its first message", func(t *testing.T, n int) string {
			return answerOf(t, eve.do(t, http.MethodPost, fmt.Sprintf("/rooms/%s-%d", long, n), text))
		}},
		{"a room of one's own", func(t *testing.T, n int) string { return answerOf(t, eve.do(t, http.MethodPost, "/rooms", "")) }},
		{"a stream", func(t *testing.T, n int) string {
			return eve.open(t, fmt.Sprintf("/rooms/%s-%d/sse", long, n), "*/*")
		}},
		{"a guest's stream", func(t *testing.T, n int) string {
			return guestOf(node.URL, "Gus").open(t, fmt.Sprintf("/rooms/%s-%d/ndjson", long, n), "*/*")
		}},
		{"a guest's stream where others are", func(t *testing.T, n int) string {
			return guestOf(node.URL, "Gus").open(t, "/rooms/lobby/ndjson", "*/*")
		}},
		{"a poll in a new room", func(t *testing.T, n int) string {
			return answerOf(t, eve.do(t, http.MethodGet, fmt.Sprintf("/rooms/%s-%d/messages?wait=1", long, n), ""))
		}},
		{"a guest's poll in a new room", func(t *testing.T, n int) string {
			return answerOf(t, client.Do(t, http.MethodGet, fmt.Sprintf("%s/rooms/%s-%d/messages?wait=1", node.URL, long, n), ""))
		}},
		{"a poll of many new rooms", func(t *testing.T, n int) string {
			return answerOf(t, eve.do(t, http.MethodGet, fmt.Sprintf("/stream/messages?wait=1&room=a%s-%d&room=b%s-%d", long, n, long, n), ""))
		}},
		{"a read mark", func(t *testing.T, n int) string {
			return answerOf(t, eve.do(t, http.MethodPost, fmt.Sprintf("/rooms/%s-%d/read", long, n), "0-0"))
		}},
		{"a push subscription", func(t *testing.T, n int) string {
			return answerOf(t, eve.do(t, http.MethodPut, "/push/subscription", pushTo(t, fmt.Sprintf("https://push.example.com/%d%s", n, strings.Repeat("x", 1900))), "Content-Type", "application/json"))
		}},
		{"a link for another device", func(t *testing.T, _ int) string { return answerOf(t, eve.do(t, http.MethodPost, "/session/link", "")) }},
		{"being let in", func(t *testing.T, _ int) string {
			return answerOf(t, eve.do(t, http.MethodPost, room+"/enter", `{"password":"hunter2"}`))
		}},
	} {
		t.Run(thing.name, func(t *testing.T) {
			resident := node.Resident(t)
			for n := range 200 {
				require.Equal(t, "busy", thing.make(t, n), "at try %d", n)
			}
			assert.Less(t, node.Resident(t)-resident, noGrowth)
			bob.goesOn(t)
		})
	}
}
