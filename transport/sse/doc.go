// Package sse is the transport for networks where a WebSocket does not live: a stream over plain
// HTTP (Server-Sent Events, and the same in NDJSON and text for programs and terminals), and POST
// for what clients say, with PATCH, PUT and DELETE for what they do to it.
//
// Over HTTP/1 the handler takes the connection over from the HTTP server and returns: the room's
// worker writes to the socket itself (see package conn), which also notices when the reader goes. A
// client that only closes its sending side is served until a write fails.
// Over HTTP/2 the handler stays and lends its response.
package sse
