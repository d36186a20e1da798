// Package client has clients of every kind, written from docs/protocol.md and not from the code
// under test: they share no type with it. Each keeps a record of all it was told, in order and with
// the time, so that a test can assert what readers saw message by message and package check can
// judge it.
//
// A [Person] is who posts and reads: a session or a guest, on one node or proxy. [Person.Read]
// opens a [Reader], one connection over one transport; a record outlives its readers, so a person
// who drops and comes back on another transport or node has one record.
package client
