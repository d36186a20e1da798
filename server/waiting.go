package server

import (
	"fmt"
	"net/http"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// Waiting is what answers while the store has not been reached yet: the process is alive, all else has to wait.
func Waiting() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			say(w, "alive\n")
			return
		}
		wire.WriteProblem(w, fmt.Errorf("starting: %w", chat.ErrUnavailable))
	})
}
