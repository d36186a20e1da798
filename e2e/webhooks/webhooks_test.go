package webhooks

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/internal/testwait"
)

func itoa(n int) string { return strconv.Itoa(n) }

const (
	nodeSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	adminToken = "an admin token that is long enough for it"
)

// hook is a room's hook.
type hook struct{ ID, Secret, URL, DisabledAt string }

func ownedRoom(t *testing.T, owner client.Person) string {
	t.Helper()
	made := owner.Do(t, http.MethodPost, "/rooms", "")
	require.Equal(t, http.StatusCreated, made.Status, made.Body)
	var room struct{ RoomID string }
	require.NoError(t, json.Unmarshal([]byte(made.Body), &room))
	return room.RoomID
}

func makeHook(t *testing.T, owner client.Person, room, url string, events ...string) (h hook) {
	t.Helper()
	terms := map[string]any{"url": url}
	if len(events) > 0 {
		terms["events"] = events
	}
	body, err := json.Marshal(terms)
	require.NoError(t, err)
	made := owner.Do(t, http.MethodPost, "/rooms/"+room+"/webhooks", string(body), "Content-Type", "application/json")
	require.Equal(t, http.StatusCreated, made.Status, made.Body)
	require.NoError(t, json.Unmarshal([]byte(made.Body), &h))
	require.True(t, strings.HasPrefix(h.Secret, "whsec_"))
	return h
}

func hooksOf(t *testing.T, owner client.Person, room string) (all []map[string]any) {
	t.Helper()
	answer := owner.Do(t, http.MethodGet, "/rooms/"+room+"/webhooks", "")
	require.Equal(t, http.StatusOK, answer.Status, answer.Body)
	require.NotContains(t, answer.Body, "whsec_", "a secret is told once")
	var list struct{ Webhooks []map[string]any }
	require.NoError(t, json.Unmarshal([]byte(answer.Body), &list))
	return list.Webhooks
}

// stores are the kinds of Redis that nodes run on here.
func stores(t *testing.T, test func(t *testing.T, args []string)) {
	t.Run("embedded", func(t *testing.T) { test(t, nil) })
	t.Run("redis", func(t *testing.T) { test(t, []string{"--redis-url", harness.StartRedis(t).URL()}) })
	if testing.Short() {
		return
	}
	t.Run("cluster", func(t *testing.T) { test(t, []string{"--redis-url", harness.StartCluster(t).URL()}) })
}

// TestWhatHooksAreTold: all that a hook asks for, and nothing else, in order, signed.
func TestWhatHooksAreTold(t *testing.T) {
	stores(t, func(t *testing.T, args []string) {
		all, some := startReceiver(t), startReceiver(t)
		ofNode := startReceiver(t, nodeSecret)
		node := programs.Node(t, append(args, "--webhook-allow-private", "--webhook", ofNode.url(), "--webhook-secret", nodeSecret,
			"--webhook-events", "message,room.closed")...)
		ann, bob := client.SignIn(t, node.URL, "Ann"), client.SignIn(t, node.URL, "Bob")
		room, other := ownedRoom(t, ann), ownedRoom(t, ann)
		first := makeHook(t, ann, room, all.url(), "message", "edit", "delete", "reaction", "joined", "left", "room.opened", "room.closed")
		second := makeHook(t, ann, room, some.url())
		all.knows(first.Secret)
		some.knows(second.Secret)

		reader := bob.Read(t, client.SSE, room, client.Options{})
		reader.WaitType(t, "live")
		all.wait(t, "Bob has come", func(got []got) bool { return len(got) >= 2 })
		said := ann.Post(t, room, "hello")
		ann.Amend(t, room, client.Command{Type: "edit", Target: said.ID, Text: "hello, all"})
		react := bob.Do(t, http.MethodPut, "/rooms/"+room+"/messages/"+said.ID+"/reactions/👍", "")
		require.Less(t, react.Status, 300, react.Body)
		deleted := ann.Do(t, http.MethodDelete, "/rooms/"+room+"/messages/"+said.ID, "")
		require.Less(t, deleted.Status, 300, deleted.Body)
		ann.Post(t, other, "in another room")
		client.Guest(node.URL, "Gus").Post(t, "open", "in a room nobody owns")
		reader.Drop()
		all.wait(t, "Bob has gone, and the room is empty", func(all []got) bool { return has(all, "room.closed") })

		assert.Equal(t, []string{"room.opened", "joined", "message", "edit", "reaction", "delete", "left", "room.closed"}, types(all.all()))
		some.wait(t, "the usual events", func(all []got) bool { return has(all, "delete") })
		assert.Equal(t, []string{"message", "edit", "delete"}, types(some.all()))
		ofNode.wait(t, "all rooms", func(all []got) bool { return len(all) >= 4 })
		assert.Equal(t, []string{"hello"}, onlyKept(ofNode.texts(room)))
		assert.Equal(t, []string{"in a room nobody owns"}, ofNode.texts("open"))
		assert.Equal(t, []string{"in another room"}, ofNode.texts(other))
		for _, r := range []*receiver{all, some, ofNode} {
			assert.Empty(t, r.faults())
		}
		assert.Equal(t, idOf(all.all(), "message"), idOf(some.all(), "message"), "an event has one id")

		closed := ann.Do(t, http.MethodDelete, "/rooms/"+room, "")
		require.Less(t, closed.Status, 300, closed.Body)
		all.wait(t, "the room is closed for good", func(all []got) bool {
			return len(all) > 0 && strings.Contains(all[len(all)-1].Body, `"forGood":true`)
		})
	})
}

