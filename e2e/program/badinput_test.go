package program

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// refusal is how a request is refused, by the table of errors in docs/protocol.md.
type refusal struct {
	status int
	code   string
	field  string
	limit  int
}

// asJSON is the header of a JSON body.
var asJSON = []string{"Content-Type", "application/json"}

func TestBadRequests(t *testing.T) {
	node := startNode(t)
	undisturbed := witnesses(t, node)
	const messages = "/rooms/kitchen/messages"
	long := strings.Repeat("я", 4001)
	text := func(s string) string { return fmt.Sprintf(`{"text":%q}`, s) }

	tests := []struct {
		name    string
		method  string
		path    string
		body    string
		headers []string
		want    refusal
	}{
		// The room.
		{"a space in the room", "POST", "/rooms/a%20b/messages", "hello", nil, refusal{422, "invalid_field", "room", 0}},
		{"a slash in the room", "POST", "/rooms/a%2Fb/messages", "hello", nil, refusal{422, "invalid_field", "room", 0}},
		{"markup in the room", "GET", "/rooms/%3Cb%3E/messages", "", nil, refusal{422, "invalid_field", "room", 0}},
		{"a line break in the room", "GET", "/rooms/a%0Ab/messages", "", nil, refusal{422, "invalid_field", "room", 0}},
		{"dots for a room", "GET", "/rooms/%2E%2E/messages", "", nil, refusal{422, "invalid_field", "room", 0}},
		{"invalid UTF-8 in the room", "GET", "/rooms/%FF/messages", "", nil, refusal{422, "invalid_field", "room", 0}},
		{"65 characters in the room", "POST", "/rooms/" + strings.Repeat("%D1%8F", 65) + "/messages", "hello", nil, refusal{422, "invalid_field", "room", 64}},
		{"a bad room to stream", "GET", "/rooms/a%20b/sse", "", nil, refusal{422, "invalid_field", "room", 0}},
		{"a bad room to stream as lines", "GET", "/rooms/a%20b/ndjson", "", nil, refusal{422, "invalid_field", "room", 0}},
		{"a bad room to stream as text", "GET", "/rooms/a%20b/text", "", nil, refusal{422, "invalid_field", "room", 0}},
		{"a bad room among several", "GET", "/stream/sse?room=a&room=b%20c", "", nil, refusal{422, "invalid_field", "room", 0}},
		{"members of a bad room", "GET", "/rooms/a%20b/members", "", nil, refusal{422, "invalid_field", "room", 0}},

		// The text.
		{"an empty text", "POST", messages, text(""), asJSON, refusal{422, "invalid_field", "text", 0}},
		{"no text", "POST", messages, `{}`, asJSON, refusal{422, "invalid_field", "text", 0}},
		{"an empty body", "POST", messages, "", nil, refusal{422, "invalid_field", "text", 0}},
		{"an empty form", "POST", messages, "text=", []string{"Content-Type", "application/x-www-form-urlencoded"}, refusal{422, "invalid_field", "text", 0}},
		{"white space only", "POST", messages, text(" \n\t\u00a0\u3000"), asJSON, refusal{422, "invalid_field", "text", 0}},
		{"4001 characters", "POST", messages, text(long), asJSON, refusal{422, "invalid_field", "text", 4000}},
		{"4001 characters as they are", "POST", messages, long, []string{"Content-Type", "text/plain"}, refusal{422, "invalid_field", "text", 4000}},
		{"a body over 64 KiB", "POST", messages, text(strings.Repeat("a", 65536)), asJSON, refusal{413, "too_large", "", 0}},
		{"a raw body over 64 KiB", "POST", "/rooms/kitchen", strings.Repeat("a", 65537), []string{"Content-Type", "text/plain"}, refusal{413, "too_large", "", 0}},
		{"invalid UTF-8", "POST", messages, "caf\xe9", []string{"Content-Type", "text/plain"}, refusal{400, "invalid_utf8", "text", 0}},
		{"invalid UTF-8 in JSON", "POST", messages, "{\"text\":\"caf\xe9\"}", asJSON, refusal{400, "invalid_utf8", "text", 0}},
		{"invalid UTF-8 in a form", "POST", messages, "text=caf%E9", []string{"Content-Type", "application/x-www-form-urlencoded"}, refusal{400, "invalid_utf8", "text", 0}},
		{"malformed JSON", "POST", messages, `{"text":`, asJSON, refusal{400, "malformed", "", 0}},
		{"JSON of another shape", "POST", messages, `["text"]`, asJSON, refusal{400, "malformed", "", 0}},
		{"a text that is a number", "POST", messages, `{"text":42}`, asJSON, refusal{400, "malformed", "", 0}},
		{"more after the JSON", "POST", messages, `{"text":"a"}{"text":"b"}`, asJSON, refusal{400, "malformed", "", 0}},
		{"a malformed form", "POST", messages, "text=%zz", []string{"Content-Type", "application/x-www-form-urlencoded"}, refusal{400, "malformed", "", 0}},
		{"a picture", "POST", messages, "\x89PNG", []string{"Content-Type", "image/png"}, refusal{415, "unsupported", "", 0}},
		{"bytes", "POST", messages, "\x00\x01", []string{"Content-Type", "application/octet-stream"}, refusal{415, "unsupported", "", 0}},

		// The key.
		{"65 characters in the key", "POST", messages, `{"text":"a","key":"` + strings.Repeat("k", 65) + `"}`, asJSON, refusal{422, "invalid_field", "key", 64}},
		{"a space in the key", "POST", messages, `{"text":"a","key":"k 1"}`, asJSON, refusal{422, "invalid_field", "key", 0}},
		{"a key that is not ASCII", "POST", messages, `{"text":"a","key":"ключ"}`, asJSON, refusal{422, "invalid_field", "key", 0}},
		{"a bad Idempotency-Key", "POST", messages, "a", []string{"Idempotency-Key", "k 1"}, refusal{422, "invalid_field", "key", 0}},

		// Places and numbers.
		{"a malformed cursor", "GET", messages + "?after=42", "", nil, refusal{422, "invalid_field", "after", 0}},
		{"a malformed before", "GET", messages + "?before=42-XYZ", "", nil, refusal{422, "invalid_field", "before", 0}},
		{"a malformed cursor of a stream", "GET", "/rooms/kitchen/sse?after=first", "", nil, refusal{422, "invalid_field", "after", 0}},
		{"a malformed Last-Event-ID", "GET", "/rooms/kitchen/sse", "", []string{"Last-Event-ID", "42"}, refusal{422, "invalid_field", "after", 0}},
		{"a malformed cursor among several", "GET", "/stream/ndjson?room=a@42", "", nil, refusal{422, "invalid_field", "after", 0}},
		{"limit 0", "GET", messages + "?limit=0", "", nil, refusal{422, "invalid_field", "limit", 1000}},
		{"limit 1001", "GET", messages + "?limit=1001", "", nil, refusal{422, "invalid_field", "limit", 1000}},
		{"a limit that is no number", "GET", messages + "?limit=ten", "", nil, refusal{422, "invalid_field", "limit", 1000}},
		{"wait 61", "GET", messages + "?wait=61", "", nil, refusal{422, "invalid_field", "wait", 60}},
		{"wait -1", "GET", messages + "?wait=-1", "", nil, refusal{422, "invalid_field", "wait", 60}},
		{"history -1", "GET", "/rooms/kitchen/ndjson?history=-1", "", nil, refusal{422, "invalid_field", "history", 0}},
		{"a malformed query", "GET", messages + "?limit=%zz", "", nil, refusal{400, "malformed", "", 0}},

		// Who it is.
		{"a name of 41 characters", "POST", "/session", `{"name":"` + strings.Repeat("ы", 41) + `"}`, asJSON, refusal{422, "invalid_field", "name", 40}},
		{"an empty name", "POST", "/session", `{"name":" "}`, asJSON, refusal{422, "invalid_field", "name", 0}},
		{"a control character in the name", "POST", "/session", `{"name":"A\u001b[2Jnn"}`, asJSON, refusal{422, "invalid_field", "name", 0}},
		{"a guest's name of 41 characters", "POST", messages + "?name=" + strings.Repeat("y", 41), "hello", nil, refusal{422, "invalid_field", "name", 40}},
		{"a guest's name with a control character", "POST", messages + "?name=A%07nn", "hello", nil, refusal{422, "invalid_field", "name", 0}},
		{"a malformed session", "POST", "/session", `{"name":`, asJSON, refusal{400, "malformed", "", 0}},
		{"a forged token", "POST", messages, "hello", []string{"Authorization", "Bearer " + forgedToken}, refusal{401, "session_invalid", "", 0}},
		{"a forged cookie", "GET", messages, "", []string{"Cookie", "caller_session=abc"}, refusal{401, "session_invalid", "", 0}},
		{"a forged token to stream", "GET", "/rooms/kitchen/sse", "", []string{"Authorization", "Bearer " + forgedToken}, refusal{401, "session_invalid", "", 0}},
		{"nobody's session", "GET", "/session", "", nil, refusal{401, "session_required", "", 0}},
		{"a guest typing", "POST", "/rooms/kitchen/typing", "", nil, refusal{401, "session_required", "", 0}},
		{"a guest leaving", "POST", "/rooms/kitchen/leave", "", nil, refusal{401, "session_required", "", 0}},

		// Other sites' pages.
		{"another site's post", "POST", messages, "hello", []string{"Origin", "https://evil.example"}, refusal{403, "cross_origin", "", 0}},
		{"another site's form", "POST", messages, "text=hello", []string{"Origin", "null", "Sec-Fetch-Site", "cross-site", "Content-Type", "application/x-www-form-urlencoded"}, refusal{403, "cross_origin", "", 0}},
		{"a sibling site's post", "POST", messages, "hello", []string{"Sec-Fetch-Site", "same-site"}, refusal{403, "cross_origin", "", 0}},
		{"another site's session", "POST", "/session", `{"name":"Ann"}`, []string{"Content-Type", "application/json", "Origin", "https://evil.example"}, refusal{403, "cross_origin", "", 0}},

		// Addresses.
		{"no such address", "GET", "/nowhere", "", nil, refusal{404, "not_found", "", 0}},
		{"no such address in a room", "GET", "/rooms/kitchen/nothing", "", nil, refusal{404, "not_found", "", 0}},
		{"a method that is not there", "DELETE", "/rooms/kitchen/members", "", nil, refusal{405, "method_not_allowed", "", 0}},
		{"a post to a stream", "POST", "/rooms/kitchen/sse", "", nil, refusal{405, "method_not_allowed", "", 0}},
		{"a WebSocket address without a handshake", "GET", "/rooms/kitchen/ws", "", nil, refusal{426, "upgrade_required", "", 0}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			resp := client.Do(t, test.method, node.URL+test.path, test.body, test.headers...)
			require.Equal(t, test.want.status, resp.Status, resp.Body)
			problem := resp.Problem(t)
			assert.Equal(t, test.want.code, problem.Code, resp.Body)
			assert.Equal(t, test.want.field, problem.Field, resp.Body)
			if test.want.limit != 0 {
				assert.Equal(t, test.want.limit, problem.Limit, resp.Body)
			}
			assert.NotEmpty(t, problem.Title)
			assert.NoError(t, terminalSafe(resp.Body))
		})
	}
	undisturbed()
}

