// Package metrics counts what a node does, for Prometheus. It owns a registry, and implements what
// the other packages declare to tell of what happens: chat.Observer, conn.Observer and those of the
// store, the server and the optional parts. None of them knows it. The program gives it to them, and
// serves what it has counted on the admin listener.
//
// No label has a value that comes from outside: each is one of a list that is made when the program
// starts, and what is not in it is counted as "other". So nobody who uses the chat can make the
// metrics grow. docs/metrics.md has the table of them, which a test compares with this package.
//
// What is told in the middle of a delivery is a few atomic additions. What there is of rooms and
// connections just now is asked for when Prometheus does.
package metrics
