package program

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// releases is a node whose program can be updated: its page then has other scripts, and the old
// ones are gone. Its service worker notes what it answers itself.
type releases struct {
	*httptest.Server
	release atomic.Int32
}

// newScript is what the page begins with after the update. The scripts name each other, so an update
// renames all.
const newScript = "assets/index-updated.js"

var (
	mainScript = regexp.MustCompile(`assets/index-[\w-]+\.js`)
	anyScript  = regexp.MustCompile(`assets/([\w-]+)-[\w-]{8}\.js`)
)

// noting goes before the worker's own script.
const noting = `const answered = [];
addEventListener("fetch", (event) => {
	const respondWith = event.respondWith.bind(event);
	event.respondWith = (answer) => { answered.push(event.request.url); respondWith(answer); };
});
let behind = false; // without a screen, every window of the browser has the focus
const matchAll = clients.matchAll.bind(clients);
clients.matchAll = async (options) => (await matchAll(options)).map((c) => ({ url: c.url, focused: c.focused && !behind,
	focus: () => c.focus(), postMessage: (message) => c.postMessage(message) }));
const asked = [], told = []; // of the worker by the pages, and of the browser by the worker
const showNotification = registration.showNotification.bind(registration);
registration.showNotification = (title, options) => {
	told.push({ title, ...options });
	return showNotification(title, options);
};
addEventListener("message", async ({ data, ports }) => {
	if (data?.text !== undefined && data.room !== undefined) asked.push(data.text);
	if (data?.do === undefined && !["answered", "behind", "asked", "told"].includes(data)) return;
	const [shown] = await registration.getNotifications();
	switch (data?.do ?? data) {
		case "answered": return ports[0].postMessage(answered);
		case "asked": return ports[0].postMessage(asked);
		case "told": return ports[0].postMessage(told);
		case "push": dispatchEvent(new PushEvent("push", { data: data.text })); break;
		case "behind": behind = true; break;
		case "click": dispatchEvent(new NotificationEvent("notificationclick", { notification: shown })); break;
		// Firefox shows none where there is no desktop.
		case "click-last": dispatchEvent(Object.assign(new ExtendableEvent("notificationclick"),
			{ notification: { data: told.at(-1).data, close() { told.at(-1).closed = true; } } })); break;
	}
	ports[0]?.postMessage(true);
});
`

