package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/chattest"
	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/server/auth"
	"github.com/caller-chat/caller/transport/wire"
)

// talk is a whole server on a store in memory, and those who speak.
type talk struct {
	*Server
	t        *testing.T
	ann, bob string // tokens
}

func newTalk(t *testing.T) *talk {
	t.Helper()
	token := func(name string) string {
		s := auth.Session{ID: chat.MemberID("id-" + name), Name: name, Expires: time.Now().Add(time.Hour)}
		signed, err := s.Sign(benchKey, time.Now())
		require.NoError(t, err)
		return signed
	}
	store := chattest.New(chattest.Options{})
	return &talk{Server: wholeOn(t, store.Node("n"), nil), t: t, ann: token("Ann"), bob: token("Bob")}
}

// answer is an entry or a problem.
type answer struct {
	Status                             int
	Type, ID, Target, Text, Key, Emoji string
	On, Deleted                        bool
	Code, Field, Detail                string
	Mentions                           []string
	ReplyTo                            *struct {
		ID, Excerpt string
		From        struct{ Name string }
	}
	EditedAt  string
	Reactions []struct {
		Emoji string
		Count int
		By    []string
	}
}

// ask makes a request with a token, or as a guest.
func (k *talk) ask(token, method, target, body string, headers ...string) answer {
	k.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	k.ServeHTTP(w, r)
	a := answer{}
	require.NoError(k.t, json.Unmarshal(w.Body.Bytes(), &a), w.Body.String())
	a.Status = w.Code
	return a
}

// kept is what the log has.
func (k *talk) kept(query string) (all []answer) {
	k.t.Helper()
	w := httptest.NewRecorder()
	k.ServeHTTP(w, httptest.NewRequest("GET", "/rooms/lobby/messages"+query, nil))
	var page struct{ Messages []answer }
	require.NoError(k.t, json.Unmarshal(w.Body.Bytes(), &page))
	return page.Messages
}

func TestAmendmentsOverHTTP(t *testing.T) {
	k := newTalk(t)
	first := k.ask(k.ann, "POST", "/rooms/lobby", "hello")
	at := "/rooms/lobby/messages/" + first.ID

	edit := k.ask(k.ann, "PATCH", at, `{"text":"hello again","key":"k-1","mentions":["id-Bob"]}`, "Content-Type", "application/json")
	require.Equal(t, http.StatusOK, edit.Status, edit.Detail)
	require.Equal(t, "edit", edit.Type)
	require.Equal(t, first.ID, edit.Target)
	require.Equal(t, "hello again", edit.Text)
	require.Equal(t, "k-1", edit.Key)
	require.Equal(t, []string{"id-Bob"}, edit.Mentions)
	require.Equal(t, edit, k.ask(k.ann, "PATCH", at, `{"text":"hello again","mentions":["id-Bob"]}`,
		"Content-Type", "application/json", "Idempotency-Key", "k-1"), "a repeat")
	require.Equal(t, "key_reused", k.ask(k.ann, "PATCH", at, "something else", "Idempotency-Key", "k-1").Code)
	require.Equal(t, []string{"id-Bob"}, k.kept("")[0].Mentions)

	for _, c := range []struct{ media, body string }{
		{"application/x-www-form-urlencoded", "typed"}, // curl -X PATCH -d
		{"application/x-www-form-urlencoded", "text=typed"},
		{"text/plain", "typed\n"},
	} {
		edit = k.ask(k.ann, "PATCH", at, c.body, "Content-Type", c.media)
		require.Equal(t, "typed", edit.Text)
		now := k.kept("")[0]
		require.Equal(t, "typed", now.Text)
		require.NotEmpty(t, now.EditedAt)
		require.Empty(t, now.Mentions, "an edit has its own")
	}

	for range 2 {
		on := k.ask(k.bob, "PUT", at+"/reactions/👍", "")
		require.Equal(t, http.StatusOK, on.Status, on.Detail)
		require.Equal(t, "reaction", on.Type)
		require.Equal(t, "👍", on.Emoji)
		require.True(t, on.On)
	}
	now := k.kept("")[0]
	require.Len(t, now.Reactions, 1)
	require.Equal(t, []string{"id-Bob"}, now.Reactions[0].By)
	for range 2 {
		off := k.ask(k.bob, "DELETE", at+"/reactions/👍", "")
		require.Equal(t, http.StatusOK, off.Status, off.Detail)
		require.False(t, off.On)
	}
	require.Empty(t, k.kept("")[0].Reactions)

	for range 2 {
		gone := k.ask(k.ann, "DELETE", at, "")
		require.Equal(t, http.StatusOK, gone.Status, gone.Detail)
		require.Equal(t, "delete", gone.Type)
	}
	now = k.kept("")[0]
	require.True(t, now.Deleted)
	require.Empty(t, now.Text)

	kinds := ""
	for _, e := range k.kept("?after=" + first.ID) {
		kinds += e.Type + " "
	}
	require.Equal(t, "void void void void void void delete ", kinds, "a poll has amendments too, without what has been deleted")
}