// forgedToken says that it is a session of Caller's, and is not signed by its key.
const forgedToken = "eyJhbGciOiJIUzI1NiIsInR5cCI6ImNhbGxlci1zZXNzaW9uK2p3dCJ9" +
	".eyJpc3MiOiJjYWxsZXIiLCJhdWQiOlsiY2FsbGVyIl0sInN1YiI6ImV2ZSIsIm5hbWUiOiJFdmUiLCJleHAiOjQxMDI0NDQ4MDB9" +
	".c2lnbmF0dXJl"

// TestForgedSession changes every part of a real token.
func TestForgedSession(t *testing.T) {
	node := startNode(t)
	undisturbed := witnesses(t, node)
	ann := client.SignIn(t, node.URL, "Ann")
	other := startNode(t) // with another secret
	for i := range len(ann.Token) {
		if i%7 != 0 { // each of them would take a second
			continue
		}
		forged := []byte(ann.Token)
		forged[i] = 'A' + (forged[i]-'A'+1)%26
		if string(forged) == ann.Token {
			continue
		}
		resp := client.Do(t, http.MethodGet, node.URL+"/session", "", "Cookie", "caller_session="+string(forged))
		require.Equal(t, http.StatusUnauthorized, resp.Status, "byte %d changed: %s", i, resp.Body)
		require.Equal(t, "session_invalid", resp.Problem(t).Code)
	}
	resp := ann.At(other.URL).Do(t, http.MethodPost, "/rooms/kitchen", "hello")
	assert.Equal(t, http.StatusUnauthorized, resp.Status, "another server's session: %s", resp.Body)
	_, err := ann.At(other.URL).TryRead(t.Context(), client.WebSocket, "kitchen", client.Options{})
	require.ErrorContains(t, err, "401")

	// POST /session makes a new one instead, and gives the real one another name.
	resp = client.Do(t, http.MethodPost, node.URL+"/session", `{"name":"Eve"}`, "Content-Type", "application/json", "Authorization", "Bearer "+forgedToken)
	assert.Equal(t, http.StatusCreated, resp.Status, resp.Body)
	resp = ann.Do(t, http.MethodPost, "/session", `{"name":" Anna "}`, asJSON...)
	assert.Equal(t, http.StatusOK, resp.Status, resp.Body)
	session := decode[struct{ ClientID, Name string }](t, resp.Body)
	assert.Equal(t, ann.ID, session.ClientID)
	assert.Equal(t, "Anna", session.Name)
	undisturbed()
}

