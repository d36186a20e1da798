package program

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/internal/testwait"
)

// boundedNginx is an nginx with a bound on bodies: its own where body is "".
func boundedNginx(t *testing.T, node *harness.Node, body string) *harness.Proxy {
	t.Helper()
	return harness.StartProxy(t, "nginx", "bodies.conf", map[string]string{"body": body}, func(c harness.ProxyConfig) *exec.Cmd {
		return exec.Command(harness.Find(t, "nginx"), "-p", c.Dir, "-e", "stderr", "-c", c.Config)
	}, node)
}

// chooseNoise attaches a file that nothing makes smaller, and keeps its SHA-256 in window.hash.
func chooseNoise(t *testing.T, page *browser.Page, name string, size int) {
	t.Helper()
	browser.Eval[any](t, page, fmt.Sprintf(`(async () => {
		const file = give.noise(%q, %d);
		const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
		window.hash = [...hash].map(b => b.toString(16).padStart(2, "0")).join("");
		give.choose(file);
	})()`, name, size))
	page.Until(t, "attached", all("attached-file")+".length === 1")
}

// uploading notes what becomes of a page's uploads: the answers to those that it begins, and to the
// parts that it sends, and where to. Where there is no answer it is 0.
const uploading = `(() => {
	window.begun = []; window.parts = []; window.uploads = new Set();
	const open = XMLHttpRequest.prototype.open;
	XMLHttpRequest.prototype.open = function (method, url, ...more) {
		const noted = {POST: window.begun, PATCH: window.parts}[method];
		if (method === "PATCH") window.uploads.add(url);
		if (noted) this.addEventListener("loadend", () => noted.push(this.status));
		return open.call(this, method, url, ...more);
	};
})()`

const paused = `[...document.querySelectorAll('[data-testid="sending"]')].map(s => /Paused/.test(s.textContent)).join() === "true"`

// waitsInItsMiddle waits until a page's last upload pauses, and the node has the first half of it.
func waitsInItsMiddle(t *testing.T, page *browser.Page) {
	t.Helper()
	page.Until(t, "it pauses", paused)
	testwait.Until(t, func() bool {
		return browser.Eval[bool](t, page, `fetch([...window.uploads].at(-1), {method: "HEAD", headers: {"Tus-Resumable": "1.0.0"}})
			.then(r => r.headers.get("Upload-Offset") > 0)`)
	}, "the node has nothing of it")
}

// TestPageUploadsBehindNginx sends 3 MB through an nginx that takes 1 MB at a time, through one that
// takes all of it, and is told in words where it takes nothing that is of use.
func TestPageUploadsBehindNginx(t *testing.T) {
	node := startNode(t)
	bob := client.SignIn(t, node.URL, "Bob")
	for room, body := range map[string]string{"default": "", "larger": "client_max_body_size 110m; proxy_request_buffering off;"} {
		t.Run(room, func(t *testing.T) {
			proxy := boundedNginx(t, node, body)
			page := chromium(t).Person(t, "Ann").Page()
			page.AtStart(t, uploading)
			attaching(t, page, proxy.URL, room, "")
			chooseNoise(t, page, "large.bin", 3_000_000)
			page.Fill(t, "composer-input", "here it is")
			page.Click(t, "send")
			page.WaitSent(t, "here it is")
			assert.Equal(t, [][]string{{"large.bin"}}, filesOf(t, bob, room))
			assert.Equal(t, browser.Eval[string](t, page, "window.hash"), sumOf(t, page, "large.bin"))
			parts := browser.Eval[[]int](t, page, "window.parts")
			if body == "" {
				// Where nginx closes before all of it was sent, the browser sees no answer.
				assert.NotEqual(t, http.StatusNoContent, parts[0], "nginx takes no more than 1 MB")
				assert.GreaterOrEqual(t, len(parts), 4, "%v", parts)
			} else {
				assert.Equal(t, []int{http.StatusNoContent}, parts, "in one piece")
			}
		})
	}
	t.Run("nothing", func(t *testing.T) {
		proxy := boundedNginx(t, node, "client_max_body_size 16k;")
		page := chromium(t).Person(t, "Ann").Page()
		attaching(t, page, proxy.URL, "nothing", "")
		chooseNoise(t, page, "large.bin", 300_000)
		page.Click(t, "send")
		page.Until(t, "told what is in the way",
			`document.querySelector('[data-testid="sending"][data-state="failed"]')?.textContent.includes("Something on the way to the server refuses uploads of this size.")`)
	})
}

