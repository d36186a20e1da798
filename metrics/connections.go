package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/caller-chat/caller/transport/conn"
)

// Connections counts the connections that carry events.
type Connections struct {
	open, backlog, behindNow answer

	direct, portable prometheus.Counter
	behind, slow     prometheus.Counter
}

var _ conn.Observer = (*Connections)(nil)

func newConnections(r register) *Connections {
	m := &Connections{}
	r.asked("connections", "Connections that carry events now, each for one room or several.", &m.open)
	opened := r.counter("connections_opened_total",
		"Connections that have begun to carry events: over their socket itself, or through the HTTP server.", "way")
	m.direct, m.portable = opened.WithLabelValues("socket"), opened.WithLabelValues("server")
	r.asked("backlog_bytes", "Bytes that wait for readers that have not taken them yet.", &m.backlog)
	r.asked("backlog_readers", "Readers for which something waits.", &m.behindNow)
	m.behind = r.counter("readers_behind_total", "How often a reader has not taken all at once.").WithLabelValues()
	m.slow = r.counter("slow_readers_total", "Readers that were ended since their backlog was full.").WithLabelValues()
	return m
}

// Ask has what the connections carry asked for.
func (m *Connections) Ask(load func() conn.Load) {
	m.open.by(func() float64 { return float64(load().Open) })
	m.backlog.by(func() float64 { return float64(load().Backlog) })
	m.behindNow.by(func() float64 { return float64(load().Behind) })
}

// Opened implements [conn.Observer].
func (m *Connections) Opened(direct bool) {
	if direct {
		m.direct.Inc()
	} else {
		m.portable.Inc()
	}
}

// Behind implements [conn.Observer].
func (m *Connections) Behind() { m.behind.Inc() }

// TooSlow implements [conn.Observer].
func (m *Connections) TooSlow() { m.slow.Inc() }
