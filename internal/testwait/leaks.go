package testwait

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// Main runs a package's tests and fails when a goroutine of theirs is left Limit later. It is for
// TestMain.
func Main(m *testing.M) {
	code := m.Run()
	if code == 0 {
		if err := leaked(); err != nil {
			fmt.Fprintln(os.Stderr, "goroutines that the tests have left:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// NoLeaks fails the test when, Limit later, there are goroutines that the options do not ignore.
func NoLeaks(t testing.TB, options ...goleak.Option) {
	t.Helper()
	if err := leaked(options...); err != nil {
		t.Errorf("goroutines that the test has left: %v", err)
	}
}

// leaked looks again and again, since goleak's own patience is less than half a second: a goroutine
// that is about to end may not get to run for longer than that on a busy machine.
func leaked(options ...goleak.Option) (err error) {
	for deadline := Deadline(); ; {
		if err = goleak.Find(options...); err == nil || time.Now().After(deadline) {
			return err
		}
	}
}
