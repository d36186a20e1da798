package metrics

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"regexp"
	"sort"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/push"
	"github.com/caller-chat/caller/transport/conn"
	"github.com/caller-chat/caller/transport/wire"
)

// ours are the families of this package, by name.
func ours(t *testing.T, m *Metrics) map[string]*dto.MetricFamily {
	t.Helper()
	all, err := m.registry.Gather()
	require.NoError(t, err)
	families := map[string]*dto.MetricFamily{}
	for _, f := range all {
		if strings.HasPrefix(f.GetName(), namespace+"_") {
			families[f.GetName()] = f
		}
	}
	return families
}

// series are the families' series, as name{label="value",…}.
func series(families map[string]*dto.MetricFamily) (all []string) {
	for name, f := range families {
		for _, one := range f.GetMetric() {
			var labels []string
			for _, l := range one.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			all = append(all, name+"{"+strings.Join(labels, ",")+"}")
		}
	}
	sort.Strings(all)
	return all
}

// value is what a series stands at, as name{label="value"}.
func value(t *testing.T, m *Metrics, of string) float64 {
	t.Helper()
	for name, f := range ours(t, m) {
		for _, one := range f.GetMetric() {
			if series(map[string]*dto.MetricFamily{name: {Metric: []*dto.Metric{one}}})[0] != of {
				continue
			}
			switch {
			case one.Counter != nil:
				return one.Counter.GetValue()
			case one.Histogram != nil:
				return float64(one.Histogram.GetSampleCount())
			}
			return one.Gauge.GetValue()
		}
	}
	require.Fail(t, "there is no such series", of)
	return 0
}

