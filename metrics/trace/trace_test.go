package trace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/chattest"
	"github.com/caller-chat/caller/internal/testwait"
)

// receiver is an OTLP receiver over HTTP.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex // protects following
	spans    []*otlp.Span
	resource string
	bytes    string // all that came
}

func receive(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if !assert.NoError(t, err) || !assert.Equal(t, "/v1/traces", req.URL.Path) ||
			!assert.Equal(t, "application/x-protobuf", req.Header.Get("Content-Type")) {
			return
		}
		var export collector.ExportTraceServiceRequest
		if !assert.NoError(t, proto.Unmarshal(body, &export)) {
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.bytes += string(body)
		for _, of := range export.ResourceSpans {
			r.resource = of.Resource.String()
			for _, in := range of.ScopeSpans {
				r.spans = append(r.spans, in.Spans...)
			}
		}
		answer, err := proto.Marshal(&collector.ExportTraceServiceResponse{})
		assert.NoError(t, err)
		w.Header().Set("Content-Type", "application/x-protobuf")
		_, _ = w.Write(answer)
	}))
	t.Cleanup(r.Close)
	return r
}

// traces are what came, by trace.
func (r *receiver) traces() map[string][]*otlp.Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := map[string][]*otlp.Span{}
	for _, s := range r.spans {
		all[string(s.TraceId)] = append(all[string(s.TraceId)], s)
	}
	return all
}

// named are the spans of a name.
func named(spans []*otlp.Span, name string) (found []*otlp.Span) {
	for _, s := range spans {
		if s.Name == name {
			found = append(found, s)
		}
	}
	return found
}

// counting is a policy that counts.
type counting struct{ refuse error }

func (c counting) Decide(context.Context, chat.Principal, chat.RoomID, chat.Action) error {
	return c.refuse
}

func (c counting) DecideTimes(context.Context, chat.Principal, chat.RoomID, chat.Action, int) error {
	return c.refuse
}

// sink takes what it is given and keeps nothing.
type sink struct{}

func (sink) Deliver(*chat.Batch) {}
func (sink) Closed(error)        {}

func start(t *testing.T, r *receiver, sample float64) *Tracer {
	t.Helper()
	tracer, err := New(t.Context(), Options{Endpoint: r.URL, Sample: sample, Version: "v1", Node: "n"})
	require.NoError(t, err)
	return tracer
}

// traced is a node whose posts are told of.
func traced(s *chattest.Store, name string, tracer *Tracer, refuse error) *chat.Node {
	return chat.NewNode(tracer.Log(s.Node(name)), s.Node(name), s.Node(name), s.Node(name), s.Node(name), chat.Options{
		Policy: tracer.Policy(counting{refuse}), Observer: chat.Observer{Posts: tracer, Deliveries: tracer},
	})
}

func session(name string) chat.Principal {
	id := chat.MemberID("id-" + strings.ToLower(name))
	return chat.Principal{ID: id, Name: name, Client: string(id), LimitKey: string(id)}
}

func subscribe(t *testing.T, n *chat.Node, name string) {
	t.Helper()
	_, err := n.Subscribe(t.Context(), session(name), "secret-room", chat.Start{History: -1, Transport: "ws"}, sink{})
	require.NoError(t, err)
}

// TestAPostsWayIsTold posts on one node of two, each with a tracer of its own, as two processes have.
func TestAPostsWayIsTold(t *testing.T) {
	for _, key := range []string{"a-key-of-mine", ""} {
		t.Run("key "+key, func(t *testing.T) {
			r, s := receive(t), chattest.New(chattest.Options{})
			here, there := start(t, r, 1), start(t, r, 1)
			a, b := traced(s, "a", here, nil), traced(s, "b", there, nil)
			subscribe(t, a, "Ann")
			subscribe(t, b, "Bob")
			subscribe(t, b, "Cid")

			w := httptest.NewRecorder()
			here.Handler(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
				_, _, err := a.Post(req.Context(), session("Ann"), "secret-room", chat.Draft{
					Payload: chat.Message{Text: "words of mine"}, Key: key,
				})
				assert.NoError(t, err)
			})).ServeHTTP(w, httptest.NewRequest("POST", "/rooms/secret-room/messages", nil))
			deliveries := 2
			if key == "" {
				deliveries = 1 // the other node does not know to what it belongs
			}
			ctx, cancel := context.WithTimeout(t.Context(), testwait.Limit)
			defer cancel()
			testwait.Until(t, func() bool {
				require.NoError(t, here.provider.ForceFlush(ctx))
				require.NoError(t, there.provider.ForceFlush(ctx))
				r.mu.Lock()
				defer r.mu.Unlock()
				return len(named(r.spans, "deliver")) == deliveries
			}, "the deliveries are not told of")

			traces := r.traces()
			require.Len(t, traces, 1, "all of it is one trace")
			for _, spans := range traces {
				root := named(spans, "post")
				require.Len(t, root, 1)
				require.Empty(t, root[0].ParentSpanId)
				// The room begins with it: the store says so, and the policy is asked about that too.
				for name, n := range map[string]int{"request": 1, "policy": 2, "append": 2, "feed": deliveries, "deliver": deliveries} {
					found := named(spans, name)
					require.Len(t, found, n, name)
					for _, one := range found {
						require.Equal(t, root[0].SpanId, one.ParentSpanId, name)
						require.LessOrEqual(t, one.StartTimeUnixNano, one.EndTimeUnixNano)
					}
				}
				require.LessOrEqual(t, root[0].StartTimeUnixNano, named(spans, "append")[0].StartTimeUnixNano)
				readers := fmt.Sprint(named(spans, "deliver"))
				require.Contains(t, readers, "caller.readers")
			}
			for _, secret := range []string{"secret-room", "Ann", "id-ann", "words of mine", "a-key-of-mine"} {
				require.NotContains(t, r.bytes, secret)
			}
			require.Contains(t, r.resource, "caller")
			for _, n := range []*chat.Node{a, b} {
				require.NoError(t, n.Close(ctx))
			}
			require.NoError(t, here.Close(ctx))
			require.NoError(t, there.Close(ctx))
		})
	}
}

