package server

import (
	"io/fs"
	"net/http"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/poll"
	"github.com/caller-chat/caller/transport/sse"
	"github.com/caller-chat/caller/transport/stream"
	"github.com/caller-chat/caller/transport/wire"
	"github.com/caller-chat/caller/transport/ws"
)

// New makes the server of a node. Heart is what its streams live by, store what its sessions are signed by, dist the
// built front end. Closing node and heart ends the streams; neither is the server's to close. Errors are of options
// that can't be used and of a dist without index.html.
func New(node *chat.Node, heart *stream.Heart, store Store, dist fs.FS, o Options) (*Server, error) {
	return assemble(node, store, dist, o, func(who wire.Identify, sameSite func(*http.Request) bool, allow allow) handlers {
		sockets := ws.New(node, who, heart, ws.Options{CheckOrigin: sameSite, Allow: allow})
		streams := sse.New(node, who, heart)
		polls := poll.New(node, who, heart)
		return handlers{
			ws: sockets.Room, manyWS: sockets.Rooms,
			events: streams.Events, ndjson: streams.NDJSON, text: streams.Text,
			manyEvents: streams.ManyEvents, manyNDJSON: streams.ManyNDJSON,
			messages: polls.Messages, many: polls.Many,
			post: streams.Post, transcript: streams.Transcript,
		}
	})
}
