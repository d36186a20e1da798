// Package calls has the end-to-end tests of calls, with a real LiveKit server. The server is built
// from a module of its own, e2e/calls/livekit.
package calls