// sound is a WAV of so many seconds: 96 KB each.
func sound(seconds int) []byte {
	const rate = 48_000
	samples := make([]int16, rate*seconds)
	for i := range samples {
		samples[i] = int16(8_000 * math.Sin(2*math.Pi*220*float64(i)/rate))
	}
	size := uint32(2 * len(samples))
	var file bytes.Buffer
	for _, part := range []any{
		[]byte("RIFF"), 36 + size, []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1), uint32(rate), uint32(2 * rate),
		uint16(2), uint16(16), []byte("data"), size, samples,
	} {
		_ = binary.Write(&file, binary.LittleEndian, part) // a buffer takes everything
	}
	return file.Bytes()
}

// TestPagePlaysBySeeking plays a sound and a video in the page. What is far into the sound comes by
// a range, not after all that is before it.
func TestPagePlaysBySeeking(t *testing.T) {
	node := startNode(t)
	between := newCrossing(t, node.URL, node.URL)
	path := filepath.Join(t.TempDir(), "long.wav")
	require.NoError(t, os.WriteFile(path, sound(300), 0o600))
	client.Curl(t, "-T", path, node.URL+"/rooms/tea/files/")

	page := chromium(t).Person(t, "Ann").Page()
	attaching(t, page, between.URL, "tea", "")
	browser.Eval[any](t, page, `(async () => {
		const canvas = document.createElement("canvas");
		canvas.width = 160; canvas.height = 120;
		const c = canvas.getContext("2d");
		const recorder = new MediaRecorder(canvas.captureStream(), {mimeType: "video/webm"});
		const data = [];
		recorder.ondataavailable = ({data: more}) => data.push(more);
		recorder.start();
		const begun = performance.now();
		for (let i = 0; i < 30 || performance.now() - begun < 2000; i++) {
			c.fillStyle = "hsl(" + i * 9 + " 70% 50%)"; c.fillRect(0, 0, 160, 120);
			await new Promise(r => setTimeout(r, 50));
		}
		await new Promise(r => { recorder.onstop = r; recorder.stop(); });
		give.choose(new File(data, "film.webm", {type: "video/webm"}));
	})()`)
	page.Until(t, "attached", all("attached-file")+".length === 1")
	page.Fill(t, "composer-input", "a film")
	page.Click(t, "send")
	page.WaitSent(t, "a film")
	page.Until(t, "both to be played", all("file-player")+`.map(p => p.localName).join() === "audio,video" && `+
		all("file-player")+`.every(p => p.readyState >= HTMLMediaElement.HAVE_METADATA)`)

	const audio, video = `document.querySelector("audio.file-player")`, `document.querySelector("video.file-player")`
	assert.InDelta(t, 300, browser.Eval[float64](t, page, audio+".duration"), 1)
	browser.Eval[any](t, page, audio+".play()")
	page.Until(t, "the sound is heard", audio+".currentTime > 0")
	browser.Eval[any](t, page, audio+".currentTime = 250")
	page.Until(t, "it goes on from there", `!`+audio+`.seeking && `+audio+`.currentTime > 250`)
	files := between.requests(http.MethodGet, "/rooms/tea/files/")
	var far bool
	for _, one := range files {
		var from int64
		if strings.HasSuffix(one.Path, ".wav") {
			assert.Equal(t, http.StatusPartialContent, one.Status, "%+v", one)
			_, _ = fmt.Sscanf(one.Range, "bytes=%d-", &from)
			far = far || from > 20_000_000
		}
	}
	assert.True(t, far, "%+v", files)

	browser.Eval[any](t, page, video+".play()")
	page.Until(t, "one is heard at a time", audio+".paused")
	page.Until(t, "the film has ended", video+`.ended && `+video+`.paused`)
	half := browser.Eval[float64](t, page, `(v => { v.currentTime = v.duration / 2; return v.duration / 2; })(`+video+`)`)
	require.Positive(t, half)
	page.Until(t, "back in its middle", fmt.Sprintf(`(v => !v.seeking && v.paused && Math.abs(v.currentTime - %g) < 0.01 && v.readyState >= 2 && v.videoWidth === 160)(%s)`, half, video))
	assert.Empty(t, page.Console())
}

