package api

import (
	"net/http"
	"sync"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// maxWaiting is how many bytes wait for a slow reader at most, its replay not counted: as much as
// readers on the public address have.
const maxWaiting = 256 << 10

// tailer is a reader of a room that nobody sees.
type tailer struct {
	mu      sync.Mutex // protects following
	waiting []byte
	replay  int // how much of it is the replay
	ended   error
	wake    chan struct{}
}

// Deliver implements [chat.Sink].
func (t *tailer) Deliver(b *chat.Batch) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended != nil {
		return
	}
	for _, e := range b.Events {
		switch e.Body.(type) {
		case chat.Welcome, chat.ReadMark: // which are about whoever reads
			continue
		}
		t.waiting = wire.SSE.AppendEvent(t.waiting, e)
	}
	if b.Replay {
		t.replay = len(t.waiting)
	}
	if len(t.waiting)-t.replay > maxWaiting {
		t.waiting, t.ended = nil, chat.ErrTooSlow
	}
	t.wakeLocked()
}

// Closed implements [chat.Sink].
func (t *tailer) Closed(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended == nil {
		t.ended = err
	}
	t.wakeLocked()
}

func (t *tailer) wakeLocked() {
	select {
	case t.wake <- struct{}{}:
	default: // it has been told
	}
}

// take is what waits, and why there is no more, if so.
func (t *tailer) take() (waiting []byte, ended error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	waiting, t.waiting, t.replay = t.waiting, nil, 0
	return waiting, t.ended
}

// tail is GET /api/rooms/{room}/stream: what is said in a room as it comes, after a cursor or with
// what is kept. Whoever reads is not in the roster.
func (a *API) tail(w http.ResponseWriter, r *http.Request) {
	room, err := httpapi.RoomOf(r)
	if err == nil {
		_, err = httpapi.KnownQuery(r, "after", "history")
	}
	var start chat.Start
	if err == nil {
		start, err = httpapi.StartOf(r)
	}
	start.Unlisted, start.Transport = true, "sse"
	t := &tailer{wake: make(chan struct{}, 1)}
	var subscription *chat.Subscription
	if err == nil {
		subscription, err = a.node.Subscribe(r.Context(), a.options.Operator, room, start, t)
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	defer subscription.Close()
	stream := openEvents(w)
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for {
		waiting, ended := t.take()
		if ended != nil {
			waiting = wire.SSE.AppendFailure(waiting, httpapi.FailureOf(ended), room, "")
		}
		if len(waiting) > 0 && stream.send(waiting) != nil || ended != nil {
			return
		}
		select {
		case <-t.wake:
		case <-ping.C:
			if stream.ping() != nil {
				return
			}
		case <-a.done.Done():
			return
		case <-r.Context().Done():
			return
		}
	}
}
