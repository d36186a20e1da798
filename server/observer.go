package server

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// Observer is told of requests, so that somebody can count them. It is called at the same time by
// many, and must not block.
type Observer interface {
	// Served says that a request's handler has returned. Route is the address as the router has it,
	// as "/rooms/:room/ws"; empty where there is none. Status is 0 for one that was not answered, and
	// streamed says that its connection goes on as a stream.
	Served(method, route string, status int, took time.Duration, streamed bool)
}

// ignored is the observer where nobody is told.
type ignored struct{}

func (ignored) Served(string, string, int, time.Duration, bool) {}

// InFlight is how many requests are being served. Streams that have left the HTTP server are none.
func (s *Server) InFlight() int {
	s.inFlight.mu.Lock()
	defer s.inFlight.mu.Unlock()
	return len(s.inFlight.open)
}

// noteRoute has a request's route known when it is over.
func noteRoute(c echo.Context) {
	for w := c.Response().Writer; w != nil; {
		if out, ours := w.(*writer); ours {
			out.route = c.Path()
			return
		}
		inner, wraps := w.(interface{ Unwrap() http.ResponseWriter })
		if !wraps {
			return
		}
		w = inner.Unwrap()
	}
}