func TestWhatIsToldIsCounted(t *testing.T) {
	m := New(Build{Version: "v1.2.3", Commit: "abc"})
	m.Rooms.AskOpen(func() int { return 7 })
	m.Rooms.Posted("lobby", chat.KindMessage, false)
	m.Rooms.Posted("lobby", chat.KindEdit, true)
	m.Rooms.Delivered("lobby", 3, 10)
	m.Rooms.Delivered("lobby", 1, 2)
	m.Rooms.Delivered("hall", 5, 0) // where nobody reads yet
	m.Rooms.Refused("lobby", chat.ActionPost, fmt.Errorf("post: %w", &chat.LimitError{}))
	m.Rooms.Refused("lobby", chat.ActionPost, &chat.RefusedError{Code: chat.RefusedMuted})
	m.Rooms.Reset("lobby", chat.Expired, 4)
	m.Rooms.Came("lobby", "ws", false)
	m.Rooms.Came("lobby", "sse", true)
	m.Rooms.Came("lobby", "sse", false)
	m.Rooms.Went("lobby", "sse", nil)
	m.Rooms.Went("lobby", "sse", chat.ErrGoingAway)
	m.Rooms.Present("poll", +3)
	m.Rooms.Present("poll", -1)
	m.Rooms.Changed("ws", "poll")
	m.Connections.Ask(func() conn.Load { return conn.Load{Open: 5, Behind: 2, Backlog: 1234} })
	m.Connections.Opened(true)
	m.Connections.Opened(false)
	m.Connections.Behind()
	m.Connections.TooSlow()
	m.Store.AskConnections(func() (int, int) { return 9, 4 })
	m.Store.Called("append", time.Millisecond, nil)
	m.Store.Called("append", 2*time.Second, fmt.Errorf("append: %w", chat.ErrUnavailable))
	m.Store.Called("append", time.Millisecond, chat.ErrKeyReused)
	m.Store.Followed("lobby", true)
	m.Store.Followed("hall", true)
	m.Store.Followed("hall", false)
	m.Store.Failed(fmt.Errorf("ping: %w", chat.ErrUnavailable))
	m.Store.Broke(errors.New("EOF"))
	m.Requests.AskInFlight(func() int { return 6 })
	m.Requests.Served("POST", "/rooms/:room/messages", 201, time.Millisecond, false)
	m.Requests.Served("GET", "/rooms/:room/ws", 0, time.Millisecond, true)
	m.Files.Received(1000)
	m.Files.Uploaded(nil)
	m.Files.Uploaded(attachments.ErrInfected)
	m.Files.Sent(500)
	m.Files.BucketFailed(errors.New("no"))
	m.Calls.Ask(func(string) (int, int) { return 2, 5 })
	m.Calls.Invited()
	m.Calls.Failed(errors.New("no"))
	m.Push.Pushed(push.Sent)
	m.Webhooks.Attempted("ok", time.Millisecond)
	m.Webhooks.Attempted("refused", time.Second)
	m.Webhooks.Attempted("refused", time.Second)
	m.Webhooks.Died()
	for of, want := range map[string]float64{
		`caller_rooms{}`: 7,
		`caller_posts_total{kind="message",result="stored"}`:                 1,
		`caller_posts_total{kind="edit",result="repeated"}`:                  1,
		`caller_posts_total{kind="edit",result="stored"}`:                    0,
		`caller_delivery_batches_total{}`:                                    2,
		`caller_delivery_events_total{}`:                                     4,
		`caller_deliveries_total{}`:                                          32,
		`caller_refusals_total{code="too_much"}`:                             1,
		`caller_refusals_total{code="muted"}`:                                1,
		`caller_resets_total{reason="expired"}`:                              4,
		`caller_subscribers{transport="ws"}`:                                 1,
		`caller_subscribers{transport="sse"}`:                                0,
		`caller_subscriber_starts_total{start="new",transport="sse"}`:        1,
		`caller_subscriber_starts_total{start="resumed",transport="sse"}`:    1,
		`caller_subscriber_ends_total{reason="closed"}`:                      1,
		`caller_subscriber_ends_total{reason="going_away"}`:                  1,
		`caller_members{transport="poll"}`:                                   2,
		`caller_transport_changes_total{from="ws",to="poll"}`:                1,
		`caller_connections{}`:                                               5,
		`caller_backlog_bytes{}`:                                             1234,
		`caller_backlog_readers{}`:                                           2,
		`caller_connections_opened_total{way="socket"}`:                      1,
		`caller_connections_opened_total{way="server"}`:                      1,
		`caller_readers_behind_total{}`:                                      1,
		`caller_slow_readers_total{}`:                                        1,
		`caller_redis_connections{}`:                                         9,
		`caller_redis_connections_used{}`:                                    4,
		`caller_store_call_duration_seconds{call="append"}`:                  3,
		`caller_store_call_errors_total{call="append",reason="unavailable"}`: 1,
		`caller_rooms_followed{}`:                                            1,
		`caller_redis_errors_total{reason="unavailable"}`:                    1,
		`caller_redis_subscription_breaks_total{}`:                           1,
		`caller_http_requests_in_flight{}`:                                   6,
		`caller_http_requests_total{route="post",status="2xx"}`:              1,
		`caller_http_requests_total{route="stream",status="stream"}`:         1,
		`caller_http_request_duration_seconds{route="post"}`:                 1,
		`caller_http_request_duration_seconds{route="stream"}`:               0,
		`caller_file_bytes_total{direction="in"}`:                            1000,
		`caller_file_bytes_total{direction="out"}`:                           500,
		`caller_file_uploads_total{result="kept"}`:                           1,
		`caller_file_uploads_total{result="infected"}`:                       1,
		`caller_bucket_errors_total{}`:                                       1,
		`caller_call_rooms{}`:                                                2,
		`caller_call_members{}`:                                              5,
		`caller_call_tokens_total{}`:                                         1,
		`caller_livekit_errors_total{}`:                                      1,
		`caller_pushes_total{result="sent"}`:                                 1,
		`caller_webhook_attempt_duration_seconds{result="ok"}`:               1,
		`caller_webhook_attempt_duration_seconds{result="refused"}`:          2,
		`caller_webhook_attempt_duration_seconds{result="failed"}`:           0,
		`caller_webhook_dead_letters_total{}`:                                1,
	} {
		assert.Equal(t, want, value(t, m, of), of)
	}
}