func TestBadWebSockets(t *testing.T) {
	node := startNode(t)
	undisturbed := witnesses(t, node)

	t.Run("another site's page", func(t *testing.T) {
		address := "ws" + strings.TrimPrefix(node.URL, "http") + "/rooms/kitchen/ws"
		for _, headers := range []http.Header{
			{"Origin": {"https://evil.example"}},
			{"Origin": {"null"}},
			{"Origin": {node.URL}, "Sec-Fetch-Site": {"cross-site"}},
		} {
			_, resp, err := websocket.DefaultDialer.Dial(address, headers)
			require.Error(t, err, headers)
			require.NotNil(t, resp)
			assert.Equal(t, http.StatusForbidden, resp.StatusCode, headers)
		}
		conn, _, err := websocket.DefaultDialer.Dial(address, http.Header{"Origin": {node.URL}})
		require.NoError(t, err, "our own page")
		require.NoError(t, conn.Close())
	})
	t.Run("a malformed cursor", func(t *testing.T) {
		_, err := client.Guest(node.URL, "").TryRead(t.Context(), client.WebSocket, "kitchen", client.Options{After: "42"})
		assert.ErrorContains(t, err, "422")
	})
	t.Run("a foreign cursor", func(t *testing.T) {
		for _, kind := range client.Resuming {
			reader := client.Guest(node.URL, "").Read(t, kind, "kitchen", client.Options{After: "99-0badcafe"})
			reader.WaitType(t, "live")
			assert.Equal(t, "rewritten", reader.WaitType(t, "reset").Reason, kind)
		}
	})

	stays := []struct {
		name  string
		kind  int
		frame string
		want  client.Event
	}{
		{"not JSON", websocket.TextMessage, "hello", client.Event{Code: "malformed"}},
		{"half of JSON", websocket.TextMessage, `{"type":"post"`, client.Event{Code: "malformed"}},
		{"a list", websocket.TextMessage, `[1]`, client.Event{Code: "malformed"}},
		{"null", websocket.TextMessage, `null`, client.Event{Code: "unknown_command"}},
		{"a number for a text", websocket.TextMessage, `{"type":"post","text":1}`, client.Event{Code: "malformed"}},
		{"an empty frame", websocket.TextMessage, ``, client.Event{Code: "malformed"}},
		{"an unknown command", websocket.TextMessage, `{"type":"dance"}`, client.Event{Code: "unknown_command"}},
		{"no type", websocket.TextMessage, `{"text":"hello"}`, client.Event{Code: "unknown_command"}},
		{"an empty text", websocket.TextMessage, `{"type":"post","key":"k-1","text":""}`, client.Event{Code: "invalid_field", Field: "text", Key: "k-1"}},
		{"white space", websocket.TextMessage, `{"type":"post","key":"k-2","text":" \n "}`, client.Event{Code: "invalid_field", Field: "text", Key: "k-2"}},
		{"4001 characters", websocket.TextMessage, `{"type":"post","key":"k-3","text":"` + strings.Repeat("я", 4001) + `"}`, client.Event{Code: "invalid_field", Field: "text", Limit: 4000, Key: "k-3"}},
		{"a long key", websocket.TextMessage, `{"type":"post","key":"` + strings.Repeat("k", 65) + `","text":"a"}`, client.Event{Code: "invalid_field", Field: "key"}},
		{"a binary frame", websocket.BinaryMessage, "\x00\x01", client.Event{Code: "unsupported"}},
	}
	for _, test := range stays {
		t.Run(test.name, func(t *testing.T) {
			reader := client.SignIn(t, node.URL, "Ann").Read(t, client.WebSocket, "kitchen", client.Options{})
			reader.WaitType(t, "live")
			reader.SendFrame(t, test.kind, []byte(test.frame))
			got := reader.WaitType(t, "error")
			assert.Equal(t, test.want.Code, got.Code, got.Raw)
			assert.Equal(t, test.want.Field, got.Field, got.Raw)
			if test.want.Key != "" {
				assert.Equal(t, test.want.Key, got.Key, got.Raw)
			}
			if test.want.Limit != 0 {
				assert.Equal(t, test.want.Limit, got.Limit, got.Raw)
			}
			// The connection stays.
			reader.Send(t, client.Command{Type: "typing"})
			reader.Send(t, client.Command{Type: "leave"})
			assert.Equal(t, websocket.CloseNormalClosure, reader.WaitEnd(t).Status)
			assert.Len(t, of("error", reader.Events()), 1, client.Dump(reader.Events()))
		})
	}

	closes := []struct {
		name  string
		frame string
		code  string
		close int
	}{
		{"a frame over 64 KiB", `{"type":"post","text":"` + strings.Repeat("a", 65536) + `"}`, "too_large", websocket.CloseMessageTooBig},
		{"invalid UTF-8", "{\"type\":\"post\",\"text\":\"caf\xe9\"}", "invalid_utf8", websocket.CloseInvalidFramePayloadData},
	}
	for _, test := range closes {
		t.Run(test.name, func(t *testing.T) {
			reader := client.SignIn(t, node.URL, "Ann").Read(t, client.WebSocket, "kitchen", client.Options{})
			reader.WaitType(t, "live")
			reader.SendFrame(t, websocket.TextMessage, []byte(test.frame))
			end := reader.WaitEnd(t)
			assert.Equal(t, test.close, end.Status, client.Dump(reader.Events()))
			news := of("error", reader.Events())
			require.Len(t, news, 1, client.Dump(reader.Events()))
			assert.Equal(t, test.code, news[0].Code)
		})
	}
	undisturbed()
}

