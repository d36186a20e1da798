package deploy

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// TestPageOverHTTP2 has a browser at a site below a path, over HTTPS and HTTP/2, once over each
// transport.
func TestPageOverHTTP2(t *testing.T) {
	if testing.Short() {
		t.Skip("starts programs")
	}
	redis := harness.StartRedis(t)
	chromium := browser.Start(t, chromedp.Flag("ignore-certificate-errors", true))
	defer chromium.Close()
	for _, name := range []string{"nginx", "haproxy", "lighttpd"} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, name, "/chat", redis)
			v := newVisitor(t, s)
			for _, transport := range []string{"ws", "sse", "poll"} {
				room := "page-" + name + "-" + transport
				page := chromium.Person(t, "Ann").Page()
				page.Visit(t, s.url(), room, transport)
				assert.Equal(t, "h2", browser.Eval[string](t, page, `performance.getEntriesByType("navigation")[0].nextHopProtocol`))
				page.Send(t, "from the page")
				page.WaitSent(t, "from the page")
				v.post(t, room, "to the page")
				page.WaitTexts(t, "from the page", "to the page")
				assert.Equal(t, transport, page.Transport(t))
			}
		})
	}
}
