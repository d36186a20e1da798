package program

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// filesScript makes files in a page, and gives them to it as somebody would.
const filesScript = `window.give = {
	async picture(name, width, height, type = "image/png", quality) {
		const canvas = new OffscreenCanvas(width, height);
		const c = canvas.getContext("2d");
		for (let i = 0; i < 40; i++) {
			c.fillStyle = "hsl(" + i * 9 + " 70% 50%)";
			c.fillRect(i * width / 40, 0, width / 40 + 1, height);
		}
		c.fillStyle = "white"; c.fillRect(width / 4, height / 4, width / 2, height / 2);
		return new File([await canvas.convertToBlob({type, quality})], name, {type});
	},
	noise(name, size, type = "application/octet-stream") {
		const bytes = new Uint8Array(size);
		for (let at = 0; at < size; at += 65536) crypto.getRandomValues(bytes.subarray(at, Math.min(size, at + 65536)));
		return new File([bytes], name, {type});
	},
	text: (name, text, type = "text/plain") => new File([text], name, {type}),
	data(files) { const data = new DataTransfer(); for (const f of files) data.items.add(f); return data; },
	choose(...files) {
		const input = document.querySelector('[data-testid="file-input"]');
		input.files = this.data(files).files;
		input.dispatchEvent(new Event("change", {bubbles: true}));
	},
	drag(type, ...files) {
		const to = document.querySelector(".log");
		to.dispatchEvent(new DragEvent(type, {bubbles: true, cancelable: true, dataTransfer: this.data(files)}));
	},
	paste(...files) {
		const to = document.querySelector('[data-testid="composer-input"]');
		const paste = new Event("paste", {bubbles: true, cancelable: true}); // Firefox lets no page give it data
		Object.defineProperty(paste, "clipboardData", {value: this.data(files)});
		to.dispatchEvent(paste);
	},
};`

// all is the script for the elements of a hook.
func all(id string) string { return `[...document.querySelectorAll('[data-testid="` + id + `"]')]` }

// attaching opens a room, ready to be given files.
func attaching(t *testing.T, page *browser.Page, base, room, transport string) {
	t.Helper()
	page.AtStart(t, filesScript)
	page.Visit(t, base, room, transport)
	page.WaitFor(t, "attach")
	page.Until(t, "what sends files loaded", `!!document.querySelector('[data-testid="file-input"]')`)
}

// sentFile is a file as a message names it.
type sentFile struct {
	Name, Type    string
	Size          int64
	Width, Height int
	Duration      float64
	Wave          []int
}

// sentFiles are the files of a room's messages.
func sentFiles(t *testing.T, reader client.Person, room string) (files [][]sentFile) {
	t.Helper()
	resp := reader.Do(t, http.MethodGet, "/rooms/"+room+"/messages", "")
	var page struct {
		Messages []struct{ Files []sentFile }
	}
	require.NoError(t, json.Unmarshal([]byte(resp.Body), &page), resp.Body)
	for _, message := range page.Messages {
		files = append(files, message.Files)
	}
	return files
}

// filesOf is the names of the files of a room's messages.
func filesOf(t *testing.T, reader client.Person, room string) (names [][]string) {
	t.Helper()
	for _, files := range sentFiles(t, reader, room) {
		var of []string
		for _, file := range files {
			of = append(of, file.Name)
		}
		names = append(names, of)
	}
	return names
}

