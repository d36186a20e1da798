package calls

import (
	"os"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
)

func TestLookBeforeACall(t *testing.T) {
	s := newStage(t, true)
	ann := enter(t, withDevices(t).Person(t, "Ann"), s, "studio")
	ann.Click(t, "call-open")
	waitMoving(t, ann, `[data-testid="call-preview"]`)
	ann.Until(t, "the microphone is heard", `document.querySelector('[data-testid="call-level"]').value > 0.3`)
	ann.Click(t, "call-microphone")
	ann.Until(t, "it is not any more", `document.querySelector('[data-testid="call-level"]').value === 0`)
	assert.Equal(t, 1, capturing(t, ann))

	// The test sound is played, and ends.
	ann.Click(t, "call-test-sound")
	ann.Until(t, "it plays", `document.querySelector('[data-testid="call-test-sound"]').textContent.includes("Playing")`)
	ann.Until(t, "it ends", `document.querySelector('[data-testid="call-test-sound"]').textContent.includes("Play test sound")`)

	// Other devices.
	chosen := map[string]string{}
	for _, kind := range []string{"microphone", "camera", "speaker"} {
		chosen[kind] = pickLast(t, ann, kind)
	}
	ann.Until(t, "the camera chosen is the one shown", `document.querySelector('[data-testid="call-preview"]')?.srcObject?.getVideoTracks()[0].getSettings().deviceId === "`+chosen["camera"]+`"`)
	ann.Click(t, "call-join")
	waitIn(t, ann)
	assert.Equal(t, "false", browser.Eval[string](t, ann, `document.querySelector('[data-testid="call-microphone"]').dataset.on`))
	ann.Until(t, "the camera", `document.querySelector('[data-testid="call-tile"]').dataset.camera === "true"`)
	assert.Equal(t, chosen["camera"], browser.Eval[string](t, ann, `document.querySelector('[data-testid="call-tile"] video').srcObject.getVideoTracks()[0].getSettings().deviceId`))

	// What was chosen is remembered.
	ann.Click(t, "call-leave")
	ann.Click(t, "call-open")
	ann.WaitFor(t, "call-preview")
	assert.Equal(t, "false", browser.Eval[string](t, ann, `document.querySelector('[data-testid="call-microphone"]').dataset.on`))
	for kind, id := range chosen {
		assert.Equal(t, id, browser.Eval[string](t, ann, picker(kind)+".value"), kind)
	}
	ann.Press(t, kb.Escape)
	ann.Until(t, "the look is over", `!document.querySelector('[data-testid="call-look"]')`)
	ann.Until(t, "the camera is let go", `window.captured.every(track => track.readyState === "ended")`)
}

func picker(kind string) string {
	return `document.querySelector('[data-testid="call-pick-` + kind + `"]')`
}

// pickLast chooses the last device of a kind, which is not the one in use, and is its id.
func pickLast(t *testing.T, page *browser.Page, kind string) string {
	t.Helper()
	page.Until(t, "devices to choose from", picker(kind)+"?.options.length > 1")
	return browser.Eval[string](t, page, `(select => {
		if (select.selectedIndex === select.options.length - 1) throw new Error("it is chosen already");
		select.value = select.options[select.options.length - 1].value;
		select.dispatchEvent(new Event("change", {bubbles: true}));
		return select.value;
	})(`+picker(kind)+")")
}

func TestOtherDevicesInACall(t *testing.T) {
	s := newStage(t, true)
	ann := enter(t, withDevices(t).Person(t, "Ann"), s, "studio")
	bob := enter(t, withDevices(t).Person(t, "Bob"), s, "studio")
	join(t, ann)
	join(t, bob)
	waitMoving(t, bob, otherCamera)
	ann.Click(t, "call-devices")
	camera := pickLast(t, ann, "camera")
	pickLast(t, ann, "microphone")
	pickLast(t, ann, "speaker")
	ann.Until(t, "the other camera", `document.querySelector('[data-testid="call-tile"] video')?.srcObject.getVideoTracks()[0].getSettings().deviceId === "`+camera+`"`)
	ann.Press(t, kb.Escape)
	waitMoving(t, bob, otherCamera)
	waitMedia(t, bob)
	assert.False(t, ann.Has(t, "call-media-problem"))
	assert.Equal(t, 2, capturing(t, ann), "the devices before are let go")
}

// TestOffAtOnce has somebody switch off what is still starting.
func TestOffAtOnce(t *testing.T) {
	s := newStage(t, true)
	bob := enter(t, withDevices(t).Person(t, "Bob"), s, "studio")
	join(t, bob)
	ann := enter(t, withDevices(t).Person(t, "Ann"), s, "studio")
	join(t, ann)
	ann.Click(t, "call-camera")
	ann.Click(t, "call-microphone")
	ann.Until(t, "the camera is let go", `(tracks => tracks.length === 2 && tracks.every(track => track.readyState === "ended"))(window.captured.filter(track => track.kind === "video"))`)
	waitTile(t, bob, "Ann is neither seen nor heard", `.dataset.audible === "false" && `+other+`.dataset.camera === "false"`)
	ann.Click(t, "call-camera")
	waitMoving(t, bob, otherCamera)
	ann.Click(t, "call-microphone")
	waitTile(t, bob, "Ann is heard", `.dataset.audible === "true"`)
}

