package admin

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/e2e/internal/suite"
	"github.com/caller-chat/caller/internal/testwait"
)

var run suite.Suite

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run.Main(m))
}

const token = "the-token-of-the-operator-0123456789"

// client has a transport of its own: that of other suites holds answers to the description of the
// public address.
var client = &http.Client{Timeout: 2 * testwait.Limit, Transport: &http.Transport{}}

// listener is a node's admin listener.
type listener struct {
	node *harness.Node
	url  string
}

// withAdmin starts a node that has one.
func withAdmin(t testing.TB, args ...string) listener {
	t.Helper()
	run.Needed(t)
	addr := fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t))
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte(token+"\n"), 0o600))
	return listener{run.Node(t, append([]string{"--admin-addr", addr, "--admin-token-file", file}, args...)...), "http://" + addr}
}

// two are two nodes with one Redis, each with a listener.
func two(t testing.TB, args ...string) (one, other listener, redis *harness.Redis) {
	t.Helper()
	run.Needed(t)
	redis = harness.StartRedis(t)
	args = append(args, "--redis-url", redis.URL())
	return withAdmin(t, args...), withAdmin(t, args...), redis
}

// send makes a request; edit may make another of it.
func (l listener) send(t testing.TB, method, path, body string, edit ...func(*http.Request)) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, l.url+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	if strings.HasPrefix(body, "{") {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, f := range edit {
		f(r)
	}
	w, err := client.Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.Body.Close() })
	return w
}

// ask is the status of a request; its JSON goes into answer, if there is one.
func (l listener) ask(t testing.TB, method, path, body string, answer any, edit ...func(*http.Request)) int {
	t.Helper()
	w := l.send(t, method, path, body, edit...)
	text, err := io.ReadAll(w.Body)
	require.NoError(t, err)
	if answer != nil {
		require.NoError(t, json.Unmarshal(text, answer), "%s %s: %s %s", method, path, w.Status, text)
	}
	return w.StatusCode
}

// get reads something that is there.
func (l listener) get(t testing.TB, path string, answer any) {
	t.Helper()
	require.Equal(t, http.StatusOK, l.ask(t, "GET", path, "", answer), path)
}

// person is somebody with a session at a node.
type person struct {
	node      *harness.Node
	id, token string
}

func newPerson(t testing.TB, node *harness.Node, name string) person {
	t.Helper()
	p := person{node: node}
	var session struct{ ClientID, Token string }
	p.ask(t, "POST", "/session", `{"name":"`+name+`"}`, &session)
	require.NotEmpty(t, session.ClientID)
	p.id, p.token = session.ClientID, session.Token
	return p
}

func (p person) request(t testing.TB, method, path, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, p.node.URL+path, bytes.NewReader([]byte(body)))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	if p.token != "" {
		r.Header.Set("Authorization", "Bearer "+p.token)
	}
	return r
}

func (p person) ask(t testing.TB, method, path, body string, answer any) int {
	t.Helper()
	w, err := client.Do(p.request(t, method, path, body))
	require.NoError(t, err)
	defer w.Body.Close()
	text, err := io.ReadAll(w.Body)
	require.NoError(t, err)
	if answer != nil {
		require.NoError(t, json.Unmarshal(text, answer), "%s %s: %s %s", method, path, w.Status, text)
	}
	return w.StatusCode
}
