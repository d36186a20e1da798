package server

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/auth"
	"github.com/caller-chat/caller/transport/wire"
)

// refusing is a policy that refuses one action in the room "closed".
type refusing struct {
	what chat.Action
	err  error
}

func (p refusing) Decide(_ context.Context, _ chat.Principal, room chat.RoomID, what chat.Action) error {
	if room == "closed" && what == p.what {
		return p.err
	}
	return nil
}

var refusals = []struct {
	err    error
	status int
	code   wire.Code
}{
	{chat.ErrNotAllowed, http.StatusForbidden, wire.CodeNotAllowed},
	{chat.ErrNotSignedIn, http.StatusUnauthorized, wire.CodeSessionRequired},
	{&chat.LimitError{RetryAfter: 1500 * time.Millisecond}, http.StatusTooManyRequests, wire.CodeTooMuch},
}

// annsToken is the token of a session by the key of [whole]'s servers.
func annsToken() string {
	token, err := auth.Session{ID: chat.NewMemberID(), Name: "Ann", Expires: time.Now().Add(time.Hour)}.Sign(benchKey, time.Now())
	if err != nil {
		panic(err) // a key of its own can be used
	}
	return token
}

// What a policy refuses is refused with the same status and code on every address that asks for it.
func TestARefusalIsAProblem(t *testing.T) {
	upgrade := []string{
		"Connection", "Upgrade", "Upgrade", "websocket",
		"Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==",
	}
	for _, request := range []struct {
		what         chat.Action
		method, path string
		headers      []string
	}{
		{chat.ActionPost, "POST", "/rooms/closed", nil},
		{chat.ActionPost, "POST", "/rooms/closed/messages", nil},
		{chat.ActionEdit, "PATCH", "/rooms/closed/messages/1-00000001", nil},
		{chat.ActionDelete, "DELETE", "/rooms/closed/messages/1-00000001", nil},
		{chat.ActionReact, "PUT", "/rooms/closed/messages/1-00000001/reactions/👍", nil},
		{chat.ActionReact, "DELETE", "/rooms/closed/messages/1-00000001/reactions/👍", nil},
		{chat.ActionSubscribe, "GET", "/rooms/closed/ws", upgrade},
		{chat.ActionSubscribe, "GET", "/stream/ws?room=closed", upgrade},
		{chat.ActionSubscribe, "GET", "/rooms/closed/sse", nil},
		{chat.ActionSubscribe, "GET", "/stream/sse?room=closed", nil},
		{chat.ActionSubscribe, "GET", "/rooms/closed/ndjson", nil},
		{chat.ActionSubscribe, "GET", "/stream/ndjson?room=closed", nil},
		{chat.ActionSubscribe, "GET", "/rooms/closed/text", nil},
		{chat.ActionSubscribe, "GET", "/rooms/closed", []string{"Accept", "text/event-stream"}},
		{chat.ActionSubscribe, "GET", "/rooms/closed/messages?wait=1", nil},
		{chat.ActionSubscribe, "GET", "/stream/messages?room=closed&wait=1", nil},
		{chat.ActionHistory, "GET", "/rooms/closed/messages", nil},
		{chat.ActionHistory, "GET", "/rooms/closed", nil},
		{chat.ActionMembers, "GET", "/rooms/closed/members", nil},
		{chat.ActionTyping, "POST", "/rooms/closed/typing", nil},
		{chat.ActionLeave, "POST", "/rooms/closed/leave", nil},
	} {
		for _, refusal := range refusals {
			t.Run(request.method+" "+request.path+" "+string(refusal.code), func(t *testing.T) {
				s := wholeBy(t, new(numbering), refusing{request.what, refusal.err})
				r := httptest.NewRequest(request.method, request.path, strings.NewReader("hello"))
				r.Header.Set("Authorization", "Bearer "+annsToken())
				if strings.HasSuffix(request.path, "/leave") {
					r.Body, r.ContentLength = http.NoBody, 0
				}
				for i := 0; i < len(request.headers); i += 2 {
					r.Header.Set(request.headers[i], request.headers[i+1])
				}
				w := httptest.NewRecorder()
				s.ServeHTTP(w, r)
				wantProblem(t, w, refusal.status, refusal.code)
				if refusal.code == wire.CodeTooMuch {
					assert.Equal(t, "2", w.Header().Get("Retry-After"))
				}
			})
		}
	}
}

// On a WebSocket that is open, what is refused is answered with an error event, and the connection
// goes on. A sign of typing is passed over.
func TestARefusalIsAnErrorEvent(t *testing.T) {
	for _, command := range []struct {
		what chat.Action
		text string
	}{
		{chat.ActionPost, `{"type":"post","roomId":"closed","text":"hello","key":"k-1"}`},
		{chat.ActionEdit, `{"type":"edit","roomId":"closed","target":"1-00000001","text":"x","key":"k-1"}`},
		{chat.ActionDelete, `{"type":"delete","roomId":"closed","target":"1-00000001","key":"k-1"}`},
		{chat.ActionReact, `{"type":"react","roomId":"closed","target":"1-00000001","emoji":"👍","key":"k-1"}`},
		{chat.ActionTyping, `{"type":"typing","roomId":"closed"}`},
		{chat.ActionSubscribe, `{"type":"join","roomId":"closed"}`},
	} {
		for _, refusal := range refusals {
			t.Run(string(command.what)+" "+string(refusal.code), func(t *testing.T) {
				web := httptest.NewServer(wholeBy(t, new(numbering), refusing{command.what, refusal.err}))
				defer web.Close()
				address := "ws" + strings.TrimPrefix(web.URL, "http") + "/stream/ws?room=open"
				if command.what != chat.ActionSubscribe {
					address += "&room=closed"
				}
				c, resp, err := websocket.DefaultDialer.Dial(address, http.Header{"Authorization": {"Bearer " + annsToken()}})
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				defer c.Close()
				for _, text := range []string{command.text, `{"type":"post","roomId":"open","text":"on","key":"k-2"}`} {
					require.NoError(t, c.WriteMessage(websocket.TextMessage, []byte(text)))
				}
				passedOver := command.what == chat.ActionTyping
				refused, acked := passedOver, false
				for !refused || !acked {
					var event struct{ Type, Code, RoomID, Key string }
					_, text, err := c.ReadMessage()
					require.NoError(t, err)
					require.NoError(t, json.Unmarshal(text, &event))
					switch event.Type {
					case "error":
						assert.False(t, passedOver)
						assert.Equal(t, string(refusal.code), event.Code)
						assert.Equal(t, "closed", event.RoomID)
						assert.Equal(t, strings.Contains(command.text, "key"), event.Key == "k-1")
						refused = true
					case "ack":
						acked = true
					}
				}
			})
		}
	}
}
