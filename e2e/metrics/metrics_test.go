package metrics

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/webhooks"
)

func TestRulesOfAlerts(t *testing.T) {
	run.Needed(t)
	promtool(t, "", "check", "rules", deploy+"/prometheus/alerts.yml")
	promtool(t, "", "test", "rules", deploy+"/prometheus/alerts_test.yml")
	promtool(t, "", "check", "config", "--syntax-only", deploy+"/prometheus/prometheus.yml")
}

// TestPrometheus has a Prometheus scrape two nodes while people talk in them.
func TestPrometheus(t *testing.T) {
	run.Needed(t)
	redis := harness.StartRedis(t)
	settings := append([]string{"--limits", "messages=1000/10"}, receiver(t)...)
	one := watch(t, redis, settings...)
	other := watch(t, redis, settings...)
	p := startPrometheus(t, one, other)
	harness.Eventually(t, "both nodes are scraped", func() bool { return p.sum(t, `up{job="caller"}`) == 2 })

	talk(t, one, other)

	// What has happened is counted, and is what has happened.
	for expr, want := range map[string]func(float64) bool{
		`caller_posts_total{kind="message",result="stored"}`:              atLeast(100),
		`caller_posts_total{result="repeated"}`:                           atLeast(1),
		`caller_posts_total{kind="edit"}`:                                 atLeast(1),
		`caller_subscribers{transport="ws"}`:                              atLeast(1),
		`caller_members{transport=~"ws|sse"}`:                             atLeast(2),
		`caller_subscriber_starts_total{start="resumed"}`:                 atLeast(1),
		`caller_transport_changes_total{from="ws",to="sse"}`:              atLeast(1),
		`caller_resets_total{reason="rewritten"}`:                         atLeast(1),
		`caller_refusals_total{code="too_much"}`:                          atLeast(1),
		`caller_slow_readers_total`:                                       atLeast(1),
		`caller_readers_behind_total`:                                     atLeast(1),
		`caller_deliveries_total`:                                         atLeast(100),
		`caller_store_call_duration_seconds_count{call="append"}`:         atLeast(100),
		`caller_http_requests_total{route="post",status="2xx"}`:           atLeast(100),
		`caller_file_bytes_total{direction="in"}`:                         atLeast(1000),
		`caller_file_uploads_total{result="kept"}`:                        atLeast(1),
		`caller_redis_connections`:                                        atLeast(1),
		`caller_webhook_attempt_duration_seconds_count{result="ok"}`:      atLeast(100),
		`caller_webhook_attempt_duration_seconds_count{result="refused"}`: atLeast(1),
		`caller_webhook_dead_letters_total`:                               atLeast(1),
		`count(count by (version, commit) (caller_build_info))`:           func(v float64) bool { return v == 1 },
		`max(caller_rooms - caller_rooms_followed)`:                       func(v float64) bool { return v == 0 },
	} {
		harness.Await(t, expr, func() float64 { return p.sum(t, expr) }, want)
	}

	// promtool finds nothing to say about names and help texts.
	for _, node := range []watched{one, other} {
		resp := client.Do(t, http.MethodGet, "http://"+node.admin+"/metrics", "", "Authorization", "Bearer "+adminToken)
		require.Equal(t, http.StatusOK, resp.Status)
		assert.Empty(t, promtool(t, resp.Body, "check", "metrics"))
		for _, secret := range []string{"lobby", "Ann", "slowly", adminToken} {
			assert.NotContains(t, resp.Body, secret)
		}
	}
	assert.Equal(t, http.StatusUnauthorized, harness.Status("http://"+one.admin+"/metrics"))
	assert.Equal(t, http.StatusNotFound, harness.Status(one.URL+"/metrics"))

	for title, queries := range panelQueries(t) {
		for _, expr := range queries {
			p.shows(t, fmt.Sprintf("the panel %q, by %s", title, expr), expr)
		}
	}
	alerts := p.expressions(t)
	require.Greater(t, len(alerts), 10)
	for name, expr := range alerts {
		p.query(t, expr) // it can be run; most of the time it gives nothing
		selectors := selector.FindAllString(expr, -1)
		require.NotEmpty(t, selectors, expr)
		for _, s := range selectors {
			p.shows(t, fmt.Sprintf("what the alert %s asks for, by %s", name, s), s)
		}
	}

	// What breaks is told of.
	harness.Await(t, "no alert of what works", func() []string { return p.firing(t) }, func(names []string) bool {
		return !strings.Contains(fmt.Sprint(names), "CallerDown") && !strings.Contains(fmt.Sprint(names), "CallerRedis")
	})
	redis.Kill()
	asks, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		ann := client.Guest(one.URL, "Ann")
		for {
			select {
			case <-asks:
				return
			default:
				_, _, _ = ann.TryPost(t.Context(), "lobby", "", "lost") // it is refused
				time.Sleep(50 * time.Millisecond)                       // as people do
			}
		}
	}()
	awaitFiring(t, p, "CallerRedisFailing")
	awaitFiring(t, p, "CallerErrors")
	harness.Await(t, "errors by call", func() float64 { return p.sum(t, `caller_store_call_errors_total{call="append"}`) }, atLeast(1))
	harness.Await(t, "broken subscriptions", func() float64 { return p.sum(t, `caller_redis_subscription_breaks_total`) }, atLeast(1))
	close(asks)
	<-over
	redis.Start(t)
	harness.Await(t, "Redis is no alert any more", func() []string { return p.firing(t) }, func(names []string) bool {
		return !strings.Contains(fmt.Sprint(names), "CallerRedisFailing")
	})
	other.Kill()
	awaitFiring(t, p, "CallerDown")
}

