package deploy

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/e2e/internal/times"
)

// newSite starts two nodes and a proxy in front of them.
func newSite(t *testing.T, name, base string, redis *harness.Redis) *site {
	t.Helper()
	if testing.Short() {
		t.Skip("starts programs")
	}
	s := &site{name: name, port: harness.FreePort(t), plain: harness.FreePort(t), base: base, certs: newCertificate(t)}
	for range 2 {
		// With the longest heartbeat, far above the deadline of tests nothing but the next message
		// could push out one that the proxy holds back.
		s.nodes = append(s.nodes, run.Node(t, "--redis-url", redis.URL(), "--base-path", base,
			"--trusted-proxy", "127.0.0.1", "--log-level", "debug", "--heartbeat", "5m"))
	}
	proxies[name](t, s, t.TempDir())
	return s
}

// TestProxies runs the files of docs/deploy: all that a page does must get through each of them.
func TestProxies(t *testing.T) {
	if testing.Short() {
		t.Skip("starts programs")
	}
	redis := harness.StartRedis(t)
	for name := range proxies {
		for _, base := range []string{"/chat", ""} {
			t.Run(name+base, func(t *testing.T) {
				s := newSite(t, name, base, redis)
				v := newVisitor(t, s)
				room := "behind-" + name + strings.Trim(base, "/") + ".inc" // what Debian's lighttpd.conf refuses
				v.seesPage(t, s)
				v.talks(t, s, room)
				v.isKnown(t, s, room)
				v.outlivesNode(t, s, room)
			})
		}
	}
}

// seesPage looks at what is not a conversation: the page, its files, and who is sent where.
func (v *visitor) seesPage(t *testing.T, s *site) {
	t.Helper()
	resp, page := v.do(t, http.MethodGet, "/", "", "Accept", "text/html")
	require.Equal(t, http.StatusOK, resp.StatusCode, page)
	assert.Equal(t, "HTTP/2.0", resp.Proto)
	assert.Contains(t, page, `<base href="`+s.base+`/">`)
	assets := regexp.MustCompile(`assets/[^"]+`).FindAllString(page, -1)
	require.NotEmpty(t, assets)
	for _, asset := range assets {
		resp, content := v.do(t, http.MethodGet, "/"+asset, "")
		assert.Equal(t, http.StatusOK, resp.StatusCode, asset)
		assert.NotEmpty(t, content, asset)
	}

	plain := fmt.Sprintf("http://localhost:%d%s/rooms/a", s.plain, s.base)
	resp, _ = v.do(t, http.MethodGet, plain, "")
	assert.Equal(t, http.StatusPermanentRedirect, resp.StatusCode)
	assert.Regexp(t, `^https://localhost(:\d+)?`+s.base+`/rooms/a$`, resp.Header.Get("Location"))

	origin := fmt.Sprintf("https://localhost:%d", s.port)
	resp, body := v.do(t, http.MethodPost, "/session", `{"name":"Ann"}`, "Origin", origin)
	require.Equal(t, http.StatusCreated, resp.StatusCode, body)
	require.Len(t, resp.Cookies(), 1)
	assert.Equal(t, s.base+"/", resp.Cookies()[0].Path)
	assert.True(t, resp.Cookies()[0].Secure, "the nodes are told that the visitor came by HTTPS")
	resp, _ = v.do(t, http.MethodPost, "/rooms", "", "Origin", origin)
	assert.Equal(t, http.StatusCreated, resp.StatusCode)
	assert.Regexp(t, "^("+origin+")?"+s.base+"/rooms/[^/]+$", resp.Header.Get("Location"))
	resp, _ = v.do(t, http.MethodPost, "/rooms", "", "Origin", "https://evil.example", "X-Forwarded-Host", "evil.example")
	assert.Equal(t, http.StatusForbidden, resp.StatusCode, "another site's page, whatever it says of the host")
}