// TestAxeOnRecordingAndLinks holds the bar of a voice note that is being recorded, and what is behind
// a link, to axe-core's rules.
func TestAxeOnRecordingAndLinks(t *testing.T) {
	endToEnd(t)
	axe, err := os.ReadFile(axePath)
	require.NoError(t, err)
	media, err := browser.FakeMedia(t.TempDir())
	require.NoError(t, err)
	started := browser.Start(t, append(media, browser.AllowMedia())...)
	t.Cleanup(started.Close)
	node := startNode(t, "--link-previews", "on")
	for _, theme := range []string{"light", "dark"} {
		t.Run(theme, func(t *testing.T) {
			page := started.Person(t, "Ann").Page()
			page.Emulate(t, "prefers-color-scheme", theme)
			attaching(t, page, node.URL, theme, "")
			// The server looks at no address of this machine.
			browser.Eval[bool](t, page, `(() => {
				const real = window.fetch;
				window.fetch = (url, ...more) => String(url).endsWith("/link")
					? Promise.resolve(Response.json({url: "https://example.org/a", title: "A title", text: "Some words", site: "Example"}))
					: real(url, ...more);
				return true;
			})()`)
			page.Send(t, "look at https://example.org/a")
			page.WaitFor(t, "link-preview")
			checkAxe(t, page, string(axe), "what is behind a link, in "+theme)
			page.Click(t, "voice-record")
			page.WaitFor(t, "voice-bar")
			checkAxe(t, page, string(axe), "recording, in "+theme)
			shot(t, page, "recording-"+theme)
			page.Resize(t, 360, 640, true)
			page.Until(t, "as on a phone", "innerWidth === 360")
			checkAxe(t, page, string(axe), "both on a phone, in "+theme)
			assert.True(t, page.Has(t, "voice-bar"))
		})
	}
}

// TestTwoTabsUpload has two tabs of one person send a file each: neither sends the other's. What a
// tab that is closed has not brought out, the other takes up when one comes to it, and it is there
// once.
func TestTwoTabsUpload(t *testing.T) {
	node := startNode(t)
	between := newCrossing(t, node.URL, node.URL)
	ann := chromium(t).Person(t, "Ann")
	one := ann.Page()
	one.AtStart(t, uploading)
	attaching(t, one, between.URL, "tea", "")
	other := ann.NewTab(t)
	other.AtStart(t, uploading)
	attaching(t, other, between.URL, "tea", "")
	between.holds.Store(true)
	send := func(page *browser.Page, name string) {
		t.Helper()
		chooseNoise(t, page, name+".bin", 100_000)
		page.Fill(t, "composer-input", name)
		page.Click(t, "send")
	}
	send(one, "first")
	one.Until(t, "the first waits", paused)
	send(other, "second")
	other.Until(t, "the second waits", paused)
	comeTo := func(page *browser.Page) {
		t.Helper()
		browser.Eval[any](t, page, `document.dispatchEvent(new Event("visibilitychange"))`)
	}
	for _, page := range []*browser.Page{one, other} {
		comeTo(page)
		tries := browser.Eval[int](t, page, "window.parts.length")
		page.Until(t, "it tries again", fmt.Sprintf("window.parts.length > %d", tries))
		assert.Equal(t, 1, browser.Eval[int](t, page, all("sending")+".length"), "its own alone")
	}
	between.holds.Store(false)
	bob := client.SignIn(t, node.URL, "Bob")
	for _, page := range []*browser.Page{one, other} {
		page.WaitSent(t, "first")
		page.WaitSent(t, "second")
		page.Until(t, "nothing more on its way", all("sending")+".length === 0")
		assert.Equal(t, []int{http.StatusCreated}, browser.Eval[[]int](t, page, "window.begun"), "its own alone")
		assert.Equal(t, 1, browser.Eval[int](t, page, "window.uploads.size"), "its own alone")
	}
	assert.ElementsMatch(t, [][]string{{"first.bin"}, {"second.bin"}}, filesOf(t, bob, "tea"))

	between.holdsAfter.Store(true)
	between.cuts.Store(1)
	send(one, "third")
	waitsInItsMiddle(t, one)
	one.Crash(t)
	between.holds.Store(false)
	between.resumed.Store(0)
	comeTo(other)
	other.WaitSent(t, "third")
	assert.Equal(t, [][]string{{"third.bin"}}, filesOf(t, bob, "tea")[2:], "once")
	assert.Positive(t, between.resumed.Load(), "what was there was not sent again")
	assert.Len(t, between.requests(http.MethodPost, "/rooms/tea/uploads"), 3)
	assert.Equal(t, []int{http.StatusCreated}, browser.Eval[[]int](t, other, "window.begun"), "it went on with what was begun")
}

