// Package conn is one connection of a streaming transport: its rooms, its bounded backlog and its
// keepalive, whatever the framing. All that is clever about sockets is here, and nobody else has to
// know of it: a connection that was taken over, or wrapped, can be read, written and closed by
// anybody as any other.
//
// [Conn] joins rooms to an [Outbox] as their [chat.Sink]. [Keepalive] sends the pings of all
// connections from one timer and knows which are open. [Conn.TakeOver] and [Upgrade] take a
// request's connection from the HTTP server.
//
// Each trick is here because of a figure. docs/performance.md says how they were measured.
//
// A delivery is one write that does not wait ([Outbox]). It buys: no goroutine to wake, no buffer
// of the reader's own, no copy of the bytes. It costs: a short write is normal, and a goroutine
// takes up what is left for as long as the reader is behind. TLS and HTTP/2 connections can't be
// written to without waiting, and always go by that goroutine.
//
// Idle sockets are watched in one place ([Conn.Await]), by an epoll set that Go's netpoller watches
// like a file. It buys: 2.4 KB for an idle event stream and 4.4 KB for an idle WebSocket, of 7 and
// 11. It costs: a reader is told when there is something to read, it is not a loop. A peer
// that sends no more may read on ([Conn.PeerEnded]): that is for a write to find out. A WebSocket
// whose client sends pings of the protocol has a goroutine while the library answers them.
//
// System calls are direct ([Wrap]): Go's runtime is not told of them. Before an ordinary one it
// wakes its monitor thread (sysmon), so that somebody takes the processor away from a call that
// blocks. These sockets do not block. It buys: a quarter to a third of a post at 1,000 a second,
// where each wakes a sleeping program and the monitor with it, and a seventh of a delivery on a
// saturated core. The calls to Redis alone are a fifth to a quarter of a post over HTTP and a third
// of one over WebSocket, go-redis's question whether a connection is still open most of that
// ([WrapPooled]). It costs: unsafe, in the one file of these calls; and that the monitor sleeps on,
// which makes a goroutine that runs for very long give way and looks for what has come from the
// network when nobody else does. So one call in 1,024 is an ordinary one. With one processor
// (GOMAXPROCS=1) a goroutine that computes for long without a call holds the others up until the
// program's next timer, which is at most a tick of the keepalive, 250 ms; with ordinary calls it
// was 10 to 30 ms.
//
// Elsewhere than on 64-bit Linux (amd64, arm64) connections are net's own, and each has a goroutine
// that reads and, while something waits, one that writes.
package conn
