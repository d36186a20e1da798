package main

import (
	"log/slog"

	"github.com/caller-chat/caller/mcp"
	"github.com/caller-chat/caller/server"
	"github.com/caller-chat/caller/transport/conn"
)

// mcpFeature is what the server serves to agents; ok is false where that is off.
func (c config) mcpFeature(rooms mcp.Rooms, places *conn.Places, log *slog.Logger) (_ server.Feature, ok bool) {
	if !c.MCP.isOn() {
		return server.Feature{}, false
	}
	endpoint := mcp.New(rooms, mcp.Options{Version: version(), Places: places, Logger: log})
	return server.Feature{Routes: endpoint.Routes()}, true
}
