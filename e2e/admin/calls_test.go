package admin

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

// stream is an NDJSON or event stream that is being read.
type stream struct{ events chan event }

type event struct {
	Type, Code, What, Text, ID string
	RoomID                     string
	Rooms                      []roomInfo // of /api/stream
}

// follow reads a stream of lines or events until its end, which closes the channel.
func follow(t testing.TB, r *http.Request) stream {
	t.Helper()
	w, err := (&http.Client{Transport: &http.Transport{}}).Do(r)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, w.StatusCode)
	t.Cleanup(func() { _ = w.Body.Close() })
	s := stream{make(chan event, 1000)}
	go func() {
		defer close(s.events)
		lines := bufio.NewScanner(w.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			line := strings.TrimPrefix(lines.Text(), "data: ")
			var e event
			if strings.HasPrefix(line, "{") && json.Unmarshal([]byte(line), &e) == nil {
				s.events <- e
			}
		}
	}()
	return s
}

// await is the next event that is wanted; ok is false when the stream ended first.
func (s stream) await(t testing.TB, wanted func(event) bool) event {
	t.Helper()
	for {
		select {
		case e, ok := <-s.events:
			if !ok {
				require.FailNow(t, "the stream ended before it came")
			}
			if wanted(e) {
				return e
			}
		case <-time.After(testwait.Limit):
			require.FailNow(t, "it does not come")
		}
	}
}

func (s stream) live(t testing.TB) {
	t.Helper()
	s.await(t, func(e event) bool { return e.Type == "live" })
}

// ended is the last event of a stream that ends.
func (s stream) ended(t testing.TB) (last event) {
	t.Helper()
	for {
		e := testwait.Receive(t, s.events, "the stream goes on")
		if e.Type == "" {
			return last
		}
		last = e
	}
}

func (p person) follow(t testing.TB, path string) stream {
	return follow(t, p.request(t, "GET", path, ""))
}

func (l listener) follow(t testing.TB, path string) stream {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", l.url+path, nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	return follow(t, r)
}

type roomInfo struct {
	Room, Title                     string
	Members, Messages, PerMinute    int
	Guests                          *int
	Owned, Locked, Password, Closed bool
	Kept                            struct{ First, Last string }
	Settings                        struct{ Locked bool }
	Rules                           struct{ Owners, Bans int }
}

