// Package socket reads and writes TCP sockets by system calls that Go's runtime is not told of.
//
// What it buys: before each ordinary system call the runtime wakes its monitor thread (sysmon) if that sleeps, so that
// somebody takes the processor away from a call that blocks. In a program that sleeps and wakes a thousand times a
// second the monitor then costs more switches between threads than all the rest: three for each post, as measured
// (docs/performance.md). These sockets do not block, so there is nothing to take away: a call that has nothing to do
// says so, and the goroutine then waits in the runtime's netpoller as always, with the same deadlines.
//
// What it costs: unsafe, for the buffer's address, in one function; and that the monitor sleeps on while only this
// package's calls are made. It is what has a goroutine that runs for very long give way, and looks for what has come
// from the network when nobody else does. So one call in [wakeEvery] is an ordinary one.
// Asleep it wakes by itself at the program's next timer. So what a message sets off must not run long without a call: with
// one processor (GOMAXPROCS=1) all others wait for it until then. Measured with a goroutine that ran for two seconds: for
// all of them without a timer, for up to 250 ms with a node's keepalive, which ticks four times a second; with net 10 to 30 ms.
//
// Elsewhere than on 64-bit Linux all of it is net's own.
package socket
