package metrics

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/calls"
	"github.com/caller-chat/caller/calls/incall"
	"github.com/caller-chat/caller/push"
	"github.com/caller-chat/caller/webhooks"
)

// Files counts what becomes of files.
type Files struct {
	uploads      enumerated[prometheus.Counter] // by result
	received     prometheus.Counter
	sent         prometheus.Counter
	bucketErrors prometheus.Counter
}

var _ attachments.Observer = (*Files)(nil)

func newFiles(r register) *Files {
	m := &Files{}
	m.uploads = enumerate(r.counter("file_uploads_total", "Uploads that came to their end, by what became of them.", "result"),
		[]string{"kept", "infected", "too_large", "unavailable"})
	bytes := r.counter("file_bytes_total", "Bytes of files that came and that were sent.", "direction")
	m.received, m.sent = bytes.WithLabelValues("in"), bytes.WithLabelValues("out")
	m.bucketErrors = r.counter("bucket_errors_total", "What the bucket for files has not done when it was asked.").WithLabelValues()
	return m
}

// Received implements [attachments.Observer].
func (m *Files) Received(bytes int64) { m.received.Add(float64(bytes)) }

// Sent implements [attachments.Observer].
func (m *Files) Sent(bytes int64) { m.sent.Add(float64(bytes)) }

// BucketFailed implements [attachments.Observer].
func (m *Files) BucketFailed(error) { m.bucketErrors.Inc() }

// Uploaded implements [attachments.Observer].
func (m *Files) Uploaded(err error) {
	var size *attachments.SizeError
	result := other
	switch {
	case err == nil:
		result = "kept"
	case errors.Is(err, attachments.ErrInfected):
		result = "infected"
	case errors.As(err, &size):
		result = "too_large"
	case reasonOf(err) != "", errors.Is(err, attachments.ErrUnavailable):
		result = "unavailable"
	}
	m.uploads.of(result).Inc()
}

// Calls counts what happens to voice and video calls.
type Calls struct {
	rooms, members answer
	tokens, errors prometheus.Counter
}

var _ calls.Observer = (*Calls)(nil)

func newCalls(r register) *Calls {
	m := &Calls{}
	r.asked("call_rooms", "Rooms open on this node that have a call.", &m.rooms)
	r.asked("call_members", "Members of these rooms that are in their calls, on whatever node they are.", &m.members)
	m.tokens = r.counter("call_tokens_total", "Tokens that were given to join a call.").WithLabelValues()
	m.errors = r.counter("livekit_errors_total", "What LiveKit has not done when it was asked.").WithLabelValues()
	return m
}

// Ask has the calls that go on asked for, by what those who are in one have in the roster.
func (m *Calls) Ask(countWith func(attribute string) (rooms, members int)) {
	m.rooms.by(func() float64 { rooms, _ := countWith(incall.Key); return float64(rooms) })
	m.members.by(func() float64 { _, members := countWith(incall.Key); return float64(members) })
}

// Invited implements [calls.Observer].
func (m *Calls) Invited() { m.tokens.Inc() }

// Failed implements [calls.Observer].
func (m *Calls) Failed(error) { m.errors.Inc() }

// Push counts what becomes of notifications.
type Push struct {
	results enumerated[prometheus.Counter]
}

var _ push.Observer = (*Push)(nil)

func newPush(r register) *Push {
	return &Push{enumerate(r.counter("pushes_total", "Tries to tell a browser whose page is closed, by what became of them.", "result"),
		[]string{string(push.Sent), string(push.Gone), string(push.Refused), string(push.Retried), string(push.Dropped)})}
}

// Pushed implements [push.Observer].
func (m *Push) Pushed(result push.Result) { m.results.of(string(result)).Inc() }

// Webhooks counts what becomes of what hooks are told.
type Webhooks struct {
	took enumerated[prometheus.Observer] // by result
	dead prometheus.Counter
}

var _ webhooks.Observer = (*Webhooks)(nil)

func newWebhooks(r register) *Webhooks {
	m := &Webhooks{}
	m.took = enumerate(r.histogram("webhook_attempt_duration_seconds", "How long a hook took to be told one event, by what became of it.",
		[]float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}, "result"), []string{"ok", "refused", "failed"})
	m.dead = r.counter("webhook_dead_letters_total", "Events that hooks are not told any more by themselves.").WithLabelValues()
	return m
}

// Attempted implements [webhooks.Observer].
func (m *Webhooks) Attempted(result string, took time.Duration) {
	m.took.of(result).Observe(took.Seconds())
}

// Died implements [webhooks.Observer].
func (m *Webhooks) Died() { m.dead.Inc() }
