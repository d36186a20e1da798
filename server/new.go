package server

import (
	"io/fs"
	"net/http"

	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/conn"
	"github.com/caller-chat/caller/transport/poll"
	"github.com/caller-chat/caller/transport/sse"
	"github.com/caller-chat/caller/transport/ws"
)

// Node is what the server and its transports ask of the core; [*chat.Node] has it.
type Node interface {
	Rooms
	ws.Rooms
	sse.Rooms
	poll.Rooms
}

// New makes the server of a node. Keepalive is what its streams live by, store what its sessions
// are signed by, dist the built front end. Closing node and keepalive ends the streams; neither is
// the server's to close. Errors are of options that can't be used and of a dist without index.html.
func New(node Node, keepalive *conn.Keepalive, store Store, dist fs.FS, o Options) (*Server, error) {
	return assemble(node, store, dist, o, func(who httpapi.Identify, sameSite func(*http.Request) bool, base httpapi.Base) handlers {
		sockets := ws.New(node, who, keepalive, ws.Options{CheckOrigin: sameSite})
		streams := sse.New(node, who, keepalive)
		polls := poll.New(node, who, keepalive.Places())
		streams.Base, polls.Base = base, base
		return handlers{
			ws: sockets.Room, manyWS: sockets.Rooms,
			events: streams.Events, ndjson: streams.NDJSON, text: streams.Text,
			manyEvents: streams.ManyEvents, manyNDJSON: streams.ManyNDJSON,
			messages: polls.Messages, many: polls.Many,
			post: streams.Post, transcript: streams.Transcript,
			edit: streams.Edit, remove: streams.Delete, react: streams.React,
		}
	})
}
