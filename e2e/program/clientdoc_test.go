package program

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/internal/testwait"
)

const clientPage = "../../docs/client.md"

// codeOf is the code of docs/client.md in a language, block by block, with the server at its real
// address.
func codeOf(t *testing.T, language, address string) []string {
	t.Helper()
	page, err := os.ReadFile(clientPage)
	require.NoError(t, err)
	var blocks []string
	for _, match := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(string(page), -1) {
		blocks = append(blocks, strings.ReplaceAll(match[1], server, address))
	}
	require.NotEmpty(t, blocks, language)
	return blocks
}

// TestClientPageRuns runs what docs/client.md shows: its page and all that it says for one, on
// another origin, and its program.
func TestClientPageRuns(t *testing.T) {
	var html string
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, html) // a browser that is gone has no use for it
	}))
	t.Cleanup(site.Close)
	node := startNode(t, "--trusted-origin", site.URL)
	bob := client.SignIn(t, node.URL, "Bob")
	said := func() (said []string) {
		for _, message := range bob.Page(t, "lobby", "").Messages {
			said = append(said, message.From.Name+": "+message.Text)
		}
		return said
	}
	ann := chromium(t).Person(t, "Ann").Page()

	pages := codeOf(t, "html", node.URL)
	require.Len(t, pages, 1)
	html = pages[0]
	ann.Open(t, site.URL)
	ann.Until(t, "one's own message", `document.querySelector("#messages li")?.textContent === "Ann: hello"`)
	assert.Equal(t, []string{"Ann: hello"}, said())

	// The rest as one module, since each block goes on from those before it.
	script := strings.Join(codeOf(t, "js", node.URL), "\n")
	script = strings.ReplaceAll(script, "@caller-chat/client", node.URL+"/client/caller.js")
	html = `<!doctype html><script type="module">` + script + `;window.client = client; window.ran = true;</script>`
	ann.Open(t, site.URL)
	ann.Until(t, "the code run to its end", "window.ran")
	ann.Until(t, "the message sent", "client.messages.length === 2 && client.posts.length === 0")
	assert.Equal(t, []string{"Ann: hello", "Ann: hello"}, said())
	assert.NotEmpty(t, browser.Eval[string](t, ann, `JSON.parse(localStorage.getItem("caller.session")).token`))
	browser.Eval[any](t, ann, "client.leave()")

	programs := codeOf(t, "mjs", node.URL)
	require.Len(t, programs, 1)
	file := filepath.Join(filepath.Dir(nodeExample(t, "ws")), "page.mjs")
	require.NoError(t, os.WriteFile(file, []byte(programs[0]), 0o600))
	program := harness.StartProcess(t, "the program of docs/client.md", exec.Command(harness.Find(t, "node"), file))
	require.Zero(t, program.Wait(t), program.Output)
	assert.Equal(t, []string{"Ann: hello", "Ann: hello", "Node: hello from Node"}, said())
}

// TestCrossOrigin is the library on a page of a trusted origin, over each transport: it reads,
// posts and is in the roster under one session.
func TestCrossOrigin(t *testing.T) {
	site := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(site.Close)
	node := startNode(t, "--trusted-origin", site.URL)
	bob := client.SignIn(t, node.URL, "Bob")
	for _, transport := range []string{"ws", "sse", "poll"} {
		t.Run(transport, func(t *testing.T) {
			page := chromium(t).Person(t, "Ann").Page()
			page.Open(t, site.URL)
			browser.Eval[any](t, page, fmt.Sprintf(`(async () => {
				const {createClient} = await import(%[1]q + "client/caller.js");
				window.client = createClient({baseUrl: %[1]q, room: %[2]q, name: "Ann", transport: %[2]q, session: null, tokens: true});
				client.start();
				client.post("hello");
			})()`, node.URL+"/", transport))
			page.Until(t, "sent", "client.messages.length === 1 && client.posts.length === 0")
			bob.Post(t, transport, "hello, Ann")
			page.Until(t, "heard", "client.messages.length === 2")
			mine := browser.Eval[string](t, page, "client.session.clientId")
			members := bob.Members(t, transport).Members
			require.Len(t, members, 1)
			assert.Equal(t, []string{mine, "Ann", transport}, []string{members[0].ID, members[0].Name, members[0].Transport})
			assert.Equal(t, mine, bob.Page(t, transport, "").Messages[0].From.ID)
			browser.Eval[any](t, page, "client.leave()")
			waitMembers(t, bob, transport)
		})
	}
}

// TestFindAndLinkModules are on another origin: one finds what was said, the other makes a link by
// which a second program is the same person.
func TestFindAndLinkModules(t *testing.T) {
	site := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(site.Close)
	node := startNode(t, "--trusted-origin", site.URL)
	bob := client.SignIn(t, node.URL, "Bob")
	var ids []string
	for _, text := range []string{"tea at five?", "or coffee", "Tea it is", "the last TEA"} {
		ids = append(ids, bob.Post(t, "lobby", text).ID)
	}
	page := chromium(t).Person(t, "Ann").Page()
	page.Open(t, site.URL)
	browser.Eval[any](t, page, fmt.Sprintf(`(async () => {
		const base = %q, modules = ["caller", "find", "link"].map((name) => import(base + "client/" + name + ".js"));
		const [{createClient}, {findMessages}, link] = await Promise.all(modules);
		const options = {baseUrl: base, room: "lobby", name: "Ann", session: null, tokens: true};
		const client = createClient(options);
		client.start();
		await new Promise((live) => client.on("live", live));
		const found = (query) => findMessages(client, options, query).then(({result}) =>
			[result.messages.map(({id}) => id), result.more]);
		const newest = await found({text: "tea", limit: 2});
		const older = await found({text: "tea", before: newest[0][0]});
		const nothing = await findMessages(client, options, {});
		const {result: made} = await link.makeLink(client, options);
		const {result: session} = await link.claimLink(options, link.codeOf(made.url));
		const second = createClient({...options, session});
		second.start();
		await new Promise((live) => second.on("live", live));
		second.post("from the other device");
		window.outcome = {newest, older, code: nothing.problem?.code, me: client.session.clientId, claimed: session.clientId, url: made.url,
			again: (await link.claimLink(options, made.code)).problem.code};
	})()`, node.URL+"/"))
	page.Until(t, "all done", "window.outcome")
	outcome := browser.Eval[struct {
		Newest, Older          [2]any
		Code, Me, Claimed, URL string
		Again                  string
	}](t, page, "outcome")
	assert.Equal(t, [2]any{[]any{ids[2], ids[3]}, true}, outcome.Newest)
	assert.Equal(t, [2]any{[]any{ids[0]}, false}, outcome.Older)
	assert.Empty(t, outcome.Code, "without a query it is the history")
	assert.Equal(t, outcome.Me, outcome.Claimed)
	assert.True(t, strings.HasPrefix(outcome.URL, node.URL+"/#link="), outcome.URL)
	assert.Equal(t, "not_found", outcome.Again)
	testwait.Until(t, func() bool { return len(bob.Page(t, "lobby", "").Messages) == 5 }, "the second one said nothing")
	assert.Equal(t, outcome.Me, bob.Page(t, "lobby", "").Messages[4].From.ID)
}