// What one operator does is seen by those who are connected to the other node.
func TestOnAllNodes(t *testing.T) {
	one, other, _ := two(t)
	ann := newPerson(t, one.node, "Ann")
	bob := newPerson(t, other.node, "Bob")
	var made struct{ RoomID string }
	require.Equal(t, http.StatusCreated, ann.ask(t, "POST", "/rooms", `{"title":"Tea"}`, &made))
	room := "/rooms/" + made.RoomID
	his := bob.follow(t, room+"/ndjson")
	his.live(t)
	hers := ann.follow(t, room+"/ndjson")
	hers.live(t)
	require.Equal(t, http.StatusCreated, bob.ask(t, "POST", room+"/messages", `{"text":"hello"}`, nil))

	// Both listeners know where everybody is.
	var nodes struct {
		Nodes []struct {
			ID   string
			Self bool
		}
	}
	one.get(t, "/api/nodes", &nodes)
	require.Len(t, nodes.Nodes, 2)
	assert.NotEqual(t, nodes.Nodes[0].Self, nodes.Nodes[1].Self)
	var members struct {
		Members []struct{ ID, Name, Node, Transport, Role string }
	}
	one.get(t, "/api"+room+"/members", &members)
	require.Len(t, members.Members, 2)
	assert.NotEqual(t, members.Members[0].Node, members.Members[1].Node)
	for _, m := range members.Members {
		assert.Equal(t, "ndjson", m.Transport)
	}
	var info roomInfo
	other.get(t, "/api"+room, &info)
	assert.Equal(t, 2, info.Members)
	assert.True(t, info.Owned)
	assert.Equal(t, "Tea", info.Title)
	assert.Equal(t, 1, info.Rules.Owners)

	// An unseen reader gets what comes, and is in no roster.
	tail := other.follow(t, "/api"+room+"/stream?after="+info.Kept.Last)
	tail.live(t)
	require.Equal(t, http.StatusCreated, one.ask(t, "POST", "/api"+room+"/messages", `{"text":"from the operator"}`, nil))
	for _, s := range []stream{tail, his, hers} {
		assert.Equal(t, "from the operator", s.await(t, func(e event) bool { return e.Text == "from the operator" }).Text)
	}
	one.get(t, "/api"+room+"/members", &members)
	require.Len(t, members.Members, 2)
	var present struct{ Present bool }
	one.get(t, "/api"+room+"/members/"+bob.id, &present)
	assert.True(t, present.Present)

	// Settings, then a ban: his stream, on the other node, ends with it.
	require.Equal(t, http.StatusOK, other.ask(t, "PATCH", "/api"+room+"/settings", `{"topic":"at five"}`, nil))
	his.await(t, func(e event) bool { return e.Type == "notice" && e.What == "settings" })
	require.Equal(t, http.StatusOK, one.ask(t, "POST", "/api"+room+"/members/"+bob.id+"/ban", `{"for":3600,"reason":"noise"}`, nil))
	assert.Equal(t, "banned", his.ended(t).Code)
	assert.Equal(t, http.StatusForbidden, bob.ask(t, "POST", room+"/messages", `{"text":"again"}`, nil))
	var bans struct {
		Bans []struct {
			ID     string
			Member struct{ ID string }
			Reason string
		}
	}
	other.get(t, "/api"+room+"/bans", &bans)
	require.Len(t, bans.Bans, 1)
	assert.Equal(t, bob.id, bans.Bans[0].Member.ID)
	one.get(t, "/api"+room+"/members/"+bob.id, &present)
	assert.False(t, present.Present)
	require.Equal(t, http.StatusOK, one.ask(t, "DELETE", "/api"+room+"/bans/"+bans.Bans[0].ID, "", nil))
	his = bob.follow(t, room+"/ndjson")
	his.live(t)

	// Cleared on one node, seen on the other.
	require.Equal(t, http.StatusOK, other.ask(t, "DELETE", "/api"+room+"/messages", "", nil))
	for _, s := range []stream{hers, his, tail} {
		s.await(t, func(e event) bool { return e.Type == "notice" && e.What == "cleared" })
	}
	var log struct {
		Messages []struct{ Type, What string }
		Cursor   string
	}
	one.get(t, "/api"+room+"/messages", &log)
	require.Len(t, log.Messages, 1)
	assert.Equal(t, "cleared", log.Messages[0].What)

	// An announcement reaches every room with somebody in it.
	lobby := ann.follow(t, "/rooms/lobby/ndjson")
	lobby.live(t)
	var told struct{ Rooms, Failed int }
	require.Equal(t, http.StatusOK, one.ask(t, "POST", "/api/announce", `{"text":"Back at nine"}`, &told, func(r *http.Request) { r.Header.Set("Idempotency-Key", "k1") }))
	assert.Equal(t, 2, told.Rooms)
	for _, s := range []stream{hers, his, lobby} {
		e := s.await(t, func(e event) bool { return e.Type == "notice" && e.What == "announcement" })
		assert.Equal(t, "Back at nine", e.Text)
	}
	require.Equal(t, http.StatusOK, other.ask(t, "POST", "/api/announce", `{"text":"Back at nine"}`, &told, func(r *http.Request) { r.Header.Set("Idempotency-Key", "k1") }))
	one.get(t, "/api/rooms/lobby/messages", &log)
	require.Len(t, log.Messages, 1, "a repeat tells no room twice")

	// A session that is ended is out, on whatever node.
	var session struct {
		Name      string
		SignedOut bool
		Rooms     []struct {
			Room    string
			Present bool
		}
	}
	one.get(t, "/api/sessions/"+bob.id, &session)
	assert.Equal(t, "Bob", session.Name)
	require.NotEmpty(t, session.Rooms)
	require.Equal(t, http.StatusNoContent, one.ask(t, "DELETE", "/api/sessions/"+bob.id, "", nil))
	assert.Equal(t, "session_invalid", his.ended(t).Code)
	testwait.Until(t, func() bool { return bob.ask(t, "GET", room+"/messages", "", nil) == http.StatusUnauthorized }, "the session is still good")
	one.get(t, "/api/sessions/"+bob.id, &session)
	assert.True(t, session.SignedOut)

	// Closed for good.
	require.Equal(t, http.StatusNoContent, other.ask(t, "DELETE", "/api"+room, "", nil))
	assert.Equal(t, "room_closed", hers.ended(t).Code)
	assert.Equal(t, "room_closed", tail.ended(t).Code)
	assert.Equal(t, http.StatusGone, ann.ask(t, "POST", room+"/messages", `{"text":"x"}`, nil))

	// All of it is in the audit log, which both nodes read.
	var audit struct {
		Entries []struct {
			Action, Room, Node string
			Actor              struct{ Name, Via, Role string }
		}
	}
	other.get(t, "/api/audit?limit=100", &audit)
	var actions []string
	onNodes := map[string]bool{}
	for _, e := range audit.Entries {
		if e.Actor.Role == "operator" {
			actions = append(actions, e.Action)
		}
		onNodes[e.Node] = true
	}
	assert.Equal(t, []string{"close", "revoke-session", "announce", "announce", "clear", "unban", "ban", "settings", "post"}, actions)
	assert.Len(t, onNodes, 2)
	one.get(t, "/api/audit?action=own", &audit)
	require.Len(t, audit.Entries, 1)
	assert.Equal(t, "owner", audit.Entries[0].Actor.Role)
	assert.Equal(t, "Ann", audit.Entries[0].Actor.Name)
}

