package browser

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// FakeMedia gives Chromium four cameras with moving pictures, a microphone that somebody speaks
// into and a screen, in place of devices. Who may have them is still asked. What is spoken is in a
// file in dir.
func FakeMedia(dir string) ([]chromedp.ExecAllocatorOption, error) {
	spoken := filepath.Join(dir, "voice.wav")
	if err := os.WriteFile(spoken, voice(), 0o600); err != nil {
		return nil, err
	}
	return []chromedp.ExecAllocatorOption{
		// The second is a depth camera, whose pictures nobody decodes; the fourth is like the
		// first.
		chromedp.Flag("use-fake-device-for-media-stream", "device-count=4"),
		chromedp.Flag("use-file-for-fake-audio-capture", spoken),
	}, nil
}

// FirefoxMedia are preferences that give Firefox fake devices, let every page have them, and WebRTC
// use the loopback.
const FirefoxMedia = `user_pref("media.navigator.streams.fake", true);
user_pref("media.navigator.permission.disabled", true);
user_pref("media.peerconnection.ice.loopback", true);
user_pref("media.peerconnection.ice.obfuscate_host_addresses", false);
`

// AllowMedia has every question about devices and the screen answered with yes.
func AllowMedia() chromedp.ExecAllocatorOption {
	return chromedp.Flag("use-fake-ui-for-media-stream", true)
}

// Permit answers the browser's question about a permission, as in "camera", for the person's tabs.
func (p *Page) Permit(t testing.TB, permission string, setting browser.PermissionSetting) {
	t.Helper()
	_, err := chromedp.CallBrowser(p.ctx, browser.SetPermission, browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: permission}, Setting: setting,
		BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID,
	})
	require.NoError(t, err)
}

// Resize gives the tab the size of another screen, in CSS pixels.
func (p *Page) Resize(t testing.TB, width, height int64, mobile bool) {
	t.Helper()
	call(t, p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: height, DeviceScaleFactor: 1, Mobile: mobile,
	})
}

// Picture is the tab as it is seen, as a PNG.
func (p *Page) Picture(t testing.TB) []byte {
	t.Helper()
	result, err := chromedp.Call(p.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{})
	require.NoError(t, err)
	return result.Data
}

// Print is what the tab would put on paper, as a PDF.
func (p *Page) Print(t testing.TB) []byte {
	t.Helper()
	result, err := chromedp.Call(p.ctx, page.PrintToPDF, page.PrintToPDFParams{})
	require.NoError(t, err)
	return result.Data
}

// EmulatePrint shows the tab as it would be put on paper.
func (p *Page) EmulatePrint(t testing.TB) {
	t.Helper()
	call(t, p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
}

// RecordConnections keeps the WebRTC connections of documents that the tab opens from now on, for
// [Page.Media] to look at.
func (p *Page) RecordConnections(t testing.TB) {
	t.Helper()
	p.AtStart(t, `(() => {
		window.peerConnections = [];
		const Original = window.RTCPeerConnection;
		window.RTCPeerConnection = class extends Original {
			constructor(...args) { super(...args); window.peerConnections.push(this); }
		};
	})()`)
}

// Received is what has come by WebRTC since the page was opened, over the connections that are
// open.
type Received struct {
	FramesDecoded float64 `json:"framesDecoded"`
	AudioBytes    float64 `json:"audioBytes"`
}

// Media reads the browser's statistics of what the page receives; see [Page.RecordConnections].
func (p *Page) Media(t testing.TB) Received {
	t.Helper()
	return Eval[Received](t, p, `(async () => {
		const sum = {framesDecoded: 0, audioBytes: 0};
		for (const pc of window.peerConnections) {
			if (pc.connectionState === "closed") continue;
			for (const report of (await pc.getStats()).values()) {
				if (report.type !== "inbound-rtp") continue;
				if (report.kind === "video") sum.framesDecoded += report.framesDecoded ?? 0;
				if (report.kind === "audio") sum.audioBytes += report.bytesReceived ?? 0;
			}
		}
		return sum;
	})()`)
}
