package harness

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

// look is how often Await looks: each look may be a request to a program that shares the machine.
const look = 20 * time.Millisecond

// Await waits until ok accepts what see returns, and returns that. It fails the test, and says what
// it saw last, when that does not happen within [testwait.Limit], the one deadline of all tests.
func Await[T any](t testing.TB, what string, see func() T, ok func(T) bool) T {
	t.Helper()
	for deadline := testwait.Deadline(); ; time.Sleep(look) {
		seen := see()
		if ok(seen) {
			return seen
		}
		if time.Now().After(deadline) {
			require.FailNow(t, "not seen", "%s, within %v; the last look saw:\n%+v", what, testwait.Limit, seen)
		}
	}
}

// Eventually is Await for a state that is reached or not.
func Eventually(t testing.TB, what string, reached func() bool) {
	t.Helper()
	Await(t, what, reached, func(is bool) bool { return is })
}
