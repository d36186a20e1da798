// Load measures what a delivery, a connection and a post cost: Caller's own against a baseline and
// against Nchan, on this machine, in one run. docs/performance.md has what it measured and how to
// read it.
//
//	go run ./e2e/load                    every table
//	go run ./e2e/load -quick             every table with small numbers, to see that it works
//	go run ./e2e/load -runs 3 fanout     one table, three runs of each server
//
// It starts what it measures, each run anew, and ends it: the program (built here, or -caller), a
// redis-server for each, the baseline (baseline.go: the same file run again), and nginx with Nchan
// where it is installed. The servers run on one core, the load and Redis on another. The load side
// is one goroutine on one epoll instance (loop.go), since it has one core for ten thousand readers
// and a million deliveries a second; every reader checks that it gets every message of its room
// once and in order (reader.go).
package main
