package calls

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

func withDevices(t *testing.T) *browser.Browser {
	t.Helper()
	return talkative.start(t, browser.AllowMedia())
}

// enter brings somebody into a room, whose WebRTC is recorded.
func enter(t *testing.T, who *browser.Person, s *stage, room string) *browser.Page {
	t.Helper()
	page := who.Page()
	page.RecordConnections(t)
	page.AtStart(t, recordCaptures)
	page.Visit(t, s.URL, room, "")
	return page
}

// join goes from the room through the look at oneself into the call.
func join(t *testing.T, page *browser.Page) {
	t.Helper()
	page.Click(t, "call-open")
	page.WaitFor(t, "call-preview")
	page.Click(t, "call-join")
	waitIn(t, page)
}

func waitIn(t *testing.T, page *browser.Page) {
	t.Helper()
	page.Until(t, "in the call", `document.querySelector('[data-testid="call"]')?.dataset.phase === "in"`)
}

// other is the JavaScript for the only tile that is not one's own.
const other = `document.querySelector('[data-testid="call-tile"][data-own="false"]')`

// waitTile waits until the other's tile is as said, as in `.dataset.camera === "true"`.
func waitTile(t *testing.T, page *browser.Page, what, condition string) {
	t.Helper()
	page.Until(t, what, other+"?"+condition)
}

// pixels is the JavaScript for what a video shows at this moment, made small; "" while there is
// nothing.
const pixels = `(video => {
	if (!video?.videoWidth) return "";
	const canvas = document.createElement("canvas");
	canvas.width = 32;
	canvas.height = 18;
	const context = canvas.getContext("2d");
	context.drawImage(video, 0, 0, 32, 18);
	return context.getImageData(0, 0, 32, 18).data.join();
})`

// waitMoving waits until a video that a selector finds shows one picture, and then another one.
func waitMoving(t *testing.T, page *browser.Page, selector string) {
	t.Helper()
	now := fmt.Sprintf("%s(document.querySelector('%s'))", pixels, selector)
	page.Until(t, "a picture in "+selector, now+` !== ""`)
	first := browser.Eval[string](t, page, now)
	page.Until(t, "another picture in "+selector, fmt.Sprintf("![%q, ''].includes(%s)", first, now))
}

// waitMedia waits until more frames are decoded and more sound comes than before.
func waitMedia(t *testing.T, page *browser.Page) {
	t.Helper()
	before := page.Media(t)
	harness.Await(t, fmt.Sprintf("media to flow; it was %+v", before), func() browser.Received { return page.Media(t) },
		func(now browser.Received) bool {
			return now.FramesDecoded > before.FramesDecoded+5 && now.AudioBytes > before.AudioBytes+500
		})
}

const otherCamera = `[data-testid="call-tile"][data-own="false"] video`

func TestTwoPagesSeeAndHearEachOther(t *testing.T) {
	s := newStage(t, true)
	ann := enter(t, withDevices(t).Person(t, "Ann"), s, "studio")
	bob := enter(t, withDevices(t).Person(t, "Bob"), s, "studio")
	assert.Empty(t, scripts(t, ann, "livekit"), "LiveKit's client is loaded before anybody joins a call")
	join(t, ann)
	assert.Len(t, scripts(t, ann, "livekit"), 1)
	join(t, bob)

	for page, name := range map[*browser.Page]string{ann: "Bob", bob: "Ann"} {
		waitTile(t, page, name+"'s name", `.querySelector("bdi").textContent === "`+name+`"`)
		waitTile(t, page, name+"'s camera", `.dataset.camera === "true"`)
		waitMoving(t, page, otherCamera)
		waitMedia(t, page)
		waitTile(t, page, name+" speaks", `.dataset.speaking === "true"`)
	}

	t.Run("mute", func(t *testing.T) {
		bob.Click(t, "call-microphone")
		waitTile(t, ann, "Bob is muted", `.dataset.audible === "false"`)
		waitTile(t, ann, "said in words", `.textContent.includes("Microphone is off")`)
		bob.Click(t, "call-microphone")
		waitTile(t, ann, "Bob is heard", `.dataset.audible === "true"`)
		waitMedia(t, ann)
	})
	t.Run("camera", func(t *testing.T) {
		bob.Click(t, "call-camera")
		waitTile(t, ann, "Bob's camera is off", `.dataset.camera === "false"`)
		waitTile(t, ann, "Bob's initials instead", `.querySelector(".avatar").textContent === "B"`)
		bob.Click(t, "call-camera")
		waitTile(t, ann, "Bob's camera is on", `.dataset.camera === "true"`)
		waitMoving(t, ann, otherCamera)
	})
	t.Run("screen", func(t *testing.T) {
		const screen = `[data-testid="call-screen-tile"]`
		bob.Click(t, "call-screen")
		ann.Until(t, "Bob's screen", `document.querySelector('`+screen+`')?.textContent.includes("Bob")`)
		waitMoving(t, ann, screen+" video")
		bob.Until(t, "the button says that it is shared", `document.querySelector('[data-testid="call-screen"]').dataset.on === "true"`)
		bob.Click(t, "call-screen")
		ann.Until(t, "no screen any more", `!document.querySelector('`+screen+`')`)
	})
	t.Run("the chat goes on", func(t *testing.T) {
		ann.Send(t, "do you see me?")
		bob.WaitTexts(t, "do you see me?")
	})
	t.Run("leave", func(t *testing.T) {
		bob.Click(t, "call-leave")
		bob.Until(t, "the call is gone", `!document.querySelector('[data-testid="call"]')`)
		ann.Until(t, "Bob is gone", `!`+other)
		ann.Until(t, "said aloud", `document.querySelector('[data-testid="call-news"]').textContent.includes("left the call")`)
		bob.Until(t, "the keyboard goes on", `document.activeElement?.dataset.testid === "call-open"`)
		assert.Zero(t, capturing(t, bob), "devices that are still captured")
		assert.Equal(t, 2, capturing(t, ann))
	})
	for _, page := range []*browser.Page{ann, bob} {
		assert.Empty(t, page.Console(), "errors in the console")
	}
}