func newReleases(t *testing.T, node *harness.Node, base string) *releases {
	t.Helper()
	target, err := url.Parse(node.URL)
	require.NoError(t, err)
	s := &releases{}
	page := client.Do(t, http.MethodGet, node.URL+base+"/", "", "Accept", "text/html")
	script := mainScript.FindString(page.Body)
	require.NotEmpty(t, script, page.Body)
	names, newNames := map[string]bool{}, map[string]bool{}
	var toOldNames, toNewNames []string
	worker := client.Do(t, http.MethodGet, node.URL+base+"/sw.js", "")
	for _, found := range anyScript.FindAllStringSubmatch(worker.Body, -1) {
		name, newName := found[0], "assets/"+found[1]+"-updated.js"
		require.False(t, newNames[newName], "%s would be two files", newName)
		names[name], newNames[newName] = true, true
		toOldNames = append(toOldNames, newName, name)
		toNewNames = append(toNewNames, strings.TrimPrefix(name, "assets/"), strings.TrimPrefix(newName, "assets/"))
	}
	require.True(t, names[script], worker.Body)
	toOld, toNew := strings.NewReplacer(toOldNames...), strings.NewReplacer(toNewNames...)
	proxy := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
		if streamed(r.In) {
			return
		}
		r.Out.Header.Del("Accept-Encoding")
		r.Out.Header.Del("If-None-Match")
		r.Out.URL.Path = toOld.Replace(r.Out.URL.Path)
	}}
	proxy.ModifyResponse = func(w *http.Response) error {
		if w.Request.Method != http.MethodGet || streamed(w.Request) || w.Body == nil || w.StatusCode != http.StatusOK {
			return nil
		}
		w.Header.Del("ETag")
		body, err := io.ReadAll(w.Body)
		if err != nil {
			return err
		}
		kind := w.Header.Get("Content-Type")
		if s.release.Load() > 1 && (strings.HasPrefix(kind, "text/html") || strings.HasSuffix(w.Request.URL.Path, ".js")) {
			body = []byte(toNew.Replace(string(body)))
		}
		if strings.HasSuffix(w.Request.URL.Path, "/sw.js") {
			body = append([]byte(noting), body...)
		}
		if strings.HasSuffix(w.Request.URL.Path, script) {
			body = append(body, "\n;document.documentElement.dataset.release = "+strconv.Itoa(int(s.release.Load()))+";"...)
		}
		w.Body = io.NopCloser(bytes.NewReader(body))
		w.ContentLength = int64(len(body))
		w.Header.Set("Content-Length", strconv.Itoa(len(body)))
		return nil
	}
	s.release.Store(1)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, base+"/")
		if names[path] && s.release.Load() > 1 || newNames[path] && s.release.Load() == 1 {
			http.NotFound(w, r)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

// streamed reports whether an answer is not to be waited for.
func streamed(r *http.Request) bool {
	return !strings.Contains(r.URL.Path, "/assets/") && !strings.HasSuffix(r.URL.Path, "/sw.js") &&
		!strings.Contains(r.Header.Get("Accept"), "text/html")
}

const (
	workerRuns = `navigator.serviceWorker.getRegistration().then((r) => r?.active?.state === "activated" && !r.installing && !r.waiting)`
	release    = `document.documentElement.dataset.release`
)

// askWorker has the worker do something that only a test asks for: a JavaScript value.
func askWorker(what string) string {
	return `new Promise((done) => {
		const { port1, port2 } = new MessageChannel();
		port1.onmessage = ({ data }) => done(data);
		navigator.serviceWorker.ready.then(({ active }) => active.postMessage(` + what + `, [port2]));
	})`
}

// TestInstalledPage is the page with its service worker: below a path, over each transport, through
// an update, and without a network.
func TestInstalledPage(t *testing.T) {
	endToEnd(t)
	node := startNode(t, "--base-path", "/chat")
	site := newReleases(t, node, "/chat")
	base := site.URL + "/chat"
	ann := chromium(t).Person(t, "Ann")
	page := ann.Page()
	page.Visit(t, base, "kitchen", "")
	page.Send(t, "hello")
	page.WaitSent(t, "hello")
	page.Until(t, "the worker", `(await (`+workerRuns+`))`)

	// Whatever the transport, what is said goes past the worker.
	for _, transport := range []string{"ws", "sse", "poll"} {
		page.Visit(t, base, "kitchen", transport)
		page.Send(t, "over "+transport)
		page.WaitSent(t, "over "+transport)
		require.True(t, browser.Eval[bool](t, page, `Boolean(navigator.serviceWorker.controller)`))
	}
	for _, address := range browser.Eval[[]string](t, page, askWorker(`"answered"`)) {
		path := strings.TrimPrefix(address, base)
		assert.Regexp(t, `^(/|/rooms/kitchen(\?transport=\w+)?|/assets/[\w-]+\.(js|css)|/favicon.*\.svg|/manifest\.webmanifest)$`, path)
	}

	// An update is there with the next load, while the old worker still runs.
	require.Equal(t, "1", browser.Eval[string](t, page, release))
	site.release.Store(2)
	page.Open(t, base+"/rooms/kitchen")
	page.WaitLive(t, "")
	assert.Equal(t, "2", browser.Eval[string](t, page, release), "the new page at once")

	// The new worker waits for the old pages to go, and then clears up after the old one.
	page.Until(t, "the new worker", `(await navigator.serviceWorker.getRegistration().then((r) => r.waiting || `+
		`caches.keys().then((all) => all.length === 1 && all[0].includes("`+newScript+`"))))`)
	page.Open(t, site.URL+"/healthz") // beside the path that the worker is for
	page.Until(t, "the new worker alone", `(await navigator.serviceWorker.getRegistration("/chat/").then((r) => r.active && !r.waiting && `+
		`caches.keys().then((all) => all.length === 1 && all[0].includes("`+newScript+`"))))`)
	page.Open(t, base+"/rooms/kitchen")
	page.WaitLive(t, "")

	// Without a network it shows what it is, in words, in every room.
	site.CloseClientConnections()
	site.Close()
	for _, path := range []string{"/rooms/kitchen", "/rooms/another", "/"} {
		page.Open(t, base+path)
		assert.Equal(t, "2", browser.Eval[string](t, page, release))
		if path == "/" {
			page.WaitFor(t, "join")
			continue
		}
		page.Until(t, "that it is offline", `["offline", "connecting"].includes(document.querySelector('[data-testid="connection"]')?.dataset.state) &&
			document.querySelector('[data-testid="connection"]').innerText.trim() !== ""`)
		assert.Contains(t, browser.Eval[string](t, page, `document.querySelector("h1").textContent`), strings.TrimPrefix(path, "/rooms/"))
		// What somebody asks for is there too.
		page.Click(t, "connection")
		page.WaitFor(t, "diagnostics-copy")
	}
}

// TestManifest is what a browser needs to install the page.
func TestManifest(t *testing.T) {
	endToEnd(t)
	node := startNode(t, "--base-path", "/chat")
	page := chromium(t).Person(t, "Ann").Page()
	page.Open(t, node.URL+"/chat/")
	manifest := browser.Eval[map[string]any](t, page, `fetch(document.querySelector("link[rel=manifest]").href).then((r) => r.json())`)
	assert.Equal(t, "Caller", manifest["name"])
	at, err := url.Parse(node.URL + "/chat/manifest.webmanifest")
	require.NoError(t, err)
	start, err := at.Parse(manifest["start_url"].(string))
	require.NoError(t, err)
	assert.Equal(t, node.URL+"/chat/", start.String())
	purposes := map[string]bool{}
	for _, icon := range manifest["icons"].([]any) {
		fields := icon.(map[string]any)
		purpose, _ := fields["purpose"].(string)
		purposes[purpose] = true
		src, err := at.Parse(fields["src"].(string))
		require.NoError(t, err)
		got := client.Do(t, http.MethodGet, src.String(), "")
		assert.Equal(t, http.StatusOK, got.Status, src)
		assert.Equal(t, fields["type"], got.Header.Get("Content-Type"), src)
	}
	assert.True(t, purposes["maskable"])
	worker := client.Do(t, http.MethodGet, node.URL+"/chat/sw.js", "")
	assert.Equal(t, "no-cache", worker.Header.Get("Cache-Control"))
	assert.Equal(t, "text/javascript; charset=utf-8", worker.Header.Get("Content-Type"))
}
