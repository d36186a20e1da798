package program

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

func TestTwoPagesOverWebSocket(t *testing.T) {
	node := startNode(t)
	ann, bob := chromium(t).Person(t, "Ann"), chromium(t).Person(t, "Bob")
	ann.Page().Join(t, node.URL, "kitchen")
	assert.Equal(t, node.URL+"/rooms/kitchen", ann.Page().Location(t))
	assert.Equal(t, "ws", ann.Page().Transport(t))
	ann.Page().Send(t, "is anybody here?")
	ann.Page().WaitSent(t, "is anybody here?")

	bob.Page().Join(t, node.URL, "kitchen")
	bob.Page().WaitTexts(t, "is anybody here?")
	assert.Equal(t, "ws", bob.Page().Transport(t))
	bob.Page().Send(t, "I am")
	ann.Page().WaitTexts(t, "is anybody here?", "I am")
	ann.Page().Send(t, "two\tlines? no: one — и кириллица 🙂")
	bob.Page().WaitTexts(t, "is anybody here?", "I am", "two\tlines? no: one — и кириллица 🙂")

	mine := ann.Page().WaitSent(t, "two\tlines? no: one — и кириллица 🙂")
	theirs := bob.Page().Messages(t)
	assert.Equal(t, mine.ID, theirs[2].ID, "both pages name the message alike")
	assert.Equal(t, []bool{false, true, false}, []bool{theirs[0].Own, theirs[1].Own, theirs[2].Own})

	// A third comes later, by the link, and finds what was said.
	carol := chromium(t).Person(t, "Carol")
	carol.Page().Visit(t, node.URL, "kitchen", "")
	carol.Page().WaitTexts(t, "is anybody here?", "I am", "two\tlines? no: one — и кириллица 🙂")
	waitPeople(t, ann.Page(), 3)

	// Bob leaves: the others see it at once.
	bob.Page().Click(t, "leave")
	bob.Page().WaitFor(t, "start-room")
	waitPeople(t, ann.Page(), 2)
	waitPeople(t, carol.Page(), 2)

	for _, page := range []*browser.Page{ann.Page(), bob.Page(), carol.Page()} {
		assert.Empty(t, page.Console(), "errors in the console")
	}
}

// waitPeople waits until the page counts so many people and lists as many.
func waitPeople(t *testing.T, page *browser.Page, count int) {
	t.Helper()
	n := string(rune('0' + count))
	page.Until(t, n+" people", `/\b`+n+`\b/.test(document.querySelector('[data-testid="people-count"]')?.textContent)`)
}

func TestPageShowsTextAsText(t *testing.T) {
	node := startNode(t)
	texts := []string{
		`<img src=x onerror="window.injected = true">`,
		`<script>window.injected = true</script>`,
		`"><svg onload=window.injected=true>`,
		`javascript:window.injected=true`,
		`https://example.org/?q="><img src=x onerror=window.injected=true>`,
		"`<b>code</b>`",
		`&lt;b&gt; &amp;`,
	}
	mallory := client.SignIn(t, node.URL, `<b onclick=x>Mal`)
	for _, text := range texts[:4] {
		mallory.Post(t, "kitchen", text)
	}
	ann := chromium(t).Person(t, "Ann")
	ann.Page().Visit(t, node.URL, "kitchen", "")
	ann.Page().WaitTexts(t, texts[:4]...)
	for _, text := range texts[4:] {
		mallory.Post(t, "kitchen", text)
	}
	ann.Page().Until(t, "all messages", `document.querySelectorAll('[data-testid="message"]').length === 7`)
	shown := ann.Page().Texts(t)
	assert.Equal(t, texts[:5], shown[:5])
	assert.Equal(t, "<b>code</b>", strings.Trim(shown[5], "`"))
	assert.Equal(t, texts[6], shown[6])

	assert.False(t, browser.Eval[bool](t, ann.Page(), "Boolean(window.injected)"), "a message ran as script")
	assert.Zero(t, browser.Eval[int](t, ann.Page(), `document.querySelectorAll('[data-testid="message"] :is(img, svg[onload], script, b)').length`))
	assert.Empty(t, browser.Eval[[]string](t, ann.Page(), `[...document.querySelectorAll('[data-testid="message"] a')].map(a => a.href).filter(h => !h.startsWith("https://example.org/"))`))
	page := browser.Eval[string](t, ann.Page(), "document.body.textContent")
	assert.Contains(t, page, "<b onclick=x>Mal", "a name is text too")
}