func TestRefusedAmendments(t *testing.T) {
	k := newTalk(t)
	first := k.ask(k.ann, "POST", "/rooms/lobby", "hello")
	gone := k.ask(k.ann, "POST", "/rooms/lobby", "gone")
	at, deleted, nowhere := "/rooms/lobby/messages/"+first.ID, "/rooms/lobby/messages/"+gone.ID, "/rooms/lobby/messages/99-7f3a9c12"
	require.Equal(t, http.StatusOK, k.ask(k.ann, "DELETE", deleted, "").Status)
	for _, c := range []struct {
		token, method, target, body string
		status                      int
		code, field                 string
	}{
		{k.bob, "PATCH", at, "mine", 403, "not_allowed", ""},
		{k.bob, "DELETE", at, "", 403, "not_allowed", ""},
		{"", "PATCH", at, "mine", 403, "not_allowed", ""},
		{"", "DELETE", at, "", 403, "not_allowed", ""},
		{"", "PUT", at + "/reactions/👍", "", 403, "not_allowed", ""},
		{k.ann, "PATCH", nowhere, "x", 404, "not_found", ""},
		{k.ann, "DELETE", nowhere, "", 404, "not_found", ""},
		{k.ann, "PUT", nowhere + "/reactions/👍", "", 404, "not_found", ""},
		{k.ann, "PATCH", "/rooms/lobby/messages/42", "x", 404, "not_found", ""},
		{k.ann, "DELETE", "/rooms/lobby/messages/0-0", "", 404, "not_found", ""},
		{k.ann, "PATCH", deleted, "x", 409, "conflict", ""},
		{k.bob, "DELETE", deleted, "", 409, "conflict", ""},
		{k.ann, "PUT", deleted + "/reactions/👍", "", 409, "conflict", ""},
		{k.ann, "DELETE", deleted + "/reactions/👍", "", 409, "conflict", ""},
		{k.ann, "PATCH", at, "", 422, "invalid_field", "text"},
		{k.ann, "PATCH", at, strings.Repeat("x", chat.MaxText+1), 422, "invalid_field", "text"},
		{k.ann, "PUT", at + "/reactions/hello", "", 422, "invalid_field", "emoji"},
		{k.ann, "PUT", at + "/reactions/👍👍", "", 422, "invalid_field", "emoji"},
		{k.ann, "PUT", at + "/reactions/%FF", "", 422, "invalid_field", "emoji"},
		{k.ann, "PUT", at + "/reactions/%2F", "", 422, "invalid_field", "emoji"},
		{k.ann, "PUT", at + "/reactions/" + strings.Repeat("%E2%80%8D", 30), "", 422, "invalid_field", "emoji"},
		{k.ann, "PATCH", "/rooms/a%20b/messages/" + first.ID, "x", 422, "invalid_field", "room"},
	} {
		a := k.ask(c.token, c.method, c.target, c.body)
		about := c.method + " " + c.target
		assert.Equal(t, c.status, a.Status, about)
		assert.Equal(t, c.code, a.Code, about)
		assert.Equal(t, c.field, a.Field, about)
		assert.NotEmpty(t, a.Detail, about)
		if c.token == "" {
			assert.Contains(t, a.Detail, "session", about)
		}
	}
	require.Equal(t, "hello", k.kept("")[0].Text)
	require.Empty(t, k.kept("")[0].Reactions)
}

