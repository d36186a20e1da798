package chat

import "time"

// A pace lets something happen at once, but when one comes on the other only so often, so that
// those who come together share it. It is one time: by when all that has happened would be paid
// for, at one each every.

// paced is when the next may happen, after a burst of so many.
func paced(pace time.Time, every time.Duration, burst int) time.Time {
	return pace.Add(-time.Duration(burst) * every)
}

// countPaced is the pace when one happens now.
func countPaced(pace, now time.Time, every time.Duration) time.Time {
	return later(pace, now).Add(every)
}