func TestWhatIsRefusedIsToldWithItsCode(t *testing.T) {
	r := receive(t)
	tracer := start(t, r, 1)
	n := traced(chattest.New(chattest.Options{}), "a", tracer, &chat.LimitError{RetryAfter: time.Second})
	_, _, err := n.Post(t.Context(), session("Ann"), "secret-room", chat.Draft{Payload: chat.Message{Text: "x"}, Key: "k"})
	var limit *chat.LimitError
	require.ErrorAs(t, err, &limit)
	require.NoError(t, n.Close(t.Context()))
	require.NoError(t, tracer.Close(t.Context()))
	for _, spans := range r.traces() {
		require.Len(t, spans, 2, "the store was not asked")
		for _, s := range spans {
			require.Equal(t, otlp.Status_STATUS_CODE_ERROR, s.Status.GetCode(), s.Name)
			require.Equal(t, "too_much", s.Status.GetMessage())
		}
		require.Contains(t, fmt.Sprint(named(spans, "post")), "websocket")
	}
	require.Len(t, r.traces(), 1)
}

// TestNodesSampleAlike: which posts are told of is known from the post alone, and is about that share.
func TestNodesSampleAlike(t *testing.T) {
	some := sampleOf(0.25)
	told := 0
	for i := range 4000 {
		of := idsOf("lobby", "id-ann", fmt.Sprint(i))
		require.Equal(t, of, idsOf("lobby", "id-ann", fmt.Sprint(i)))
		if some.has(of) {
			told++
		}
		require.True(t, sampleOf(1).has(of))
		require.False(t, sampleOf(0).has(of))
		require.False(t, sampleOf(0.1).has(of) && !some.has(of), "a larger share has all of a smaller one")
	}
	require.InDelta(t, 1000, told, 200) // the keys are fixed, and so is the number
	require.NotEqual(t, idsOf("ab", "c", "k"), idsOf("a", "bc", "k"))
}

// TestUnsampledPostsCostNoSpan has a share of nothing.
func TestUnsampledPostsCostNoSpan(t *testing.T) {
	r := receive(t)
	tracer := start(t, r, 0)
	n := traced(chattest.New(chattest.Options{}), "a", tracer, nil)
	subscribe(t, n, "Ann")
	for i := range 20 {
		_, _, err := n.Post(t.Context(), session("Ann"), "secret-room", chat.Draft{Payload: chat.Message{Text: "x"}, Key: fmt.Sprint(i)})
		require.NoError(t, err)
	}
	require.NoError(t, n.Close(t.Context()))
	require.NoError(t, tracer.Close(t.Context()))
	require.Empty(t, r.traces())
}

func TestMeetingsAreBounded(t *testing.T) {
	var m meetings
	for i := range 3 * maxMeetings {
		m.meet(place{"lobby", chat.Cursor{Seq: uint64(i)}}, meeting{})
	}
	require.Len(t, m.waiting, maxMeetings)
	require.Len(t, m.order, maxMeetings)
	_, met := m.meet(place{"lobby", chat.Cursor{Seq: 3*maxMeetings - 1}}, meeting{})
	require.True(t, met)
	_, met = m.meet(place{"lobby", chat.Cursor{Seq: 1}}, meeting{})
	require.False(t, met, "it is forgotten")
}

func TestNothingWaitsForAReceiver(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	tracer, err := New(t.Context(), Options{Endpoint: gone.URL, Sample: 1})
	require.NoError(t, err)
	n := traced(chattest.New(chattest.Options{}), "a", tracer, nil)
	_, _, err = n.Post(t.Context(), session("Ann"), "lobby", chat.Draft{Payload: chat.Message{Text: "x"}})
	require.NoError(t, err)
	require.NoError(t, n.Close(t.Context()))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, tracer.Close(ended))
	_, err = New(t.Context(), Options{Endpoint: "localhost"})
	require.ErrorContains(t, err, "is no URL")
	require.False(t, errors.Is(err, context.Canceled))
}
