package server

import (
	"net/http"

	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// Waiting is what answers while the store has not been reached yet: the process is alive, all else
// has to wait.
func Waiting() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			say(w, "alive\n")
			return
		}
		httpapi.WriteProblem(w, wire.Fail(wire.CodeUnavailable, "it has not answered since this server started"))
	})
}
