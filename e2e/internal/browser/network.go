package browser

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
)

// SinceStart is how long ago the page was opened, by its own clock.
func (p *Page) SinceStart(t testing.TB) time.Duration {
	t.Helper()
	return time.Duration(Eval[float64](t, p, "performance.now()") * float64(time.Millisecond))
}

// Rest lets the page be for a while, by its own clock.
func (p *Page) Rest(t testing.TB, d time.Duration) {
	t.Helper()
	Eval[bool](t, p, fmt.Sprintf("new Promise(done => setTimeout(() => done(true), %d))", d.Milliseconds()))
}

// WatchTransports notes from now on each transport that the page says it is on.
func (p *Page) WatchTransports(t testing.TB) {
	t.Helper()
	p.Load(t, `{
		const now = () => document.querySelector('[data-testid="connection"]')?.dataset.transport;
		const seen = window.transportsSeen = [now()];
		new MutationObserver(() => { const is = now(); if (is && is !== seen.at(-1)) seen.push(is); })
			.observe(document.body, {subtree: true, childList: true, attributes: true, attributeFilter: ["data-transport"]});
	}`)
}

// Transports are those that the page has said it is on since WatchTransports, in order.
func (p *Page) Transports(t testing.TB) []string {
	t.Helper()
	return Eval[[]string](t, p, "window.transportsSeen")
}

// Diagnostics is what the page's own panel says of its connection.
func (p *Page) Diagnostics(t testing.TB) string {
	t.Helper()
	p.Click(t, "connection")
	p.WaitFor(t, "diagnostics")
	return Eval[string](t, p, byID("diagnostics")+".innerText")
}

// Throttle gives the page the network and the processor of a slow device: each answer begins that
// much later, so many bytes come and go in a second, and all that the page does takes so many times
// as long.
func (p *Page) Throttle(t testing.TB, latency time.Duration, bytesPerSecond float64, slower float64) {
	t.Helper()
	call(t, p, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{
			Latency: float64(latency.Milliseconds()), DownloadThroughput: bytesPerSecond, UploadThroughput: bytesPerSecond,
		}},
	})
	call(t, p, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: slower})
}
