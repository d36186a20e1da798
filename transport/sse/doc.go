// Package sse is the transport for networks where a WebSocket does not live: a stream over plain
// HTTP (Server-Sent Events, and the same in NDJSON and text for programs and terminals), and POST
// for what clients say.
//
// Over HTTP/1 the handler takes the connection over from the HTTP server and returns: the room's
// worker writes to the socket itself (see package stream), which also notices when the reader goes.
// Over HTTP/2 the handler stays and lends its response.
package sse
