package chat

import "time"

// sooner is the earlier of two times, where the zero time is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// later is the later of two times, where the zero time does not count.
func later(a, b time.Time) time.Time {
	if b.IsZero() || b.Before(a) {
		return a
	}
	return b
}

// due reports whether a time has come; the zero time never does.
func due(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }
