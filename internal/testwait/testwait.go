// Package testwait is how tests wait: for a state, with one generous deadline for all of them.
//
// A test that asserts how fast something is measures the machine that it runs on. So a test waits
// for the state that must be reached in the end, and only something that never comes exhausts
// [Limit]. Where time itself is what is tested, the test runs in time that stands still
// (testing/synctest).
package testwait

import (
	"testing"
	"time"
)

// Limit is how long a test waits for anything. It is far more than a busy machine needs with the
// race detector.
const Limit = time.Minute

// look is how often Until looks.
const look = 2 * time.Millisecond

// Deadline returns the time until which a test waits for what begins now, for read deadlines.
func Deadline() time.Time { return time.Now().Add(Limit) }

// Until waits until reached reports true, and fails the test at once with the message when it does
// not within Limit. It calls reached on the test's own goroutine, so reached may fail the test too.
func Until(t testing.TB, reached func() bool, message string, args ...any) {
	t.Helper()
	for deadline := Deadline(); !reached(); time.Sleep(look) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: "+message, append([]any{Limit}, args...)...)
		}
	}
}

// Receive returns the next value of ch, or its zero value when ch is closed. It fails the test at
// once with the message when nothing comes within Limit.
func Receive[T any](t testing.TB, ch <-chan T, message string, args ...any) T {
	t.Helper()
	late := time.NewTimer(Limit)
	defer late.Stop()
	var value T
	select {
	case value = <-ch:
	case <-late.C:
		t.Fatalf("not within %v: "+message, append([]any{Limit}, args...)...)
	}
	return value
}
