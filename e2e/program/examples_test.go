package program

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// stage is what an example runs against: a room in Redis, one node at an address that stays, and a
// network to cut.
type stage struct {
	redis  *harness.Redis
	node   *harness.Node
	link   *harness.Link
	args   []string
	writer client.Person
}

// server is the address that the examples have for the server.
const server = "http://localhost:8080"

func newStage(t *testing.T, args ...string) *stage {
	t.Helper()
	endToEnd(t)
	s := &stage{redis: harness.StartRedis(t)}
	// A port of its own: one that the system gives to outgoing connections could be taken when the
	// node comes back.
	address := fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t))
	s.args = append([]string{"--addr", address, "--redis-url", s.redis.URL()}, args...)
	s.node = startNode(t, s.args...)
	s.link = harness.StartLink(t, s.node.Addr)
	s.writer = client.SignIn(t, s.node.URL, "Writer")
	return s
}

// url is the server as the examples see it, behind the network.
func (s *stage) url() string { return "http://" + s.link.Addr }

// stop stops the node; again starts it at the same address.
func (s *stage) stop(t *testing.T) {
	t.Helper()
	code := s.node.Stop(t)
	require.Zero(t, code)
}

func (s *stage) again(t *testing.T) {
	t.Helper()
	s.node = startNode(t, s.args...)
}

// awaitKept waits until the room keeps so many messages, and is what they say, each behind its
// writer's name.
func (s *stage) awaitKept(t *testing.T, count int) (ids, said []string) {
	t.Helper()
	kept := harness.Await(t, fmt.Sprintf("%d messages in the room", count), func() []client.Event {
		return s.writer.Page(t, "lobby", "").Messages
	}, func(kept []client.Event) bool { return len(kept) >= count })
	for _, message := range kept {
		ids = append(ids, message.ID)
		said = append(said, message.From.Name+": "+message.Text)
	}
	return ids, said
}

// visit takes an example through what a network has: posting, receiving, a restart of the server
// with a post meanwhile, a cut. Say has the example say something, shows waits until it shows so
// many messages and is what they say.
func (s *stage) visit(t *testing.T, name string, say func(string), shows func(int) []string) {
	t.Helper()
	s.writer.Post(t, "lobby", "before")
	shows(1)
	say("one")
	s.awaitKept(t, 2)
	s.writer.Post(t, "lobby", "two")
	shows(3)

	s.stop(t)
	say("three, while nobody is there")
	say("four")
	s.again(t)
	s.awaitKept(t, 5)
	s.writer.Post(t, "lobby", "five")
	shows(6)

	s.link.Cut()
	s.writer.Post(t, "lobby", "six")
	say("seven")
	shows(8)
	s.writer.Post(t, "lobby", "eight")

	want := []string{
		"Writer: before", name + ": one", "Writer: two", name + ": three, while nobody is there", name + ": four", "Writer: five",
		"Writer: six", name + ": seven", "Writer: eight",
	}
	shown := shows(9)
	_, kept := s.awaitKept(t, 9)
	assert.Equal(t, want, kept)
	assert.Equal(t, want, shown, "each message once and in order")
}

// ownSite serves an example's page from an origin of its own, and is that origin. The page finds
// the server where s has it.
func (s *stage) ownSite(t *testing.T, dir string) *httptest.Server {
	t.Helper()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, err := os.ReadFile("../../examples/" + dir + "/index.html")
		if !assert.NoError(t, err) {
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, strings.ReplaceAll(string(page), server, s.url())) // a browser that is gone has no use for it
	}))
	t.Cleanup(site.Close)
	return site
}

const items = `[...document.querySelectorAll("#messages li")]`

func TestPageExamples(t *testing.T) {
	for dir, name := range map[string]string{"page": "Ann", "eventsource": "Eve"} {
		t.Run(dir, func(t *testing.T) {
			s := &stage{}
			site := s.ownSite(t, dir)
			*s = *newStage(t, "--trusted-origin", site.URL)
			page := chromium(t).Person(t, name).Page()
			page.Open(t, site.URL)
			page.Until(t, "live", `document.getElementById("state").textContent.startsWith("live")`)

			s.visit(t, name, func(text string) {
				browser.Eval[any](t, page, fmt.Sprintf(`(() => { document.getElementById("text").value = %q;
					document.getElementById("form").requestSubmit(); })()`, text))
			}, func(count int) []string {
				page.Until(t, fmt.Sprint(count, " messages"), fmt.Sprintf("%s.length >= %d", items, count))
				return browser.Eval[[]string](t, page, items+".map((item) => item.textContent)")
			})
			ids, _ := s.awaitKept(t, 9)
			assert.Equal(t, ids, browser.Eval[[]string](t, page, items+".map((item) => item.dataset.id)"))
			page.Until(t, "live", `document.getElementById("state").textContent.startsWith("live")`)
			if dir == "page" {
				page.Until(t, "nothing waiting", `document.getElementById("waiting").childElementCount === 0`)
				// Loaded again it is the same person.
				page.Open(t, site.URL)
				page.Until(t, "9 messages", items+".length === 9")
				before := s.writer.Page(t, "lobby", "").Messages
				browser.Eval[any](t, page, `(() => { document.getElementById("text").value = "nine"; document.getElementById("form").requestSubmit(); })()`)
				s.awaitKept(t, 10)
				after := s.writer.Page(t, "lobby", "").Messages
				assert.Equal(t, before[1].From, after[9].From)
			}
		})
	}
}

