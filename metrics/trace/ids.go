package trace

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"math"

	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/caller-chat/caller/chat"
)

// ids are those of a post's trace and of its first span.
type ids struct {
	trace oteltrace.TraceID
	span  oteltrace.SpanID
}

// idsOf are those of a post with a key: the same wherever they are made.
func idsOf(room chat.RoomID, from chat.MemberID, key string) ids {
	hash := sha256.New()
	for _, part := range []string{"caller trace", string(room), string(from), key} {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		hash.Write(length[:])
		hash.Write([]byte(part))
	}
	return cut(hash.Sum(nil))
}

// newIDs are those of a post that has nothing to be known again by.
func newIDs() ids {
	var random [24]byte
	_, _ = rand.Read(random[:]) // never fails (crypto/rand)
	return cut(random[:])
}

func cut(b []byte) (of ids) {
	copy(of.trace[:], b[:16])
	copy(of.span[:], b[16:24])
	return of
}

// root is a trace's first span, as seen from elsewhere.
func (of ids) root(ctx context.Context) context.Context {
	return oteltrace.ContextWithRemoteSpanContext(ctx, oteltrace.NewSpanContext(oteltrace.SpanContextConfig{
		TraceID: of.trace, SpanID: of.span, TraceFlags: oteltrace.FlagsSampled, Remote: true,
	}))
}

// sample is below what a trace's id has to be, as a number, for the trace to be told.
type sample uint64

func sampleOf(share float64) sample {
	if share >= 1 {
		return math.MaxUint64
	}
	return sample(max(share, 0) * math.MaxUint64)
}

// has reports whether a trace is told. All nodes of one setting decide alike.
func (s sample) has(of ids) bool {
	return s == math.MaxUint64 || binary.BigEndian.Uint64(of.trace[8:]) < uint64(s)
}

// idsKey is what a context has the ids of the next trace by.
type idsKey struct{}

// idGenerator gives a post's first span the ids that it has, and others new ones.
type idGenerator struct{}

// NewIDs implements the SDK's interface.
func (idGenerator) NewIDs(ctx context.Context) (oteltrace.TraceID, oteltrace.SpanID) {
	of, given := ctx.Value(idsKey{}).(ids)
	if !given {
		of = newIDs()
	}
	return of.trace, of.span
}

// NewSpanID implements the SDK's interface.
func (idGenerator) NewSpanID(context.Context, oteltrace.TraceID) oteltrace.SpanID {
	return newIDs().span
}
