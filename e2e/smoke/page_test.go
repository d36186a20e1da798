package smoke

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// TestPage has three people in one Chromium, each over another transport, behind an nginx in front
// of two nodes: each request may go to another one.
func TestPage(t *testing.T) {
	one, other, _ := run.TwoNodes(t)
	proxy := harness.Nginx(t, "balance", one, other)
	transports := []string{"ws", "sse", "poll"}
	pages := map[string]*browser.Page{}
	for _, transport := range transports {
		page := run.Chromium(t).Person(t, "by "+transport).Page()
		page.Visit(t, proxy.URL, "kitchen", transport)
		page.WaitLive(t, transport)
		pages[transport] = page
	}
	var want []string
	for _, transport := range transports {
		want = append(want, "hello over "+transport)
		pages[transport].Send(t, want[len(want)-1])
		for _, page := range pages {
			page.WaitTexts(t, want...)
		}
	}
	by := map[string]string{}
	for _, member := range client.Guest(other.URL, "").Members(t, "kitchen").Members {
		by[member.Name] = member.Transport
	}
	assert.Equal(t, map[string]string{"by ws": "ws", "by sse": "sse", "by poll": "poll"}, by)
	assert.Equal(t, want, client.Guest(one.URL, "").Page(t, "kitchen", "").Texts())
	for transport, page := range pages {
		assert.Empty(t, page.Console(), "errors in the console over %s", transport)
	}
}
