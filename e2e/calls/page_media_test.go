package calls

import (
	"os"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
)

// tick is between two looks at what takes its time.
const tick = 100 * time.Millisecond

// talkative is a Chromium with a camera and a microphone that everybody may use; wary asks, and
// nobody answers.
var talkative, wary devices

// devices is a Chromium with devices, started when it is first needed.
type devices struct {
	once    sync.Once
	dir     string
	browser *browser.Browser
}

func (d *devices) start(t *testing.T, more ...chromedp.ExecAllocatorOption) *browser.Browser {
	t.Helper()
	run.Needed(t)
	d.once.Do(func() {
		var err error
		d.dir, err = os.MkdirTemp("", "caller-devices-")
		require.NoError(t, err)
		options, err := browser.FakeMedia(d.dir)
		require.NoError(t, err)
		d.browser = browser.Start(t, append(options, more...)...)
	})
	require.NotNil(t, d.browser, "it did not start for the test before")
	return d.browser
}

func (d *devices) close() {
	if d.browser != nil {
		d.browser.Close()
	}
	if d.dir != "" {
		_ = os.RemoveAll(d.dir) // what is left is in the system's own place for such things
	}
}

// scripts is how many of the page's files with such a name have been loaded.
func scripts(t *testing.T, page *browser.Page, name string) []string {
	t.Helper()
	return browser.Eval[[]string](t, page, `performance.getEntriesByType("resource").map(e => e.name).filter(n => n.includes("/assets/`+name+`"))`)
}

// capturing is how many devices the page captures; see recordCaptures.
func capturing(t *testing.T, page *browser.Page) int {
	t.Helper()
	return browser.Eval[int](t, page, `window.captured.filter(track => track.readyState === "live").length`)
}

// recordCaptures keeps the tracks that the page gets of devices, so that a test can see when they
// are let go.
const recordCaptures = `(() => {
	window.captured = [];
	const original = MediaDevices.prototype.getUserMedia;
	MediaDevices.prototype.getUserMedia = async function (...args) {
		const stream = await original.apply(this, args);
		window.captured.push(...stream.getTracks());
		return stream;
	};
})()`