// TestNobodyMakesTheMetricsGrow tells the metrics of what nobody has thought of: every series is one
// that was there before.
func TestNobodyMakesTheMetricsGrow(t *testing.T) {
	m := New(Build{})
	before := series(ours(t, m))
	require.Less(t, len(before), 700, "each is kept and scraped, of every node")
	for i := range 1000 {
		wild := fmt.Sprintf("wild-%d", i)
		m.Rooms.Posted(chat.RoomID(wild), chat.Kind(wild), i%2 == 0)
		m.Rooms.Delivered(chat.RoomID(wild), i, i)
		m.Rooms.Refused(chat.RoomID(wild), chat.Action(wild), errors.New(wild))
		m.Rooms.Refused(chat.RoomID(wild), chat.Action(wild), &chat.RefusedError{Code: chat.Refusal(wild)})
		m.Rooms.Reset(chat.RoomID(wild), chat.ResetReason(wild), i)
		m.Rooms.Came(chat.RoomID(wild), wild, i%2 == 0)
		m.Rooms.Went(chat.RoomID(wild), wild, wire.Fail(wire.Code(wild), wild))
		m.Rooms.Present(wild, 1)
		m.Rooms.Changed(wild, wild)
		m.Store.Called(wild, time.Duration(i), errors.New(wild))
		m.Store.Followed(chat.RoomID(wild), true)
		m.Store.Failed(errors.New(wild))
		m.Requests.Served(wild, wild, i, time.Second, i%2 == 0)
		m.Requests.Served(wild, "/rooms/:room/"+wild, i, time.Second, false)
		m.Files.Uploaded(errors.New(wild))
		m.Push.Pushed(push.Result(wild))
		m.Webhooks.Attempted(wild, time.Second)
		m.Webhooks.Died()
	}
	require.Equal(t, before, series(ours(t, m)))
	require.Less(t, len(ours(t, m)), 40, "families")
	for name, f := range ours(t, m) {
		for _, one := range f.GetMetric() {
			for _, l := range one.GetLabel() {
				require.NotContains(t, []string{"room", "member", "session", "user", "name", "id", "address"}, l.GetName(), name)
			}
		}
	}
}

func TestAllIsServedInPrometheusFormat(t *testing.T) {
	m := New(Build{Version: "v1.2.3", Commit: "abc"})
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	require.Equal(t, 200, answer.Code)
	for _, want := range []string{
		"caller_build_info{commit=\"abc\",go_version=", "go_goroutines ", "process_resident_memory_bytes ", "# HELP caller_rooms ",
		"caller_rooms 0\n", // nobody has said how many there are yet
	} {
		require.Contains(t, answer.Body.String(), want)
	}
}

// TestTheTableOfMetricsIsTrue compares docs/metrics.md with what there is.
func TestTheTableOfMetricsIsTrue(t *testing.T) {
	page, err := os.ReadFile("../docs/metrics.md")
	require.NoError(t, err)
	row := regexp.MustCompile("(?m)^\\| `(caller_[a-z_]+)` \\| ([a-z]+) \\|([^|]*)\\| ([^|]+) \\|$")
	labels := regexp.MustCompile("`([a-z_]+)`")
	told := map[string]string{}
	for _, r := range row.FindAllStringSubmatch(string(page), -1) {
		var names []string
		for _, l := range labels.FindAllStringSubmatch(r[3], -1) {
			names = append(names, l[1])
		}
		sort.Strings(names)
		require.NotContains(t, told, r[1], "it is there twice")
		told[r[1]] = r[2] + " " + strings.Join(names, " ")
	}
	are := map[string]string{}
	for name, f := range ours(t, New(Build{})) {
		var names []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			names = append(names, l.GetName())
		}
		are[name] = strings.ToLower(f.GetType().String()) + " " + strings.Join(names, " ")
	}
	require.Equal(t, are, told)
}

// BenchmarkTold is what it costs to count what happens: of a delivery one batch, whatever its number of
// readers, and of a post all that it makes happen besides.
func BenchmarkTold(b *testing.B) {
	m := New(Build{})
	for _, what := range []struct {
		name string
		tell func()
	}{
		{"delivered", func() { m.Rooms.Delivered("lobby", 1, 100) }},
		{"posted", func() { m.Rooms.Posted("lobby", chat.KindMessage, false) }},
		{"called", func() { m.Store.Called("append", time.Millisecond, nil) }},
		{"served", func() { m.Requests.Served("POST", "/rooms/:room/messages", 201, time.Millisecond, false) }},
		{"refused", func() { m.Rooms.Refused("lobby", chat.ActionPost, &chat.LimitError{}) }},
	} {
		b.Run(what.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				what.tell()
			}
		})
	}
}
