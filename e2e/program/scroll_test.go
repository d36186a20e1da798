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
	assert.Greater(t, browser.Eval[int](t, page, `document.querySelectorAll('[data-testid="reaction"]').length`), 200, "with their reactions")
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

// TestScrollingDoesLittleAtATime: while one scrolls, few rows are drawn at once and not many are
// kept, a step lays out once, and what is there already is not painted anew when it moves. That is
// what keeps the tasks of TestScrollThroughABusyRoom short, whatever the machine.
func TestScrollingDoesLittleAtATime(t *testing.T) {
	node := startNode(t, "--history-limit", "500")
	bob := client.SignIn(t, node.URL, "Bob")
	for i := range 500 {
		message := bob.Post(t, "lobby", fmt.Sprintf("message %d of many", i+1))
		answer := bob.Do(t, http.MethodPut, "/rooms/lobby/messages/"+message.ID+"/reactions/👍", "")
		require.Equal(t, http.StatusOK, answer.Status, answer.Body)
	}
	page := chromium(t).Person(t, "Ann").Page()
	page.Visit(t, node.URL, "lobby", "")
	settled(t, page)
	// Each drawing is one batch of changes.
	page.Load(t, `{
		const list = document.querySelector('[data-testid="message"]').parentElement;
		window.steps = [];
		new MutationObserver(changes => window.steps.push({
			added: changes.reduce((n, c) => n + c.addedNodes.length, 0),
			removed: changes.reduce((n, c) => n + c.removedNodes.length, 0),
		})).observe(list, {childList: true}); }`)
	work := page.Trace(t, func() {
		for range 2000 {
			if firstRead(t, page).Text == "message 1 of many" {
				return
			}
			page.Wheel(t, -300)
		}
		require.Fail(t, "the beginning is not reached", "the top is %+v", firstRead(t, page))
	})
	steps := browser.Eval[[]struct{ Added, Removed int }](t, page, "window.steps")
	drawn, mostAdded, mostRemoved := 0, 0, 0
	for _, step := range steps {
		drawn += step.Added
		mostAdded, mostRemoved = max(mostAdded, step.Added), max(mostRemoved, step.Removed)
	}
	painted := 0
	for element, n := range work.Painted {
		if strings.Contains(element, "class='message ") {
			painted += n
		}
	}
	t.Logf("%d steps, %d rows drawn, at most %d and %d taken away at once; %d layouts, %d paints, %d messages painted",
		len(steps), drawn, mostAdded, mostRemoved, work.Layouts, work.Paints, painted)
	assert.Greater(t, drawn, 150)
	assert.LessOrEqual(t, mostAdded, 8+2, "rows drawn at once, and a heading that goes with them")
	assert.LessOrEqual(t, mostRemoved, 2*8, "rows taken away at once")
	assert.LessOrEqual(t, len(page.Messages(t)), 100, "drawn when one has scrolled away from the end")
	require.Positive(t, work.Paints)
	assert.LessOrEqual(t, work.Layouts, len(steps)+work.Paints+10, "one for a step, one for a frame in which the pointer is on another row")
	// Each row when it comes, and those that the pointer comes to and leaves. Painted anew each time
	// they are 50 in each frame.
	assert.LessOrEqual(t, painted, 2*drawn+4*work.Paints, "in %d frames", work.Paints)

	// What one has selected is still there when one has scrolled on.
	browser.Eval[any](t, page, `getSelection().selectAllChildren(
		[...document.querySelectorAll('[data-testid="message-text"]')].find(m => m.textContent === "message 1 of many"))`)
	seen := false
	for range 2000 {
		if seen = onScreen(t, page, "message 120 of many"); seen {
			break
		}
		page.Wheel(t, 300)
	}
	assert.True(t, seen, "it goes on moving: one look is enough")
	assert.Equal(t, "message 1 of many", browser.Eval[string](t, page, "getSelection().toString()"))
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
