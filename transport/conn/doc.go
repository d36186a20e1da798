// Package conn is what the streaming transports share: a connection with its rooms, its bounded backlog and its
// heartbeat, whatever the framing.
//
// [Outbox] is the fast path of the whole program. It buys: an event for a reader is one write system call by the room's
// worker, with no goroutine to wake, no buffer of the reader's own and no copy of the bytes, which all readers of a
// framing share; and on Linux an idle connection has no goroutine at all, since [Conn.Await] waits for all sockets in
// one place (a WebSocket whose client sends pings of the protocol has one: the library answers them while it waits). It costs: the code must know what the kernel has taken (a short write is normal) and takes up what is left
// in a goroutine that lives only as long as the reader is behind; and a reader is a state that is told when there is
// something to read, not a loop. TLS and HTTP/2 connections can't be written to or watched without waiting; they always
// go by goroutines.
//
// [Conn] joins rooms to an outbox as their [chat.Sink]. [Keepalive] sends the pings of all connections from one timer.
package conn
