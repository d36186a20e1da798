package admin

import (
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
)

// calls are the addresses of the listener.
var calls = []string{
	"/api/health", "/api/nodes", "/api/stats", "/api/stream", "/api/rooms", "/api/rooms/lobby", "/api/rooms/lobby/members",
	"/api/rooms/lobby/messages", "/api/rooms/lobby/settings", "/api/rooms/lobby/bans", "/api/rooms/lobby/stream", "/api/audit",
	"/api/sessions/x", "/api/sessions/x/data", "/metrics", "/debug/pprof/", "/debug/pprof/heap", "/api/nothing",
}

func headers(pairs ...string) func(*http.Request) {
	return func(r *http.Request) {
		for i := 0; i+1 < len(pairs); i += 2 {
			switch {
			case pairs[i] == "Host":
				r.Host = pairs[i+1]
			case pairs[i+1] == "":
				r.Header.Del(pairs[i])
			default:
				r.Header.Set(pairs[i], pairs[i+1])
			}
		}
	}
}

type problem struct {
	Code, Field string
	Limit       int
}

func TestWhoHasNoToken(t *testing.T) {
	one := withAdmin(t)
	for _, path := range calls {
		for name, edit := range map[string]func(*http.Request){
			"none":    headers("Authorization", ""),
			"basic":   headers("Authorization", "Basic "+token),
			"forged":  headers("Authorization", "", "Cookie", "caller_admin="+strings.Repeat("A", 64)),
			"session": headers("Authorization", "", "Cookie", "caller_session="+token),
		} {
			var p problem
			assert.Equal(t, http.StatusUnauthorized, one.ask(t, "GET", path, "", &p, edit), "%s %s", name, path)
			assert.Equal(t, "session_required", p.Code)
		}
		assert.Equal(t, http.StatusNotFound, harness.Status(one.node.URL+path), "nothing of it is on the public address: %s", path)
		var p problem
		assert.Equal(t, http.StatusBadRequest, one.ask(t, "GET", path+"?token="+token, "", &p, headers("Authorization", "")), path)
		assert.Equal(t, "token_in_url", p.Code)
	}
	// The operator's token of the public address is another one, and so is a person's.
	ann := newPerson(t, one.node, "Ann")
	assert.Equal(t, http.StatusUnauthorized, one.ask(t, "GET", "/api/rooms", "", nil, headers("Authorization", "Bearer "+ann.token)))
	r, err := http.NewRequestWithContext(t.Context(), "DELETE", one.node.URL+"/rooms/lobby", nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	w, err := client.Do(r)
	require.NoError(t, err)
	require.NoError(t, w.Body.Close())
	assert.Equal(t, http.StatusUnauthorized, w.StatusCode, "the admin token is nothing on the public address")

	// Guesses are slowed down, and the operator is not.
	limited := 0
	for i := range 40 {
		if one.ask(t, "GET", "/api/rooms", "", nil, headers("Authorization", fmt.Sprintf("Bearer guess-%d", i))) == http.StatusTooManyRequests {
			limited++
		}
	}
	assert.Greater(t, limited, 20)
	assert.Equal(t, http.StatusOK, one.ask(t, "GET", "/api/rooms", "", nil))
	var audit struct{ Entries []struct{ Action string } }
	one.get(t, "/api/audit?action=login-denied", &audit)
	assert.NotEmpty(t, audit.Entries)
	assert.NotContains(t, one.node.Output.String(), token)
	assert.NotContains(t, one.node.Output.String(), "guess-")
}

// A page whose owner makes its own name lead here is of the listener's origin to its browser.
func TestRebindingAndOtherSites(t *testing.T) {
	one := withAdmin(t, "--admin-host", "admin.example")
	for _, host := range []string{"evil.example", "evil.example:9090", "127.0.0.1.evil.example", "localhost.evil.example", "admin.example.evil"} {
		for _, path := range append([]string{"/", "/login"}, calls...) {
			var p problem
			assert.Equal(t, http.StatusMisdirectedRequest, one.ask(t, "GET", path, "", &p, headers("Host", host, "X-Forwarded-Host", "127.0.0.1")), host+path)
			assert.Equal(t, "wrong_host", p.Code)
		}
	}
	for _, host := range []string{"admin.example", "localhost:1", "[::1]:9090", "127.0.0.1"} {
		assert.Equal(t, http.StatusOK, one.ask(t, "GET", "/api/health", "", nil, headers("Host", host)), host)
	}

	form := url.Values{"token": {token}}.Encode()
	login := func(edit ...func(*http.Request)) *http.Response {
		edit = append([]func(*http.Request){headers("Authorization", "", "Content-Type", "application/x-www-form-urlencoded")}, edit...)
		return one.send(t, "POST", "/login", form, edit...)
	}
	for _, of := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "http://evil.example"}, {"Origin", "null"}} {
		w := login(headers(of...))
		assert.Equal(t, http.StatusForbidden, w.StatusCode, of)
		assert.Empty(t, w.Cookies())
	}
	w := login()
	require.Equal(t, http.StatusNoContent, w.StatusCode)
	cookie := headers("Authorization", "", "Cookie", w.Cookies()[0].Name+"="+w.Cookies()[0].Value)
	assert.Equal(t, http.StatusOK, one.ask(t, "GET", "/api/rooms", "", nil, cookie, headers("Sec-Fetch-Site", "same-origin")))
	for _, of := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}} {
		assert.Equal(t, http.StatusUnauthorized, one.ask(t, "GET", "/api/rooms", "", nil, cookie, headers(of...)), of)
		for _, request := range [][2]string{{"POST", "/api/announce"}, {"DELETE", "/api/rooms/lobby"}, {"POST", "/logout"}} {
			assert.Equal(t, http.StatusForbidden, one.ask(t, request[0], request[1], `{"text":"x"}`, nil, cookie, headers(of...)), of)
		}
	}
	answer := one.send(t, "OPTIONS", "/api/rooms", "", headers("Origin", "http://evil.example", "Access-Control-Request-Method", "GET", "Authorization", ""))
	assert.Empty(t, answer.Header.Get("Access-Control-Allow-Origin"))
}

