package main

import (
	"runtime/debug"

	"github.com/caller-chat/caller/metrics"
)

// newMetrics are the metrics of this program.
func newMetrics() *metrics.Metrics {
	b := buildOf(debug.ReadBuildInfo())
	return metrics.New(metrics.Build{Version: b.Version, Commit: b.Commit})
}

// count has metrics ask the node's parts for what there is just now.
func (p *parts) count(m *metrics.Metrics) {
	m.Store.AskConnections(p.store.Connections)
	m.Rooms.AskOpen(p.node.OpenRooms)
	m.Connections.Ask(p.keepalive.Load)
	m.Requests.AskInFlight(p.front.InFlight)
	m.Calls.Ask(p.node.CountWith)
}
