// Package e2e tests Caller end to end: real nodes, a real Redis, real proxies, real browsers and
// the real curl, and what readers saw asserted message by message. Each folder is a suite that can
// run alone; docs/testing.md has what each holds. Under internal is what they need: harness runs
// the programs, client talks to them, browser is people with a page, check judges the records,
// suite is what one run shares.
//
// Each test starts its own nodes on free ports and can run alone. `go test -short` leaves them out.
// With E2E_PROGRAM set to the path of a program that was built before, that one is tested instead
// of one built for the run.
package e2e
