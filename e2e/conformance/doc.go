// Package conformance holds the program to the protocols it speaks, by peers that share no code
// with it.
//
// The WebSocket cases have the numbers of Autobahn's suite, which no registry has that this
// repository installs from. They are written anew from RFC 6455, with frames over TCP that the
// tests make and judge themselves. A second peer, Autobahn's own client library, has whole
// conversations. HTTP/2 is judged by h2spec.
package conformance