// receiver is told by webhooks what happens, at one address, and wants no more at another. It gives the
// settings of nodes for that.
func receiver(t *testing.T) []string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/gone" {
			w.WriteHeader(http.StatusGone)
		}
	}))
	t.Cleanup(s.Close)
	return []string{"--webhook", s.URL + "/taken", "--webhook", s.URL + "/gone", "--webhook-secret", webhooks.NewSecret()}
}

func atLeast(n float64) func(float64) bool { return func(v float64) bool { return v >= n } }

func awaitFiring(t *testing.T, p prometheus, alert string) {
	t.Helper()
	harness.Await(t, alert, func() []string { return p.firing(t) }, func(names []string) bool {
		return strings.Contains(fmt.Sprint(names), alert)
	})
}

// talk has people do on both nodes what the metrics are about. Some of them stay.
func talk(t *testing.T, one, other watched) {
	t.Helper()
	ann, bob := client.SignIn(t, one.URL, "Ann"), client.SignIn(t, one.URL, "Bob")
	reads := ann.Read(t, client.WebSocket, "lobby", client.Options{})
	ann.At(other.URL).Read(t, client.NDJSON, "lobby", client.Options{})
	client.Guest(other.URL, "Text").Read(t, client.Text, "lobby", client.Options{})
	client.Guest(other.URL, "Poll").Read(t, client.Poll, "lobby", client.Options{})

	first := bob.Post(t, "lobby", "hello")
	bob.Amend(t, "lobby", client.Command{Type: "edit", Target: first.ID, Text: "hello all"})
	for range 2 { // the second is the first's repeat
		_, status, err := bob.TryPost(t.Context(), "lobby", "a-key", "once")
		require.NoError(t, err)
		require.Less(t, status, 300)
	}
	upload := bob.Do(t, http.MethodPost, "/rooms/lobby/files?name=a.txt", strings.Repeat("x", 1000), "Content-Type", "text/plain")
	require.Equal(t, http.StatusCreated, upload.Status, upload.Body)

	// Ann's network changes: she resumes, by a stream.
	harness.Eventually(t, "Ann has it", func() bool { return reads.Record.Cursor() != "" })
	reads.Drop()
	ann.Read(t, client.SSE, "lobby", client.Options{After: first.ID})
	bob.Read(t, client.WebSocket, "lobby", client.Options{After: "1-ffffffff"}) // of another log: a reset

	// One reads nothing while much is said, and is ended for it.
	slow := &client.LightReader{Kind: client.WebSocket, Person: client.Guest(one.URL, ""), Room: "hall"}
	require.NoError(t, slow.Connect())
	t.Cleanup(slow.Close)
	harness.Eventually(t, "the slow reader is live", func() bool { return slow.State().Lives > 0 })
	slow.Stop()
	flood := client.SignIn(t, one.URL, "Flood")
	refused := false
	for i := 0; i < 3000 && !refused; i++ {
		_, status, err := flood.TryPost(t.Context(), "hall", "", strings.Repeat("slowly ", 550))
		require.NoError(t, err)
		refused = status == http.StatusTooManyRequests
	}
	require.True(t, refused, "the limit has refused nothing")
	slow.Go()
	harness.Eventually(t, "the slow reader is told", func() bool { return strings.HasPrefix(slow.State().End, "too_slow") })
}