// onlyKept are texts, where one may have been deleted before it was told.
func onlyKept(texts []string) []string {
	if len(texts) == 1 && texts[0] == "" {
		return []string{"hello"}
	}
	return texts
}

func has(all []got, kind string) bool { return idOf(all, kind) != "" }

func idOf(all []got, kind string) string {
	for _, g := range all {
		if g.Type == kind {
			return g.ID
		}
	}
	return ""
}

func types(all []got) (types []string) {
	for _, g := range all {
		types = append(types, g.Type)
	}
	return types
}

// TestAnAcknowledgedPostIsTold: the node that took it is killed right after it has answered.
func TestAnAcknowledgedPostIsTold(t *testing.T) {
	redis := harness.StartRedis(t)
	r := startReceiver(t)
	args := []string{"--redis-url", redis.URL(), "--webhook-allow-private"}
	one := programs.Node(t, args...)
	ann := client.SignIn(t, one.URL, "Ann")
	room := ownedRoom(t, ann)
	r.knows(makeHook(t, ann, room, r.url()).Secret)
	var want []string
	for i := range 5 {
		text := fmt.Sprint("before the end ", i)
		ann.Post(t, room, text)
		one.Kill()
		want = append(want, text)
		one = programs.Node(t, args...)
		ann = ann.At(one.URL)
	}
	r.wait(t, "all were told", func(all []got) bool { return len(all) == len(want) })
	assert.Equal(t, want, r.texts(room))
	assert.Empty(t, r.faults())
}

// TestASlowReceiverHoldsNobodyUp: neither another hook nor a post waits for it.
func TestASlowReceiverHoldsNobodyUp(t *testing.T) {
	slow, quick := startReceiver(t), startReceiver(t)
	free := make(chan struct{})
	slow.behave(func(http.ResponseWriter, got) bool { <-free; return true })
	node := programs.Node(t, "--webhook-allow-private")
	ann := client.SignIn(t, node.URL, "Ann")
	room := ownedRoom(t, ann)
	slow.knows(makeHook(t, ann, room, slow.url()).Secret)
	quick.knows(makeHook(t, ann, room, quick.url()).Secret)
	for i := range 20 {
		ann.Post(t, room, fmt.Sprint(i))
	}
	quick.wait(t, "the quick one has all", func(all []got) bool { return len(all) == 20 })
	assert.Empty(t, slow.all(), "the slow one has taken nothing yet")
	close(free)
	slow.wait(t, "the slow one has all", func(all []got) bool { return len(all) == 20 })
	assert.Equal(t, quick.texts(room), slow.texts(room), "in the same order")
}

