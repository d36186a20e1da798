// Package ws is the WebSocket transport: GET /rooms/{room}/ws for one room, GET /stream/ws for
// several.
//
// gorilla/websocket shakes hands and reads; all writing, its own control frames included, goes
// through the connection's [conn.Outbox], so that frames never mix and nobody waits for a slow
// reader.
package ws