// witnesses puts readers of two kinds into the room; what it returns asserts that they have noticed
// nothing but two posts of their own, and that the process lives.
func witnesses(t *testing.T, node *harness.Node) (undisturbed func()) {
	t.Helper()
	person := client.SignIn(t, node.URL, "Witness")
	readers := []*client.Reader{
		person.Read(t, client.WebSocket, "kitchen", client.Options{}),
		person.Read(t, client.SSE, "kitchen", client.Options{}),
	}
	for _, reader := range readers {
		reader.WaitType(t, "live")
	}
	person.Post(t, "kitchen", "before")
	return func() {
		t.Helper()
		person.Post(t, "kitchen", "after")
		for _, reader := range readers {
			reader.WaitTexts(t, "before", "after")
			assert.Empty(t, of("error", reader.Events()), reader.Who)
			assert.Empty(t, of(client.TypeEnd, reader.Events()), reader.Who)
		}
		assert.Equal(t, http.StatusOK, harness.Status(node.URL+"/healthz"))
		assert.Equal(t, http.StatusOK, harness.Status(node.URL+"/readyz"))
	}
}

// terminalSafe reports whether a terminal can be shown this: no control characters but line ends.
func terminalSafe(output string) error {
	if !utf8.ValidString(output) {
		return fmt.Errorf("not UTF-8: %q", output)
	}
	for i, r := range output {
		if unicode.IsControl(r) && r != '\n' && r != '\r' {
			return fmt.Errorf("%q at %d of %q", r, i, output)
		}
	}
	return nil
}

