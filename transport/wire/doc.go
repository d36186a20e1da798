// Package wire is what goes over the wire, version 1: the JSON of events and commands, the failures
// that clients see, and the framings (WebSocket frame, SSE block, NDJSON line, text line).
// docs/protocol.md says it for people; the files in testdata are the examples that both are tested
// with.
//
// It owns no connection and no goroutine, and must not know how bytes travel.
package wire
