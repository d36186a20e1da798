package calls

import (
	"testing"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// slowDevices has the page wait for what it captures, as for somebody who answers the browser's
// question.
const slowDevices = `(() => {
	window.captured = [];
	window.release = [];
	for (const name of ["getUserMedia", "getDisplayMedia"]) {
		const original = MediaDevices.prototype[name];
		MediaDevices.prototype[name] = async function (...args) {
			const stream = await original.apply(this, args);
			window.captured.push(...stream.getTracks());
			if (window.slow) await new Promise(release => window.release.push(release));
			return stream;
		};
	}
})()`

// Who leaves while a device or the screen is about to be had is not seen, heard or watched by it
// afterwards.
func TestLeavingWhileDevicesStart(t *testing.T) {
	s := newStage(t, true)
	ann := withDevices(t).Person(t, "Ann").Page()
	ann.AtStart(t, slowDevices)
	ann.Visit(t, s.URL, "studio", "")
	for what, waits := range map[string]string{"screen": "1", "microphone and camera": "2"} {
		t.Run(what, func(t *testing.T) {
			ann.Click(t, "call-open")
			ann.WaitFor(t, "call-preview")
			slow := func() { browser.Eval[bool](t, ann, `window.slow = true`) }
			if what != "screen" {
				slow()
			}
			ann.Click(t, "call-join")
			waitIn(t, ann)
			if what == "screen" {
				ann.Until(t, "heard and seen", `document.querySelector('[data-testid="call-tile"]').dataset.camera === "true"`)
				slow()
				ann.Click(t, "call-screen")
			}
			ann.Until(t, "asked for", `window.release.length === `+waits)
			ann.Click(t, "call-leave")
			ann.Until(t, "left", `!document.querySelector('[data-testid="call"]')`)
			browser.Eval[bool](t, ann, `(window.slow = false, window.release.splice(0).forEach(release => release()), true)`)
			harness.Await(t, "no device to be captured", func() int { return capturing(t, ann) }, func(n int) bool { return n == 0 })
		})
	}
}
