// Package httpapi is the HTTP side of docs/protocol.md: it decodes what requests ask for, from
// their paths, queries, headers and bodies, and writes answers and problems.
//
// What goes over the wire is package wire's, whatever carries it; this package is the one that
// knows where in an HTTP request it stands. The server and the transports import it. It imports
// neither, holds no state, and knows nothing of how streams are delivered or sessions are signed.
package httpapi
