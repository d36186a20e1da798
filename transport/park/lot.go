package park

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/caller-chat/caller/transport/conn"
	"github.com/caller-chat/caller/transport/conn/socket"
)

// Lot is where requests wait. Its methods may be called at the same time.
type Lot struct{ keepalive *conn.Keepalive }

// NewLot makes a lot whose connections are watched, and ended, with those of a keepalive.
func NewLot(keepalive *conn.Keepalive) *Lot { return &Lot{keepalive} }

// Waiter is what waits.
type Waiter interface {
	// Answer writes the answer and lets go of what it holds. It is called once. The context has ended when the client is
	// gone; it is the request's only where the request was not parked.
	Answer(ctx context.Context, w http.ResponseWriter)
}

// Lasting is a middleware's ResponseWriter that has something to do after the handler. A request with any other writer
// around net/http's is not parked: nobody could tell that middleware.
type Lasting interface {
	http.ResponseWriter
	Unwrap() http.ResponseWriter
	// Outlast says that the handler returns before the answer. What is to be done after the request waits for Last, and
	// nothing of the request may be held; the answer is written to below.
	Outlast(below http.ResponseWriter)
	// Last runs answer as the handler would have been run, and does then what is to be done. It panics with
	// http.ErrAbortHandler where the connection has to be cut.
	Last(answer func())
}

// Call is a request's bell: whoever has something for it rings. The zero value is one that nobody has rung.
type Call struct {
	mu    sync.Mutex // protects following
	ready bool
	then  func()
}

// Ready says that there is something to answer with. It does not block.
func (c *Call) Ready() {
	c.mu.Lock()
	then := c.then
	c.ready, c.then = true, nil
	c.mu.Unlock()
	if then != nil {
		then()
	}
}

// whenReady has f called once, now or later; it must not block.
func (c *Call) whenReady(f func()) {
	c.mu.Lock()
	ready := c.ready
	if !ready {
		c.then = f
	}
	c.mu.Unlock()
	if ready {
		f()
	}
}

func (c *Call) isReady() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ready
}

// Wait has a request answered when its call says so, when the time is over, or when the client is gone. It may return
// before: then nothing of the request and its writer may be used any more.
func (l *Lot) Wait(w http.ResponseWriter, r *http.Request, call *Call, within time.Duration, waiter Waiter) {
	if within > 0 && !call.isReady() {
		if p := l.park(w, r, within, waiter); p != nil {
			call.whenReady(p.ready)
			return
		}
	}
	over := time.NewTimer(within)
	defer over.Stop()
	ready := make(chan struct{})
	call.whenReady(func() { close(ready) })
	select {
	case <-ready:
	case <-over.C:
	case <-r.Context().Done():
	}
	waiter.Answer(r.Context(), w)
}

// plain marks the context of connections that requests can be parked on.
type plain struct{}

// Mark is the ConnContext of an http.Server whose requests may be parked.
func Mark(ctx context.Context, c net.Conn) context.Context {
	if _, again := c.(*begun); again || socket.TCP(c) != nil {
		return context.WithValue(ctx, plain{}, true)
	}
	return ctx
}

// mayPark tells whether a request can be answered over its bare connection.
func (l *Lot) mayPark(w http.ResponseWriter, r *http.Request) bool {
	if _, wrapped := w.(interface{ Unwrap() http.ResponseWriter }); wrapped {
		if _, lasts := w.(Lasting); !lasts {
			return false
		}
	}
	return r.Context().Value(plain{}) != nil && r.TLS == nil && r.ProtoMajor == 1 && r.Method == http.MethodGet &&
		r.ContentLength == 0 && l.keepalive.Watches() // without a body: net/http would read it on
}
