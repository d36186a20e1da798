package server

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// pingTime is how long the store has to answer before this node is not ready. Probes usually wait 1
// s themselves.
const pingTime = time.Second

// healthz says that the process is alive. It asks nobody: a store that is away is no reason to be
// killed.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) { say(w, "alive\n") }

// readyz says whether this node can serve.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	if s.draining.Load() {
		s.fail(w, r, chat.ErrGoingAway)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), pingTime)
	defer cancel()
	if err := s.store.Ping(ctx); err != nil {
		s.log.DebugContext(r.Context(), "not ready", "err", err)
		s.fail(w, r, wire.Fail(wire.CodeUnavailable, ""))
		return
	}
	say(w, "ready\n")
}

// say answers with text that is true now only.
func say(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, text) // a client that is gone has no use for it
}
