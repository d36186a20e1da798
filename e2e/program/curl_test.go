package program

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// TestCurlAmongThem is curl posting and streaming among a page and a program.
func TestCurlAmongThem(t *testing.T) {
	node := startNode(t)
	room := node.URL + "/rooms/kitchen"
	ann := chromium(t).Person(t, "Ann")
	ann.Page().Join(t, node.URL, "kitchen")
	bob := client.SignIn(t, node.URL, "Bob").Read(t, client.WebSocket, "kitchen", client.Options{})
	text := client.StartCurl(t, room+"/text")
	ndjson := client.StartCurl(t, room+"/ndjson")
	sse := client.StartCurl(t, room+"/sse")
	negotiated := client.StartCurl(t, "-H", "Accept: text/event-stream", room)
	sse.Output.WaitFor(t, "event: live")
	ndjson.Output.WaitFor(t, `"type":"live"`)
	negotiated.Output.WaitFor(t, "event: live")
	bob.WaitType(t, "live")

	posted := func(output string) client.Event {
		var message client.Event
		require.NoError(t, json.Unmarshal([]byte(output), &message), output)
		return message
	}
	want := []string{"raw", "a form", "as JSON", "from the page", "over WebSocket"}
	raw := posted(client.Curl(t, "-d", "raw", room))
	assert.True(t, raw.From.Guest)
	form := posted(client.Curl(t, "--data-urlencode", "text=a form", "-H", "X-Name: Carl", room+"/messages"))
	assert.Equal(t, "Carl", form.From.Name)
	asJSON := posted(client.Curl(t, "--json", `{"text":"as JSON","key":"k-json"}`, room+"/messages?name=Carl"))
	assert.Equal(t, "Carl", asJSON.From.Name)
	assert.NotEqual(t, form.From.ID, asJSON.From.ID, "a guest is somebody else each time")
	ann.Page().WaitTexts(t, want[:3]...)
	ann.Page().Send(t, "from the page")
	ann.Page().WaitSent(t, "from the page")
	bob.Send(t, client.Command{Type: "post", Key: "k-ws", Text: "over WebSocket"})
	bob.WaitType(t, "ack")

	bob.WaitTexts(t, want...)
	ann.Page().WaitTexts(t, want...)
	text.Output.WaitFor(t, "Bob: over WebSocket\n")
	line := regexp.MustCompile(`^\d\d:\d\d:\d\d (.+)$`)
	var said []string
	for output := range strings.Lines(text.Output.String()) {
		match := line.FindStringSubmatch(strings.TrimSuffix(output, "\n"))
		require.NotNil(t, match, "a line of the text stream: %q", output)
		said = append(said, match[1])
	}
	assert.Equal(t, []string{raw.From.Name + ": raw", "Carl: a form", "Carl: as JSON", "Ann: from the page", "Bob: over WebSocket"}, said)
	for _, stream := range []*harness.Process{ndjson, sse, negotiated} {
		output := stream.Output.WaitFor(t, `"over WebSocket"`)
		at := -1
		for _, text := range want {
			next := strings.Index(output, `"text":"`+text+`"`)
			assert.Greater(t, next, at, "%q in its place in:\n%s", text, output)
			assert.Equal(t, 1, strings.Count(output, `"text":"`+text+`"`), "%q once", text)
			at = next
		}
	}

	// The room's own address is the kept messages as text to curl, and the end.
	var kept []string
	for output := range strings.Lines(client.Curl(t, room)) {
		kept = append(kept, line.FindStringSubmatch(strings.TrimSuffix(output, "\n"))[1])
	}
	assert.Equal(t, said, kept)
}

