package calls

import (
	"testing"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// unsafeHost is a name for this machine to which browsers give no devices over plain HTTP, as they
// do to localhost.
const unsafeHost = "caller.example"

func withoutDevices(t *testing.T) *browser.Browser {
	t.Helper()
	return wary.start(t, chromedp.Flag("host-resolver-rules", "MAP "+unsafeHost+" 127.0.0.1"))
}

// waitTrouble waits until the page says in words why one is not in the call.
func waitTrouble(t *testing.T, page *browser.Page, words string) {
	t.Helper()
	page.Until(t, words, `document.querySelector('[data-testid="call-trouble"]')?.textContent.includes("`+words+`")`)
}

func TestCallComesBackWithLiveKit(t *testing.T) {
	t.Parallel() // it mostly waits
	s := newStage(t, true)
	ann := enter(t, withDevices(t).Person(t, "Ann"), s, "studio")
	bob := enter(t, withDevices(t).Person(t, "Bob"), s, "studio")
	join(t, ann)
	join(t, bob)
	waitMoving(t, ann, otherCamera)
	bob.Click(t, "call-camera")
	waitTile(t, ann, "Bob's camera is off", `.dataset.camera === "false"`)

	s.livekit.Kill()
	for _, page := range []*browser.Page{ann, bob} {
		page.Until(t, "the break said", `document.querySelector('[data-testid="call-status"]').textContent.includes("reconnecting")`)
	}
	ann.Send(t, "you froze")
	bob.WaitTexts(t, "you froze")
	bob.Send(t, "so did you")
	ann.WaitTexts(t, "you froze", "so did you")
	waitTrouble(t, ann, "The call server isn't answering")
	require.Zero(t, capturing(t, ann), "nobody sees it: the camera is let go")

	s.livekit.Start(t)
	for _, page := range []*browser.Page{ann, bob} {
		waitIn(t, page)
	}
	waitTile(t, ann, "Bob's camera is still off", `.dataset.camera === "false"`)
	waitMoving(t, bob, otherCamera)
	waitTile(t, ann, "Bob is heard", `.dataset.audible === "true"`)
	carol := client.SignIn(t, s.URL, "Carol")
	waitCall(t, carol, "studio", &actor{Person: client.Person{Name: "Ann"}}, &actor{Person: client.Person{Name: "Bob"}})
}

func TestCallGoesOnElsewhere(t *testing.T) {
	s := newStage(t, true)
	person := withDevices(t).Person(t, "Ann")
	ann := enter(t, person, s, "studio")
	join(t, ann)
	second := person.NewTab(t)
	second.AtStart(t, recordCaptures)
	second.Open(t, s.URL+"/rooms/studio")
	second.Until(t, "one is in the call elsewhere", `document.querySelector('[data-testid="call-banner"]')?.textContent.includes("in another tab")`)
	second.Click(t, "call-banner-join")
	second.WaitFor(t, "call-preview")
	second.Click(t, "call-join")
	waitIn(t, second)
	waitTrouble(t, ann, "The call continues in another tab")
	assert.Zero(t, capturing(t, ann))
	waitMoving(t, second, `[data-testid="call-tile"] video`)
	asked := browser.Eval[int](t, ann, `performance.getEntriesByType("resource").filter(e => e.name.endsWith("/call")).length`)
	assert.Equal(t, 1, asked, "the first tab does not take it back")

	ann.Click(t, "call-again")
	waitIn(t, ann)
	waitTrouble(t, second, "The call continues in another tab")
	second.Click(t, "call-close")
	second.Until(t, "closed", `!document.querySelector('[data-testid="call"]')`)
}

func TestRefusedDevices(t *testing.T) {
	s := newStage(t, true)
	ann := enter(t, withoutDevices(t).Person(t, "Ann"), s, "studio")
	for _, permission := range []string{"camera", "microphone"} {
		ann.Permit(t, permission, cdpbrowser.PermissionSettingDenied)
	}
	ann.Click(t, "call-open")
	for _, words := range []string{"The camera is blocked", "The microphone is blocked", "Others won't see or hear you"} {
		ann.Until(t, words, `document.querySelector('[data-testid="call-look"]').textContent.includes("`+words+`")`)
	}
	ann.Click(t, "call-join")
	waitIn(t, ann)
	bob := enter(t, withDevices(t).Person(t, "Bob"), s, "studio")
	join(t, bob)
	waitTile(t, bob, "Ann is neither seen nor heard", `.dataset.audible === "false" && `+other+`.dataset.camera === "false"`)
	waitMoving(t, ann, otherCamera)
	waitMedia(t, ann)

	ann.Click(t, "call-camera")
	ann.Until(t, "refused again", `document.querySelector('[data-testid="call-media-problem"]')?.textContent.includes("The camera is blocked")`)
	ann.Send(t, "write to me")
	bob.WaitTexts(t, "write to me")

	// Allowed after all.
	ann.Permit(t, "camera", cdpbrowser.PermissionSettingGranted)
	ann.Click(t, "call-camera")
	waitMoving(t, bob, otherCamera)
	ann.Until(t, "no word about it any more", `!document.querySelector('[data-testid="call-media-problem"]')`)
}

func TestListensWithoutHTTPS(t *testing.T) {
	s := newStage(t, true)
	bob := enter(t, withDevices(t).Person(t, "Bob"), s, "studio")
	join(t, bob)
	ann := withoutDevices(t).Person(t, "Ann").Page()
	ann.RecordConnections(t)
	ann.Visit(t, "http://"+unsafeHost+s.URL[len("http://127.0.0.1"):], "studio", "")
	ann.Click(t, "call-open")
	ann.Until(t, "HTTPS is missing", `document.querySelector('[data-testid="call-media-problem"]')?.textContent.includes("over HTTPS")`)
	ann.Click(t, "call-join")
	waitIn(t, ann)
	waitMoving(t, ann, otherCamera)
	waitMedia(t, ann)
}

func TestMediaBlockedByTheNetwork(t *testing.T) {
	t.Parallel() // it mostly waits
	s := newStage(t, true)
	ann := withDevices(t).Person(t, "Ann").Page()
	// Without candidates nothing gets through, as where UDP and strange ports are closed.
	ann.AtStart(t, `window.RTCPeerConnection = class extends window.RTCPeerConnection {
		constructor(configuration, ...more) { super({...configuration, iceTransportPolicy: "relay"}, ...more); }
		setConfiguration(configuration) { super.setConfiguration({...configuration, iceTransportPolicy: "relay"}); }
	}`)
	ann.Visit(t, s.URL, "studio", "")
	ann.Click(t, "call-open")
	ann.WaitFor(t, "call-preview")
	ann.Click(t, "call-join")
	waitTrouble(t, ann, "this network blocks sound and video")
	ann.WaitFor(t, "call-retry")
	ann.Send(t, "the chat gets through")
	ann.WaitSent(t, "the chat gets through")
	ann.Click(t, "call-leave")
	ann.WaitFor(t, "call-open")
}

// TestTakenOutWhileTheChatIsAway has the chat alone cut: Caller takes for gone who is still in the
// call.
func TestTakenOutWhileTheChatIsAway(t *testing.T) {
	t.Parallel() // it mostly waits
	s := newStage(t, true)
	link := harness.StartLink(t, s.Addr)
	bob := enter(t, withDevices(t).Person(t, "Bob"), s, "studio")
	join(t, bob)
	ann := withDevices(t).Person(t, "Ann").Page()
	ann.AtStart(t, recordCaptures)
	ann.Visit(t, "http://"+link.Addr, "studio", "")
	join(t, ann)
	waitMoving(t, ann, otherCamera)
	link.Swallow()
	link.Cut()
	waitTrouble(t, ann, "when the chat reconnects")
	assert.Zero(t, capturing(t, ann))
	bob.Until(t, "Ann is gone", "!"+other)
	link.Heal()
	waitIn(t, ann)
	waitMoving(t, ann, otherCamera)
	waitMoving(t, bob, otherCamera)
}

func TestNoCallsWithoutLiveKit(t *testing.T) {
	ann := withDevices(t).Person(t, "Ann").Page()
	ann.Visit(t, run.Node(t).URL, "studio", "")
	ann.WaitFor(t, "leave")
	found := browser.Eval[int](t, ann, `document.querySelectorAll('meta[name="caller-calls"], [data-testid^="call"]').length`)
	assert.Zero(t, found)
	assert.Empty(t, scripts(t, ann, "call_screen"))
}