// TestPageCancelsAnUpload gives an upload up in its middle: nothing of it is left in the page, in the
// browser, and on the server.
func TestPageCancelsAnUpload(t *testing.T) {
	dir := t.TempDir()
	node := startNode(t, "--files", "file://"+dir)
	between := newCrossing(t, node.URL, node.URL)
	page := chromium(t).Person(t, "Ann").Page()
	page.AtStart(t, uploading)
	attaching(t, page, between.URL, "tea", "")
	between.holdsAfter.Store(true)
	between.cuts.Store(1)
	chooseNoise(t, page, "large.bin", 2_000_000)
	page.Click(t, "send")
	waitsInItsMiddle(t, page)
	kept := func() (n int) {
		t.Helper()
		require.NoError(t, filepath.WalkDir(dir, func(_ string, entry os.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				n++
			}
			return err
		}))
		return n
	}
	assert.Positive(t, kept(), "the half that came")
	page.Click(t, "file-cancel")
	page.Until(t, "nothing is left in the page", all("sending")+`.length + `+all("attached-file")+`.length + `+all("message")+`.length === 0 &&
		document.querySelector('[data-testid="composer-input"]').value === ""`)
	assert.False(t, browser.Eval[bool](t, page, `(e => { dispatchEvent(e); return e.defaultPrevented; })(new Event("beforeunload", {cancelable: true}))`))
	testwait.Until(t, func() bool {
		return browser.Eval[float64](t, page, `(async () => {
			const open = indexedDB.open("caller.files");
			await new Promise(r => open.onsuccess = r);
			const count = store => new Promise(r => open.result.transaction(store).objectStore(store).count().onsuccess = e => r(e.target.result));
			const left = await count("parcels") + await count("blobs");
			open.result.close();
			return left;
		})()`) == 0
	}, "something is left in the browser")
	testwait.Until(t, func() bool { return len(between.requests(http.MethodDelete, "/rooms/tea/files/")) == 1 }, "the server is not told")
	assert.Equal(t, http.StatusNoContent, between.requests(http.MethodDelete, "/rooms/tea/files/")[0].Status)
	assert.Zero(t, kept(), "nothing is left on the server")
	between.holds.Store(false)
	page.Open(t, between.URL+"/rooms/tea")
	page.WaitLive(t, "")
	page.Send(t, "hello")
	page.WaitSent(t, "hello")
	assert.Equal(t, [][]string{nil}, filesOf(t, client.SignIn(t, node.URL, "Bob"), "tea"))
}

// TestPageEmptiesACaption takes the words from a message with a file by an edit: it stays, with its
// file, and nobody is asked whether to delete it.
func TestPageEmptiesACaption(t *testing.T) {
	node := startNode(t)
	page := chromium(t).Person(t, "Ann").Page()
	attaching(t, page, node.URL, "tea", "")
	chooseNoise(t, page, "large.bin", 1000)
	page.Fill(t, "composer-input", "look at this")
	page.Click(t, "send")
	page.WaitSent(t, "look at this")
	page.Press(t, kb.ArrowUp)
	page.Until(t, "it is edited", `document.querySelector('[data-testid="composer-input"]').value === "look at this"`)
	page.Fill(t, "composer-input", "")
	page.Press(t, kb.Enter)
	page.Until(t, "no words any more", all("message")+`.length === 1 && !document.querySelector('[data-testid="message"]').textContent.includes("look at this") &&
		document.querySelector('[data-testid="message"]').dataset.state === "sent" && `+all("file-card")+`.length === 1 && !document.querySelector("dialog[open]")`)
	bob := client.SignIn(t, node.URL, "Bob")
	testwait.Until(t, func() bool {
		return !strings.Contains(bob.Do(t, http.MethodGet, "/rooms/tea/messages", "").Body, "look at this")
	}, "the others still read it")
	assert.Equal(t, [][]string{{"large.bin"}}, filesOf(t, bob, "tea"))
}
