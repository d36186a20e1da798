package trace

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// beganKey is what a context has the time by at which its HTTP request began.
type beganKey struct{}

// Handler has a post's trace begin with its HTTP request. One that comes over a WebSocket begins with
// its command.
func (t *Tracer) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			r = r.WithContext(context.WithValue(r.Context(), beganKey{}, time.Now()))
		}
		next.ServeHTTP(w, r)
	})
}

var _ chat.PostObserver = (*Tracer)(nil)

// Posting implements [chat.PostObserver].
func (t *Tracer) Posting(
	ctx context.Context, who chat.Principal, room chat.RoomID, d chat.Draft,
) (context.Context, func(e chat.Entry, repeated bool, err error)) {
	of := newIDs()
	if d.Key != "" {
		of = idsOf(room, who.ID, d.Key)
	}
	if !t.sample.has(of) {
		return ctx, func(chat.Entry, bool, error) {}
	}
	began, way := time.Now(), "websocket"
	if at, ok := ctx.Value(beganKey{}).(time.Time); ok {
		began, way = at, "http"
	}
	ctx, span := t.tracer.Start(context.WithValue(ctx, idsKey{}, of), "post", oteltrace.WithNewRoot(),
		oteltrace.WithTimestamp(began), oteltrace.WithSpanKind(oteltrace.SpanKindServer), oteltrace.WithAttributes(
			attribute.String("caller.kind", string(d.Kind())), attribute.String("caller.way", way)))
	if way == "http" { // until the post was known: the request's body, and who it is from
		_, request := t.tracer.Start(ctx, "request", oteltrace.WithTimestamp(began))
		request.End()
	}
	return ctx, func(e chat.Entry, repeated bool, err error) {
		fail(span, err)
		span.SetAttributes(attribute.Bool("caller.repeated", repeated))
		span.End()
		if err == nil && !repeated && d.Key == "" {
			t.keyless.posted(t, place{room, e.ID}, of)
		}
	}
}

// fail notes by what code something was refused, or failed.
func fail(span oteltrace.Span, err error) {
	if err == nil {
		return
	}
	code := string(wire.FailureOf(err).Code)
	span.SetStatus(codes.Error, code)
	span.SetAttributes(attribute.String("caller.code", code))
}

// step begins a step of a post that is told of; it is told when the function that it returns is
// called. For others it does nothing.
func (t *Tracer) step(ctx context.Context, name string, about ...attribute.KeyValue) (context.Context, func(err *error)) {
	if !oteltrace.SpanContextFromContext(ctx).IsSampled() {
		return ctx, func(*error) {}
	}
	ctx, span := t.tracer.Start(ctx, name, oteltrace.WithAttributes(about...))
	return ctx, func(err *error) {
		fail(span, *err)
		span.End()
	}
}

// policy is a policy whose decisions are told of.
type policy struct {
	chat.Counter
	tracer *Tracer
}

// Policy has a policy's decisions about posts told of.
func (t *Tracer) Policy(p chat.Counter) chat.Counter { return policy{p, t} }

// Decide implements [chat.Policy].
func (p policy) Decide(ctx context.Context, who chat.Principal, room chat.RoomID, what chat.Action) (err error) {
	ctx, end := p.tracer.step(ctx, "policy", attribute.String("caller.action", string(what)))
	defer end(&err)
	return p.Counter.Decide(ctx, who, room, what)
}

// DecideTimes implements [chat.Counter].
func (p policy) DecideTimes(ctx context.Context, who chat.Principal, room chat.RoomID, what chat.Action, times int) (err error) {
	ctx, end := p.tracer.step(ctx, "policy", attribute.String("caller.action", string(what)))
	defer end(&err)
	return p.Counter.DecideTimes(ctx, who, room, what, times)
}

// log is a log whose appends are told of.
type log struct {
	chat.Log
	tracer *Tracer
}

// Log has a log's appends told of.
func (t *Tracer) Log(l chat.Log) chat.Log { return log{l, t} }

// Append implements [chat.Log].
func (l log) Append(ctx context.Context, room chat.RoomID, d chat.Draft) (e chat.Entry, repeated bool, err error) {
	ctx, end := l.tracer.step(ctx, "append")
	defer end(&err)
	return l.Log.Append(ctx, room, d)
}

// SlowModeWait implements [chat.SlowModes]: there is nothing to wait for where the log can't tell.
func (l log) SlowModeWait(ctx context.Context, room chat.RoomID, d chat.Draft) (time.Duration, error) {
	if slow, tells := l.Log.(chat.SlowModes); tells {
		return slow.SlowModeWait(ctx, room, d)
	}
	return 0, nil
}
