// Package server is Caller's HTTP face: the routes of docs/protocol.md, who is speaking, who may
// ask from where, what a request may cost, and the page.
//
// It is the only package that imports echo, and uses it as a router alone: middleware and handlers
// are plain net/http, and what carries messages are the handlers of the transport packages. It
// knows nothing of Redis: what it needs of the store is [Store].
//
// # A request's way
//
//	requestLog → takeIn → stripBase → securityHeaders → cors → same site → auth → route → limitBody → handler
//
// requestLog counts requests, names them, logs them and turns a panic into a 500; stripBase finds
// the address under a base path; the rest refuse early what must not go further. Each is one file:
// request_log.go, routes.go, page.go, origin.go, limits.go. Response writers stay hijackable all
// the way, since streams take their connection over.
//
// # Who owns what
//
// A [Server] starts no goroutines; whoever makes it runs [Server.Run]. Requests may come at the
// same time; what they share (the session key, who was signed out, the count of requests under way)
// has a lock beside it that is never held during a call to something else. How often somebody may
// do something is the core's policy.
package server
