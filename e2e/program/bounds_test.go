package program

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/internal/testwait"
)

// These tests make what anybody can make until it is refused, then more of it, and see that the
// node grows no more and that others go on.

// bystander is somebody who has come before, and goes on.
type bystander struct {
	person client.Person
	reader *client.Reader
	said   int
}

func newBystander(t *testing.T, node *harness.Node) *bystander {
	t.Helper()
	b := &bystander{person: client.SignIn(t, node.URL, "Bob")}
	b.reader = b.person.Read(t, client.WebSocket, "lobby", client.Options{})
	b.reader.WaitType(t, "live")
	b.goesOn(t)
	return b
}

// goesOn has the bystander say something over the connection that is open, and hear it.
func (b *bystander) goesOn(t *testing.T) {
	t.Helper()
	b.said++
	text := fmt.Sprint("I go on ", b.said)
	b.reader.Send(t, client.Command{Type: "post", Key: fmt.Sprint("b-", b.said), Text: text})
	b.reader.WaitText(t, text)
}

// untilRefused makes things until one is refused, and is how many were made.
func untilRefused(t *testing.T, most int, make func(n int) client.Response, status int, code string) int {
	t.Helper()
	for n := range most + 1 {
		resp := make(n)
		if resp.Status < 300 {
			continue
		}
		require.Equal(t, status, resp.Status, resp.Body)
		require.Equal(t, code, resp.Problem(t).Code, resp.Body)
		require.NotEmpty(t, resp.Header.Get("Retry-After"))
		return n
	}
	require.Fail(t, "never refused", "%d were made", most)
	return 0
}

// growth is how far a node's memory has grown by what was done. It may be in the middle of
// something, so the least of some looks counts.
func growth(t *testing.T, node *harness.Node, do func()) int {
	t.Helper()
	before := node.Resident(t)
	do()
	return node.Resident(t) - before
}

// noGrowth is what a node may grow by while all is refused: what the collector has not looked at
// yet.
const noGrowth = 48 << 20

func TestRoomsOnANodeAreBounded(t *testing.T) {
	node := startNode(t, "--max-rooms", "50")
	bob := newBystander(t, node)
	made := 0
	for n := range 60 { // streams stay, and their rooms with them
		r, err := client.Guest(node.URL, "Eve").TryRead(t.Context(), client.SSE, fmt.Sprint("room-", n), client.Options{})
		if err != nil {
			require.ErrorContains(t, err, "503")
			require.ErrorContains(t, err, "busy")
			continue
		}
		made++
		t.Cleanup(r.Drop)
	}
	assert.Equal(t, 49, made, "and the lobby")
	assert.Less(t, growth(t, node, func() {
		for n := range 500 {
			resp := client.Do(t, http.MethodGet, fmt.Sprintf("%s/rooms/other-%d/ndjson", node.URL, n), "")
			require.Equal(t, "busy", resp.Problem(t).Code)
		}
	}), noGrowth)
	client.SignIn(t, node.URL, "Ann").Read(t, client.SSE, "lobby", client.Options{}).WaitType(t, "live")
	bob.goesOn(t)
}

func TestConnectionsOfANodeAreBounded(t *testing.T) {
	node := startNode(t, "--max-connections", "40")
	bob := newBystander(t, node)
	dial := func() (net.Conn, string) {
		c, err := net.Dial("tcp", node.Addr)
		require.NoError(t, err)
		t.Cleanup(func() { c.Close() })
		require.NoError(t, c.SetReadDeadline(time.Now().Add(testwait.Limit)))
		return c, ""
	}
	var open []net.Conn
	for range 60 { // on which nothing is asked
		c, _ := dial()
		open = append(open, c)
	}
	answer := func(c net.Conn) string {
		text, err := io.ReadAll(c)
		require.NoError(t, err)
		return string(text)
	}
	last := answer(open[59])
	assert.Contains(t, last, "HTTP/1.1 503 ")
	assert.Contains(t, last, `"code":"busy"`)
	assert.Less(t, growth(t, node, func() {
		for range 1000 {
			c, _ := dial()
			_ = c.Close() // it may be refused already
		}
	}), noGrowth)
	bob.goesOn(t)
	for _, c := range open {
		_ = c.Close() // some have been
	}
	testwait.Until(t, func() bool { return harness.Status(node.URL+"/healthz") == http.StatusOK }, "there are places again")
}