func TestHostileInput(t *testing.T) {
	one := withAdmin(t)
	require.Equal(t, http.StatusCreated, newPerson(t, one.node, "Ann").ask(t, "POST", "/rooms/lobby/messages", `{"text":"x"}`, nil))
	require.Equal(t, http.StatusCreated, one.ask(t, "POST", "/api/rooms/lobby/messages", `{"text":"x"}`, nil))
	long := strings.Repeat("a", 5000)
	for _, c := range []struct {
		method, path, body, field string
		limit                     int
	}{
		{"GET", "/api/rooms?limit=0", "", "limit", 200},
		{"GET", "/api/rooms?limit=201", "", "limit", 200},
		{"GET", "/api/rooms?limit=99999999999999999999", "", "limit", 200},
		{"GET", "/api/rooms?limit=-1", "", "limit", 200},
		{"GET", "/api/rooms?after=zzz", "", "after", 0},
		{"GET", "/api/rooms?after=bmFtZSBmYWxzZSAwIGxvYmJ5&sort=rate", "", "after", 0},
		{"GET", "/api/rooms?after=bmFtZSBmYWxzZSAwIC4uLy4u", "", "after", 0},
		{"GET", "/api/rooms?sort=password", "", "sort", 0},
		{"GET", "/api/rooms?order=up", "", "order", 0},
		{"GET", "/api/rooms?query=" + long, "", "query", 200},
		{"GET", "/api/rooms?qeury=x", "", "qeury", 0},
		{"GET", "/api/rooms?query=%ff", "", "query", 200},
		{"POST", "/api/announce?rooms=lobby", `{"text":"x"}`, "rooms", 0},
		{"DELETE", "/api/rooms/lobby/messages?before=1", "", "before", 0},
		{"GET", "/api/rooms/a%20b", "", "room", 64},
		{"GET", "/api/rooms/" + strings.Repeat("a", 65), "", "room", 64},
		{"GET", "/api/rooms/lobby/messages?before=1", "", "before", 0},
		{"GET", "/api/rooms/lobby/messages?limit=1001", "", "limit", 1000},
		{"GET", "/api/rooms/lobby/stream?after=x", "", "after", 0},
		{"GET", "/api/audit?before=x", "", "before", 0},
		{"GET", "/api/audit?limit=1e9", "", "limit", 1000},
		{"GET", "/api/sessions/" + strings.Repeat("a", 129), "", "id", 128},
		{"GET", "/api/sessions/a%0Ab", "", "id", 128},
		{"POST", "/api/announce", `{"text":""}`, "text", 0},
		{"POST", "/api/announce", `{"text":"` + long[:501] + `"}`, "text", 500},
		{"POST", "/api/announce", `{"text":"x","roms":["lobby"]}`, "roms", 0},
		{"POST", "/api/announce", `{"text":"x","rooms":"lobby"}`, "rooms", 0},
		{"POST", "/api/announce", `{"text":"x","rooms":["a b"]}`, "rooms", 0},
		{"POST", "/api/rooms/lobby/messages", `{"text":"` + long + `"}`, "text", 4000},
	} {
		var p problem
		assert.Equal(t, http.StatusUnprocessableEntity, one.ask(t, c.method, c.path, c.body, &p), "%s %.60s %.40s", c.method, c.path, c.body)
		assert.Equal(t, c.field, p.Field, "%.60s %.40s", c.path, c.body)
		if c.limit > 0 {
			assert.Equal(t, c.limit, p.Limit, "%.60s", c.path)
		}
	}
	for path, want := range map[string]int{
		"/api/rooms?%zz": 400, "/api/audit?before=0-0": 200, "/api/rooms/never-was": 404, "/api/": 404, "/api/rooms/lobby/members/": 404, "/debug/pprof/nothing": 404,
	} {
		assert.Equal(t, want, one.ask(t, "GET", path, "", nil), path)
	}
	for _, body := range []string{"", "[]", "{", "null", `"x"`, strings.Repeat("[", 10_000)} {
		assert.GreaterOrEqual(t, one.ask(t, "POST", "/api/announce", body, nil), 400, body[:min(5, len(body))])
	}
	assert.Equal(t, http.StatusRequestEntityTooLarge, one.ask(t, "POST", "/api/announce", `{"text":"`+strings.Repeat("a", 1<<20)+`"}`, nil))
	assert.Equal(t, http.StatusMethodNotAllowed, one.ask(t, "PUT", "/api/rooms", "", nil))
	// Nothing of it was done.
	var audit struct{ Entries []struct{ Action string } }
	one.get(t, "/api/audit", &audit)
	require.Len(t, audit.Entries, 1)
	assert.Equal(t, "post", audit.Entries[0].Action)
}

