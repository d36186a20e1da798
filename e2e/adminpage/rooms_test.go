package adminpage

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// manyRooms is as many as the page has to be at home in.
const manyRooms = 10_000

// TestPageOfManyRooms looks for things among 10,000 rooms.
func TestPageOfManyRooms(t *testing.T) {
	run.Needed(t)
	redis := harness.StartRedis(t)
	node := startPaged(t, "--redis-url", redis.URL())
	at := func() string { return node.URL }
	var next atomic.Int64
	var failed atomic.Value
	var posting sync.WaitGroup
	for range 16 {
		posting.Go(func() {
			for n := next.Add(1) - 1; n < manyRooms; n = next.Add(1) - 1 {
				if _, err := client.Guest(node.URL, "Loader").Insist(t.Context(), at, fmt.Sprintf("room-%05d", n), "k", "hello"); err != nil {
					failed.Store(err.Error())
					return
				}
			}
		})
	}
	posting.Wait()
	require.Nil(t, failed.Load())
	for range 3 {
		client.Guest(node.URL, "Ann").Post(t, "room-07777", "one more")
	}

	page := openPage(t, node, "#/rooms?sort=name")
	waitText(t, page, "shown", "1–50 of 10,000")
	assert.Equal(t, "room-00000", rowsOf(t, page, "rooms")[0])
	page.Click(t, "next")
	waitText(t, page, "shown", "51–100 of 10,000")
	assert.Equal(t, "room-00050", rowsOf(t, page, "rooms")[0])
	page.Click(t, "next")
	waitText(t, page, "shown", "101–150 of 10,000")
	page.Click(t, "previous")
	waitText(t, page, "shown", "51–100 of 10,000")
	page.Click(t, "first")
	waitText(t, page, "shown", "1–50 of 10,000")

	page.Click(t, "sort-name")
	waitRow(t, page, "rooms", "room-09999")
	assert.Equal(t, "room-09999", rowsOf(t, page, "rooms")[0])
	page.Click(t, "sort-messages")
	waitRow(t, page, "rooms", "room-07777")
	assert.Equal(t, "room-07777", rowsOf(t, page, "rooms")[0], "the one with most messages")
	page.Fill(t, "search", "0123")
	waitText(t, page, "shown", "1–11 of 11")
	page.Fill(t, "search", "nothing like it")
	waitText(t, page, "none", "nothing like it")
	goTo(t, page, "#/overview")
	waitText(t, page, "total-active", "of 10,000 rooms")
	assert.Empty(t, console(page))
}

// TestPageIsLive has people come and speak while somebody looks: what is shown changes, and stays in
// its place.
func TestPageIsLive(t *testing.T) {
	node := startPaged(t)
	for n := range 5 {
		client.Guest(node.URL, "Loader").Post(t, fmt.Sprintf("quiet-%d", n), "hello")
	}
	page := openPage(t, node, "#/rooms?sort=members")
	waitRow(t, page, "rooms", "quiet-4")
	page.Until(t, "that it is live", `document.querySelector('[data-testid="live"]').dataset.state === "live"`)
	before := rowsOf(t, page, "rooms")
	members := func(room string, count int) {
		t.Helper()
		page.Until(t, fmt.Sprintf("%d members in %s", count, room),
			fmt.Sprintf(`document.querySelector('[data-key=%q] .of-members .cell-value').textContent === "%d"`, room, count))
	}
	members("quiet-4", 0)
	ann, bob := client.SignIn(t, node.URL, "Ann"), client.SignIn(t, node.URL, "Bob")
	reader := ann.Read(t, client.WebSocket, "quiet-4", client.Options{})
	bob.Read(t, client.SSE, "quiet-4", client.Options{})
	members("quiet-4", 2)
	page.WaitFor(t, "reload")
	assert.Equal(t, before, rowsOf(t, page, "rooms"), "rows move when somebody asks for it")
	page.Click(t, "reload")
	page.Until(t, "the new order", `document.querySelector('[data-testid="rooms"] tbody tr').dataset.key === "quiet-4"`)

	goTo(t, page, "#/rooms/quiet-4")
	waitText(t, page, "message", "hello")
	page.Until(t, "that the log is live", `document.querySelector('[data-testid="log"]').dataset.state === "live"`)
	said := ann.Post(t, "quiet-4", "as it comes")
	waitText(t, page, "message", "as it comes")
	ann.Amend(t, "quiet-4", client.Command{Type: "edit", Target: said.ID, Text: "as it came"})
	waitText(t, page, "message", "as it came")
	ann.Amend(t, "quiet-4", client.Command{Type: "delete", Target: said.ID})
	waitText(t, page, "message", "This message was deleted")
	var there []string
	for _, m := range ann.Members(t, "quiet-4").Members {
		there = append(there, m.Name)
	}
	assert.ElementsMatch(t, []string{"Ann", "Bob"}, there, "nobody sees that it is read here")
	goTo(t, page, "#/rooms/quiet-4/members")
	waitText(t, page, "members", "Bob")
	waitText(t, page, "members-unowned", "Nobody owns this room")
	reader.Drop()

	goTo(t, page, "#/announce")
	page.Fill(t, "announce-text", "Back in five minutes")
	page.Click(t, "announce-go")
	page.Click(t, "ask-go")
	waitText(t, page, "said", "Announced in 1 room.")
	chat := run.Chromium(t).Person(t, "Eve").Page()
	chat.Visit(t, node.URL, "quiet-4", "")
	waitText(t, chat, "announcement", "Back in five minutes")
	assert.Empty(t, console(page))
}

// TestPageOffline takes the network and the store away: what is shown stays, and it is said.
func TestPageOffline(t *testing.T) {
	run.Needed(t)
	redis := harness.StartRedis(t)
	node := startPaged(t, "--redis-url", redis.URL())
	client.Guest(node.URL, "Ann").Post(t, "tea", "hello")
	page := openPage(t, node, "#/rooms")
	waitRow(t, page, "rooms", "tea")
	page.Offline(t, true)
	page.WaitFor(t, "offline")
	assert.Equal(t, []string{"tea"}, rowsOf(t, page, "rooms"))
	page.Offline(t, false)
	page.Until(t, "that it is over", `!document.querySelector('[data-testid="offline"]')`)
	page.Until(t, "that it is live", `document.querySelector('[data-testid="live"]').dataset.state === "live"`)

	goTo(t, page, "#/overview")
	page.Until(t, "all well", `document.querySelector('[data-testid="health"]')?.dataset.good === "true"`)
	redis.Kill()
	page.Until(t, "that something is wrong", `document.querySelector('[data-testid="health"]').dataset.good === "false"`)
	assert.False(t, page.Has(t, "token"), "one stays signed in")

	page.ForgetCookies(t)
	page.WaitFor(t, "token")
	assert.Equal(t, node.Admin+"/#/overview", browser.Eval[string](t, page, `location.href`))
}