func TestRepliesAndMentionsOverHTTP(t *testing.T) {
	k := newTalk(t)
	first := k.ask(k.ann, "POST", "/rooms/lobby", "tea?")
	for _, c := range []struct{ media, body string }{
		{"application/json", `{"text":"@Ann yes","replyTo":"` + first.ID + `","mentions":["id-Ann"]}`},
		{"application/json", `{"text":"@Ann yes","replyTo":{"id":"` + first.ID + `"},"mentions":["id-Ann"]}`},
		{"application/x-www-form-urlencoded", "text=%40Ann+yes&replyTo=" + first.ID + "&mentions=id-Ann"},
		{"multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=text\r\n\r\n@Ann yes\r\n" +
			"--b\r\nContent-Disposition: form-data; name=replyTo\r\n\r\n" + first.ID + "\r\n" +
			"--b\r\nContent-Disposition: form-data; name=mentions\r\n\r\nid-Ann\r\n--b--\r\n"},
	} {
		reply := k.ask(k.bob, "POST", "/rooms/lobby/messages", c.body, "Content-Type", c.media)
		require.Equal(t, http.StatusCreated, reply.Status, reply.Detail)
		require.Equal(t, "@Ann yes", reply.Text)
		require.Equal(t, []string{"id-Ann"}, reply.Mentions)
		require.NotNil(t, reply.ReplyTo)
		require.Equal(t, first.ID, reply.ReplyTo.ID)
		require.Equal(t, "Ann", reply.ReplyTo.From.Name)
		require.Equal(t, "tea?", reply.ReplyTo.Excerpt)
	}
	for body, want := range map[string]string{
		`{"text":"a","replyTo":"99-7f3a9c12"}`:                            "404 not_found ",
		`{"text":"a","replyTo":"first"}`:                                  "422 invalid_field replyTo",
		`{"text":"a","replyTo":7}`:                                        "400 malformed ",
		`{"text":"a","mentions":["x",""]}`:                                "422 invalid_field mentions",
		`{"text":"a","mentions":[` + strings.Repeat(`"x",`, 50) + `"x"]}`: "422 invalid_field mentions",
		`{"text":"a","mentions":"x"}`:                                     "400 malformed ",
	} {
		a := k.ask(k.bob, "POST", "/rooms/lobby/messages", body, "Content-Type", "application/json")
		assert.Equal(t, want, fmt.Sprint(a.Status, " ", a.Code, " ", a.Field), body)
	}
}

