// Package client talks to a Caller server from a Go program: it posts to rooms and reads what is
// said there, over whichever transport the network lets through.
//
//	c, err := client.New("https://chat.example.org", client.Options{Name: "build"})
//	room := c.Room("lobby")
//	id, err := room.Post(ctx, client.Draft{Text: "done"})
//	for entry, err := range room.Entries(ctx, client.From{}) {
//		…
//	}
//
// [Room.Entries] opens a WebSocket, an event stream beside it two seconds later, and then long
// polling. What brings its welcome first carries the session, and has to prove by what arrives that
// it lives. What fails gives way to the others, a better transport is looked for beside a worse
// one, and each change resumes from the last entry: nothing is lost, doubled or out of order.
// [Room.Post] sends a message again, under one key, until the server has answered: it is stored
// once.
//
// Each call takes a context, which ends it. No goroutine of a call outlives it. A [Client], a [Room]
// and what they return may be used by several goroutines at the same time; each use of an iterator
// has a connection of its own.
//
// What the server refuses is a [*Problem]. The wire is described in docs/protocol.md, and this
// package in docs/client-go.md. It imports nothing else of Caller's.
package client
