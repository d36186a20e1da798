// Package park lets a request that waits for its answer wait without a goroutine.
//
// What it buys: net/http keeps a goroutine with its stack, two buffers, the request and its context for each held
// request, 25 KB by measurement; a parked one is its socket, a timer, and what it waits for. What it costs: the
// connection is taken from the HTTP server when the wait begins, answered from here, and given back when the client
// sends something again, so that the server parses every request and this package none. The answer comes from the same
// code, into the same middleware, whether it was parked or not.
//
// Only HTTP/1 over plain TCP is parked, on Linux (see [Mark]). All else waits in its handler.
package park
