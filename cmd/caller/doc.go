// Caller serves the rooms chat on one address: the page, WebSocket, event streams, long polling,
// and plain requests as curl makes them.
//
// Each thing that it can do is a command (commands.go, cmd_NAME.go), and invocation.go finds which
// one is asked for. "caller serve", or caller alone, reads its settings (settings.go), puts the
// parts together and runs them (serve.go), and stops them well (drain.go). It can encrypt by itself
// (tls.go, acme.go, redirect.go). Settings are flags, environment variables, and lines of a file
// .env in the working directory; the first of these that has one wins. "caller --help" names them
// all.
//
// Exit codes: 0 when all is done or after a clean stop, 1 when something failed, 2 for a wrong
// command line or setting, 3 when the server refuses, 4 when there is none that can, 130 when a
// signal came before all was done.
package main
