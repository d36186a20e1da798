package program

import (
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
)

// TestAHooksAddress takes what Slack's clients and GitHub send, on every node, once, by the room's
// rules, and is in no log.
func TestAHooksAddress(t *testing.T) {
	one, other, _ := twoNodes(t, "--log-level", "debug")
	ann := client.SignIn(t, one.URL, "Ann")
	room := ownedRoom(t, ann)
	hook := func(terms string) (path, id string) {
		made := ann.Do(t, http.MethodPost, "/rooms/"+room+"/tokens", terms, "Content-Type", "application/json")
		require.Equal(t, http.StatusCreated, made.Status, made.Body)
		url := field(t, made, "url")
		require.Contains(t, url, one.URL+"/rooms/"+room+"/hook/")
		return url[len(one.URL):], field(t, made, "id")
	}
	path, id := hook(`{"name":"CI","hook":true}`)
	push, err := os.ReadFile("../../webhooks/incoming/testdata/github_push.json")
	require.NoError(t, err)
	send := func(base, path, body string, headers ...string) client.Response {
		return client.Do(t, http.MethodPost, base+path, body, append([]string{"Content-Type", "application/json"}, headers...)...)
	}
	for _, base := range []string{one.URL, other.URL} {
		answer := send(base, path, `{"text":"hello <!channel>","username":"Ann"}`, "Idempotency-Key", "d-1")
		assert.Equal(t, http.StatusOK, answer.Status, answer.Body)
		assert.Equal(t, "ok", answer.Body)
		assert.Equal(t, "ok", send(base, path, string(push), "X-GitHub-Event", "push", "X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958").Body)
	}
	said := ann.Page(t, room, "")
	texts := said.Texts()
	require.Len(t, texts, 2, "each delivery once")
	assert.Equal(t, "Ann: hello @channel", texts[0])
	assert.Contains(t, texts[1], "pushed 7 commits")

	refused := send(one.URL, path, `{"hello":"world"}`)
	assert.Equal(t, http.StatusBadRequest, refused.Status)
	assert.Contains(t, refused.Problem(t).Detail, "Slack")
	assert.Equal(t, http.StatusNotFound, send(one.URL, path+"x", `{"text":"x"}`).Status)
	assert.Equal(t, http.StatusMethodNotAllowed, client.Do(t, http.MethodGet, one.URL+path, "").Status)
	secret := path[len("/rooms/"+room+"/hook/"):]
	for _, way := range [][2]string{{"GET", "/messages"}, {"POST", "/messages"}, {"GET", "/members"}, {"GET", "/tokens"}} {
		answer := client.Do(t, way[0], one.URL+"/rooms/"+room+way[1], "x", "Authorization", "Bearer "+secret)
		assert.Equal(t, http.StatusUnauthorized, answer.Status, "the address is good for nothing else: %s", way)
	}

	signed, _ := hook(`{"name":"signed","hook":true,"signingSecret":"s3cret"}`)
	assert.Equal(t, http.StatusUnauthorized, send(one.URL, signed, `{"text":"x"}`).Status)

	bot := client.Person{Base: other.URL, Token: field(t, ann.Do(t, http.MethodPost, "/rooms/"+room+"/tokens", `{"name":"bot"}`, "Content-Type", "application/json"), "token")}
	assert.Equal(t, "ok", bot.Do(t, http.MethodPost, "/rooms/"+room+"/hook", `{"text":"by token"}`, "Content-Type", "application/json").Body)
	assert.Equal(t, http.StatusUnauthorized, ann.Do(t, http.MethodPost, "/rooms/"+room+"/hook", `{"text":"as Ann"}`).Status)

	muted := ann.Do(t, http.MethodPost, "/rooms/"+room+"/members/"+id+"/mute", `{"for":600}`)
	require.Less(t, muted.Status, 300, muted.Body)
	assert.Equal(t, "muted", send(other.URL, path, `{"text":"x"}`).Problem(t).Code)
	revoked := ann.Do(t, http.MethodDelete, "/rooms/"+room+"/tokens/"+id, "")
	require.Equal(t, http.StatusNoContent, revoked.Status, revoked.Body)
	for _, base := range []string{one.URL, other.URL} {
		assert.Equal(t, http.StatusNotFound, send(base, path, `{"text":"x"}`).Status)
	}
	for _, node := range []string{one.Output.String(), other.Output.String()} {
		assert.Contains(t, node, "/hook/…")
		assert.NotContains(t, node, secret)
	}
}