// Without the token, at an address that everybody has, or without an address nothing starts.
func TestRefusedToStart(t *testing.T) {
	run.Needed(t)
	for want, args := range map[string][]string{
		"needs --admin-token": {"--admin-addr", ":0"},
		"need --admin-addr":   {"--admin-token", token},
		"the same as --addr":  {"--admin-addr", "127.0.0.1:8099", "--addr", ":8099", "--admin-token", token},
		"want 32 or more":     {"--admin-addr", ":0", "--admin-token", "short"},
	} {
		out, err := exec.Command(run.Programs.Caller, args...).CombinedOutput()
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit, want)
		assert.Equal(t, 2, exit.ExitCode())
		assert.Contains(t, string(out), want)
		assert.NotContains(t, string(out), token)
	}
}

// A name that is mistyped makes no room, and nothing else: what is done about it is 404.
func TestNothingIsMadeOfRoomsThatAreNotThere(t *testing.T) {
	one, _, redis := two(t)
	ann := newPerson(t, one.node, "Ann")
	in := ann.follow(t, "/rooms/lobby/ndjson")
	in.live(t)
	for _, c := range [][3]string{
		{"DELETE", "/api/rooms/lobyb/messages"},
		{"DELETE", "/api/rooms/lobyb"},
		{"POST", "/api/rooms/lobyb/messages", `{"text":"x"}`},
		{"PATCH", "/api/rooms/lobyb/settings", `{"locked":true}`},
		{"POST", "/api/rooms/lobyb/members/" + ann.id + "/remove", `{}`},
		{"POST", "/api/rooms/lobyb/members/" + ann.id + "/ban", `{}`},
		{"POST", "/api/rooms/lobyb/members/" + ann.id + "/mute", `{}`},
		{"POST", "/api/rooms/lobyb/members/" + ann.id + "/role", `{"role":"guest"}`},
		{"DELETE", "/api/rooms/lobyb/members/" + ann.id + "/mute"},
		{"DELETE", "/api/rooms/lobyb/bans/x"},
		{"POST", "/api/announce", `{"text":"x","rooms":["lobyb"]}`},
	} {
		var p problem
		assert.Equal(t, http.StatusNotFound, one.ask(t, c[0], c[1], c[2], &p), "%s %s", c[0], c[1])
		assert.Equal(t, "not_found", p.Code, "%s %s", c[0], c[1])
	}
	var told struct{ Rooms, Failed int }
	require.Equal(t, http.StatusOK, one.ask(t, "POST", "/api/announce", `{"text":"hear","rooms":["lobyb","lobby"]}`, &told))
	assert.Equal(t, 1, told.Rooms)
	assert.Equal(t, 1, told.Failed)
	in.await(t, func(e event) bool { return e.Text == "hear" })
	store := redis.Client()
	defer func() { _ = store.Close() }()
	keys, err := store.Keys(t.Context(), "*lobyb*").Result()
	require.NoError(t, err)
	assert.Empty(t, keys)
	var list struct{ Total int }
	one.get(t, "/api/rooms?query=lobyb", &list)
	assert.Zero(t, list.Total)

	// One that was closed is known: that it was, is what is said.
	require.Equal(t, http.StatusNoContent, one.ask(t, "DELETE", "/api/rooms/lobby", "", nil))
	assert.Equal(t, http.StatusGone, one.ask(t, "DELETE", "/api/rooms/lobby", "", nil))
	assert.Equal(t, http.StatusGone, one.ask(t, "DELETE", "/api/rooms/lobby/messages", "", nil))
}
