// Package poll is the transport for networks that swallow every stream: reading what is kept, and
// long polling, with ordinary requests and answers. GET /rooms/{room}/messages for one room, GET
// /stream/messages for several.
package poll
