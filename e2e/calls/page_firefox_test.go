package calls

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caller-chat/caller/e2e/internal/browser"
)

func TestFirefoxAndChromium(t *testing.T) {
	s := newStage(t, true)
	firefox := browser.StartFirefox(t, browser.FirefoxMedia)
	t.Cleanup(firefox.Close)
	ann := enter(t, withDevices(t).Person(t, "Ann"), s, "studio")
	join(t, ann)

	bob := firefox.Page(t, "Bob")
	bob.Visit(t, s.URL, "studio", "ws")
	bob.Until(t, "the call's banner", `document.querySelector('[data-testid="call-banner"]')`)
	bob.Click(t, "call-banner-join")
	bob.Until(t, "a look at oneself", `document.querySelector('[data-testid="call-preview"]')?.videoWidth`)
	bob.Click(t, "call-join")
	bob.Until(t, "in the call", `document.querySelector('[data-testid="call"]')?.dataset.phase === "in"`)

	waitMoving(t, ann, otherCamera)
	waitMedia(t, ann)
	now := fmt.Sprintf("%s(document.querySelector('%s'))", pixels, otherCamera)
	bob.Until(t, "Ann's picture", now+` !== ""`)
	var first string
	bob.Read(t, now, &first)
	bob.Until(t, "another picture of Ann", fmt.Sprintf("![%q, ''].includes(%s)", first, now))
	bob.Until(t, "Ann speaks", other+`?.dataset.speaking === "true"`)

	bob.Click(t, "call-camera")
	waitTile(t, ann, "Bob's camera is off", `.dataset.camera === "false"`)
	ann.Click(t, "call-screen")
	bob.Until(t, "Ann's screen", `document.querySelector('[data-testid="call-screen-tile"] video')?.videoWidth`)
	bob.Click(t, "call-leave")
	ann.Until(t, "Bob is gone", "!"+other)
	assert.Empty(t, bob.Console(), "errors in the console")
}