func TestStreamsOfAnAddressAreBounded(t *testing.T) {
	node := startNode(t, "--limits", "joins=off,connections=20")
	bob := newBystander(t, node)
	refused := 0
	for n := range 40 {
		r, err := client.Guest(node.URL, "Eve").TryRead(t.Context(), client.SSE, "other", client.Options{})
		if err != nil {
			require.ErrorContains(t, err, "429")
			require.ErrorContains(t, err, "connections")
			refused++
			continue
		}
		t.Cleanup(r.Drop)
		require.Less(t, n, 20)
	}
	assert.GreaterOrEqual(t, refused, 20)
	bob.goesOn(t)
}

// TestNewRoomsAreBounded: many sessions of one address begin rooms, each by a message.
func TestNewRoomsAreBounded(t *testing.T) {
	node := startNode(t, limited)
	bob := newBystander(t, node)
	began := time.Now()
	made := 0
	for s := range 12 {
		eve := client.SignIn(t, node.URL, fmt.Sprint("Eve", s))
		for n := range 60 {
			resp := eve.Do(t, http.MethodPost, fmt.Sprintf("/rooms/room-%d-%d", s, n), "hello")
			if resp.Status == http.StatusCreated {
				made++
				continue
			}
			require.Equal(t, http.StatusTooManyRequests, resp.Status, resp.Body)
			require.Contains(t, resp.Problem(t).Detail, "rooms")
		}
	}
	assert.LessOrEqual(t, float64(made), 600+time.Since(began).Seconds())
	assert.GreaterOrEqual(t, made, 599, "and the lobby")
	bob.goesOn(t)
}

// TestMemoryIsBounded fills the store that is in the process: rooms full of long messages.
func TestMemoryIsBounded(t *testing.T) {
	node := startNode(t, "--max-memory", "128MB")
	bob := newBystander(t, node)
	eve := client.SignIn(t, node.URL, "Eve")
	text := strings.Repeat("💣", 4000)
	post := func(n int) client.Response {
		return eve.Do(t, http.MethodPost, fmt.Sprint("/rooms/room-", n), text, "Idempotency-Key", fmt.Sprint("k", n))
	}
	made := untilRefused(t, 50_000, post, http.StatusServiceUnavailable, "busy")
	t.Logf("%d rooms of one message", made)
	before := node.Resident(t)
	for n := range 3000 {
		post(100_000 + n)
	}
	grown := node.Resident(t) - before
	t.Logf("%d MB, and then %d more", before>>20, grown>>20)
	assert.Less(t, grown, noGrowth)
	for _, request := range [][2]string{{http.MethodPost, "/session"}, {http.MethodGet, "/rooms/other/sse"}} {
		resp := client.Do(t, request[0], node.URL+request[1], `{"name":"New"}`, "Content-Type", "application/json")
		assert.Equal(t, "busy", resp.Problem(t).Code, request[1])
	}
	bob.goesOn(t)
}

// TestKeysAreSmall: what is remembered of a key is no text.
func TestKeysAreSmall(t *testing.T) {
	node := startNode(t)
	bob := newBystander(t, node)
	eve := client.SignIn(t, node.URL, "Eve")
	text := strings.Repeat("x", 4000)
	post := func(n int) {
		resp := eve.Do(t, http.MethodPost, "/rooms/kitchen", text, "Idempotency-Key", fmt.Sprint("k", n))
		require.Equal(t, http.StatusCreated, resp.Status, resp.Body)
	}
	for n := range 500 {
		post(n)
	}
	assert.Less(t, growth(t, node, func() {
		for n := range 3000 {
			post(1000 + n)
		}
	}), noGrowth)
	bob.goesOn(t)
}

// TestAFullRedis: what can't be written is refused in words, and what is there can be read.
func TestAFullRedis(t *testing.T) {
	redis := harness.StartRedis(t, "--maxmemory", "4mb", "--maxmemory-policy", "noeviction")
	node := startNode(t, "--redis-url", redis.URL())
	ann := client.SignIn(t, node.URL, "Ann")
	text := strings.Repeat("x", 4000)
	made := untilRefused(t, 10_000, func(n int) client.Response {
		return ann.Do(t, http.MethodPost, fmt.Sprint("/rooms/room-", n), text)
	}, http.StatusServiceUnavailable, "busy")
	assert.Positive(t, made)
	assert.Len(t, ann.Page(t, "room-0", "").Messages, 1)
	assert.Equal(t, http.StatusOK, harness.Status(node.URL+"/healthz"))
}
