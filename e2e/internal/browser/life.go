package browser

import (
	"context"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

// call sends the tab one command of the browser's own tools.
func call[P, R any](t testing.TB, p *Page, command cdp.Command[P, R], params P) {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, testwait.Limit)
	defer cancel()
	_, err := chromedp.Call(ctx, command, params)
	require.NoError(t, err, "%s in the page of %s", command.Method, p.person.Name)
}

// AtStart runs a script at the start of each document that the tab opens from now on, before the
// page's own.
func (p *Page) AtStart(t testing.TB, script string) {
	t.Helper()
	call(t, p, page.Enable, page.EnableParams{}) // else the script is not run
	call(t, p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
}

// Freeze stops the page, as a phone does with one that nobody has looked at for a while: no timer,
// no event, while its connections stay open.
func (p *Page) Freeze(t testing.TB) {
	t.Helper()
	// A page that is seen is not frozen, and one that believes that it has the focus is seen.
	call(t, p, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: false})
	call(t, p, page.SetWebLifecycleState, page.SetWebLifecycleStateParams{State: page.SetWebLifecycleStateStateFrozen})
}

// Unfreeze lets it go on.
func (p *Page) Unfreeze(t testing.TB) {
	t.Helper()
	call(t, p, page.SetWebLifecycleState, page.SetWebLifecycleStateParams{State: page.SetWebLifecycleStateStateActive})
	call(t, p, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
}

// Crash ends the process that the page runs in. Nothing can be asked of it after that.
func (p *Page) Crash(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, time.Second)
	defer cancel()
	_, err := chromedp.Call(ctx, page.Crash, cdp.Empty{})
	require.Error(t, err, "a process that is gone does not answer")
}

// Offline takes the device off the network, or puts it back, and tells the page so.
func (p *Page) Offline(t testing.TB, offline bool) {
	t.Helper()
	conditions := []*network.Conditions{}
	if offline {
		conditions = append(conditions, &network.Conditions{Offline: true, DownloadThroughput: -1, UploadThroughput: -1})
	}
	call(t, p, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: conditions})
	call(t, p, network.OverrideNetworkState, network.OverrideNetworkStateParams{
		Offline: offline, DownloadThroughput: -1, UploadThroughput: -1,
	})
}

// ForgetCookies takes all cookies of the person's browser away, as it does itself when their time is
// over.
func (p *Page) ForgetCookies(t testing.TB) {
	t.Helper()
	call(t, p, network.ClearBrowserCookies, cdp.Empty{})
}

// MayNotify answers the browser's question whether a site may show notifications: yes.
func (p *Page) MayNotify(t testing.TB, site string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, testwait.Limit)
	defer cancel()
	_, err := chromedp.CallBrowser(ctx, cdpbrowser.SetPermission, cdpbrowser.SetPermissionParams{
		Permission: &cdpbrowser.PermissionDescriptor{Name: "notifications"}, Setting: cdpbrowser.PermissionSettingGranted,
		Origin: site, BrowserContextID: chromedp.FromContext(p.person.ctx).BrowserContextID,
	})
	require.NoError(t, err)
}

// SlowDown gives the page a processor that is so many times slower; 1 is the machine's own.
func (p *Page) SlowDown(t testing.TB, rate float64) {
	t.Helper()
	call(t, p, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: rate})
}
