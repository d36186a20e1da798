package main

import (
	"log/slog"
	"net/http"

	"github.com/caller-chat/caller/openapi"
	"github.com/caller-chat/caller/server"
	"github.com/caller-chat/caller/server/httpapi"
)

// openAPIFeature is what the server says of its API.
func openAPIFeature(log *slog.Logger) server.Feature {
	return server.Feature{Placed: func(base httpapi.Base) map[string]http.Handler { return openapi.New(base, log).Routes() }}
}
