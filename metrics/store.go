package metrics

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/redisstore"
)

// Store counts what the store is asked, and how that goes.
type Store struct {
	took     enumerated[prometheus.Observer]            // by call
	failures enumerated[enumerated[prometheus.Counter]] // by call and reason
	followed prometheus.Gauge

	redis  enumerated[prometheus.Counter] // by reason
	breaks prometheus.Counter
	all    answer
	used   answer
}

var (
	_ chat.StoreObserver  = (*Store)(nil)
	_ redisstore.Observer = (*Store)(nil)
)

// reasons are why the store has not done what it was asked.
func reasons() []string { return []string{"unavailable", "timeout", "full"} }

// reasonOf is one of them; empty for an answer, such as that a key was used before.
func reasonOf(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, chat.ErrFull):
		return "full"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, chat.ErrUnavailable):
		return "unavailable"
	}
	return ""
}

func newStore(r register) *Store {
	m := &Store{}
	calls := []string{"append", "read", "hold", "release", "members", "signal", "marks", "rules"}
	m.took = enumerate(r.histogram("store_call_duration_seconds", "How long a call to the store took, as a room waits for it.",
		[]float64{.00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5}, "call"), calls)
	m.failures = enumerateTwo(r.counter("store_call_errors_total", "Calls to the store that have failed, by why.", "call", "reason"),
		calls, reasons())
	m.followed = r.gauge("rooms_followed", "Rooms of which the feed tells this node what happens: its subscriptions.").WithLabelValues()
	m.redis = enumerate(r.counter("redis_errors_total", "Exchanges with Redis that have failed, whatever they were for, by why.", "reason"),
		reasons())
	m.breaks = r.counter("redis_subscription_breaks_total",
		"How often a connection that brings what is published has broken; it is made anew.").WithLabelValues()
	r.asked("redis_connections", "Connections to Redis, but for those that bring what is published.", &m.all)
	r.asked("redis_connections_used", "Connections to Redis that are used just now.", &m.used)
	return m
}

// AskConnections has the connections to Redis asked for.
func (m *Store) AskConnections(count func() (all, used int)) {
	m.all.by(func() float64 { all, _ := count(); return float64(all) })
	m.used.by(func() float64 { _, used := count(); return float64(used) })
}

// Called implements [chat.StoreObserver].
func (m *Store) Called(call string, took time.Duration, err error) {
	m.took.of(call).Observe(took.Seconds())
	if reason := reasonOf(err); reason != "" {
		m.failures.of(call).of(reason).Inc()
	}
}

// Followed implements [chat.StoreObserver].
func (m *Store) Followed(_ chat.RoomID, on bool) {
	if on {
		m.followed.Inc()
	} else {
		m.followed.Dec()
	}
}

// Failed implements [redisstore.Observer].
func (m *Store) Failed(err error) { m.redis.of(reasonOf(err)).Inc() }

// Broke implements [redisstore.Observer].
func (m *Store) Broke(error) { m.breaks.Inc() }
