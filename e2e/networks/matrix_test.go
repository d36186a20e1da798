package networks

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/e2e/internal/times"
)

// somebody is who talks through a network: a page, or package client.
type somebody interface {
	// Rest lets nothing be said for a while.
	Rest(t testing.TB, d time.Duration)
}

// way is how a browser reaches a node through a network.
type way struct {
	url   string // where the page is
	proxy string // the forward proxy, host:port; empty for none
	// breaks are what happens to somebody who is in, one after the other; heals is called at the
	// end.
	breaks []func(*testing.T, somebody)
	heals  func()
}

// network is one row of the matrix.
type network struct {
	name string // as docs/networks.md has it
	// over is what the page may end on; ruledOut is how many transports have to be ruled out first.
	over     []string
	ruledOut int
	grace    time.Duration // nothing at all gets through for so long; it is allowed on top
	args     []string      // of the node
	// told is what the page's diagnostics say when the network has done what it is there for; a
	// network that is kinder than its name would prove nothing.
	told string
	open func(t *testing.T, node *harness.Node) way
}

const (
	// soon and later are within what time a page is promised to talk, from its opening on: the
	// page's own head start of 2 s, and 4 s for the proof of a transport that seems to work, once
	// and twice (TIMING in frontend/src/client).
	soon  = 6 * time.Second
	later = 12 * time.Second
	// besides is what else a page may take, in times of what it takes with nothing in between: a
	// proxy is one more process that has to have its turn with each byte.
	besides = 2
	// everySo many networks a page with nothing in between is measured beside them.
	everySo = 6
)

// row is what was seen of a network.
type row struct {
	over    []string // one after the other
	talking time.Duration
}

// seen are the rows of this run, for the table at its end.
var seen struct {
	sync.Mutex
	rows map[string]row
	// direct is how long pages took with nothing in between, in the same run.
	direct []time.Duration
}

// note keeps what was seen of a network.
func (n network) note(r row) {
	seen.Lock()
	defer seen.Unlock()
	seen.rows[n.name] = r
	if n.name == direct {
		seen.direct = append(seen.direct, r.talking)
	}
}

// promised is within what time a page talks through the network on a machine with time.
func (n network) promised() time.Duration {
	if n.ruledOut >= 2 {
		return later + n.grace
	}
	return soon + n.grace
}

// held is what it is held to on this machine, where a page with nothing in between took so long.
func (n network) held(plain time.Duration) time.Duration { return n.promised() + besides*plain }

func TestNetworks(t *testing.T) {
	for i, n := range networks() {
		t.Run(strings.NewReplacer(" ", "-", ",", "").Replace(n.name), func(t *testing.T) {
			t.Parallel()
			n.note(n.run(t))
		})
		if i%everySo == 0 {
			t.Run(fmt.Sprintf("%s, beside them %d", direct, i/everySo), func(t *testing.T) {
				t.Parallel()
				again(direct).note(again(direct).run(t))
			})
		}
	}
}

// TestHowFast holds each network of this run to the page's own times, and to what a page took with
// nothing in between. One that took longer is measured once more, alone, right after such a page.
func TestHowFast(t *testing.T) {
	run.Needed(t)
	for _, n := range networks() {
		if n.name == direct {
			continue
		}
		t.Run(strings.NewReplacer(" ", "-", ",", "").Replace(n.name), func(t *testing.T) {
			seen.Lock()
			r, known := seen.rows[n.name]
			plain := slices.Max(append(slices.Clone(seen.direct), 0))
			seen.Unlock()
			if !known || r.talking >= n.held(plain) {
				t.Logf("talking after %v, with nothing in between after %v at most; once more", r.talking, plain)
				plain = again(direct).run(t).talking
				r = again(n.name).run(t)
				n.note(r)
			}
			run.Times.Add(times.Row{What: n.name, Took: r.talking, Promised: n.promised(), Machine: plain, Held: n.held(plain)})
			assert.Less(t, r.talking, n.held(plain), "talking after")
		})
	}
}

