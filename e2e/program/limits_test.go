package program

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/internal/testwait"
)

// limited is the flag by which a node has the limits that it has by default: the harness's nodes
// have none.
const limited = "--limits="

// twoLimited are two nodes of one Redis with the limits that they have by default.
func twoLimited(t *testing.T) (one, other *harness.Node) {
	t.Helper()
	redis := harness.StartRedis(t)
	return startNode(t, limited, "--redis-url", redis.URL()), startNode(t, limited, "--redis-url", redis.URL())
}

// TestAFlood posts as fast as it goes, on two nodes and in every way at once: what is let through
// is the burst and what comes back meanwhile, what was said before is still there, and others are
// not held up.
func TestAFlood(t *testing.T) {
	for _, flooder := range []struct {
		name string
		at   func(t *testing.T, node *harness.Node, n int) client.Person
	}{
		{"a guest under many names", func(_ *testing.T, node *harness.Node, n int) client.Person {
			return client.Guest(node.URL, fmt.Sprint("Eve", n))
		}},
		{"a session", nil},
	} {
		t.Run(flooder.name, func(t *testing.T) {
			one, other := twoLimited(t)
			bob := client.SignIn(t, other.URL, "Bob")
			var before []string
			for i := range 10 {
				before = append(before, fmt.Sprint("before ", i))
				bob.Post(t, "lobby", before[i])
			}
			reader := bob.Read(t, client.WebSocket, "lobby", client.Options{})
			reader.WaitTexts(t, before...)
			at := flooder.at
			if at == nil {
				eve := client.SignIn(t, one.URL, "Eve")
				at = func(_ *testing.T, node *harness.Node, _ int) client.Person { return eve.At(node.URL) }
			}
			began := time.Now()
			accepted, refused := flood(t, []*harness.Node{one, other}, at)
			took := time.Since(began)
			require.LessOrEqual(t, float64(accepted), 100+5*took.Seconds(), "in %v", took)
			require.GreaterOrEqual(t, accepted, 100)
			require.GreaterOrEqual(t, refused, 2500)
			bob.Post(t, "lobby", "mine goes through")
			reader.WaitText(t, "mine goes through")
			page := bob.Page(t, "lobby", "")
			var kept []string
			for _, m := range page.Messages {
				kept = append(kept, m.Text)
			}
			require.Contains(t, kept, "mine goes through")
			assert.Len(t, kept, min(accepted+11, 100), "the flood pushed out no more than it was let")
		})
	}
}

// flood posts some 3,000 messages: over HTTP and over a WebSocket, on each node. It is how many
// were stored, and how many refused with when to come back.
func flood(t *testing.T, nodes []*harness.Node, at func(*testing.T, *harness.Node, int) client.Person) (accepted, refused int) {
	t.Helper()
	const each = 750
	var mu sync.Mutex
	count := func(ok bool) {
		mu.Lock()
		defer mu.Unlock()
		if ok {
			accepted++
		} else {
			refused++
		}
	}
	var running sync.WaitGroup
	var sockets []*client.Reader
	for n, node := range nodes {
		socket := at(t, node, 0).Read(t, client.WebSocket, "lobby", client.Options{Query: "history=0"})
		socket.WaitType(t, "live")
		running.Go(func() {
			for i := range each {
				_, status, err := at(t, node, i).TryPost(t.Context(), "lobby", "", "flood")
				if err != nil || status != http.StatusCreated && status != http.StatusTooManyRequests {
					t.Errorf("status %d: %v", status, err)
					return
				}
				count(status == http.StatusCreated)
			}
		})
		running.Go(func() {
			for i := range each {
				if err := socket.TrySend(client.Command{Type: "post", Key: fmt.Sprint("k", n, "-", i), Text: "flood"}); err != nil {
					t.Error(err)
					return
				}
			}
		})
		sockets = append(sockets, socket)
	}
	running.Wait()
	for _, socket := range sockets {
		testwait.Until(t, func() bool { return len(answers(socket)) >= each }, "%s has an answer to each post", socket.Who)
		for _, answer := range answers(socket) {
			if answer.Type == "error" {
				require.Equal(t, "too_much", answer.Code, answer.Raw)
				require.Positive(t, answer.RetryAfter, answer.Raw)
			}
			count(answer.Type == "ack")
		}
	}
	return accepted, refused
}

