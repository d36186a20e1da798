package smoke

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caller-chat/caller/e2e/internal/check"
	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// TestTwoNodes has a reader of every kind on both nodes, and posts over every way to post on both.
func TestTwoNodes(t *testing.T) {
	one, other, _ := run.TwoNodes(t)
	ann := client.SignIn(t, one.URL, "Ann")
	records := map[string][]client.Event{}
	var readers []*client.Reader
	var texts []*client.Reader
	for _, node := range []*harness.Node{one, other} {
		for _, kind := range client.Resuming {
			person := client.SignIn(t, node.URL, fmt.Sprintf("%s on %s", kind, node.Addr))
			readers = append(readers, person.Read(t, kind, "kitchen", client.Options{}))
		}
		texts = append(texts, client.Guest(node.URL, "Tex").Read(t, client.Text, "kitchen", client.Options{}))
	}
	for _, reader := range readers {
		reader.WaitType(t, "live")
	}

	var posts []check.Post
	var want []string
	say := func(text string, post func(text string) client.Event) {
		posts = append(posts, check.Posted(post(text)))
		want = append(want, text)
	}
	overSocket := func(reader *client.Reader) func(string) client.Event {
		return func(text string) client.Event {
			key := "k-" + strings.ReplaceAll(text, " ", "-")
			reader.Send(t, client.Command{Type: "post", Key: key, Text: text})
			ack := reader.WaitFor(t, "the ack of "+key, func(e client.Event) bool { return e.Type == "ack" && e.Key == key })
			return client.Event{ID: ack.ID, Key: key, Text: text}
		}
	}
	// The session of one node is good on the other, and one after another means one order, whatever
	// the node.
	say("HTTP on one", func(text string) client.Event { return ann.Post(t, "kitchen", text) })
	say("HTTP on the other", func(text string) client.Event { return ann.At(other.URL).Post(t, "kitchen", text) })
	say("WebSocket on one", overSocket(readers[0]))
	say("WebSocket on the other", overSocket(readers[len(client.Resuming)]))
	say("a guest on the other", func(text string) client.Event { return client.Guest(other.URL, "").Post(t, "kitchen", text) })

	for _, reader := range readers {
		reader.WaitTexts(t, want...)
		assert.Empty(t, check.Reader(posts, "", reader.Events()), reader.Who)
		records[reader.Who] = reader.Events()
	}
	assert.Empty(t, check.Posts(posts))
	assert.Empty(t, check.Agree(records))
	for _, reader := range texts {
		reader.Wait(t, "five lines", func(events []client.Event) bool { return len(events) >= len(want) })
		for i, event := range reader.Events() {
			assert.True(t, strings.HasSuffix(event.Text, ": "+want[i]), "line %d: %q", i, event.Text)
		}
	}
	first := readers[0].WaitText(t, "HTTP on the other")
	assert.Equal(t, client.Author{ID: ann.ID, Name: "Ann"}, first.From)
}