// run takes a page through the network.
func (n network) run(t *testing.T) row {
	node := run.Node(t, append([]string{"--heartbeat", "4s"}, n.args...)...)
	w := n.open(t, node)
	other := client.SignIn(t, node.URL, "Bob")
	reader := other.Read(t, client.WebSocket, "kitchen", client.Options{})
	reader.WaitType(t, "live")
	other.Post(t, "kitchen", "before")

	page := n.person(t, w).Page()
	page.Open(t, node.URL+"/healthz") // a cookie is one for all ports of a host
	browser.Eval[int](t, page, `fetch("/session", {method: "POST", headers: {"Content-Type": "application/json"}, body: '{"name":"Ann"}'}).then(r => r.status)`)
	page.Open(t, w.url+"/rooms/kitchen?timing=fast")
	page.WaitLive(t, "")
	page.WatchTransports(t)
	page.SaveName(t)
	page.Send(t, "hello")
	page.WaitTexts(t, "before", "hello")
	page.WaitSent(t, "hello")
	reader.WaitTexts(t, "before", "hello")
	other.Post(t, "kitchen", "welcome")
	page.WaitTexts(t, "before", "hello", "welcome")
	r := row{talking: page.SinceStart(t)}

	said := n.talk(t, page, other, reader, w)
	// A machine that stood still has had it on a lower one for a while.
	page.Until(t, "the transport it ends on", fmt.Sprintf(`["%s"].includes(window.transportsSeen.at(-1))`, strings.Join(n.over, `", "`)))
	r.over = page.Transports(t)
	assert.Contains(t, n.over, r.over[len(r.over)-1], "the transport it ends on")
	diagnostics := page.Diagnostics(t)
	if t.Failed() || r.talking > n.promised() {
		t.Log(diagnostics)
	}
	page.WaitTexts(t, said...)
	reader.WaitTexts(t, said...)
	if n.told != "" {
		assert.Contains(t, diagnostics, n.told, "what the network did")
	}
	return r
}

func (n network) person(t *testing.T, w way) *browser.Person {
	if w.proxy != "" {
		return chromium(t).PersonBehind(t, "Ann", w.proxy)
	}
	return chromium(t).Person(t, "Ann")
}

// talk has both say things for a while, through all that breaks, and returns all that was said.
func (n network) talk(t *testing.T, page *browser.Page, other client.Person, reader *client.Reader, w way) []string {
	said := []string{"before", "hello", "welcome"}
	say := func(round int) {
		mine, theirs := fmt.Sprintf("mine %d", round), fmt.Sprintf("theirs %d", round)
		page.Send(t, mine)
		page.WaitSent(t, mine)
		other.Post(t, "kitchen", theirs)
		said = append(said, mine, theirs)
		page.WaitTexts(t, said...)
		reader.WaitTexts(t, said...)
	}
	// Long enough for what is cut after five and refused after ten seconds.
	round := 0
	for _, something := range slices.Concat(make([]func(*testing.T, somebody), 2), w.breaks) {
		if something != nil {
			something(t, page)
		}
		for range 2 {
			say(round)
			round++
			page.Rest(t, 1500*time.Millisecond)
		}
	}
	if w.heals != nil {
		w.heals()
		page.WaitLive(t, "ws")
		say(round)
	}
	return said
}

// table is the matrix as this run saw it.
func table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n| %-54s | %-26s | talking |\n", "network", "over")
	for _, n := range networks() {
		if r, ok := seen.rows[n.name]; ok {
			fmt.Fprintf(&b, "| %-54s | %-26s | %5.1f s |\n", n.name, strings.Join(r.over, ", "), r.talking.Seconds())
		}
	}
	return b.String()
}

// again is a network as new.
func again(name string) network {
	all := networks()
	return all[slices.IndexFunc(all, func(n network) bool { return n.name == name })]
}

// rowName is the first cell of a row of docs/networks.md that names a network.
var rowName = regexp.MustCompile(`(?m)^\| ([^|]*[^| ]) +\| (?:ws|sse|poll)`)

func TestTheTableIsWhatIsTested(t *testing.T) {
	text, err := os.ReadFile("../../docs/networks.md")
	require.NoError(t, err)
	var told, tested []string
	for _, match := range rowName.FindAllStringSubmatch(string(text), -1) {
		told = append(told, match[1])
	}
	for _, n := range networks() {
		tested = append(tested, n.name)
	}
	assert.ElementsMatch(t, tested, told, "the networks of docs/networks.md")
}
