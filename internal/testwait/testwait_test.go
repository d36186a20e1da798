package testwait_test

import (
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/caller-chat/caller/internal/testwait"
)

// recorder is a test that fails without ending the real one.
type recorder struct {
	testing.TB
	failed string
}

func (*recorder) Helper() {}

func (r *recorder) Fatalf(format string, args ...any) {
	r.failed = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Errorf(format string, args ...any) { r.failed = fmt.Sprintf(format, args...) }

// outcome runs wait to its end and returns what it failed with.
func outcome(wait func(testing.TB)) string {
	r := new(recorder)
	done := make(chan struct{})
	go func() { defer close(done); wait(r) }()
	<-done
	return r.failed
}

func TestUntil(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, looks := time.Now(), 0
		testwait.Until(t, func() bool { looks++; return looks == 5 }, "five looks")
		require.Less(t, time.Since(began), time.Second)

		began = time.Now()
		require.Equal(t, "not within 1m0s: it is 3", outcome(func(t testing.TB) {
			testwait.Until(t, func() bool { return false }, "it is %d", 3)
		}))
		require.InDelta(t, testwait.Limit, time.Since(began), float64(time.Second))
	})
}

func TestReceive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ch := make(chan int)
		go func() { ch <- 7; close(ch) }()
		require.Equal(t, 7, testwait.Receive(t, ch, "a number"))
		require.Zero(t, testwait.Receive(t, ch, "the end"))
		require.Equal(t, "not within 1m0s: nothing", outcome(func(t testing.TB) {
			testwait.Receive(t, make(chan int), "nothing")
		}))
	})
}

func TestNoLeaks(t *testing.T) {
	for after, ends := range map[time.Duration]bool{testwait.Limit / 2: true, 2 * testwait.Limit: false} {
		synctest.Test(t, func(t *testing.T) {
			before := goleak.IgnoreCurrent()
			go func() { time.Sleep(after) }()
			r := new(recorder)
			testwait.NoLeaks(r, before)
			require.Equal(t, ends, r.failed == "", r.failed)
			time.Sleep(2 * testwait.Limit)
		})
	}
}
