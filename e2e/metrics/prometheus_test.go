package metrics

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
)

const (
	deploy     = "../../deploy"
	adminToken = "the-token-of-the-admin-listener-of-this-test"
)

// watched is a node with an admin listener.
type watched struct {
	*harness.Node
	admin string // host:port
}

var adminAt = regexp.MustCompile(`msg="serving the operator" url=http://(127\.0\.0\.1:[0-9]+)`)

func watch(t *testing.T, redis *harness.Redis, args ...string) watched {
	t.Helper()
	node := run.Node(t, append([]string{
		"--redis-url", redis.URL(), "--admin-addr", "127.0.0.1:0", "--admin-token", adminToken,
	}, args...)...)
	found := harness.Await(t, "the admin listener's address", func() []string {
		return adminAt.FindStringSubmatch(node.Output.String())
	}, func(found []string) bool { return found != nil })
	return watched{node, found[1]}
}

// prometheus is a running Prometheus.
type prometheus struct{ url string }

var (
	waits   = regexp.MustCompile(`(?m)^( +for: ).*$`)
	windows = regexp.MustCompile(`\[[0-9]+m\]`)
)

// startPrometheus starts one with the configuration and the rules of deploy/prometheus, which it has
// checked, but for where nodes are and how long things take: all goes on within seconds here.
func startPrometheus(t *testing.T, nodes ...watched) prometheus {
	t.Helper()
	dir := t.TempDir()
	config, err := os.ReadFile(filepath.Join(deploy, "prometheus", "prometheus.yml"))
	require.NoError(t, err)
	rules, err := os.ReadFile(filepath.Join(deploy, "prometheus", "alerts.yml"))
	require.NoError(t, err)
	token := filepath.Join(dir, "token")
	text := string(config)
	replace := func(old, by string) {
		require.Contains(t, text, old)
		text = strings.ReplaceAll(text, old, by)
	}
	replace("/etc/prometheus/caller-admin-token", token)
	replace("_interval: 15s", "_interval: 1s")
	replace("- 10.0.0.11:9090", "- "+nodes[0].admin)
	replace("- 10.0.0.12:9090", "- "+nodes[1].admin)
	quick := windows.ReplaceAllString(waits.ReplaceAllString(string(rules), "${1}1s"), "[10s]")
	for name, content := range map[string]string{"token": adminToken, "prometheus.yml": text, "alerts.yml": quick} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	promtool(t, "", "check", "config", filepath.Join(dir, "prometheus.yml"))
	addr := fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t))
	cmd := exec.Command(harness.Find(t, "prometheus"), "--config.file="+filepath.Join(dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+addr, "--log.level=warn")
	harness.StartProcess(t, "prometheus", cmd)
	p := prometheus{"http://" + addr}
	harness.Eventually(t, "Prometheus is ready", func() bool { return harness.Status(p.url+"/-/ready") == http.StatusOK })
	return p
}

// promtool runs it with some input, and is what it prints. It must say that all is well.
func promtool(t *testing.T, input string, args ...string) string {
	t.Helper()
	cmd := exec.Command(harness.Find(t, "promtool"), args...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "promtool %v: %s", args, out)
	return string(out)
}

// get asks Prometheus's API.
func (p prometheus) get(path string, query url.Values, into any) error {
	resp, err := http.Get(p.url + path + "?" + query.Encode())
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // it is read below
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s: %s", answer.Status, answer.Error)
	}
	return json.Unmarshal(answer.Data, into)
}

// query runs a query, and is the values that it gives.
func (p prometheus) query(t *testing.T, expr string) (values []float64) {
	t.Helper()
	var data struct {
		Result []struct{ Value [2]any }
	}
	require.NoError(t, p.get("/api/v1/query", url.Values{"query": {expr}}, &data), expr)
	for _, r := range data.Result {
		text, ok := r.Value[1].(string)
		require.True(t, ok)
		v, err := strconv.ParseFloat(text, 64)
		require.NoError(t, err)
		if !math.IsNaN(v) { // as of a share of nothing
			values = append(values, v)
		}
	}
	return values
}

// shows waits until a query gives something: Prometheus takes for gone what it has had no time to ask
// for.
func (p prometheus) shows(t *testing.T, what, expr string) {
	t.Helper()
	harness.Await(t, what, func() []float64 { return p.query(t, expr) }, func(values []float64) bool { return len(values) > 0 })
}

// sum is all values of a query together.
func (p prometheus) sum(t *testing.T, expr string) (all float64) {
	t.Helper()
	for _, v := range p.query(t, expr) {
		all += v
	}
	return all
}

// firing are the names of the alerts that fire now.
func (p prometheus) firing(t *testing.T) (names []string) {
	t.Helper()
	var data struct {
		Alerts []struct {
			State  string
			Labels map[string]string
		}
	}
	require.NoError(t, p.get("/api/v1/alerts", nil, &data))
	for _, a := range data.Alerts {
		if a.State == "firing" {
			names = append(names, a.Labels["alertname"])
		}
	}
	return names
}

// expressions are those of the rules as Prometheus has read them, by the alert's name.
func (p prometheus) expressions(t *testing.T) map[string]string {
	t.Helper()
	var data struct {
		Groups []struct {
			Rules []struct{ Name, Query, Health, LastError string }
		}
	}
	require.NoError(t, p.get("/api/v1/rules", nil, &data))
	all := map[string]string{}
	for _, g := range data.Groups {
		for _, r := range g.Rules {
			require.NotEqual(t, "err", r.Health, "%s: %s", r.Name, r.LastError)
			all[r.Name] = r.Query
		}
	}
	return all
}
