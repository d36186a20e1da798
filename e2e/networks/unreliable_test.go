package networks

import (
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
)

// unreliable are networks that break more than one thing, or that are bad without meaning it.
func unreliable() []network {
	return []network{
		{name: "WebSocket swallowed both ways, streams held", over: []string{"poll"}, ruledOut: 2,
			open: func(t *testing.T, node *harness.Node) way {
				return way{url: (&hostile{swallowUp: true, swallowDown: true, holds: true}).start(t, node)}
			}},
		{name: "everything cut after 5 s, WebSocket too", over: []string{"ws", "sse", "poll"}, ruledOut: 2, told: "ended ws",
			open: func(t *testing.T, node *harness.Node) way {
				h := &hostile{killSockets: 5 * time.Second, longest: 5 * time.Second}
				return way{url: h.start(t, node), breaks: silence(8 * time.Second)}
			}},
		{name: "WebSocket's 101 turned into 200", over: []string{"sse"}, ruledOut: 1,
			open: func(t *testing.T, node *harness.Node) way {
				return way{url: (&hostile{refuse: okToSockets}).start(t, node)}
			}},
		{name: "answers after 10 s reset, streams held, no WebSocket", over: []string{"poll"}, ruledOut: 2,
			open: func(t *testing.T, node *harness.Node) way {
				h := blocked(&hostile{longest: 10 * time.Second, late: reset, holds: true})
				w := way{url: h.start(t, node)}
				untilPollsAreCut(h, &w)
				return w
			}},
		{name: "a post's answer never comes, no WebSocket", over: []string{"sse"}, ruledOut: 1,
			open: func(t *testing.T, node *harness.Node) way {
				h := blocked(&hostile{hangs: true})
				return way{url: h.start(t, node), breaks: breaks(func() { h.losesAnswers.Store(1) })}
			}},
		{name: "a captive portal for the first 5 s", over: []string{"ws", "sse", "poll"}, told: "ended", grace: 5 * time.Second,
			open: func(t *testing.T, node *harness.Node) way {
				return way{url: (&hostile{refuse: portal(5*time.Second, welcomes)}).start(t, node)}
			}},
		{name: "a captive portal that redirects for the first 5 s", over: []string{"ws", "sse", "poll"}, told: "ended", grace: 5 * time.Second,
			open: func(t *testing.T, node *harness.Node) way {
				elsewhere := httptest.NewServer(http.HandlerFunc(welcomes))
				t.Cleanup(elsewhere.Close)
				sends := http.RedirectHandler(elsewhere.URL, http.StatusFound)
				return way{url: (&hostile{refuse: portal(5*time.Second, sends.ServeHTTP)}).start(t, node)}
			}},
		{name: "400 ms there and back, connections reset at random", over: []string{"ws", "sse", "poll"}, told: "ended",
			open: func(t *testing.T, node *harness.Node) way {
				return way{url: shaky(t, node, 200*time.Millisecond), breaks: []func(*testing.T, somebody){nil, nil}}
			}},
	}
}

// okToSockets answers WebSocket handshakes with a 200.
func okToSockets(w http.ResponseWriter, r *http.Request) bool {
	if !isSocket(r) {
		return false
	}
	w.WriteHeader(http.StatusOK)
	return true
}

// reset ends a request by resetting its connection.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	breakOff(conn)
}

func breakOff(conn net.Conn) {
	_ = conn.(*net.TCPConn).SetLinger(0) // so that closing sends a reset
	_ = conn.Close()
}

// portal answers all that a page in use asks for, for so long after the first. The page itself is
// there: it is what stays open on a laptop that is carried into a hotel.
func portal(long time.Duration, answer http.HandlerFunc) func(http.ResponseWriter, *http.Request) bool {
	opens := sync.OnceValue(func() time.Time { return time.Now().Add(long) })
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !isSocket(r) && r.Header.Get("Sec-Fetch-Dest") != "empty" || time.Now().After(opens()) {
			return false
		}
		answer(w, r)
		return true
	}
}

func welcomes(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	_, _ = io.WriteString(w, "<!doctype html><title>Welcome</title><p>Accept our terms, please.") // or not, if it has gone
}

// shaky is a link on which everything takes that long each way, and each connection is reset after
// three to nine seconds: no page is there for long without that happening to it.
func shaky(t *testing.T, node *harness.Node, delay time.Duration) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var running sync.WaitGroup
	over := make(chan struct{})
	t.Cleanup(func() {
		_ = listener.Close()
		close(over)
		running.Wait()
	})
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", node.Addr)
			if err != nil {
				_ = client.Close() // the node is gone
				continue
			}
			life := 3*time.Second + rand.N(6*time.Second)
			ended := make(chan struct{}, 2)
			running.Go(func() { carryLate(server, client, delay); ended <- struct{}{} })
			running.Go(func() { carryLate(client, server, delay); ended <- struct{}{} })
			running.Go(func() {
				select {
				case <-time.After(life):
				case <-ended:
				case <-over:
				}
				breakOff(client)
				_ = server.Close()
			})
		}
	})
	return "http://" + listener.Addr().String()
}

// carryLate carries one direction until it ends. A piece arrives when it is due, so the delay costs
// no throughput.
func carryLate(to io.Writer, from io.Reader, delay time.Duration) {
	type piece struct {
		data []byte
		due  time.Time
	}
	pieces := make(chan piece, 1024)
	var writing sync.WaitGroup
	writing.Go(func() {
		for next := range pieces {
			time.Sleep(time.Until(next.due)) // it is on its way
			_, _ = to.Write(next.data)       // a broken connection shows at the read
		}
	})
	for {
		data := make([]byte, 16<<10)
		n, err := from.Read(data)
		if err != nil {
			break
		}
		pieces <- piece{data[:n], time.Now().Add(delay)}
	}
	close(pieces)
	writing.Wait()
}