// What a person said in all rooms is told whole.
func TestDataOfASession(t *testing.T) {
	one := withAdmin(t)
	ann, bob := newPerson(t, one.node, "Ann"), newPerson(t, one.node, "Bob")
	for _, room := range []string{"a", "b", "c"} {
		require.Equal(t, http.StatusCreated, ann.ask(t, "POST", "/rooms/"+room+"/messages", `{"text":"mine"}`, nil))
		require.Equal(t, http.StatusCreated, bob.ask(t, "POST", "/rooms/"+room+"/messages", `{"text":"his"}`, nil))
	}
	in := ann.follow(t, "/rooms/a/ndjson")
	in.live(t)
	w := one.send(t, "GET", "/api/sessions/"+ann.id+"/data", "")
	assert.Equal(t, "application/x-ndjson", w.Header.Get("Content-Type"))
	text, err := io.ReadAll(w.Body)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	require.Len(t, lines, 5)
	assert.Contains(t, lines[0], `"type":"session"`)
	assert.Equal(t, 3, strings.Count(string(text), `"text":"mine"`))
	assert.NotContains(t, string(text), "his")
	assert.JSONEq(t, `{"type":"end","entries":3}`, lines[4])
	assert.Equal(t, http.StatusNotFound, one.ask(t, "GET", "/api/sessions/nobody", "", nil))
}

// The node and the listener stop while somebody looks.
func TestStopsWhileSomebodyLooks(t *testing.T) {
	one := withAdmin(t)
	all := one.follow(t, "/api/stream")
	tail := one.follow(t, "/api/rooms/lobby/stream")
	tail.live(t)
	profile := one.send(t, "GET", "/debug/pprof/trace?seconds=600", "", func(r *http.Request) { r.Header.Set("Accept", "*/*") })
	assert.Zero(t, one.node.Stop(t))
	for _, s := range []stream{all, tail} {
		for range s.events { // until it ends
		}
	}
	_, _ = io.Copy(io.Discard, profile.Body)
}