// TestControlCharactersReachNoTerminal posts what would move a cursor, ring a bell, retitle a
// window or forge a line, and looks at the bytes of everything that curl may show.
func TestControlCharactersReachNoTerminal(t *testing.T) {
	node := startNode(t)
	evil := "\x1b[2J\x1b]0;owned\x07\x00\x7f\u009b31m\u0085\rAnn: sorry\n12:00:00 Ann: forged\u2028 \u202etxt.exe"
	ann := client.SignIn(t, node.URL, "Ann")
	reader := ann.Read(t, client.WebSocket, "kitchen", client.Options{})
	reader.WaitType(t, "live")
	room := node.URL + "/rooms/kitchen"
	outputs, there := map[string]*harness.Output{}, []string{"Ann"}
	for _, path := range []string{"/text", "/text?all=1", "/ndjson", "/sse"} {
		outputs[path] = client.StartCurl(t, "-H", "X-Name: curl"+path, room+path).Output
		there = append(there, "curl"+path)
		waitMembers(t, ann, "kitchen", there...)
	}
	stored := ann.Post(t, "kitchen", evil)
	assert.NoError(t, terminalSafe(stored.Raw))
	ann.Post(t, "kitchen", "the end")
	assert.Equal(t, evil, reader.WaitType(t, "message").Text, "what was said is kept as it was said")
	reader.WaitText(t, "the end")
	for path, output := range outputs {
		shown := output.WaitFor(t, "the end")
		assert.NoError(t, terminalSafe(shown), path)
		assert.NotContains(t, shown, "\r", path)
	}
	for _, path := range []string{"", "/messages"} {
		assert.NoError(t, terminalSafe(client.Curl(t, room+path)), path)
	}
	text := outputs["/text"].String()
	assert.Equal(t, 2, strings.Count(text, "\n"), "two messages are two lines:\n%s", text)
	assert.Contains(t, text, "␛[2J")
	assert.Contains(t, text, "␤12:00:00 Ann: forged")
	assert.NotContains(t, text, "\u202e", "direction is not turned either")

	// An error that names what was wrong does not show it raw.
	for _, args := range [][]string{
		{node.URL + "/rooms/a%1B%5B2J/messages"},
		{room + "/messages?after=%1B%5B2J"},
		{"-d", "hello", room + "?name=%1B%5B2J"},
		{"-H", "Content-Type: text/%1b", "-d", "hello", room},
		{node.URL + "/%1B%5B2J"},
	} {
		output := client.Curl(t, append([]string{"--include"}, args...)...)
		assert.NoError(t, terminalSafe(output), "%q", args)
		assert.False(t, bytes.ContainsRune([]byte(output), '\x1b'), "%q", args)
	}
}

