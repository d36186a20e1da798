package program

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/times"
)

// TestScrollThroughABusyRoom scrolls through 1,000 messages with 5,000 reactions, from the end to
// the beginning and back, on a processor that is four times slower. The longest task of the page is
// in the table of the run: what it may take is a promise for a machine with time.
func TestScrollThroughABusyRoom(t *testing.T) {
	node := startNode(t, "--history-limit", "1000")
	bob := client.SignIn(t, node.URL, "Bob")
	ids := make([]string, 0, 1000)
	for i := range 1000 {
		text := fmt.Sprintf("message %d of many", i+1)
		switch i % 10 {
		case 3:
			text += strings.Repeat(" and some more words to break lines", 6)
		case 6:
			text += "\n- **bold** and `code`\n- https://example.org/path?q=1"
		}
		ids = append(ids, bob.Post(t, "lobby", text).ID)
	}
	var wait sync.WaitGroup
	for i, emoji := range []string{"👍", "❤️", "😂", "🎉", "👀"} {
		who := client.SignIn(t, node.URL, fmt.Sprintf("Reader %d", i+1))
		wait.Go(func() {
			for _, id := range ids {
				answer := who.Do(t, http.MethodPut, "/rooms/lobby/messages/"+id+"/reactions/"+emoji, "")
				if !assert.Equal(t, http.StatusOK, answer.Status, answer.Body) {
					return
				}
			}
		})
	}
	wait.Wait()
	require.False(t, t.Failed())

	page := chromium(t).Person(t, "Ann").Page()
	page.Visit(t, node.URL, "lobby", "")
	settled(t, page)
	plain := tasksWhile(t, page, func() { page.Rest(t, time.Second) })
	page.SlowDown(t, 4)
	still := tasksWhile(t, page, func() { page.Rest(t, 2*time.Second) })

	up := tasksWhile(t, page, func() {
		for range 4000 {
			if browser.Eval[bool](t, page, `(log => log.scrollTop === 0 && [...log.querySelectorAll('[data-testid="message-text"]')].some(m => m.textContent === "message 1 of many"))(document.querySelector('[role="log"]'))`) {
				return
			}
			page.Wheel(t, -700)
		}
		require.Fail(t, "the beginning is not reached", "the top is %+v", firstRead(t, page))
	})
	assert.Greater(t, browser.Eval[int](t, page, `document.querySelectorAll('[data-testid="reaction"]').length`), 300, "with their reactions")
	down := tasksWhile(t, page, func() {
		for range 4000 {
			if browser.Eval[bool](t, page, `!document.querySelector('[data-testid="to-end"]')`) {
				return
			}
			page.Wheel(t, 700)
		}
		require.Fail(t, "the end is not reached", "the top is %+v", firstRead(t, page))
	})
	assert.True(t, onScreen(t, page, "message 1000 of many"))
	t.Logf("longest tasks: at rest %v, 4× slower %v; up %v; down %v", plain, still, up, down)
	const promised = 50 * time.Millisecond
	run.Times.Add(times.Row{What: "longest task, scrolling up through 1,000 messages, 4× slower", Took: up.longest, Promised: promised, Machine: still.longest})
	run.Times.Add(times.Row{What: "longest task, scrolling down through 1,000 messages, 4× slower", Took: down.longest, Promised: promised, Machine: still.longest})
}

// tasks are those of the page that took 50 ms or more.
type tasks struct {
	count   int
	longest time.Duration
}

func tasksWhile(t *testing.T, page *browser.Page, do func()) tasks {
	t.Helper()
	browser.Eval[any](t, page, `(() => { window.tasks = []; window.watching?.disconnect();
		window.watching = new PerformanceObserver(list => window.tasks.push(...list.getEntries().map(e => e.duration)));
		window.watching.observe({type: "longtask"}); })()`)
	do()
	took := browser.Eval[[]float64](t, page, `new Promise(done => setTimeout(() => done(window.tasks), 100))`)
	all := tasks{count: len(took)}
	for _, ms := range took {
		all.longest = max(all.longest, time.Duration(ms*float64(time.Millisecond)))
	}
	return all
}