func TestWhoIsInTheCall(t *testing.T) {
	s := newStage(t, true)
	ann := enter(t, withDevices(t).Person(t, "Ann"), s, "studio")
	bob := enter(t, withDevices(t).Person(t, "Bob"), s, "studio")
	assert.False(t, bob.Has(t, "call-banner"))
	join(t, ann)
	bob.Until(t, "Ann and since when", `/^Ann has been in a call since \d/.test(document.querySelector('[data-testid="call-banner"]')?.textContent.replace(/[\u2066-\u2069]/g, ""))`)
	bob.Until(t, "Ann's mark in the list", `document.querySelectorAll('[data-testid="member"]:has([data-testid="member-in-call"])').length === 1`)
	assert.Equal(t, "Join call", browser.Eval[string](t, bob, `document.querySelector('[data-testid="call-open"]').ariaLabel`))

	// Somebody without a name is asked for one.
	guest := withDevices(t).Person(t, "Guest").Page()
	guest.Open(t, s.URL+"/rooms/studio")
	guest.Click(t, "call-banner-join")
	guest.Until(t, "the name asked for", `document.activeElement?.dataset.testid === "name-input"`)
	assert.False(t, guest.Has(t, "call-look"))

	// Who leaves the room, or closes the page, is out of the call.
	ann.Click(t, "leave")
	ann.WaitFor(t, "start-room")
	assert.Zero(t, capturing(t, ann))
	bob.Until(t, "no call any more", `!document.querySelector('[data-testid="call-banner"]')`)
	join(t, bob)
	ann.Visit(t, s.URL, "studio", "")
	ann.WaitFor(t, "call-banner")
	bob.Close(t)
	ann.Until(t, "no call any more", `!document.querySelector('[data-testid="call-banner"]')`)
}

func TestCallByKeyboard(t *testing.T) {
	s := newStage(t, true)
	ann := enter(t, withDevices(t).Person(t, "Ann"), s, "studio")
	press := func(id string) {
		t.Helper()
		tabTo(t, ann, id)
		ann.Press(t, kb.Enter)
	}
	press("call-open")
	ann.WaitFor(t, "call-preview")
	press("call-join")
	waitIn(t, ann)
	press("call-microphone")
	ann.Until(t, "muted", `document.querySelector('[data-testid="call-tile"]').dataset.audible === "false"`)
	press("call-devices")
	ann.WaitFor(t, "call-devices-dialog")
	ann.Press(t, kb.Escape)
	press("call-leave")
	ann.Until(t, "out, and back where it began", `document.activeElement?.dataset.testid === "call-open"`)
}

// tabTo presses Tab until the focus is on the hook.
func tabTo(t *testing.T, page *browser.Page, id string) {
	t.Helper()
	for range 40 {
		if browser.Eval[string](t, page, `document.activeElement?.dataset?.testid ?? ""`) == id {
			return
		}
		page.Press(t, kb.Tab)
	}
	require.FailNow(t, "not reached", "%s can't be reached with Tab", id)
}

// TestCallOnAPhone holds the call to what thumbs and the keyboard of a phone need, and everything
// to axe-core's rules.
func TestCallOnAPhone(t *testing.T) {
	s := newStage(t, true)
	axe, err := os.ReadFile("../../frontend/node_modules/axe-core/axe.min.js")
	require.NoError(t, err, "make test installs the page's packages")
	bob := enter(t, withDevices(t).Person(t, "Bob"), s, "studio")
	join(t, bob)
	for _, theme := range []string{"light", "dark"} {
		t.Run(theme, func(t *testing.T) {
			ann := enter(t, withDevices(t).Person(t, "Ann"), s, "studio")
			ann.Resize(t, 390, 844, true)
			ann.Emulate(t, "prefers-color-scheme", theme)
			check := func(what string) {
				t.Helper()
				ann.Load(t, string(axe))
				violations := browser.Eval[[]string](t, ann, `(async () => {
					const {violations} = await axe.run(document);
					return violations.map(v => v.id + ": " + v.help + "\n    " + v.nodes.map(n => n.html + " " + n.failureSummary).join("\n    "));
				})()`)
				assert.Empty(t, violations, what)
				small := browser.Eval[[]string](t, ann, `[...document.querySelectorAll(".call button, .look button, .look select, .call-banner button")]
					.filter(e => e.checkVisibility() && (e.offsetWidth < 44 || e.offsetHeight < 44)).map(e => e.outerHTML.slice(0, 100))`)
				assert.Empty(t, small, "too small for a thumb: %s", what)
				assert.LessOrEqual(t, browser.Eval[int](t, ann, "document.documentElement.scrollWidth"), 390, what)
			}
			ann.WaitFor(t, "call-banner")
			check("the banner")
			ann.Click(t, "call-open")
			waitMoving(t, ann, `[data-testid="call-preview"]`)
			check("the look")
			ann.Click(t, "call-join")
			waitIn(t, ann)
			waitMoving(t, ann, otherCamera)
			check("the call")
			ann.Send(t, "the chat is in reach "+theme)
			ann.WaitSent(t, "the chat is in reach "+theme)
			ann.Click(t, "call-leave")
		})
	}
}