// TestAReceiverThatFails gets what it missed later, in order; one that asks for time is given it, one
// that leads elsewhere is not followed, and one that is gone is told no more.
func TestAReceiverThatFails(t *testing.T) {
	r, elsewhere := startReceiver(t), startReceiver(t)
	node := programs.Node(t, "--webhook-allow-private")
	ann := client.SignIn(t, node.URL, "Ann")
	room := ownedRoom(t, ann)
	h := makeHook(t, ann, room, r.url())
	r.knows(h.Secret)
	refusals := 0
	r.behave(func(w http.ResponseWriter, g got) bool { // one after the other: its hook is told in order
		refusals++
		switch refusals {
		case 1:
			http.Error(w, strings.Repeat("no ", 100_000), http.StatusInternalServerError)
		case 2:
			http.Redirect(w, new(http.Request), elsewhere.url(), http.StatusTemporaryRedirect)
		case 3:
			w.Header().Set("Retry-After", "3")
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			return true
		}
		return false
	})
	ann.Post(t, room, "one")
	ann.Post(t, room, "two")
	testwait.Until(t, func() bool { return len(r.requests()) > 0 && hooksOf(t, ann, room)[0]["failing"] != nil }, "its owner sees that it fails")
	r.wait(t, "both were told", func(all []got) bool { return len(all) == 2 })
	assert.Equal(t, []string{"one", "two"}, r.texts(room))
	asked := r.requests()
	require.Len(t, asked, 5)
	for _, g := range asked[:4] {
		assert.Equal(t, asked[0].ID, g.ID, "it is the same however often it is sent")
	}
	assert.GreaterOrEqual(t, asked[3].At.Sub(asked[2].At), 3*time.Second, "not before the time that it asks for")
	assert.Empty(t, elsewhere.requests())
	testwait.Until(t, func() bool { return hooksOf(t, ann, room)[0]["failing"] == nil }, "it fails no more")

	r.behave(func(w http.ResponseWriter, g got) bool { w.WriteHeader(http.StatusGone); return false })
	ann.Post(t, room, "three")
	testwait.Until(t, func() bool { return hooksOf(t, ann, room)[0]["disabledAt"] != nil }, "a hook that is gone is switched off")
	before := len(r.requests())
	r.behave(nil)
	ann.Post(t, room, "four")
	on := ann.Do(t, http.MethodPatch, "/rooms/"+room+"/webhooks/"+h.ID, `{"enabled":true}`, "Content-Type", "application/json")
	require.Equal(t, http.StatusOK, on.Status, on.Body)
	ann.Post(t, room, "five")
	r.wait(t, "it is told again", hasText("five"))
	assert.Len(t, r.requests(), before+1)
	assert.Empty(t, r.faults())
}

// TestSecretsCanBeRotated: what knows any of the day's secrets can check what is sent meanwhile.
func TestSecretsCanBeRotated(t *testing.T) {
	r := startReceiver(t)
	node := programs.Node(t, "--webhook-allow-private")
	ann := client.SignIn(t, node.URL, "Ann")
	room := ownedRoom(t, ann)
	h := makeHook(t, ann, room, r.url())
	secrets := []string{h.Secret}
	for range 2 { // as if the first answer had not come
		var rotated hook
		answer := ann.Do(t, http.MethodPost, "/rooms/"+room+"/webhooks/"+h.ID+"/secret", "")
		require.Equal(t, http.StatusOK, answer.Status, answer.Body)
		require.NoError(t, json.Unmarshal([]byte(answer.Body), &rotated))
		require.NotContains(t, secrets, rotated.Secret)
		secrets = append(secrets, rotated.Secret)
	}
	for i, secret := range secrets {
		r.knows(secret)
		ann.Post(t, room, fmt.Sprint("for ", i))
		r.wait(t, "it is told", hasText(fmt.Sprint("for ", i)))
	}
	assert.Empty(t, r.faults())
}

