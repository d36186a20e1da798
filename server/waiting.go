package server

import (
	"net/http"
	"strings"
	"time"

	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// Waiting is what answers while the store has not been reached yet: the process is alive, all else
// has to wait. The base path is as [Options] has it.
func Waiting(basePath string) http.Handler {
	basePath = strings.TrimRight(basePath, "/")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		keepApart(w.Header())
		if within(basePath, r.URL.Path) == "/healthz" {
			say(w, "alive\n")
			return
		}
		w.Header().Set("Connection", "close")                                          // without waiting for what the request has in it
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(refusedTime)) // as in limitBody
		httpapi.WriteProblem(w, wire.Fail(wire.CodeUnavailable, "it has not answered since this server started"))
	})
}