func TestAmendmentsOverWebSocket(t *testing.T) {
	for _, address := range []string{"/rooms/lobby/ws", "/stream/ws?room=lobby&room=kitchen"} {
		t.Run(address, func(t *testing.T) {
			k := newTalk(t)
			web := httptest.NewServer(k)
			t.Cleanup(web.Close)
			dialed := "ws" + strings.TrimPrefix(web.URL, "http") + address
			c, resp, err := websocket.DefaultDialer.Dial(dialed, http.Header{"Authorization": {"Bearer " + k.ann}})
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			t.Cleanup(func() { _ = c.Close() })
			told := map[string]answer{}
			// do sends a command, with the room where there are several, and gives the answer and
			// the entry that it led to, if any.
			do := func(command, key string) (answered, entry answer) {
				t.Helper()
				if strings.HasPrefix(address, "/stream") {
					command = strings.Replace(command, "{", `{"roomId":"lobby",`, 1)
				}
				require.NoError(t, c.WriteMessage(websocket.TextMessage, []byte(command)))
				for answered.Type == "" || answered.Type == "ack" && answered.ID != "0-0" && told[answered.ID].ID == "" {
					require.NoError(t, c.SetReadDeadline(testwait.Deadline()))
					_, text, err := c.ReadMessage()
					require.NoError(t, err)
					if strings.HasPrefix(string(text), `{"type":"read"`) {
						continue
					}
					var e answer
					require.NoError(t, json.Unmarshal(text, &e))
					switch {
					case e.Type == "ack" || e.Type == "error":
						require.Equal(t, key, e.Key)
						answered = e
					default:
						told[e.ID] = e
					}
				}
				return answered, told[answered.ID]
			}
			_, first := do(`{"type":"post","key":"k-1","text":"tea?"}`, "k-1")
			require.Equal(t, "tea?", first.Text)
			_, reply := do(`{"type":"post","key":"k-2","text":"yes @Ann","replyTo":"`+first.ID+`","mentions":["id-Ann"]}`, "k-2")
			require.Equal(t, first.ID, reply.ReplyTo.ID)
			require.Equal(t, []string{"id-Ann"}, reply.Mentions)

			ack, edit := do(`{"type":"edit","key":"k-3","target":"`+first.ID+`","text":"coffee?"}`, "k-3")
			require.Equal(t, "edit", edit.Type)
			require.Equal(t, "coffee?", edit.Text)
			again, _ := do(`{"type":"edit","key":"k-3","target":"`+first.ID+`","text":"coffee?"}`, "k-3")
			require.Equal(t, ack, again)
			_, on := do(`{"type":"react","key":"k-4","target":"`+first.ID+`","emoji":"☕"}`, "k-4")
			require.Equal(t, "reaction", on.Type)
			require.True(t, on.On)
			nothing, _ := do(`{"type":"react","key":"k-5","target":"`+first.ID+`","emoji":"☕","on":true}`, "k-5")
			require.Equal(t, "ack", nothing.Type)
			require.Equal(t, "0-0", nothing.ID, "nothing was appended")
			_, off := do(`{"type":"react","key":"k-6","target":"`+first.ID+`","emoji":"☕","on":false}`, "k-6")
			require.False(t, off.On)
			_, gone := do(`{"type":"delete","key":"k-7","target":"`+first.ID+`"}`, "k-7")
			require.Equal(t, "delete", gone.Type)

			theirs := k.ask(k.bob, "POST", "/rooms/lobby", "mine")
			for command, want := range map[string]wire.Code{
				`{"type":"edit","key":"k","target":"` + first.ID + `","text":"x"}`:      wire.CodeConflict,
				`{"type":"react","key":"k","target":"` + first.ID + `","emoji":"☕"}`:    wire.CodeConflict,
				`{"type":"edit","key":"k","target":"` + theirs.ID + `","text":"x"}`:     wire.CodeNotAllowed,
				`{"type":"delete","key":"k","target":"` + theirs.ID + `"}`:              wire.CodeNotAllowed,
				`{"type":"delete","key":"k","target":"99-7f3a9c12"}`:                    wire.CodeNotFound,
				`{"type":"delete","key":"k","target":"99"}`:                             wire.CodeInvalidField,
				`{"type":"delete","key":"k"}`:                                           wire.CodeInvalidField,
				`{"type":"react","key":"k","target":"` + theirs.ID + `","emoji":"tea"}`: wire.CodeInvalidField,
				`{"type":"edit","key":"k-3","target":"` + theirs.ID + `","text":"x"}`:   wire.CodeKeyReused,
			} {
				key := "k"
				if want == wire.CodeKeyReused {
					key = "k-3"
				}
				refused, _ := do(command, key)
				require.Equal(t, string(want), refused.Code, command)
				require.NotEmpty(t, refused.Detail, command)
			}
		})
	}
}
