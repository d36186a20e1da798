package server

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// served is an observer that writes down what it is told.
type served struct {
	mu  sync.Mutex
	all []string
}

func (o *served) Served(method, route string, status int, took time.Duration, streamed bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = append(o.all, fmt.Sprint(method, " ", route, " ", status, " ", took >= 0, " ", streamed))
}

func (o *served) take() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := o.all
	o.all = nil
	return all
}

func TestAnObserverIsToldOfRequests(t *testing.T) {
	seen := &served{}
	s := newSite(t, Options{Observer: seen, BasePath: "/chat"})
	s.ask("GET", "/healthz", "")
	s.ask("POST", "/chat/rooms/hidden%20/messages", "hi")
	s.ask("GET", "/rooms/lobby/nothing-here", "")
	s.ask("DELETE", "/healthz", "")
	s.ask("POST", "/rooms/lobby", "panic")
	require.Equal(t, []string{
		"GET /healthz 200 true false", "POST /rooms/:room/messages 422 true false", "GET  404 true false",
		"DELETE  405 true false", "POST /rooms/:room 500 true false",
	}, seen.take(), "nothing of what was asked for")
	require.Zero(t, s.InFlight())
	require.Equal(t, http.StatusOK, s.ask("GET", "/healthz", "").Code)
}