// TestNothingPrivateIsAsked unless whoever runs the server says so.
func TestNothingPrivateIsAsked(t *testing.T) {
	r := startReceiver(t)
	node := programs.Node(t)
	ann := client.SignIn(t, node.URL, "Ann")
	room := ownedRoom(t, ann)
	_, port, _ := strings.Cut(r.addr, ":")
	for _, url := range []string{
		r.url(), "https://127.0.0.1:" + port, "https://localhost:" + port, "https://[::1]:" + port, "https://10.0.0.1/", "https://169.254.169.254/latest",
		"https://intranet/", "ftp://example.org/", "https://user:secret@example.org/", "", "https://" + strings.Repeat("a", 2000) + ".org/", "hello",
	} {
		body, err := json.Marshal(map[string]string{"url": url})
		require.NoError(t, err)
		answer := ann.Do(t, http.MethodPost, "/rooms/"+room+"/webhooks", string(body), "Content-Type", "application/json")
		assert.Equal(t, http.StatusUnprocessableEntity, answer.Status, url)
		assert.Equal(t, "url", answer.Problem(t).Field, url)
	}
	assert.Empty(t, hooksOf(t, ann, room))
	assert.Empty(t, r.requests())
}

// TestWhoMayKeepHooks is the owner, and there are ten at most.
func TestWhoMayKeepHooks(t *testing.T) {
	node := programs.Node(t, "--webhook-allow-private")
	ann, bob := client.SignIn(t, node.URL, "Ann"), client.SignIn(t, node.URL, "Bob")
	room := ownedRoom(t, ann)
	h := makeHook(t, ann, room, "http://127.0.0.1:1/")
	for _, way := range [][2]string{{"GET", ""}, {"POST", ""}, {"GET", "/" + h.ID}, {"PATCH", "/" + h.ID}, {"DELETE", "/" + h.ID}, {"POST", "/" + h.ID + "/secret"}} {
		answer := bob.Do(t, way[0], "/rooms/"+room+"/webhooks"+way[1], `{"url":"http://127.0.0.1:1/"}`, "Content-Type", "application/json")
		assert.Equal(t, http.StatusForbidden, answer.Status, "%s: %s", way, answer.Body)
	}
	assert.Equal(t, http.StatusConflict, ann.Do(t, "GET", "/rooms/nobodys/webhooks", "").Status)
	for range 9 {
		makeHook(t, ann, room, "http://127.0.0.1:1/")
	}
	answer := ann.Do(t, "POST", "/rooms/"+room+"/webhooks", `{"url":"http://127.0.0.1:1/"}`, "Content-Type", "application/json")
	assert.Equal(t, "webhooks", answer.Problem(t).Field)
	assert.Len(t, hooksOf(t, ann, room), 10)
	bad := ann.Do(t, "PATCH", "/rooms/"+room+"/webhooks/"+h.ID, `{"events":["everything"]}`, "Content-Type", "application/json")
	assert.Equal(t, "events", bad.Problem(t).Field)
	gone := ann.Do(t, "DELETE", "/rooms/"+room+"/webhooks/"+h.ID, "")
	assert.Equal(t, http.StatusNoContent, gone.Status)
	assert.Equal(t, http.StatusNotFound, ann.Do(t, "DELETE", "/rooms/"+room+"/webhooks/"+h.ID, "").Status)
	assert.Len(t, hooksOf(t, ann, room), 9)
}

