package contract

import (
	"bytes"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/openapi"
)

func public(t *testing.T) *Contract {
	t.Helper()
	api, err := openapi.Public()
	require.NoError(t, err)
	c, err := New(api)
	require.NoError(t, err)
	return c
}

func answer(t *testing.T, method, path string, status int, media, body string) Answer {
	t.Helper()
	u, err := url.Parse("http://localhost" + path)
	require.NoError(t, err)
	return Answer{Method: method, URL: u, Status: status, Header: http.Header{"Content-Type": {media}}, Body: []byte(body)}
}

// The examples that docs/protocol.md, the Go tests and the TypeScript tests read.
func TestTheWiresExamplesAreAsDescribed(t *testing.T) {
	c := public(t)
	schemas := map[string]string{
		"replies/call": "CallToken", "replies/link": "SessionLink", "replies/members": "Roster", "replies/messages": "Page",
		"replies/room": "NewRoom", "replies/session-rooms": "SessionRooms", "replies/session": "NewSession",
		"replies/stream-messages": "Pages", "rules/bans": "Bans", "rules/hook": "NewToken", "rules/invite": "NewInvite", "rules/invites": "Invites",
		"rules/reports": "Reports", "rules/room-owned": "NewRoom", "rules/settings": "RoomSettings", "rules/token": "NewToken",
		"rules/tokens": "Tokens", "rules/webhook": "NewWebhook", "rules/webhooks": "Webhooks",
	}
	files, err := filepath.Glob("../../transport/wire/testdata/*/*.json")
	require.NoError(t, err)
	require.Greater(t, len(files), 50)
	for _, file := range files {
		folder, name := filepath.Base(filepath.Dir(file)), strings.TrimSuffix(filepath.Base(file), ".json")
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for line := range bytes.Lines(text) {
			switch schema := schemas[folder+"/"+name]; {
			case name == "unknown-entry":
				assert.Error(t, c.Event(line), "of a later version")
			case folder == "replies" && name == "push" || folder == "commands", name == "webhook-sent": // which no client is answered
			case schema != "":
				assert.NoError(t, c.Schema(schema, line), file)
			case folder == "errors":
				assert.NoError(t, c.Schema("Problem", line), file)
			default:
				assert.NoError(t, c.Event(line), file)
			}
		}
	}
}

func TestWhatIsNotDescribedIsAFault(t *testing.T) {
	c := public(t)
	const message = `{"type":"message","roomId":"lobby","id":"42-7f3a9c12","from":{"id":"x","name":"Ann"},"text":"hello","time":"2026-11-24T12:04:31.005Z"}`
	const problem = `{"type":"about:blank","title":"A field is not valid","status":422,"code":"invalid_field","field":"text"}`
	const left = `{"type":"about:blank","title":"You have left the room","status":409,"code":"left"}`
	of := func(path string) Answer { return answer(t, "POST", path, 201, "application/json", message) }
	for _, good := range []Answer{
		of("/rooms/lobby/messages"), of("/rooms/a%2Fb/messages/"), of("/chat/rooms/lobby"),
		answer(t, "POST", "/rooms/lobby", 422, "application/problem+json", problem),
		answer(t, "GET", "/nowhere", 404, "application/problem+json", `{"type":"about:blank","title":"x","status":404,"code":"not_found"}`),
		answer(t, "GET", "/rooms/lobby/messages?wait=25", 409, "application/problem+json", left), // a poll that waits
		answer(t, "GET", "/stream/messages?room=lobby", 409, "application/problem+json", left),
		answer(t, "DELETE", "/session", 204, "", ""),
		answer(t, "HEAD", "/rooms/lobby/members", 200, "application/json", ""),
		answer(t, "GET", "/rooms/lobby/files/f-1/cat.png", 200, "image/png", "\x89PNG"),
	} {
		assert.NoError(t, c.Answer(good))
	}
	for want, bad := range map[string]Answer{
		"POST /rooms/{room}/messages: 202: the status is not described":                  answer(t, "POST", "/rooms/lobby/messages", 202, "application/json", message),
		"POST /rooms/{room}/messages: 201: the content type text/plain is not described": answer(t, "POST", "/rooms/lobby/messages", 201, "text/plain", message),
		"POST /rooms/{room}/messages: 201 at /from":                                      answer(t, "POST", "/rooms/lobby/messages", 201, "application/json", strings.Replace(message, `"name"`, `"ip":"::1","name"`, 1)),
		"POST /rooms/{room}/messages: 201 at /id":                                        answer(t, "POST", "/rooms/lobby/messages", 201, "application/json", strings.Replace(message, `42-7f3a9c12`, `42`, 1)),
		"POST /rooms/{room}/messages: 422 at /code":                                      answer(t, "POST", "/rooms/lobby/messages", 422, "application/problem+json", strings.Replace(problem, "invalid_field", "infected", 1)),
		"POST /rooms/{room}/messages: 201: it is not JSON":                               answer(t, "POST", "/rooms/lobby/messages", 201, "application/json", message[1:]),
		"GET /nowhere: 200: it is not described":                                         answer(t, "GET", "/nowhere", 200, "application/json", "{}"),
		"GET /nowhere: 404: it is no problem":                                            answer(t, "GET", "/nowhere", 404, "text/plain", "404 page not found"),
		"DELETE /session: 204: it is described without a body":                           answer(t, "DELETE", "/session", 204, "", "x"),
		"GET /rooms/{room}/members: 200: valid":                                          answer(t, "GET", "/rooms/lobby/members", 200, "application/json", `{"roomId":"lobby","version":1}`),
		"GET /rooms/{room}/messages: 200 at /messages/0":                                 answer(t, "GET", "/rooms/lobby/messages", 200, "application/json", `{"messages":[{"type":"message"}],"cursor":"0-0","reset":false,"members":[],"version":0}`),
		"GET /rooms/{room}/messages: 200 at /messages/0/type":                            answer(t, "GET", "/rooms/lobby/messages", 200, "application/json", `{"messages":[{"type":"pin"}],"cursor":"0-0","reset":false,"members":[],"version":0}`),
	} {
		err := c.Answer(bad)
		var fault *Fault
		if assert.ErrorAs(t, err, &fault, want) && !strings.HasSuffix(want, "valid") {
			assert.Contains(t, err.Error(), want)
		}
	}
	assert.Error(t, c.Event([]byte(`{"type":"pong","late":true}`)))
	assert.Error(t, c.Event([]byte(`{"type":"live","roomId":"lobby"}`)))
}