func TestPageSpeaksEnglishAndRussian(t *testing.T) {
	node := startNode(t)
	ann := chromium(t).Person(t, "Ann")
	page := ann.Page()
	page.Open(t, node.URL+"/")
	page.WaitFor(t, "join")
	text := func(id string) string {
		return browser.Eval[string](t, page, `document.querySelector('[data-testid="`+id+`"]').textContent.trim()`)
	}
	assert.Equal(t, "en", browser.Eval[string](t, page, "document.documentElement.lang"))
	assert.Equal(t, "Join", text("join"))

	switchLanguage(t, page, "ru")
	assert.Equal(t, "Присоединиться", text("join"))
	assert.Equal(t, "Создать", text("create"))
	assert.Contains(t, browser.Eval[string](t, page, "document.body.innerText + document.title"), "Чат-комнаты")

	page.Fill(t, "start-room", "кухня")
	page.Fill(t, "start-name", "Аня")
	page.Click(t, "join")
	page.WaitLive(t, "")
	label := func(id string) string {
		return browser.Eval[string](t, page, `(e => [e.textContent, e.ariaLabel, e.placeholder, e.title].join(" "))(document.querySelector('[data-testid="`+id+`"]'))`)
	}
	assert.Contains(t, label("leave"), "Покинуть комнату")
	assert.Contains(t, label("composer-input"), "Напишите сообщение…")
	assert.Contains(t, label("send"), "Отправить")
	page.Send(t, "привет")
	sent := page.WaitSent(t, "привет")
	kept := client.Guest(node.URL, "").Page(t, "кухня", "")
	require.Len(t, kept.Messages, 1)
	assert.Equal(t, sent.ID, kept.Messages[0].ID)
	assert.Equal(t, "Аня", kept.Messages[0].From.Name)

	// The choice is kept.
	page.Open(t, node.URL+"/")
	page.WaitFor(t, "join")
	assert.Equal(t, "Присоединиться", text("join"))
	assert.Equal(t, "ru", browser.Eval[string](t, page, "document.documentElement.lang"))
}

func switchLanguage(t *testing.T, page *browser.Page, language string) {
	t.Helper()
	page.WaitFor(t, "language")
	if browser.Eval[bool](t, page, `document.querySelector('[data-testid="language"]').matches("select")`) {
		browser.Eval[any](t, page, `(e => { e.value = "`+language+`"; e.dispatchEvent(new Event("change", {bubbles: true})); })(document.querySelector('[data-testid="language"]'))`)
	} else {
		page.Click(t, "language")
	}
	page.Until(t, "language "+language, `document.documentElement.lang === "`+language+`"`)
}

func TestCreateRoom(t *testing.T) {
	node := startNode(t)
	page := chromium(t).Person(t, "Ann").Page()
	page.Open(t, node.URL+"/")
	page.Fill(t, "start-name", "Ann")
	page.Click(t, "create")
	page.WaitLive(t, "")
	assert.Regexp(t, "^"+node.URL+"/rooms/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", page.Location(t))
	page.Send(t, "first")
	page.WaitSent(t, "first")
}

// TestPageBehindProxies is the page where networks are as they are: it finds what gets through and loses nothing.
func TestPageBehindProxies(t *testing.T) {
	tests := []struct {
		name      string
		proxy     func(*testing.T, *harness.Node) *harness.Proxy
		transport string
	}{
		{"nginx drops the upgrade headers", func(t *testing.T, node *harness.Node) *harness.Proxy {
			return harness.Nginx(t, "default", node)
		}, "sse"},
		{"nginx buffers streams", func(t *testing.T, node *harness.Node) *harness.Proxy {
			return harness.Nginx(t, "buffering", node)
		}, "poll"},
		{"haproxy", func(t *testing.T, node *harness.Node) *harness.Proxy {
			return harness.HAProxy(t, "http", node)
		}, "ws"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			node := startNode(t)
			proxy := test.proxy(t, node)
			ann, bob := chromium(t).Person(t, "Ann"), chromium(t).Person(t, "Bob")
			ann.Page().Join(t, node.URL, "kitchen")
			ann.Page().WaitLive(t, "ws")
			ann.Page().Send(t, "before")

			bob.Page().Join(t, proxy.URL, "kitchen")
			bob.Page().WaitLive(t, test.transport)
			bob.Page().WaitTexts(t, "before")
			bob.Page().Send(t, "from behind the proxy")
			ann.Page().WaitTexts(t, "before", "from behind the proxy")
			ann.Page().Send(t, "from outside")
			bob.Page().WaitTexts(t, "before", "from behind the proxy", "from outside")
			bob.Page().WaitSent(t, "from behind the proxy")
			assert.Equal(t, ann.Page().Messages(t)[1].ID, bob.Page().Messages(t)[1].ID)
			assert.Equal(t, test.transport, bob.Page().Transport(t))
			waitPeople(t, ann.Page(), 2)
			waitPeople(t, bob.Page(), 2)
			bob.Page().Click(t, "leave")
			waitPeople(t, ann.Page(), 1)
		})
	}
}

// TestPageSurvivesItsNode takes a page's node away, by SIGTERM and by SIGKILL: the page goes on with the other node,
// shows what was said meanwhile, and sends what it could not, once.
func TestPageSurvivesItsNode(t *testing.T) {
	for _, transport := range []string{"ws", "sse", "poll"} {
		t.Run(transport, func(t *testing.T) {
			one, other, _ := twoNodes(t)
			proxy := harness.Nginx(t, "balance", one, other)
			writer := client.SignIn(t, other.URL, "Writer")
			page := chromium(t).Person(t, "Ann").Page()
			page.Visit(t, proxy.URL, "kitchen", transport)
			writer.Post(t, "kitchen", "one")
			page.Send(t, "two")
			page.WaitSent(t, "two")
			page.WaitTexts(t, "one", "two")

			if transport == "ws" {
				one.Kill()
			} else {
				code := one.Stop(t)
				require.Zero(t, code)
			}
			writer.Post(t, "kitchen", "three")
			page.Send(t, "four")
			page.WaitSent(t, "four")
			writer.Post(t, "kitchen", "five")
			page.WaitTexts(t, "one", "two", "three", "four", "five")
			page.WaitLive(t, transport)
			kept := writer.Page(t, "kitchen", "").Messages
			shown := page.Messages(t)
			require.Len(t, kept, 5)
			for i, message := range kept {
				assert.Equal(t, message.ID, shown[i].ID)
			}
		})
	}
}
