// Package harness runs the real things that the end-to-end tests are about: nodes of Caller, Redis
// servers, proxies.
//
// Each test starts what it needs, on free loopback ports, in a directory of its own, and everything
// ends with the test. What a process wrote is in the log of a test that failed; a data race or a
// panic in a process fails its test.
//
// The package knows how to start and stop programs. It knows nothing of rooms and messages: package
// client talks to what runs here, package check judges what was seen.
package harness
