package metrics

import (
	"net/http"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/caller-chat/caller/admin"
	"github.com/caller-chat/caller/chat"
)

// namespace begins the name of every family.
const namespace = "caller"

// Metrics are those of one node. Make them with [New]. They may be used by any number of goroutines.
type Metrics struct {
	registry *prometheus.Registry

	Rooms       *Rooms       // a [chat.RoomObserver], [chat.SubscriberObserver] and [chat.MemberObserver]
	Connections *Connections // a [conn.Observer]
	Store       *Store       // a [chat.StoreObserver] and a [redisstore.Observer]
	Requests    *Requests    // a [server.Observer]
	Files       *Files       // an [attachments.Observer]
	Calls       *Calls       // a [calls.Observer]
	Push        *Push        // a [push.Observer]
	Webhooks    *Webhooks    // a [webhooks.Observer]
}

// Build says which program this is.
type Build struct{ Version, Commit string }

// New makes metrics, all of them zero.
func New(b Build) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	r := register{m.registry}
	m.Rooms = newRooms(r)
	m.Connections = newConnections(r)
	m.Store = newStore(r)
	m.Requests = newRequests(r)
	m.Files = newFiles(r)
	m.Calls = newCalls(r)
	m.Push = newPush(r)
	m.Webhooks = newWebhooks(r)
	r.gauge("build_info", "Which program this is. Its value is 1.", "version", "commit", "go_version").
		WithLabelValues(b.Version, b.Commit, runtime.Version()).Set(1)
	m.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Core is who a [chat.Node] tells of what happens.
func (m *Metrics) Core() chat.Observer {
	return chat.Observer{Rooms: m.Rooms, Subscribers: m.Rooms, Members: m.Rooms, Store: m.Store}
}

// Part is what the admin listener serves of them.
func (m *Metrics) Part() admin.Part {
	return admin.Part{Name: "metrics", Routes: map[string]http.Handler{"GET /metrics": m.Handler()}}
}

// Handler serves all that has been counted, in the formats that Prometheus reads.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// register makes families and registers them. A name that is taken is a mistake in this package,
// which any test of it finds.
type register struct{ to *prometheus.Registry }

func (r register) counter(name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	r.to.MustRegister(v)
	return v
}

func (r register) gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels)
	r.to.MustRegister(v)
	return v
}

func (r register) histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: namespace, Name: name, Help: help, Buckets: buckets,
	}, labels)
	r.to.MustRegister(v)
	return v
}

// asked is a gauge whose value is asked for when it is wanted; 0 until somebody answers.
func (r register) asked(name, help string, value *answer) {
	r.to.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, value.get))
}