func TestIdempotencyKey(t *testing.T) {
	node := startNode(t)
	room := node.URL + "/rooms/kitchen"
	post := func(args ...string) (status string, message client.Event) {
		output := client.Curl(t, append([]string{"-w", "\n%{http_code}"}, args...)...)
		body, status, found := strings.Cut(output, "\n")
		require.True(t, found, output)
		status = strings.TrimSpace(status)
		require.NoError(t, json.Unmarshal([]byte(body), &message), output)
		return status, message
	}
	status, first := post("-d", "once", "-H", "Idempotency-Key: k-1", "-H", "X-Name: Carl", room)
	assert.Equal(t, "201", status)
	status, again := post("-d", "once", "-H", "Idempotency-Key: k-1", "-H", "X-Name: Carl", room)
	assert.Equal(t, "200", status)
	assert.Equal(t, first.ID, again.ID)
	assert.Equal(t, first.Time, again.Time)

	// In the body it is the same key; for another room, name or session it is another post.
	status, again = post("--json", `{"text":"once","key":"k-1"}`, "-H", "X-Name: Carl", room+"/messages")
	assert.Equal(t, "200", status)
	assert.Equal(t, first.ID, again.ID)
	status, other := post("-d", "once", "-H", "Idempotency-Key: k-1", "-H", "X-Name: Carl", node.URL+"/rooms/other")
	assert.Equal(t, "201", status)
	assert.NotEqual(t, first.ID, other.ID)
	status, _ = post("-d", "mine", "-H", "Idempotency-Key: k-1", "-H", "X-Name: Dora", room)
	assert.Equal(t, "201", status)
	ann := client.SignIn(t, node.URL, "Carl")
	message, code, err := ann.TryPost(t.Context(), "kitchen", "k-1", "hers")
	require.NoError(t, err)
	assert.Equal(t, http.StatusCreated, code)

	// Over a WebSocket of the same session it is the same post.
	reader := ann.Read(t, client.WebSocket, "kitchen", client.Options{})
	reader.WaitType(t, "live")
	reader.Send(t, client.Command{Type: "post", Key: "k-1", Text: "hers"})
	assert.Equal(t, message.ID, reader.WaitType(t, "ack").ID)
	assert.Equal(t, []string{"once", "mine", "hers"}, client.Guest(node.URL, "").Page(t, "kitchen", "").Texts())
}

// What people type, as the real curl sends it: stored as it was written, or an error that says how.
func TestCurlWhateverIsWritten(t *testing.T) {
	node := startNode(t)
	room := node.URL + "/rooms/kitchen"
	for _, c := range []struct {
		want string // empty for a refusal
		line string
	}{
		{"https://example.com/?a=1&text=abc", `curl -sS -d 'https://example.com/?a=1&text=abc' ` + room},
		{"", `curl -sS -d 'text=hello & goodbye' ` + room},
		{"", `curl -sS -d 'text=100% sure' ` + room},
		{"100% sure", `curl -sS -d '100% sure' ` + room},
		{"hello & goodbye", `curl -sS --data-urlencode 'text=hello & goodbye' ` + room},
		{"Привет", `curl -sS --data-urlencode 'Привет' ` + room},
		{"Привет", `curl -sS -d 'Привет' ` + room},
		{"hello & goodbye", `curl -sS -F 'text=hello & goodbye' ` + room},
		{"from a pipe", `bash -c "echo from a pipe | curl -sS -T - ` + room + `"`},
		{"from a pipe", `bash -c "echo from a pipe | curl -sS -T - ` + room + `/messages"`},
		{"packed", `bash -c "echo packed | gzip | curl -sS -H 'Content-Encoding: gzip' --data-binary @- ` + room + `"`},
		{"packed", `bash -c "echo packed | gzip | curl -sS --data-binary @- ` + room + `"`},
		{"Привет", `bash -c "echo Привет | iconv -t cp1251 | curl -sS -H 'Content-Type: text/plain; charset=windows-1251' --data-binary @- ` + room + `"`},
		{"Привет", `bash -c "echo Привет | iconv -t utf-16 | curl -sS --data-binary @- ` + room + `"`},
	} {
		process := client.Shell(t, c.line)
		require.Zero(t, process.Wait(t), process.Output)
		var answer struct {
			Text, Code, Detail string
			Status             int
		}
		require.NoError(t, json.Unmarshal([]byte(process.Output.String()), &answer), process.Output)
		if c.want == "" {
			assert.Equal(t, http.StatusBadRequest, answer.Status, c.line)
			assert.Contains(t, answer.Detail, "--data-urlencode", c.line)
			continue
		}
		assert.Equal(t, c.want, answer.Text, "%s: %s", c.line, process.Output)
	}
}
