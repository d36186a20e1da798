package api

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/caller-chat/caller/transport/wire"
)

// writeTime is how long a reader may take to take what it is sent.
const writeTime = 30 * time.Second

// pingEvery is how often a quiet stream says that it lives.
const pingEvery = 15 * time.Second

// events is an event stream that is being answered with.
type events struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// openEvents begins one.
func openEvents(w http.ResponseWriter) *events {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache, no-store, no-transform")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	return &events{w, http.NewResponseController(w)}
}

// send writes what stands there already. The error is of a reader that is gone, or too slow.
func (e *events) send(b []byte) error {
	// Where it can't be set (in tests without a connection), there is nothing to wait for.
	_ = e.control.SetWriteDeadline(time.Now().Add(writeTime))
	if _, err := e.w.Write(b); err != nil {
		return err
	}
	return e.control.Flush()
}

// tell sends an object by a name.
func (e *events) tell(name string, object any) error {
	body, err := json.Marshal(object)
	if err != nil {
		return err
	}
	return e.send([]byte("event: " + name + "\ndata: " + string(body) + "\n\n"))
}

func (e *events) ping() error { return e.send(wire.SSE.AppendPing(nil, time.Now())) }
