package program

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// TestReadmeLines runs the README's first lines as they stand, but for the address.
func TestReadmeLines(t *testing.T) {
	node := startNode(t)
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(readme), "```sh\n")
	require.True(t, found, "README.md has no ```sh block")
	block, _, _ := strings.Cut(rest, "```")
	var lines []string
	for line := range strings.Lines(block) {
		lines = append(lines, strings.TrimSpace(line))
	}
	for i, want := range []string{
		`curl -d 'hello' localhost:8080/rooms/lobby`,
		`curl -N localhost:8080/rooms/lobby/text`,
		`curl -N localhost:8080/rooms/lobby/sse`,
		`curl 'localhost:8080/rooms/lobby/messages?limit=5'`,
	} {
		require.Greater(t, len(lines), i)
		command, _, _ := strings.Cut(lines[i], "#")
		require.Equal(t, want, strings.TrimSpace(command), "line %d of the first block", i+1)
	}
	run := func(line string) *harness.Process {
		return client.Shell(t, strings.ReplaceAll(line, "localhost:8080", node.Addr))
	}

	text := run(lines[1])
	sse := run(lines[2])
	sse.Output.WaitFor(t, "event: live")
	post := run(lines[0])
	require.Zero(t, post.Wait(t), post.Output)
	assert.Contains(t, post.Output.String(), `"text":"hello"`)
	text.Output.WaitFor(t, ": hello\n")
	sse.Output.WaitFor(t, `"text":"hello"`)
	messages := run(lines[3])
	require.Zero(t, messages.Wait(t), messages.Output)
	assert.Contains(t, messages.Output.String(), `"text":"hello"`)
}

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
