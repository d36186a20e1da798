package server

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/caller-chat/caller/transport/wire"
)

// Transfers are requests whose bodies, or answers, take as long as they take. They have to move on:
// else whoever opens many of them and sends nothing would hold this server up.
const (
	// stallTime is for how long one may stand still: a phone between two cells.
	stallTime = 30 * time.Second
	// From slowStart on a body comes by leastRate, in bytes a second, on the average: half of what
	// the slowest phone network brings. What counts is the time in which it is waited for: what is done
	// with a part of it may take long as well.
	slowStart = time.Minute
	leastRate = 2 << 10
	// atOnce is how many bytes of an answer are written by one deadline.
	atOnce = 64 << 10
	// extendAfter is how old a deadline gets before it is set anew.
	extendAfter = time.Second
	// lastTransfers is how much time those have that are under way when the node goes away.
	lastTransfers = 4 * time.Second
)

// transfers are those under way.
type transfers struct {
	mu   sync.Mutex // protects following, and is held while a deadline is set for all
	open map[*transfer]struct{}
	end  time.Time // of all; zero for none
}

// serve has a handler transfer what it likes.
func (all *transfers) serve(next http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		t := &transfer{all: all, control: http.NewResponseController(w)}
		all.begin(t)
		defer all.done(t)
		if r.ContentLength != 0 {
			body := *r // others hold the request as it came
			body.Body = &movingBody{ReadCloser: r.Body, transfer: t}
			r = &body
		}
		next.ServeHTTP(&movingWriter{ResponseWriter: w, transfer: t}, r)
	}
}

func (all *transfers) begin(t *transfer) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.open == nil {
		all.open = map[*transfer]struct{}{}
	}
	all.open[t] = struct{}{}
}

func (all *transfers) done(t *transfer) {
	all.mu.Lock()
	defer all.mu.Unlock()
	delete(all.open, t)
}

// drain ends all that are not done by then.
func (all *transfers) drain(end time.Time) {
	all.mu.Lock()
	defer all.mu.Unlock()
	all.end = end
	for t := range all.open {
		// Where it can't be set (in tests without a connection), there is nothing to wait for either.
		_ = t.control.SetReadDeadline(end)
		_ = t.control.SetWriteDeadline(end)
	}
}

// ending reports whether the node goes away.
func (all *transfers) ending() bool {
	all.mu.Lock()
	defer all.mu.Unlock()
	return !all.end.IsZero()
}

// until sets a deadline, or an earlier one for all.
func (all *transfers) until(deadline time.Time, set func(time.Time) error) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if !all.end.IsZero() && all.end.Before(deadline) {
		deadline = all.end
	}
	_ = set(deadline) // as in drain
}

// transfer is one of them. It belongs to the goroutine that serves it, but for its control, which
// [transfers] uses until it is done.
type transfer struct {
	all      *transfers
	control  *http.ResponseController
	received int64
	waited   time.Duration // for what was received
	reading  time.Time     // when its read deadline was set
	writing  time.Time     // when its write deadline was set
}

// movingBody is a body that has to move on.
type movingBody struct {
	io.ReadCloser
	*transfer
}

// Read implements io.Reader. Errors are a [*wire.Failure] when it stood still for too long, and when
// the node goes away.
func (b *movingBody) Read(p []byte) (int, error) {
	began := time.Now()
	if began.Sub(b.reading) > extendAfter {
		b.reading = began
		// It may be that the rate is the tighter bound.
		least := slowStart + time.Duration(float64(b.received)/leastRate*float64(time.Second)) - b.waited
		b.all.until(began.Add(min(stallTime, least)), b.control.SetReadDeadline)
	}
	n, err := b.ReadCloser.Read(p)
	b.received += int64(n)
	b.waited += time.Since(began)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = wire.Fail(wire.CodeStalled, "it came too slowly, or not at all")
		if b.all.ending() {
			err = wire.Fail(wire.CodeGoingAway, "come back in a moment: another node may take over")
		}
	}
	return n, err
}

// movingWriter is an answer that has to move on.
type movingWriter struct {
	http.ResponseWriter
	*transfer
}

// WriteHeader implements http.ResponseWriter.
func (w *movingWriter) WriteHeader(status int) {
	w.extend()
	w.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (w *movingWriter) Write(p []byte) (written int, err error) {
	for {
		w.extend()
		part := p[written:min(written+atOnce, len(p))]
		n, err := w.ResponseWriter.Write(part)
		if written += n; err != nil || written == len(p) {
			return written, err
		}
	}
}

// extend gives the next bytes their time.
func (w *movingWriter) extend() {
	if now := time.Now(); now.Sub(w.writing) > extendAfter {
		w.writing = now
		w.all.until(now.Add(stallTime), w.control.SetWriteDeadline)
	}
}

// Unwrap is for http.ResponseController.
func (w *movingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
