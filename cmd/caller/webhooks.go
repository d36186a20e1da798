package main

import (
	"github.com/caller-chat/caller/server"
	"github.com/caller-chat/caller/webhooks/incoming"
)

// incomingFeature is what the server serves of hooks, by which other services say what happens there.
func incomingFeature(rooms incoming.Rooms) server.Feature {
	return server.Feature{Name: "hooks", Transfers: incoming.New(rooms).Routes()}
}
