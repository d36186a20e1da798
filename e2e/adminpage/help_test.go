package adminpage

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// pageToken is what the pages of these tests sign in with.
const pageToken = "a-token-of-more-than-thirty-two-bytes-for-the-page"

// paged is a node with an admin listener.
type paged struct {
	*harness.Node
	// Admin is the page's address, without the last slash.
	Admin string
}

func startPaged(t *testing.T, args ...string) paged {
	t.Helper()
	run.Needed(t)
	addr := fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t))
	node := run.Node(t, append([]string{"--admin-addr", addr, "--admin-token", pageToken}, args...)...)
	return paged{node, "http://" + addr}
}

// openPage is the page in a browser of its own, signed in, at a place of it as in "#/rooms".
func openPage(t *testing.T, node paged, place string) *browser.Page {
	t.Helper()
	page := run.Chromium(t).Person(t, "the operator").Page()
	signIn(t, page, node, place)
	return page
}

func signIn(t *testing.T, page *browser.Page, node paged, place string) {
	t.Helper()
	page.Open(t, node.Admin+"/"+place)
	page.Fill(t, "token", pageToken)
	page.Press(t, kb.Enter)
	page.WaitFor(t, "title")
}

// goTo goes to a place of the page, as a link does.
func goTo(t *testing.T, page *browser.Page, place string) {
	t.Helper()
	browser.Eval[any](t, page, fmt.Sprintf("location.hash = %q", place))
}

// rowsOf are the names of a table's rows, in their order.
func rowsOf(t *testing.T, page *browser.Page, table string) []string {
	t.Helper()
	return browser.Eval[[]string](t, page, fmt.Sprintf(`[...document.querySelectorAll('[data-testid=%q] tbody tr')].map(e => e.dataset.key)`, table))
}

// waitRow waits until a table has a row.
func waitRow(t *testing.T, page *browser.Page, table, row string) {
	t.Helper()
	page.Until(t, row+" in "+table, fmt.Sprintf(`[...document.querySelectorAll('[data-testid=%q] tbody tr')].some(e => e.dataset.key === %q)`, table, row))
}

// waitText waits until an element says something.
func waitText(t *testing.T, page *browser.Page, id, text string) {
	t.Helper()
	page.Until(t, fmt.Sprintf("%q in %s", text, id),
		fmt.Sprintf(`[...document.querySelectorAll('[data-testid=%q]')].some(e => e.checkVisibility() && e.textContent.includes(%q))`, id, text))
}

// focusOn waits until the focus is somewhere.
func focusOn(t *testing.T, page *browser.Page, id string) {
	t.Helper()
	page.Until(t, "the focus on "+id, fmt.Sprintf(`document.activeElement?.dataset?.testid === %q`, id))
}

// console is what the browser's console shows, but for what signing in begins with: that one is not.
func console(page *browser.Page) []string {
	return slices.DeleteFunc(page.Console(), func(line string) bool { return strings.Contains(line, "status of 401") })
}

// tabTo presses Tab until the focus is on the hook; each stop must be to be seen.
func tabTo(t *testing.T, page *browser.Page, id string) {
	t.Helper()
	var stops []string
	for range 80 {
		stop := browser.Eval[string](t, page, `document.activeElement?.dataset?.testid ?? document.activeElement?.tagName ?? ""`)
		if stop == id {
			return
		}
		page.Press(t, kb.Tab)
		stops = append(stops, stop)
		require.True(t, browser.Eval[bool](t, page, `(e => !e || e === document.body || e.checkVisibility())(document.activeElement)`),
			"the focus is on something that is not to be seen after %q", stops)
	}
	require.FailNow(t, "not reached", "%s can't be reached with Tab; stops: %q", id, stops)
}

const axePath = "../../frontend/node_modules/axe-core/axe.min.js"

// axeOf holds what a page shows to axe-core's rules, whenever it is called.
func axeOf(t *testing.T, page *browser.Page) func(what string) {
	t.Helper()
	axe, err := os.ReadFile(axePath)
	require.NoError(t, err, "make test installs the page's packages")
	return func(what string) {
		t.Helper()
		page.Load(t, string(axe))
		assert.Empty(t, browser.Eval[[]string](t, page, `(async () => {
			await Promise.all(document.getAnimations().map(a => a.finished.catch(() => {})));
			const {violations} = await axe.run(document);
			return violations.map(v => v.id + ": " + v.help + "\n    " + v.nodes.map(n => n.html + " " + n.failureSummary).join("\n    "));
		})()`), what)
		assert.LessOrEqual(t, browser.Eval[int](t, page, `document.documentElement.scrollWidth - document.documentElement.clientWidth`), 0,
			"%s is wider than the window", what)
	}
}

// ownedRoom is a room of somebody's: its name, and the owner.
func ownedRoom(t *testing.T, node paged, title string) (room string, owner client.Person) {
	t.Helper()
	owner = client.SignIn(t, node.URL, "Olga")
	answer := owner.Do(t, http.MethodPost, "/rooms", fmt.Sprintf(`{"title":%q}`, title), "Content-Type", "application/json")
	require.Equal(t, http.StatusCreated, answer.Status, answer.Body)
	var made struct{ RoomID string }
	require.NoError(t, json.Unmarshal([]byte(answer.Body), &made))
	require.NotEmpty(t, made.RoomID)
	return made.RoomID, owner
}