// TestPageOfAnUntrustedOrigin: without --trusted-origin a page of another site can read the
// library, and nothing else.
func TestPageOfAnUntrustedOrigin(t *testing.T) {
	s := newStage(t)
	site := s.ownSite(t, "page")
	page := chromium(t).Person(t, "Mallory").Page()
	page.Open(t, site.URL)
	page.Until(t, "the library at work", `document.getElementById("state").textContent.startsWith("connecting")`)
	s.writer.Post(t, "lobby", "a secret")
	browser.Eval[any](t, page, `(() => { document.getElementById("text").value = "let me in"; document.getElementById("form").requestSubmit(); })()`)
	refused := browser.Eval[[]string](t, page, fmt.Sprintf(`Promise.all([
		fetch(%[1]q + "/session", {method: "POST", body: '{"name":"M"}'}).then((r) => "read " + r.status, () => "not read"),
		fetch(%[1]q + "/rooms/lobby/messages").then((r) => "read " + r.status, () => "not read"),
		fetch(%[1]q + "/rooms/lobby", {method: "POST", mode: "no-cors", body: "blind"}).then((r) => r.type, () => "nothing"),
		new Promise((done) => { const s = new WebSocket(%[1]q.replace("http", "ws") + "/rooms/lobby/ws"); s.onopen = () => done("open"); s.onerror = () => done("not open"); }),
	])`, s.url()))
	assert.Equal(t, []string{"not read", "not read", "nothing", "not open"}, refused)
	_, kept := s.awaitKept(t, 1)
	assert.Equal(t, []string{"Writer: a secret"}, kept)
	assert.Zero(t, browser.Eval[int](t, page, items+".length"))
}

func TestProgramExamples(t *testing.T) {
	node := func(packages ...string) func(*testing.T, *stage) *exec.Cmd {
		return func(t *testing.T, s *stage) *exec.Cmd {
			return exec.Command(harness.Find(t, "node"), nodeExample(t, packages...), s.url()+"/", "lobby", "Pro")
		}
	}
	for name, test := range map[string]struct {
		transport string
		command   func(*testing.T, *stage) *exec.Cmd
	}{
		"node alone":   {"sse", node()},
		"node with ws": {"ws", node("ws")},
		"python": {"ws", func(t *testing.T, s *stage) *exec.Cmd {
			return exec.Command(harness.Find(t, "python3"), "../../examples/websocket/chat.py", s.url(), "lobby", "Pro")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			cmd := test.command(t, s)
			stdin, err := cmd.StdinPipe()
			require.NoError(t, err)
			program := harness.StartProcess(t, name, cmd)
			program.Output.WaitFor(t, "* live")
			members := s.writer.Members(t, "lobby").Members
			require.Len(t, members, 1)
			assert.Equal(t, "Pro "+test.transport, members[0].Name+" "+members[0].Transport)
			s.visit(t, "Pro", func(text string) {
				_, err := io.WriteString(stdin, text+"\n")
				require.NoError(t, err)
			}, func(count int) []string {
				return harness.Await(t, fmt.Sprintf("%d messages", count), func() (said []string) {
					for line := range strings.Lines(program.Output.String()) {
						if !strings.HasPrefix(line, "* ") {
							said = append(said, strings.TrimSuffix(line, "\n"))
						}
					}
					return said
				}, func(said []string) bool { return len(said) >= count })
			})
			// What was typed last is said before it leaves.
			_, err = io.WriteString(stdin, "bye\n")
			require.NoError(t, err)
			require.NoError(t, stdin.Close())
			require.Zero(t, program.Wait(t))
			_, kept := s.awaitKept(t, 10)
			assert.Equal(t, "Pro: bye", kept[9])
		})
	}
}

// nodeExample puts the Node example where it finds the package just as npm would have packed it,
// and some of the front end's own packages; it is the program's path.
func nodeExample(t *testing.T, packages ...string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS("../../examples/node")))
	modules := filepath.Join(dir, "node_modules", "@caller-chat")
	require.NoError(t, os.MkdirAll(modules, 0o755))
	pack := exec.Command(harness.Find(t, "npm"), "pack", "--ignore-scripts", "--silent", "--pack-destination", dir)
	pack.Dir = "../../frontend"
	name, err := pack.Output()
	require.NoError(t, err)
	unpack := exec.Command(harness.Find(t, "tar"), "-xzf", strings.TrimSpace(string(name)), "-C", modules)
	unpack.Dir = dir
	output, err := unpack.CombinedOutput()
	require.NoError(t, err, string(output))
	require.NoError(t, os.Rename(filepath.Join(modules, "package"), filepath.Join(modules, "client")))
	for _, name := range packages {
		path, err := filepath.Abs("../../frontend/node_modules/" + name)
		require.NoError(t, err)
		require.DirExists(t, path, "npm ci in frontend installs it")
		require.NoError(t, os.Symlink(path, filepath.Join(dir, "node_modules", name)))
	}
	return filepath.Join(dir, "chat.mjs")
}