// talks reads over every transport while posts are made: each must arrive by itself, before the
// next one is made.
func (v *visitor) talks(t *testing.T, s *site, room string) {
	t.Helper()
	heard := map[string]<-chan string{}
	for _, kind := range []string{"sse", "ndjson"} {
		resp := v.ask(t, http.MethodGet, "/rooms/"+room+"/"+kind, "")
		defer func() { _ = resp.Body.Close() }() // it never ends
		require.Equal(t, http.StatusOK, resp.StatusCode)
		require.Equal(t, "HTTP/2.0", resp.Proto)
		heard[kind] = lines(resp.Body)
	}
	conn, _, err := v.dialer.Dial("ws"+strings.TrimPrefix(v.url, "http")+"/rooms/"+room+"/ws", nil)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }() // nobody is left to hear of it
	heard["ws"] = frames(conn)
	for _, stream := range heard {
		hear(t, stream, `"live"`)
		hear(t, stream, `"ping"`) // the one that proves the stream: nothing follows by itself
	}
	longest := map[string]time.Duration{}
	for _, text := range []string{"one", "two", "three"} {
		began := time.Now()
		v.post(t, room, text)
		for kind, stream := range heard {
			hear(t, stream, `"`+text+`"`)
			longest[kind] = max(longest[kind], time.Since(began))
		}
	}
	for kind, took := range longest {
		run.Times.Add(times.Row{What: fmt.Sprintf("from a post to its reader over %s through %s%s", kind, s.name, s.base), Took: took})
	}
	require.NoError(t, conn.WriteJSON(map[string]string{"type": "post", "key": "k", "text": "from a WebSocket"}))
	hear(t, heard["sse"], "from a WebSocket")

	_, page := v.do(t, http.MethodGet, "/rooms/"+room+"/messages", "")
	cursors := regexp.MustCompile(`"cursor":"([^"]+)"`).FindAllStringSubmatch(page, -1)
	require.NotEmpty(t, cursors, page)
	polled := make(chan string, 1)
	poll := v.ask // the request is under way before the post is
	go func() {
		defer close(polled)
		resp := poll(t, http.MethodGet, "/rooms/"+room+"/messages?wait=20&after="+cursors[len(cursors)-1][1], "")
		defer func() { _ = resp.Body.Close() }() // read to its end
		body, _ := io.ReadAll(resp.Body)         // what is missing is seen
		polled <- string(body)
	}()
	v.post(t, room, "polled")
	hear(t, polled, `"polled"`)
}

// isKnown looks in the nodes' logs: the visitor's address is the true one, whatever they say of it.
func (v *visitor) isKnown(t *testing.T, s *site, room string) {
	t.Helper()
	for range 4 {
		resp, _ := v.do(t, http.MethodGet, "/rooms/"+room+"/members", "", "X-Forwarded-For", "6.6.6.6, 127.0.0.1", "Forwarded", "for=6.6.6.6")
		require.Equal(t, http.StatusOK, resp.StatusCode)
	}
	line := regexp.MustCompile(`path=\S*/rooms/` + room + `/(members|messages) .*from=(\S+)`)
	var from []string
	harness.Eventually(t, "all that was asked to be in the logs, a part in each", func() bool { // after the answers
		from = nil
		parts, asked := 0, 0
		for _, node := range s.nodes {
			found := line.FindAllStringSubmatch(node.Output.String(), -1)
			parts += min(1, len(found))
			for _, match := range found {
				if match[1] == "members" {
					asked++
				}
				from = append(from, match[2])
			}
		}
		return parts == len(s.nodes) && asked >= 4
	})
	for _, address := range from {
		assert.Equal(t, visitorAddress, address)
	}
}

// outlivesNode stops one node: what is asked meanwhile is answered by the other.
func (v *visitor) outlivesNode(t *testing.T, s *site, room string) {
	t.Helper()
	expected := []int{http.StatusOK, http.StatusServiceUnavailable}
	if s.name == "apache" || s.name == "lighttpd" { // they do not ask the other one when a connection is reset before its answer
		expected = append(expected, http.StatusInternalServerError, http.StatusBadGateway)
	}
	stopped := make(chan int, 1)
	go func() {
		code := s.nodes[0].Stop(t)
		stopped <- code
	}()
	for running := true; running; {
		select {
		case code := <-stopped:
			assert.Zero(t, code)
			running = false
		default:
		}
		resp, body := v.do(t, http.MethodGet, "/rooms/"+room+"/members", "")
		assert.Contains(t, expected, resp.StatusCode, "going away: %s", body)
	}
	for range 10 {
		resp, body := v.do(t, http.MethodGet, "/rooms/"+room+"/members", "")
		require.Equal(t, http.StatusOK, resp.StatusCode, body)
	}
	harness.Await(t, "a post to be stored by the other node", func() int {
		resp, body := v.do(t, http.MethodPost, "/rooms/"+room+"/messages", `{"text":"after"}`)
		if resp.StatusCode != http.StatusCreated { // a proxy that does not send a post twice
			require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode, body)
		}
		return resp.StatusCode
	}, func(status int) bool { return status == http.StatusCreated })
}
