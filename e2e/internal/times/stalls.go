package times

import (
	"sync"
	"time"
)

// look is how often a process that watches the machine wants to be run.
const look = 10 * time.Millisecond

// Stalls watches from now on for how long the machine keeps this process from running: a processor
// that is shared may be away for seconds, and no program answers meanwhile. The longest time is what
// is returned by the function, which ends the watch.
func Stalls() (longest func() time.Duration) {
	end, found := make(chan struct{}), make(chan time.Duration, 1)
	go func() {
		ticks := time.NewTicker(look)
		defer ticks.Stop()
		last, most := time.Now(), time.Duration(0)
		for ended := false; !ended; {
			select {
			case <-end:
				ended = true
			case <-ticks.C:
			}
			now := time.Now()
			most, last = max(most, now.Sub(last)-look), now
		}
		found <- most
	}()
	return sync.OnceValue(func() time.Duration {
		close(end)
		return <-found
	})
}