// TestTooMuch posts faster than the node allows one client: the rest is refused with when to come
// back, and others are not held up.
func TestTooMuch(t *testing.T) {
	node := startNode(t, "--limits", "messages=5/1")
	ann, bob := client.SignIn(t, node.URL, "Ann"), client.SignIn(t, node.URL, "Bob")
	reader := ann.Read(t, client.WebSocket, "kitchen", client.Options{})
	reader.WaitType(t, "live")
	var refused client.Response
	for i := 0; refused.Status == 0; i++ {
		require.Less(t, i, 50, "never refused")
		if resp := ann.Do(t, http.MethodPost, "/rooms/kitchen", "hello"); resp.Status != http.StatusCreated {
			refused = resp
		}
	}
	require.Equal(t, http.StatusTooManyRequests, refused.Status, refused.Body)
	assert.Equal(t, "too_much", refused.Problem(t).Code)
	assert.NotEmpty(t, refused.Header.Get("Retry-After"))
	reader.Send(t, client.Command{Type: "post", Key: "k-1", Text: "hello"})
	answer := reader.WaitFor(t, "an answer", func(e client.Event) bool { return e.Key == "k-1" })
	assert.Equal(t, "too_much", answer.Code, answer.Raw)
	assert.Positive(t, answer.RetryAfter, answer.Raw)
	// What amends counts with it, whether or not it could be done.
	for _, command := range []client.Command{
		{Type: "edit", Target: "1-7f3a9c12", Text: "x"}, {Type: "delete", Target: "1-7f3a9c12"}, {Type: "react", Target: "1-7f3a9c12", Emoji: "👍"},
	} {
		code := ""
		for i := 0; code != "too_much"; i++ { // one a second is let through
			require.Less(t, i, 50, "%s is never refused", command.Type)
			command.Key = fmt.Sprint("k-", command.Type, i)
			reader.Send(t, command)
			code = reader.WaitFor(t, "an answer", func(e client.Event) bool { return e.Key == command.Key }).Code
			require.Contains(t, []string{"not_found", "too_much"}, code)
		}
	}
	bob.Post(t, "kitchen", "mine goes through")
	reader.WaitText(t, "mine goes through")
	assert.Empty(t, of(client.TypeEnd, reader.Events()))
}
