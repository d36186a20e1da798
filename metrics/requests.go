package metrics

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caller-chat/caller/server"
)

// Requests counts HTTP requests.
type Requests struct {
	inFlight answer
	served   enumerated[enumerated[prometheus.Counter]] // by route and status
	took     enumerated[prometheus.Observer]            // by route
}

var _ server.Observer = (*Requests)(nil)

// The classes of routes.
const (
	routePage     = "page"     // the page and its files
	routeStream   = "stream"   // what goes on
	routeMessages = "messages" // history and long polling
	routePost     = "post"     // saying something, and amending it
	routePresence = "presence" // who is there, who writes, how far one has read
	routeRules    = "rules"    // what moderators and owners do
	routeSession  = "session"
	routeFiles    = "files"
	routeFeature  = "feature" // what optional parts have
	routeHealth   = "health"
	routeNone     = "none" // there is nothing at that address
)

func routes() []string {
	return []string{
		routePage, routeStream, routeMessages, routePost, routePresence, routeRules, routeSession, routeFiles, routeFeature,
		routeHealth, routeNone,
	}
}

// routeOf is the class of a route as the router has it.
func routeOf(method, route string) string {
	reads := method == "GET" || method == "HEAD"
	switch route {
	case "":
		return routeNone
	case "/healthz", "/readyz":
		return routeHealth
	case "/rooms/:room": // a stream to those who ask for one; that is counted as streamed
		switch {
		case reads:
			return routePage
		case method == "DELETE":
			return routeRules
		}
		return routePost
	case "/rooms/:room/messages", "/rooms/:room/messages/:id", "/stream/messages":
		if reads {
			return routeMessages
		}
		return routePost
	case "/rooms":
		return routeRules
	}
	if strings.HasPrefix(route, "/stream/") {
		return routeStream
	}
	if route == "/session" || strings.HasPrefix(route, "/session/") {
		return routeSession
	}
	in, ok := strings.CutPrefix(route, "/rooms/:room/")
	if !ok {
		if reads {
			return routePage
		}
		return routeFeature
	}
	part, rest, _ := strings.Cut(in, "/")
	switch part {
	case "ws", "sse", "ndjson", "text":
		return routeStream
	case "messages": // a reaction
		return routePost
	case "files":
		return routeFiles
	case "typing", "leave", "read":
		return routePresence
	case "members":
		if rest == "" {
			return routePresence
		}
		return routeRules
	case "own", "owner-link", "settings", "enter", "bans", "invites", "tokens", "reports":
		return routeRules
	}
	return routeFeature
}

// statuses are the classes of answers: "stream" for a connection that goes on as one, "none" for no
// answer.
func statuses() []string { return []string{"2xx", "3xx", "4xx", "5xx", "stream", "none"} }

func statusOf(status int, streamed bool) string {
	switch {
	case streamed && status < 400:
		return "stream"
	case status < 200:
		return "none"
	case status < 600:
		return string(rune('0'+status/100)) + "xx"
	}
	return other
}

func newRequests(r register) *Requests {
	m := &Requests{}
	m.served = enumerateTwo(r.counter("http_requests_total", "HTTP requests that were answered, by the class of their address and of the answer.",
		"route", "status"), routes(), statuses())
	m.took = enumerate(r.histogram("http_request_duration_seconds",
		"How long an HTTP request took, the waiting of a long poll with it; of streams only their being refused.",
		[]float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 30}, "route"), routes())
	r.asked("http_requests_in_flight", "HTTP requests that are being served; streams over their own socket are none.", &m.inFlight)
	return m
}

// AskInFlight has the number of requests that are being served asked for.
func (m *Requests) AskInFlight(count func() int) {
	m.inFlight.by(func() float64 { return float64(count()) })
}

// Served implements [server.Observer].
func (m *Requests) Served(method, route string, status int, took time.Duration, streamed bool) {
	class, answer := routeOf(method, route), statusOf(status, streamed)
	m.served.of(class).of(answer).Inc()
	if answer != "stream" {
		m.took.of(class).Observe(took.Seconds())
	}
}
