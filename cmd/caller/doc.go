// Caller serves the rooms chat on one address: the page, WebSocket, event streams, long polling,
// and plain requests as curl makes them.
//
// The program reads its settings (settings.go), puts the parts together and runs them (serve.go),
// and stops them well (drain.go). It can encrypt by itself (tls.go, acme.go, redirect.go). Nothing
// else is here. Settings are flags, environment variables, and lines of a file .env in the working
// directory; the first of these that has one wins. "caller --help" names them all.
//
// Exit codes: 0 after a clean stop, 1 when something failed, 2 when a setting has a wrong value.
package main
