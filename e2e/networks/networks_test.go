package networks

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/caller-chat/caller/e2e/internal/harness"
)

// direct is the network that does nothing.
const direct = "nothing in between"

// networks are all rows of the matrix.
func networks() []network {
	return append(slices.Concat(reverse(), forwards(), misbehaving(), unreliable()), network{
		name: direct, over: []string{"ws"},
		open: func(_ *testing.T, node *harness.Node) way { return way{url: node.URL} },
	})
}

// misbehaving are networks made of a small proxy each.
func misbehaving() []network {
	through := func(h *hostile, then func(h *hostile, w *way)) func(*testing.T, *harness.Node) way {
		return func(t *testing.T, node *harness.Node) way {
			w := way{url: h.start(t, node)}
			if then != nil {
				then(h, &w)
			}
			return w
		}
	}
	gatewayTimeout := func(w http.ResponseWriter) { w.WriteHeader(http.StatusGatewayTimeout) }
	return []network{
		{name: "WebSocket killed 300 ms after its 101", over: []string{"sse"}, ruledOut: 1,
			open: through(&hostile{killSockets: 300 * time.Millisecond}, nil)},
		{name: "WebSocket swallowed towards the page", over: []string{"sse"}, ruledOut: 1,
			open: through(&hostile{swallowDown: true}, nil)},
		{name: "WebSocket swallowed towards the server", over: []string{"sse"}, ruledOut: 1,
			open: through(&hostile{swallowUp: true}, nil)},
		{name: "WebSocket swallowed both ways", over: []string{"sse"}, ruledOut: 1,
			open: through(&hostile{swallowUp: true, swallowDown: true}, nil)},
		{name: "every answer cut after 5 s, no WebSocket", over: []string{"poll", "sse"}, ruledOut: 2, told: "ended sse",
			open: through(blocked(&hostile{longest: 5 * time.Second}), nil)},
		{name: "event streams cut after 4 KB, no WebSocket", over: []string{"sse", "poll"}, ruledOut: 2, told: "ended sse",
			open: through(blocked(&hostile{most: 4 << 10}), nil)},
		{name: "answers after 10 s refused, streams held, no WebSocket", over: []string{"poll"}, ruledOut: 2,
			open: through(blocked(&hostile{longest: 10 * time.Second, late: gatewayTimeout, holds: true}), untilPollsAreCut)},
		{name: "a stream that freezes, its connection open", over: []string{"ws", "sse", "poll"},
			open: through(&hostile{}, func(h *hostile, w *way) {
				w.breaks = breaks(func() { h.frozen.Store(true) })
			})},
		{name: "WebSocket allowed, then blocked, then allowed again", over: []string{"ws"},
			open: through(&hostile{}, func(h *hostile, w *way) {
				w.breaks = breaks(func() { h.noSockets.Store(true); h.cutSockets() })
				w.heals = func() { h.noSockets.Store(false) }
			})},
		{name: "a post's answer is lost, no WebSocket", over: []string{"sse"}, ruledOut: 1,
			open: through(blocked(&hostile{}), func(h *hostile, w *way) {
				w.breaks = breaks(func() { h.losesAnswers.Store(2) })
			})},
	}
}

// blocked makes a proxy one that refuses WebSockets.
func blocked(h *hostile) *hostile {
	h.noSockets.Store(true)
	return h
}

// breaks is one thing that breaks.
func breaks(something func()) []func(*testing.T, somebody) {
	return []func(*testing.T, somebody){func(*testing.T, somebody) { something() }}
}

// silence is nothing said for a while.
func silence(d time.Duration) []func(*testing.T, somebody) {
	return []func(*testing.T, somebody){func(t *testing.T, p somebody) { p.Rest(t, d) }}
}

// untilPollsAreCut lets nothing be said until polls have grown longer than the proxy lets them be.
func untilPollsAreCut(h *hostile, w *way) {
	w.breaks = append(silence(24*time.Second), func(t *testing.T, _ somebody) {
		assert.Positive(t, h.latePolls.Load(), "polls that were too long")
	})
}

// quietly is a network in which nothing is said for a while.
func quietly(d time.Duration, open opened) opened {
	return func(t *testing.T, node *harness.Node) way {
		w := open(t, node)
		w.breaks = silence(d)
		return w
	}
}
