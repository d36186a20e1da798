package program

import (
	"encoding/base64"
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

// TestAFlood posts as fast as it goes, on two nodes and in every way to do it: what is let through is
// the burst and what comes back meanwhile, what was said before is still there, and others are not
// held up.
func TestAFlood(t *testing.T) {
	for name, flood := range map[string]floodCase{
		"a guest under many names":               {false, []floodWay{overHTTP, overWebSocket}},
		"a guest by curl":                        {false, []floodWay{byCurl, byCurl}},
		"a guest with an event stream":           {false, []floodWay{withStream, withStream}},
		"a session":                              {true, []floodWay{overHTTP, overWebSocket}},
		"a session with an event stream":         {true, []floodWay{withStream, withStream}},
		"a session that polls":                   {true, []floodWay{withPolls, overHTTP}},
		"a session by curl":                      {true, []floodWay{byCurl, byCurl}},
		"a session in all of these ways at once": {true, []floodWay{withStream, overWebSocket, withPolls, byCurl}},
	} {
		t.Run(name, func(t *testing.T) {
			one, other := twoLimited(t)
			flood.run(t, "lobby", one, other)
		})
	}
}

// TestLimitsOnACluster: buckets lie in other slots than rooms there, and are everybody's all the same.
func TestLimitsOnACluster(t *testing.T) {
	endToEnd(t)
	cluster := harness.StartCluster(t)
	start := func(more ...string) *harness.Node {
		return startNode(t, append([]string{"--redis-url", cluster.URL(), "--trusted-proxy", "127.0.0.1/32"}, more...)...)
	}
	one, other := start(limited), start(limited)
	t.Run("a session floods in all ways", func(t *testing.T) {
		floodCase{true, []floodWay{withStream, overWebSocket, withPolls, byCurl}}.run(t, "lobby", one, other)
	})
	t.Run("so do guests", func(t *testing.T) {
		floodCase{false, []floodWay{withStream, overWebSocket}}.run(t, "kitchen", one, other)
	})
	t.Run("new rooms", func(t *testing.T) { // in whatever slots they are
		began, made := time.Now(), 0
		eve := person(t, one.URL, "Eve", "X-Forwarded-For", "203.0.113.1")
		for n := range 200 {
			at := []string{one.URL, other.URL}[n%2]
			switch answer := eve.at(at).do(t, http.MethodPost, fmt.Sprint("/rooms/room-", n), "hello"); answer.Status {
			case http.StatusCreated:
				made++
			default:
				require.Equal(t, http.StatusTooManyRequests, answer.Status, answer.Body)
			}
			if n%80 == 79 { // each is a message too
				eve = person(t, one.URL, "Eve", "X-Forwarded-For", "203.0.113.1")
			}
		}
		assert.GreaterOrEqual(t, made, 150, "60 of each of three sessions, but for what a node holds")
		assert.LessOrEqual(t, float64(made), 180+3*time.Since(began).Minutes()*3+1)
	})
	t.Run("guesses of a password", func(t *testing.T) {
		owner := person(t, one.URL, "Ann", "X-Forwarded-For", "198.51.100.1")
		room := "/rooms/" + want(t, owner, http.MethodPost, "/rooms", "")["roomId"].(string)
		want(t, owner, http.MethodPatch, room+"/settings", `{"password":"hunter2"}`)
		began, looked := time.Now(), 0
		for n := range 40 {
			eve := person(t, one.URL, "Eve", "X-Forwarded-For", "203.0.113.2")
			answer := eve.at([]string{one.URL, other.URL}[n%2]).do(t, http.MethodPost, room+"/enter", fmt.Sprintf(`{"password":"wrong %d"}`, n))
			if code := answer.Problem(t).Code; code == "wrong_password" {
				looked++
			} else {
				require.Equal(t, "too_much", code)
			}
		}
		assert.GreaterOrEqual(t, looked, 10)
		assert.LessOrEqual(t, float64(looked), 10+2*time.Since(began).Minutes()+1)
		friend := person(t, other.URL, "Cleo", "X-Forwarded-For", "203.0.113.3")
		want(t, friend, http.MethodPost, room+"/enter", `{"password":"hunter2"}`)
	})
}

// floodCase is who floods, and in which ways on each node.
type floodCase struct {
	session bool
	ways    []floodWay
}

func (flood floodCase) run(t *testing.T, room string, one, other *harness.Node) {
	t.Helper()
	bob := client.SignIn(t, other.URL, "Bob")
	var before []string
	for i := range 10 {
		before = append(before, fmt.Sprint("before ", i))
		bob.Post(t, room, before[i])
	}
	reader := bob.Read(t, client.WebSocket, room, client.Options{})
	reader.WaitTexts(t, before...)
	at := eve(func(_ *testing.T, node *harness.Node, n int) client.Person {
		return client.Guest(node.URL, fmt.Sprint("Eve", n))
	})
	if flood.session {
		p := client.SignIn(t, one.URL, "Eve")
		at = func(_ *testing.T, node *harness.Node, _ int) client.Person { return p.At(node.URL) }
	}
	f := &aFlood{room: room, each: 3000 / 2 / len(flood.ways)}
	var all []func()
	for _, node := range []*harness.Node{one, other} {
		for _, way := range flood.ways {
			all = append(all, way(t, f, node, at))
		}
	}
	began := time.Now()
	var running sync.WaitGroup
	for _, floods := range all {
		running.Go(floods)
	}
	running.Wait()
	took := time.Since(began)
	require.Equal(t, 3000, f.accepted+f.refused)
	require.LessOrEqual(t, float64(f.accepted), 100+5*took.Seconds(), "in %v", took)
	require.GreaterOrEqual(t, f.accepted, 100)
	require.GreaterOrEqual(t, f.refused, 2500-int(5*took.Seconds()))
	bob.Post(t, room, "mine goes through")
	reader.WaitText(t, "mine goes through")
	for _, own := range f.readers { // the flooder's streams are as good as others
		own.WaitText(t, "mine goes through")
		require.Equal(t, f.accepted, len(own.Texts())-1, "what %s has read", own.Who)
	}
	page := bob.Page(t, room, "")
	require.Contains(t, page.Texts(), "mine goes through")
	assert.Len(t, page.Texts(), min(f.accepted+11, 100), "the flood pushed out no more than it was let")
}

// eve is who floods, at a node for the nth time.
type eve func(t *testing.T, node *harness.Node, n int) client.Person

// floodWay prepares to flood a node, and returns what does it.
type floodWay func(t *testing.T, f *aFlood, node *harness.Node, at eve) func()

// aFlood counts what was stored, and what was refused with when to come back.
type aFlood struct {
	room string
	each int // posts in one way

	mu                sync.Mutex // guards what follows
	accepted, refused int
	readers           []*client.Reader
}

func (f *aFlood) count(ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ok {
		f.accepted++
	} else {
		f.refused++
	}
}

// reads opens a stream of the flooder's own.
func (f *aFlood) reads(t *testing.T, node *harness.Node, at eve, kind client.Kind) *client.Reader {
	t.Helper()
	reader := at(t, node, 0).Read(t, kind, f.room, client.Options{Query: "history=0"})
	reader.WaitType(t, "live")
	return reader
}

func overHTTP(t *testing.T, f *aFlood, node *harness.Node, at eve) func() {
	t.Helper()
	return func() {
		for i := range f.each {
			answer, status, err := at(t, node, i).TryPost(t.Context(), f.room, "", "flood")
			if err != nil || status != http.StatusCreated && (status != http.StatusTooManyRequests || answer.RetryAfter <= 0) {
				t.Errorf("status %d: %v %s", status, err, answer.Raw)
				return
			}
			f.count(status == http.StatusCreated)
		}
	}
}

func overWebSocket(t *testing.T, f *aFlood, node *harness.Node, at eve) func() {
	t.Helper()
	socket := f.reads(t, node, at, client.WebSocket)
	f.readers = append(f.readers, socket)
	return func() {
		for i := range f.each {
			if err := socket.TrySend(client.Command{Type: "post", Key: fmt.Sprint("ws-", node.Addr, "-", i), Text: "flood"}); err != nil {
				t.Error(err)
				return
			}
		}
		for n := 0; n < f.each; {
			_, changed := socket.Since(0)
			if n = len(answers(socket.Events())); n >= f.each {
				break
			}
			select {
			case <-changed:
			case <-time.After(testwait.Limit):
				t.Errorf("%d of %d were answered", n, f.each)
				return
			}
		}
		for _, answer := range answers(socket.Events()) {
			if answer.Type == "error" && (answer.Code != "too_much" || answer.RetryAfter <= 0) {
				t.Errorf("answered with %s", answer.Raw)
			}
			f.count(answer.Type == "ack")
		}
	}
}

// withStream is what a page does that can't have a WebSocket.
func withStream(t *testing.T, f *aFlood, node *harness.Node, at eve) func() {
	t.Helper()
	f.readers = append(f.readers, f.reads(t, node, at, client.SSE))
	return overHTTP(t, f, node, at)
}

// withPolls is what a page does that can have no stream at all.
func withPolls(t *testing.T, f *aFlood, node *harness.Node, at eve) func() {
	t.Helper()
	f.reads(t, node, at, client.Poll) // whose polls are bounded too
	return overHTTP(t, f, node, at)
}

// byCurl has one curl make all of the requests, as a script's loop does.
func byCurl(t *testing.T, f *aFlood, node *harness.Node, at eve) func() {
	t.Helper()
	who := []string{"-H", "X-Name: " + at(t, node, 0).Name}
	if token := at(t, node, 0).Token; token != "" {
		who = []string{"-H", "Authorization: Bearer " + token}
	}
	args := append(who, "-d", "flood", "-o", "/dev/null", "-w", "%{http_code} %header{retry-after}\n",
		fmt.Sprintf("%s/rooms/%s?n=[1-%d]", node.URL, f.room, f.each))
	return func() {
		curl := client.StartCurl(t, args...)
		if code := curl.Wait(t); code != 0 {
			t.Errorf("curl: %d", code)
		}
		for line := range strings.Lines(curl.Output.String()) {
			switch status, after, _ := strings.Cut(strings.TrimSpace(line), " "); {
			case status == "201":
				f.count(true)
			case status == "429" && after != "" && after != "0":
				f.count(false)
			default:
				t.Errorf("curl was answered %q", line)
			}
		}
	}
}

// answers are what was answered to a socket's commands.
func answers(events []client.Event) []client.Event {
	var all []client.Event
	for _, e := range events {
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

// TestNobodyIsKeptOutByGuesses: six addresses guess a room's password until nothing is left of what
// the room has. Whoever has the password, an invite or the owner's link comes in all the same, on
// both nodes, and those who guess have gained nothing: the right one is refused to them as the wrong
// ones are, also once it has let others in.
func TestNobodyIsKeptOutByGuesses(t *testing.T) {
	redis := harness.StartRedis(t)
	var nodes []string
	for range 2 {
		nodes = append(nodes, startNode(t, limited, "--redis-url", redis.URL(), "--trusted-proxy", "127.0.0.1/32").URL)
	}
	from := func(network, host int) []string {
		return []string{"X-Forwarded-For", fmt.Sprintf("203.0.%d.%d", network, host)}
	}
	owner := person(t, nodes[0], "Olga", from(1, 1)...)
	made := want(t, owner, "POST", "/rooms", "")
	room := "/rooms/" + made["roomId"].(string)
	want(t, owner, "PATCH", room+"/settings", `{"password":"hunter2"}`)
	_, invite, _ := strings.Cut(want(t, owner, "POST", room+"/invites", `{"uses":10}`)["url"].(string), "#i=")
	_, link, _ := strings.Cut(made["ownerUrl"].(string), "#o=")

	read := func(base, password string, address []string) client.Response {
		basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(":"+password))
		return guestOf(base, "Gus", append([]string{"Authorization", basic}, address...)...).do(t, "GET", room+"/messages", "")
	}
	began, looked := time.Now(), 0
	for try := range 15 {
		for address := range 6 {
			answer := read(nodes[try%2], fmt.Sprint("guess ", try), from(2, address))
			if code := answerOf(t, answer); code != "too_much" {
				require.Equal(t, "wrong_password", code)
				looked++
			}
		}
	}
	assert.LessOrEqual(t, float64(looked), 60+0.2*time.Since(began).Seconds()+6)
	for i, base := range nodes {
		for address := range 6 {
			harness.Await(t, "those who guess are kept out", func() string { // unless a try came back just now
				for answerOf(t, read(base, "another guess", from(2, address))) != "too_much" {
				}
				return answerOf(t, read(base, "hunter2", from(2, address)))
			}, func(answer string) bool { return answer == "too_much" })
		}
		for range 2 {
			assert.Equal(t, "ok", answerOf(t, read(base, "hunter2", from(3, i))))
		}
		for n, body := range []string{`{"password":"hunter2"}`, `{"invite":"` + invite + `"}`, `{"owner":"` + link + `"}`} {
			who := person(t, base, "Ann", from(4+n, i)...)
			assert.Equal(t, "ok", answerOf(t, who.do(t, "POST", room+"/enter", body)), body)
			assert.Equal(t, "ok", answerOf(t, who.do(t, "GET", room+"/messages", "")), body)
		}
		for address := range 6 {
			assert.Equal(t, "too_much", answerOf(t, read(base, "hunter2", from(2, address))), "those who guess, when it was right elsewhere")
		}
	}
}

// TestOwnedRoomsOfAllNodes makes rooms of its own on two nodes until there are as many as there may
// be: the next are refused in words, and those that are there, and rooms without an owner, go on.
func TestOwnedRoomsOfAllNodes(t *testing.T) {
	redis := harness.StartRedis(t)
	var nodes []string
	for range 2 {
		nodes = append(nodes, startNode(t, "--limits", "owned=4", "--redis-url", redis.URL()).URL)
	}
	olga := person(t, nodes[0], "Olga")
	var made []string
	for i := range 4 {
		made = append(made, "/rooms/"+want(t, olga.at(nodes[i%2]), "POST", "/rooms", "")["roomId"].(string))
	}
	for _, base := range nodes {
		refused := olga.at(base).do(t, "POST", "/rooms", "")
		assert.Equal(t, http.StatusServiceUnavailable, refused.Status)
		assert.Equal(t, "busy", refused.Problem(t).Code)
		assert.Contains(t, refused.Body, "with an owner")
		want(t, olga.at(base), "POST", made[0], "this one goes on")
		want(t, olga.at(base), "PATCH", made[3]+"/settings", `{"topic":"so does this"}`)
		want(t, olga.at(base), "POST", "/rooms/open", "and an open one")
	}
}
