package tabs

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
)

// talker is a page of a program's own with the library: it says "page 1", "page 2", … and notes
// what it hears. Its times are short, so that switches are many.
const talker = `(async () => {
	const {createClient} = await import("/client/caller.js");
	window.heard = [];
	window.faults = [];
	window.carried = [];
	const client = createClient({
		baseUrl: new URL("/", location.href).href, room: "kitchen", name: "Page", session: null, tokens: true,
		timing: {headStart: 200, welcomeWithin: 2000, proofWithin: 2000, shortLife: 200, remember: 500, firstProbe: 200, probeEvery: 200, probation: 200},
	});
	window.client = client;
	client.on("message", ({id, text}) => heard.push({id, text}));
	client.on("reset", () => faults.push("reset"));
	client.on("final", (end) => faults.push(end.detail));
	client.on("state", ({status, transport}) => status === "live" && carried.at(-1) !== transport && carried.push(transport));
	client.start();
	let said = 0;
	const timer = setInterval(() => {
		client.post("page " + ++said);
		if (said === %d) clearInterval(timer);
	}, 15);
})()`

// TestSwitches has 500 messages written in each direction while the network takes one transport
// after the other away and gives it back: each side has all of them, once and in order.
func TestSwitches(t *testing.T) {
	const count = 500
	node := startNode(t, "--history-limit", "2000")
	g := newGate(t, node)
	page := person(t, "Page").Page()
	page.Open(t, g.URL+"/") // what is no page may load no script
	bob := client.SignIn(t, node.URL, "Bob")
	reader := bob.Read(t, client.WebSocket, "kitchen", client.Options{})
	browser.Eval[any](t, page, fmt.Sprintf(talker, count))

	at := func() string { return node.URL }
	posting := make(chan error, 1)
	go func() {
		pace := time.NewTicker(15 * time.Millisecond)
		defer pace.Stop()
		for i := range count {
			if _, err := bob.Insist(t.Context(), at, "kitchen", fmt.Sprint("bob-", i+1), fmt.Sprint("Bob ", i+1)); err != nil {
				posting <- err
				return
			}
			<-pace.C
		}
		posting <- nil
	}()

	heard := func() int { return browser.Eval[int](t, page, "heard.length") }
	open := []struct {
		transport string
		blocked   []string
	}{
		{ws, nil}, {sse, []string{ws}}, {poll, []string{ws, sse}}, {ws, []string{sse}}, {poll, []string{ws, sse}}, {sse, []string{ws, poll}},
	}
	for _, network := range slices.Concat(open, open[:1]) {
		g.block(network.blocked...)
		page.Until(t, "live over "+network.transport, fmt.Sprintf(`client.state.status === "live" && client.state.transport === %q`, network.transport))
		before := heard()
		page.Until(t, "more messages", fmt.Sprintf("heard.length >= %d", min(before+40, 2*count)))
	}
	require.NoError(t, <-posting)
	page.Until(t, "all heard", fmt.Sprintf("heard.length >= %d && client.posts.length === 0", 2*count))

	type entry struct{ ID, Text string }
	inPage := browser.Eval[[]entry](t, page, "heard")
	assert.Empty(t, browser.Eval[[]string](t, page, "faults"))
	carried := browser.Eval[[]string](t, page, "carried")
	t.Logf("carried by %v", carried)
	for _, transport := range []string{ws, sse, poll} {
		assert.Contains(t, carried, transport)
	}

	var want []entry
	from := map[string][]string{}
	for _, message := range bob.Page(t, "kitchen", "").Messages {
		want = append(want, entry{message.ID, message.Text})
		from[message.From.Name] = append(from[message.From.Name], message.Text)
	}
	require.Len(t, want, 2*count)
	for name, texts := range map[string]string{"Page": "page", "Bob": "Bob"} {
		for i, text := range from[name] {
			require.Equal(t, fmt.Sprint(texts, " ", i+1), text, "what %s said, once and in order", name)
		}
	}
	assert.Equal(t, want, inPage, "the page has all of them, once and in order")
	reader.WaitText(t, want[len(want)-1].Text)
	var inReader []entry
	for _, event := range reader.Events() {
		if event.Type == "message" {
			inReader = append(inReader, entry{event.ID, event.Text})
		}
	}
	assert.Equal(t, want, inReader, "and so has the other side")
}