// TestPageSendsFiles attaches files by the button, by dropping and by pasting, and sends them with a
// text, over each transport.
func TestPageSendsFiles(t *testing.T) {
	node := startNode(t)
	bob := client.SignIn(t, node.URL, "Bob")
	for _, transport := range []string{"ws", "sse", "poll"} {
		t.Run(transport, func(t *testing.T) {
			page := chromium(t).Person(t, "Ann").Page()
			attaching(t, page, node.URL, transport, transport)
			browser.Eval[any](t, page, `(async () => give.choose(await give.picture("sunset.png", 1600, 1200), give.text("заметки 1.txt", "one\ntwo")))()`)
			page.Until(t, "two attached", all("attached-file")+".length === 2")
			browser.Eval[any](t, page, `give.drag("dragover", give.text("c.txt", "c"))`)
			page.WaitFor(t, "drop-here")
			browser.Eval[any](t, page, `give.drag("drop", give.text("c.txt", "c"))`)
			page.Until(t, "dropped", all("attached-file")+`.length === 3 && !document.querySelector('[data-testid="drop-here"]')`)
			browser.Eval[any](t, page, `give.paste(give.noise("d.bin", 1000))`)
			page.Until(t, "pasted", all("attached-file")+".length === 4")
			page.Fill(t, "composer-input", "look")
			page.Click(t, "send")
			page.WaitSent(t, "look")
			want := []string{"sunset.png", "заметки 1.txt", "c.txt", "d.bin"}
			assert.Equal(t, [][]string{want}, filesOf(t, bob, transport))
			page.Until(t, "the picture", `document.querySelector('[data-testid="picture"]')?.dataset.loaded === "true"`)
			page.Until(t, "the lines", `document.querySelector('[data-testid="file-lines"]')?.textContent === "one\ntwo"`)
			shot(t, page, "sent-"+transport)
			assert.False(t, browser.Eval[bool](t, page, `(e => { dispatchEvent(e); return e.defaultPrevented; })(new Event("beforeunload", {cancelable: true}))`),
				"nothing is on its way any more")

			// A text that is too long becomes a file by one click.
			page.Fill(t, "composer-input", "x")
			browser.Eval[any](t, page, `(f => { f.value = "long ".repeat(900); f.dispatchEvent(new Event("input", {bubbles: true})); })(document.querySelector('[data-testid="composer-input"]'))`)
			page.Click(t, "as-file")
			page.Until(t, "as a file", all("attached-file")+`.length === 1 && document.querySelector('[data-testid="composer-input"]').value === ""`)
			page.Click(t, "send")
			page.Until(t, "sent", all("message")+`.length === 2 && `+all("message")+`.every(m => m.dataset.state === "sent")`)
			assert.Equal(t, [][]string{want, {"message.txt"}}, filesOf(t, bob, transport))
			assert.Empty(t, page.Console())
		})
	}
}

// TestPageMakesPicturesSmaller sends a large picture as it is, and smaller.
func TestPageMakesPicturesSmaller(t *testing.T) {
	node := startNode(t)
	page := chromium(t).Person(t, "Ann").Page()
	attaching(t, page, node.URL, "tea", "")
	for _, smaller := range []bool{false, true} {
		browser.Eval[any](t, page, `(async () => give.choose(await give.picture("large.jpg", 4000, 3000, "image/jpeg", 1)))()`)
		page.WaitFor(t, "smaller")
		if smaller {
			page.Click(t, "smaller")
			shot(t, page, "smaller")
		}
		page.Fill(t, "composer-input", fmt.Sprint(smaller))
		page.Click(t, "send")
		page.WaitSent(t, fmt.Sprint(smaller))
	}
	files := sentFiles(t, client.SignIn(t, node.URL, "Bob"), "tea")
	require.Len(t, files, 2)
	whole, small := files[0][0], files[1][0]
	assert.Equal(t, []int{4000, 3000, 1600, 1200}, []int{whole.Width, whole.Height, small.Width, small.Height})
	assert.Less(t, small.Size, whole.Size)
}

// crossing leads to one node or the other, and breaks uploads.
type crossing struct {
	*httptest.Server
	to [2]http.Handler
	at atomic.Int32 // which node
	// holds has what is uploaded refused, as a node that is too busy does.
	holds atomic.Bool
	// cuts are the uploads that are still to be cut after half of their body.
	cuts atomic.Int32
	// holdsAfter has what comes after a cut held.
	holdsAfter atomic.Bool
	resumed    atomic.Int64 // the last offset that was gone on from

	mu       sync.Mutex // guards answered
	answered []answered
}

// answered is a request that a node has answered.
type answered struct {
	Method, Path, Range string
	Status              int
}

// requests are those with a method that were answered, below a path.
func (c *crossing) requests(method, path string) (found []answered) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range c.answered {
		if one.Method == method && strings.HasPrefix(one.Path, path) {
			found = append(found, one)
		}
	}
	return found
}

