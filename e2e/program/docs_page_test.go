package program

import (
	"html"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/chromedp/chromedp/kb"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/described"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// aNodeWithAllFeatures has a LiveKit and a sign-in service that are away: tokens and redirects need
// neither.
func aNodeWithAllFeatures(t *testing.T) *harness.Node {
	t.Helper()
	return startNode(t, "--livekit-url", "ws://127.0.0.1:1", "--livekit-api-key", "key", "--livekit-api-secret", strings.Repeat("s", 32),
		"--push-subject", "mailto:ops@example.org", "--link-previews", "on", "--mcp", "on",
		"--oidc-issuer", "http://127.0.0.1:1", "--oidc-client-id", "caller", "--public-url", "http://localhost")
}

// commandOnPage is a command of the page /docs.
type commandOnPage struct {
	id, operation, run string
	stream             bool
}

func commandsOnPage(t *testing.T, page string) (before string, all []commandOnPage) {
	t.Helper()
	code := regexp.MustCompile(`(?s)<pre[^>]*><code( data-stream)?>(.*?)</code></pre>`)
	address := regexp.MustCompile(`<span class="method">(\w+)</span> <code>([^<]+)</code>`)
	begin, _, _ := strings.Cut(page, "<article")
	before = html.UnescapeString(code.FindStringSubmatch(begin)[2])
	for _, article := range strings.Split(page, `<article id="`)[1:] {
		id, _, _ := strings.Cut(article, `"`)
		of := address.FindStringSubmatch(article)
		if of == nil {
			continue // an object
		}
		for _, found := range code.FindAllStringSubmatch(article, -1) {
			all = append(all, commandOnPage{id, of[1] + " " + html.UnescapeString(of[2]), html.UnescapeString(found[2]), found[1] != ""})
		}
	}
	return before, all
}

// Each command on the page does what it says, on a node with all features.
func TestTheCommandsOfTheDocs(t *testing.T) {
	node := aNodeWithAllFeatures(t)
	answer, err := http.Get(node.URL + "/docs")
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	page, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	before, commands := commandsOnPage(t, string(page))
	require.Greater(t, len(commands), 80)

	refused := map[string]int{ // of a node whose LiveKit is away, and that looks up no link
		"liveKitWebhook": http.StatusUnauthorized, "link": http.StatusNotFound, "linkImage": http.StatusNotFound,
	}
	for _, command := range commands {
		name := command.id
		t.Run(name, func(t *testing.T) {
			curls := described.Curl(t)
			script := command.run
			if command.stream { // the shell becomes the curl, so that it is ended
				script = "exec " + script
			}
			shell := exec.Command("bash", "-c", "set -e -o pipefail\n"+before+"\n"+script)
			shell.Dir, shell.Env = t.TempDir(), harness.Environment(curls.Environment, "no_proxy=*")
			process := harness.StartProcess(t, "bash", shell)
			if command.stream { // what is being written down when it is ended is not whole
				process.Output.WaitFor(t, "hello")
				process.Signal(syscall.SIGTERM)
				<-process.Done()
				return
			}
			require.Zero(t, process.Wait(t), "%s\n%s", script, process.Output)
			statuses := curls.Answers(t)[command.operation]
			require.NotEmpty(t, statuses, "%s asks for something else", script)
			got := statuses[len(statuses)-1]
			if want := refused[command.id]; want != 0 {
				assert.Equal(t, want, got, process.Output)
			} else {
				assert.Less(t, got, http.StatusBadRequest, process.Output)
			}
		})
	}
}

// The page can be read with a keyboard, found in, and has nothing that axe-core finds.
func TestTheDocsPage(t *testing.T) {
	endToEnd(t)
	axe, err := os.ReadFile(axePath)
	require.NoError(t, err, "npm ci in frontend installs it")
	node := startNode(t)
	page := chromium(t).Person(t, "Ann").Page()
	for _, theme := range []string{"light", "dark"} {
		page.Emulate(t, "prefers-color-scheme", theme)
		page.Open(t, node.URL+"/docs")
		page.Until(t, "the script", `!document.querySelector(".find").hidden`)
		checkAxe(t, page, string(axe), "docs in "+theme)
	}
	page.Press(t, "/")
	page.Until(t, "the field has the focus", `document.activeElement.id === "find"`)
	page.Press(t, "session/link")
	page.Until(t, "what was looked for", `[...document.querySelectorAll("article:not([hidden])")].map((a) => a.id).join() === "linkDevice"`)
	assert.Equal(t, "1 found", browser.Eval[string](t, page, `document.getElementById("found").textContent`))
	page.Press(t, kb.Escape)
	page.Until(t, "all again", `document.querySelectorAll("article[hidden]").length === 0`)
	page.Press(t, "session/link")
	page.Open(t, node.URL+"/docs#post")
	page.Until(t, "what the link names is to be seen", `document.getElementById("post").getBoundingClientRect().top < innerHeight`)
	page.Resize(t, 320, 640, true)
	assert.LessOrEqual(t, browser.Eval[int](t, page, `document.documentElement.scrollWidth`), 320, "nothing is wider than a phone")
	checkAxe(t, page, string(axe), "docs on a phone")
	assert.Empty(t, page.Console())
}