// answers are what was answered to a socket's commands.
func answers(socket *client.Reader) []client.Event {
	var all []client.Event
	for _, e := range socket.Events() {
		if e.Type == "ack" || e.Type == "error" {
			all = append(all, e)
		}
	}
	return all
}

// TestWhatIsTooMuchSaysHowLong: the answer has what a program needs to wait.
func TestWhatIsTooMuchSaysHowLong(t *testing.T) {
	node := startNode(t, "--limits", "messages=2/1/m,joins=1/1/m,sessions=2/1/m,reads=3/1/m")
	ann := client.SignIn(t, node.URL, "Ann")
	wants := func(resp client.Response, limit, policy string) {
		t.Helper()
		require.Equal(t, http.StatusTooManyRequests, resp.Status, resp.Body)
		problem := resp.Problem(t)
		assert.Equal(t, "too_much", problem.Code)
		assert.Regexp(t, `^[1-9][0-9]?$`, resp.Header.Get("Retry-After"))
		assert.Equal(t, fmt.Sprintf("%q;%s", limit, policy), resp.Header.Get("RateLimit-Policy"))
		assert.Equal(t, fmt.Sprintf("%q;r=0;t=%s", limit, resp.Header.Get("Retry-After")), resp.Header.Get("RateLimit"))
		assert.Positive(t, problem.RetryAfter)
		assert.True(t, strings.HasPrefix(problem.Detail, limit+": again in "), problem.Detail)
	}
	for range 2 {
		ann.Post(t, "lobby", "hello")
	}
	wants(ann.Do(t, http.MethodPost, "/rooms/lobby", "hello"), "messages", "q=2;w=120")
	for range 3 {
		ann.Page(t, "lobby", "")
	}
	wants(ann.Do(t, http.MethodGet, "/rooms/lobby/messages", ""), "reads", "q=3;w=180")
	wants(ann.Do(t, http.MethodGet, "/rooms/lobby/members", ""), "reads", "q=3;w=180")
	ann.Read(t, client.WebSocket, "lobby", client.Options{}).WaitType(t, "live")
	for _, path := range []string{"/rooms/lobby/sse", "/rooms/lobby/ndjson", "/rooms/lobby/text", "/stream/sse?room=lobby"} {
		wants(ann.Do(t, http.MethodGet, path, ""), "joins", "q=1;w=60")
	}
	client.SignIn(t, node.URL, "Bob")
	wants(client.Do(t, http.MethodPost, node.URL+"/session", `{"name":"Carl"}`, "Content-Type", "application/json"), "sessions", "q=2;w=120")
}

// TestAnOffice: 300 people behind one address come to a room within ten seconds, and say hello.
func TestAnOffice(t *testing.T) {
	node := startNode(t, limited)
	first := client.SignIn(t, node.URL, "First").Read(t, client.SSE, "lobby", client.Options{})
	first.WaitType(t, "live")
	for i := range 300 {
		p := client.SignIn(t, node.URL, fmt.Sprint("Ann", i))
		p.Read(t, client.Resuming[i%2], "lobby", client.Options{Query: "history=0"}).WaitType(t, "live")
		p.Post(t, "lobby", "hello")
	}
	texts := 0
	for _, e := range first.Events() {
		if e.Type == "message" {
			texts++
		}
	}
	assert.LessOrEqual(t, texts, 300)
	client.SignIn(t, node.URL, "Last").Post(t, "lobby", "and so do I")
	first.WaitText(t, "and so do I")
}
