package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

// seriesOf are the names and labels of Caller's own metrics.
func (p *program) seriesOf(t *testing.T) (series []string, text string) {
	t.Helper()
	answer := p.asAdmin(t, "GET", "/metrics")
	require.Equal(t, http.StatusOK, answer.StatusCode)
	all, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	for line := range strings.Lines(string(all)) {
		if name, _, found := strings.Cut(strings.TrimSpace(line), "} "); found && strings.HasPrefix(name, "caller_") {
			series = append(series, name)
		}
	}
	slices.Sort(series)
	return series, string(all)
}

// TestHostileTrafficMakesNoMetrics has strangers ask for all kinds of things under all kinds of names.
func TestHostileTrafficMakesNoMetrics(t *testing.T) {
	p := begin(t, "--admin-addr", "127.0.0.1:0", "--admin-token", adminToken, "--limits", "messages=3/1/h")
	testwait.Until(t, func() bool { return p.status(t, "/readyz") == http.StatusOK }, "not ready")
	before, _ := p.seriesOf(t)
	require.NotEmpty(t, before)
	for i := range 15 {
		wild := fmt.Sprintf("zwild-%d", i)
		for _, path := range []string{
			"/rooms/" + wild + "/messages?name=" + wild, "/rooms/" + wild + "/" + wild, "/" + wild, "/rooms/" + wild + "/members/" + wild + "/ban",
			"/rooms/" + wild + "/messages?wait=0&after=" + wild, "/rooms/%ff" + wild + "/ws", "/stream/" + wild, "/rooms/" + wild + "/ws?transport=" + wild,
			"/rooms/" + wild + "/text?history=0&name=" + wild + "&wait=" + wild + "&after=bad",
		} {
			for _, method := range []string{"GET", "POST", "DELETE", "PUT", "Z" + strings.ToUpper(strings.ReplaceAll(wild, "-", ""))} {
				r, err := http.NewRequestWithContext(t.Context(), method, p.url+path, strings.NewReader(url.Values{"text": {wild}, "key": {wild}}.Encode()))
				require.NoError(t, err)
				r.Header.Set("X-Name", wild)
				r.Header.Set("User-Agent", wild)
				answer, err := p.client.Do(r)
				require.NoError(t, err)
				_ = answer.Body.Close()
			}
		}
	}
	after, text := p.seriesOf(t)
	require.Equal(t, before, after)
	assert.NotContains(t, text, "zwild")
	assert.Regexp(t, regexp.MustCompile(`caller_refusals_total{code="too_much"} [1-9]`), text)
	assert.Regexp(t, regexp.MustCompile(`caller_posts_total{kind="message",result="stored"} [1-9]`), text)
	families := map[string]bool{}
	for _, name := range regexp.MustCompile(`(?m)^# TYPE (caller_\S+)`).FindAllStringSubmatch(text, -1) {
		families[name[1]] = true
	}
	assert.Less(t, len(families), 40)
	p.end(t)
}