// TestDeadLetters can be looked at, sent again and let go; what was deleted is not in them.
func TestDeadLetters(t *testing.T) {
	r := startReceiver(t)
	node, adminURL := withAdmin(t, "--webhook-allow-private", "--webhook-give-up", "1s")
	ann := client.SignIn(t, node.URL, "Ann")
	room := ownedRoom(t, ann)
	h := makeHook(t, ann, room, r.url())
	r.knows(h.Secret)
	r.behave(func(w http.ResponseWriter, g got) bool { w.WriteHeader(http.StatusTeapot); return false })
	said := ann.Post(t, room, "a secret")
	ann.Post(t, room, "kept")
	ann.Post(t, room, "let go")
	type letter struct {
		ID, Room, Hook, WebhookID, Type, URL, Error string
		Status                                      int
		Payload                                     json.RawMessage
	}
	dead := func() []letter {
		answer := admin(t, adminURL, "GET", "/api/webhooks/dead?hook="+h.ID)
		require.Equal(t, http.StatusOK, answer.Status, answer.Body)
		var list struct{ Dead []letter }
		require.NoError(t, json.Unmarshal([]byte(answer.Body), &list))
		return list.Dead
	}
	testwait.Until(t, func() bool { return len(dead()) == 3 }, "all three are dead")
	all := dead()
	assert.Equal(t, http.StatusTeapot, all[2].Status)
	assert.Contains(t, string(all[2].Payload), "a secret")
	deleted := ann.Do(t, http.MethodDelete, "/rooms/"+room+"/messages/"+said.ID, "")
	require.Less(t, deleted.Status, 300)
	for _, l := range dead() {
		assert.NotContains(t, string(l.Payload), "a secret", "what was deleted is gone")
	}
	assert.Equal(t, http.StatusConflict, admin(t, adminURL, "POST", "/api/webhooks/dead/"+all[1].ID+"/retry").Status)
	r.behave(nil)
	assert.Equal(t, http.StatusNoContent, admin(t, adminURL, "POST", "/api/webhooks/dead/"+all[1].ID+"/retry").Status)
	r.wait(t, "it is told after all", hasText("kept"))
	assert.Equal(t, http.StatusNoContent, admin(t, adminURL, "DELETE", "/api/webhooks/dead/"+all[0].ID).Status)
	assert.Equal(t, http.StatusNotFound, admin(t, adminURL, "DELETE", "/api/webhooks/dead/"+all[0].ID).Status)
	assert.Equal(t, http.StatusNotFound, admin(t, adminURL, "POST", "/api/webhooks/dead/hello/retry").Status)
	for _, l := range dead() {
		assert.NotEqual(t, all[1].ID, l.ID)
		assert.NotEqual(t, all[0].ID, l.ID)
	}
	assert.Equal(t, []string{
		"drop-dead-letter " + room + " " + all[0].ID, "retry-dead-letter " + room + " " + all[1].ID,
	}, operatorDid(t, adminURL), "what was refused was not done")
	assert.Empty(t, r.faults())
}

// withAdmin starts a node with an admin listener.
func withAdmin(t *testing.T, args ...string) (node *harness.Node, url string) {
	t.Helper()
	addr := "127.0.0.1:" + itoa(harness.FreePort(t))
	return programs.Node(t, append(args, "--admin-addr", addr, "--admin-token", adminToken)...), "http://" + addr
}

func admin(t *testing.T, base, method, path string) client.Response {
	t.Helper()
	return client.Do(t, method, base+path, "", "Authorization", "Bearer "+adminToken)
}

// operatorDid is what the audit log has of the operator, the latest first.
func operatorDid(t *testing.T, adminURL string) (all []string) {
	t.Helper()
	var log struct {
		Entries []struct {
			Action, Room string
			Target       struct{ ID string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(admin(t, adminURL, "GET", "/api/audit?actor=operator").Body), &log))
	for _, e := range log.Entries {
		all = append(all, e.Action+" "+e.Room+" "+e.Target.ID)
	}
	return all
}

// TestAHookOfANodeThatIsGone is switched off on all nodes, and on again by the operator.
func TestAHookOfANodeThatIsGone(t *testing.T) {
	r := startReceiver(t, nodeSecret)
	node, adminURL := withAdmin(t, "--webhook", r.url(), "--webhook-secret", nodeSecret)
	r.behave(func(w http.ResponseWriter, g got) bool { w.WriteHeader(http.StatusGone); return false })
	ann := client.SignIn(t, node.URL, "Ann")
	ann.Post(t, "tea", "one")
	var list struct {
		Webhooks []struct{ ID, URL, DisabledAt string }
	}
	testwait.Until(t, func() bool {
		require.NoError(t, json.Unmarshal([]byte(admin(t, adminURL, "GET", "/api/webhooks").Body), &list))
		return list.Webhooks[0].DisabledAt != ""
	}, "it is off")
	r.behave(nil)
	require.Equal(t, http.StatusNoContent, admin(t, adminURL, "POST", "/api/webhooks/"+list.Webhooks[0].ID+"/enable").Status)
	assert.Equal(t, []string{"enable-webhook  " + list.Webhooks[0].ID}, operatorDid(t, adminURL))
	ann.Post(t, "tea", "two")
	r.wait(t, "it is told again", hasText("two"))
	assert.Empty(t, r.faults())
}