func newCrossing(t *testing.T, one, other string) *crossing {
	c := &crossing{}
	for i, address := range []string{one, other} {
		target, err := url.Parse(address)
		require.NoError(t, err)
		proxy := httputil.NewSingleHostReverseProxy(target)
		proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
		proxy.ModifyResponse = func(r *http.Response) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.answered = append(c.answered, answered{r.Request.Method, r.Request.URL.Path, r.Request.Header.Get("Range"), r.StatusCode})
			return nil
		}
		c.to[i] = proxy
	}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

func (c *crossing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at := c.at.Load()
	if r.Method == http.MethodPatch {
		if c.holds.Load() {
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		}
		var offset int64
		_, _ = fmt.Sscan(r.Header.Get("Upload-Offset"), &offset)
		if offset > 0 {
			c.resumed.Store(offset)
		}
		if c.cuts.Add(-1) >= 0 {
			c.holds.Store(c.holdsAfter.Load())
			r.Body = struct {
				io.Reader
				io.Closer
			}{io.MultiReader(io.LimitReader(r.Body, r.ContentLength/2), broken{}), r.Body}
		}
	}
	c.to[at].ServeHTTP(w, r)
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestPageUploadGoesOn breaks an upload in its middle, takes the page away, and has it go on with
// another node: what the first node has is not sent again, and the message is there once.
func TestPageUploadGoesOn(t *testing.T) {
	dir := t.TempDir()
	one, other, _ := run.TwoNodes(t, "--files", "file://"+dir)
	between := newCrossing(t, one.URL, other.URL)
	page := chromium(t).Person(t, "Ann").Page()
	attaching(t, page, between.URL, "tea", "")
	between.cuts.Store(1)
	browser.Eval[any](t, page, `(async () => {
		const file = give.noise("large.bin", 3_000_000);
		const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
		localStorage.setItem("hash", [...hash].map(b => b.toString(16).padStart(2, "0")).join(""));
		give.choose(file);
	})()`)
	page.Until(t, "attached", all("attached-file")+".length === 1")
	page.Fill(t, "composer-input", "here it is")
	between.holdsAfter.Store(true) // once the first half is through
	page.Click(t, "send")
	page.Until(t, "on its way", all("sending")+".length === 1")
	assert.True(t, browser.Eval[bool](t, page, `(e => { dispatchEvent(e); return e.defaultPrevented; })(new Event("beforeunload", {cancelable: true}))`))
	harness.Eventually(t, "the first half is through", between.holds.Load)
	between.holdsAfter.Store(false)
	between.holds.Store(false)
	page.WaitSent(t, "here it is")
	assert.Positive(t, between.resumed.Load(), "what was there was not sent again")
	hash := browser.Eval[string](t, page, `localStorage.getItem("hash")`)
	assert.Equal(t, hash, sumOf(t, page, "large.bin"))

	// Now the page goes while nothing gets through, and comes back on the other node.
	between.holds.Store(true)
	between.resumed.Store(0)
	browser.Eval[any](t, page, `give.choose(give.text("later.txt", "kept by the browser"))`)
	page.Until(t, "attached", all("attached-file")+".length === 1")
	page.Fill(t, "composer-input", "after the reload")
	page.Click(t, "send")
	page.Until(t, "it pauses", all("sending")+`.some(s => /Paused/.test(s.textContent))`)
	page.Send(t, "a text meanwhile")
	page.WaitSent(t, "a text meanwhile")
	shot(t, page, "paused")
	page.Crash(t)
	between.at.Store(1)
	page.Open(t, between.URL+"/rooms/tea")
	page.WaitLive(t, "")
	page.Until(t, "still to be sent", all("sending")+".length === 1")
	between.holds.Store(false)
	page.WaitSent(t, "after the reload")
	bob := client.SignIn(t, other.URL, "Bob")
	assert.Equal(t, [][]string{{"large.bin"}, nil, {"later.txt"}}, filesOf(t, bob, "tea"))
}

// sumOf is the SHA-256 of a file that the page shows, as it is read.
func sumOf(t *testing.T, page *browser.Page, name string) string {
	t.Helper()
	address := browser.Eval[string](t, page, `[...document.querySelectorAll('[data-testid="file-download"]')].find(a => a.download === "`+name+`").href`)
	response, err := http.Get(address)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	sum := sha256.New()
	_, err = io.Copy(sum, response.Body)
	require.NoError(t, err)
	return hex.EncodeToString(sum.Sum(nil))
}

// TestPageShowsFirstPages has the first page of a document drawn, within the page's policy, and the
// first lines of texts of any kind shown.
func TestPageShowsFirstPages(t *testing.T) {
	node := startNode(t)
	page := chromium(t).Person(t, "Ann").Page()
	attaching(t, page, node.URL, "tea", "")
	browser.Eval[any](t, page, `give.choose(give.text("doc.pdf", "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n" +
		"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj\n" +
		"4 0 obj<</Length 60>>stream\nBT /F1 24 Tf 20 150 Td (Hello, page one) Tj ET 1 0 0 rg 20 20 100 50 re f\nendstream endobj\n" +
		"5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Root 1 0 R>>\n", "application/pdf"), give.text("not.pdf", "%PDF-1.4 nothing", "application/pdf"))`)
	page.Until(t, "attached", all("attached-file")+".length === 2")
	page.Fill(t, "composer-input", "read")
	page.Click(t, "send")
	page.WaitSent(t, "read")
	page.Until(t, "the one drawn, the other said to be none", all("pdf-page")+`.map(p => p.dataset.state).join() === "drawn,fileNoPage"`)
	red := `(c => [...c.getContext("2d").getImageData(100, 320, 1, 1).data].join())(document.querySelector(".pdf-page canvas"))`
	assert.Equal(t, "255,0,0,255", browser.Eval[string](t, page, red))
	browser.Eval[any](t, page, `give.choose(give.text("app.log", "04:01 up\n04:02 down", ""), give.text("a.json", '{"a": 1}', "application/json"))`)
	page.Until(t, "attached", all("attached-file")+".length === 2")
	page.Click(t, "send")
	page.Until(t, "the lines", all("file-lines")+`.map(p => p.textContent).join("|") === '04:01 up\n04:02 down|{"a": 1}'`)
	assert.Empty(t, page.Console())
}

// TestPageRefusedFile says why a file is refused before its bytes are sent, and leaves it to one what
// becomes of it.
func TestPageRefusedFile(t *testing.T) {
	node := startNode(t, "--file-size", "100KB")
	page := chromium(t).Person(t, "Ann").Page()
	attaching(t, page, node.URL, "tea", "")
	browser.Eval[any](t, page, `give.choose(give.noise("large.bin", 200_000), give.text("small.txt", "small"))`)
	page.Until(t, "told before it is sent", `/at most 102 kB/.test(document.querySelector('[data-testid="attached-file"]')?.textContent)`)
	page.Click(t, "send")
	page.Until(t, "refused", `/at most 102 kB/.test(document.querySelector('[data-testid="sending"][data-state="failed"]')?.textContent)`)
	shot(t, page, "failed")
	page.Click(t, "file-cancel")
	page.Until(t, "the rest sent", all("message")+`.length === 1 && document.querySelector('[data-testid="message"]').dataset.state === "sent"`)
	assert.Equal(t, [][]string{{"small.txt"}}, filesOf(t, client.SignIn(t, node.URL, "Bob"), "tea"))
}

// TestPageViewer looks at pictures by keys, buttons and a swipe.
func TestPageViewer(t *testing.T) {
	node := startNode(t)
	page := chromium(t).Person(t, "Ann").Page()
	attaching(t, page, node.URL, "tea", "")
	for i, size := range []string{"1600, 1200", "300, 900"} {
		browser.Eval[any](t, page, fmt.Sprintf(`(async () => give.choose(await give.picture("%d.png", %s)))()`, i, size))
		page.Until(t, "attached", all("attached-file")+".length === 1 && !!document.querySelector('.attached-file canvas')")
		page.Fill(t, "composer-input", fmt.Sprint(i))
		page.Click(t, "send")
		page.WaitSent(t, fmt.Sprint(i))
	}
	const shown = `document.querySelector('[data-testid="viewer-picture"]')`
	at := func(name string) {
		t.Helper()
		page.Until(t, name+" shown", `document.querySelector(".viewer-name bdi")?.textContent === "`+name+`" && `+shown+`?.dataset.loaded === "true"`)
	}
	width := func() float64 {
		t.Helper()
		return browser.Eval[float64](t, page, shown+`.getBoundingClientRect().width`)
	}
	before := browser.Eval[float64](t, page, `document.querySelector(".log").scrollTop`)
	clickOn(t, page, "picture")
	at("0.png")
	fits := width()
	page.Press(t, "1")
	page.Until(t, "its own size", shown+`.getBoundingClientRect().width === 1600`)
	page.Press(t, "+")
	page.Until(t, "larger", shown+`.getBoundingClientRect().width > 2000`)
	page.Press(t, "0")
	page.Until(t, "as it fits", fmt.Sprintf(`%s.getBoundingClientRect().width === %v`, shown, fits))
	page.Press(t, kb.ArrowRight)
	at("1.png")
	assert.False(t, page.Has(t, "viewer-next"))
	page.Press(t, kb.ArrowLeft)
	at("0.png")
	browser.Eval[any](t, page, `(stage => { const go = (type, x) => stage.dispatchEvent(new PointerEvent(type, {pointerId: 7, clientX: x, clientY: 300, bubbles: true, pointerType: "touch"}));
		go("pointerdown", 500); go("pointermove", 400); go("pointermove", 300); go("pointerup", 300); })(document.querySelector(".viewer-stage"))`)
	at("1.png")
	page.Press(t, kb.Escape)
	page.Until(t, "closed", `!document.querySelector("dialog[open]")`)
	assert.Equal(t, before, browser.Eval[float64](t, page, `document.querySelector(".log").scrollTop`))
	assert.Empty(t, page.Console())
}

// TestPageVoiceNote records one with a microphone that somebody speaks into, and plays it.
func TestPageVoiceNote(t *testing.T) {
	endToEnd(t)
	media, err := browser.FakeMedia(t.TempDir())
	require.NoError(t, err)
	started := browser.Start(t, append(media, browser.AllowMedia())...)
	t.Cleanup(started.Close)
	node := startNode(t)
	page := started.Person(t, "Ann").Page()
	attaching(t, page, node.URL, "tea", "")
	page.Click(t, "voice-record")
	page.WaitFor(t, "voice-bar")
	page.Press(t, kb.Escape)
	page.Until(t, "discarded", `!document.querySelector('[data-testid="voice-bar"]')`)
	page.Click(t, "voice-record")
	page.Until(t, "two seconds of it", `/0:(0[2-9]|[1-9])/.test(document.querySelector('[data-testid="voice-bar"]')?.textContent)`)
	shot(t, page, "recording")
	page.Click(t, "voice-send")
	page.Until(t, "sent", all("message")+`.length === 1 && document.querySelector('[data-testid="message"]').dataset.state === "sent"`)
	page.Until(t, "its wave", `document.querySelector('[data-testid="wave"]')?.children.length > 10`)
	shot(t, page, "voice")
	// It is over before a machine without time looks.
	page.Load(t, `document.addEventListener("timeupdate", ({target}) => {
		if (target.currentTime > 0 && target.closest('[data-testid="voice"]').dataset.playing === "true") window.played = true;
	}, true)`)
	page.Click(t, "voice-play")
	page.Until(t, "it plays", `window.played`)
	files := sentFiles(t, client.SignIn(t, node.URL, "Bob"), "tea")[0]
	require.Len(t, files, 1)
	assert.Regexp(t, `^audio/`, files[0].Type)
	assert.Greater(t, files[0].Duration, 1.5)
	assert.NotEmpty(t, files[0].Wave)
	assert.Empty(t, page.Console())
}

// TestPageFilesAreAccessible holds what sends and shows files to axe-core's rules.
func TestPageFilesAreAccessible(t *testing.T) {
	node := startNode(t, "--file-size", "2MB")
	axe, err := os.ReadFile(axePath)
	require.NoError(t, err)
	for _, theme := range []string{"light", "dark"} {
		t.Run(theme, func(t *testing.T) {
			page := chromium(t).Person(t, "Ann").Page()
			page.Emulate(t, "prefers-color-scheme", theme)
			attaching(t, page, node.URL, theme, "")
			check := func(what string) {
				t.Helper()
				checkAxe(t, page, string(axe), what+" in "+theme)
				shot(t, page, what+"-"+theme)
			}
			browser.Eval[any](t, page, `(async () => give.choose(await give.picture("a.png", 1800, 900), give.text("b.txt", "one\ntwo"), give.noise("c.zip", 3_000_000, "application/zip")))()`)
			page.Until(t, "attached", all("attached-file")+".length === 3 && !!document.querySelector('.attached-file canvas')")
			check("attached")
			page.Click(t, "send")
			page.Until(t, "one refused, the others there", all("sending")+`.map(s => s.dataset.state).join() === "failed"`)
			check("refused")
			page.Click(t, "file-cancel")
			page.Until(t, "sent", all("message")+`.every(m => m.dataset.state === "sent") && document.querySelector('[data-testid="picture"]')?.dataset.loaded === "true"`)
			check("files")
			page.Click(t, "picture")
			page.Until(t, "the viewer", `document.querySelector('[data-testid="viewer-picture"]')?.dataset.loaded === "true"`)
			check("viewer")
			page.Press(t, kb.Escape)
			page.Resize(t, 360, 640, true)
			page.Until(t, "as on a phone", "innerWidth === 360")
			check("phone")
		})
	}
}

// TestFirefoxFiles is the same in Firefox: choosing, dropping, pasting, the viewer and a voice note.
func TestFirefoxFiles(t *testing.T) {
	endToEnd(t)
	firefox := browser.StartFirefox(t, browser.FirefoxMedia)
	t.Cleanup(firefox.Close)
	node := startNode(t)
	page := firefox.Page(t, "Ann")
	page.Visit(t, node.URL, "tea", "ws")
	page.Until(t, "what sends files loaded", `!!document.querySelector('[data-testid="file-input"]')`)
	page.Read(t, "(() => {"+filesScript+"})()", new(any))
	page.Read(t, `(async () => { give.choose(await give.picture("sunset.png", 1600, 1200)); return ""; })()`, new(any))
	page.Until(t, "chosen", all("attached-file")+".length === 1")
	page.Read(t, `(() => { give.drag("dragover", give.text("c.txt", "c")); give.drag("drop", give.text("c.txt", "c")); })()`, new(any))
	page.Until(t, "dropped", all("attached-file")+".length === 2")
	page.Read(t, `(() => give.paste(give.text("d.txt", "one\ntwo")))()`, new(any))
	page.Until(t, "pasted", all("attached-file")+".length === 3")
	page.Send(t, "look")
	page.WaitMessages(t, "look")
	assert.Equal(t, [][]string{{"sunset.png", "c.txt", "d.txt"}}, filesOf(t, client.SignIn(t, node.URL, "Bob"), "tea"))
	page.Until(t, "the picture", `document.querySelector('[data-testid="picture"]')?.dataset.loaded === "true"`)
	page.Click(t, "picture")
	page.Until(t, "large", `document.querySelector('[data-testid="viewer-picture"]')?.dataset.loaded === "true"`)
	page.Press(t, browser.FirefoxEscape)
	page.Until(t, "closed", `!document.querySelector("dialog[open]")`)
	page.Click(t, "voice-record")
	page.Until(t, "a second of it", `/0:(0[1-9]|[1-9])/.test(document.querySelector('[data-testid="voice-bar"]')?.textContent)`)
	page.Click(t, "voice-send")
	page.Until(t, "a voice note", `!!document.querySelector('[data-testid="voice"]') && `+all("message")+`.every(m => m.dataset.state === "sent")`)
	assert.Empty(t, page.Console())
}

// shot keeps a picture of the page in the folder CALLER_SHOTS, for somebody to look at.
func shot(t *testing.T, page *browser.Page, name string) {
	t.Helper()
	if dir := os.Getenv("CALLER_SHOTS"); dir != "" {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".png"), page.Picture(t), 0o600))
	}
}
