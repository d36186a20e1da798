package chat

import (
	"math/rand/v2"
	"time"
)

// syncing is how a room knows whether it has all there is. Nothing is delivered while it is stale:
// what comes is held until log and roster have been read. It is the room worker's own.
type syncing struct {
	following bool // the feed tells everything
	stale     bool
	reading   bool
	// reads counts the reasons to read: one that began before the last reason proves nothing.
	reads    int
	held     []Notice // what came while stale, in order
	heldSize int      // in bytes, as in the inbox
	retryAt  time.Time
	tries    int
}

// restart begins a connection to the feed, or ends one. What was held before is in what will be
// read, or was lost.
func (s *syncing) restart(following bool) {
	s.following = following
	s.held, s.heldSize = nil, 0
}

// hold keeps a notice until the read under way is done. When there are too many it returns false: a
// read that begins later makes up for them all, as far as log and roster go.
func (s *syncing) hold(n Notice) bool {
	if s.heldSize += sizeOf(n); s.heldSize > maxInbox {
		s.held, s.heldSize = nil, 0
		s.reads++
		return false
	}
	s.held = append(s.held, n)
	return true
}

// miss says that something may have been missed: log and roster have to be read.
func (s *syncing) miss() {
	s.stale = true
	s.reads++
}

// begin reports whether a read is to be made now, and its number, for finish.
func (s *syncing) begin() (read int, ok bool) {
	if s.reading || !s.following {
		return 0, false
	}
	s.reading = true
	return s.reads, true
}

// outcome is what the end of a read means.
type outcome int

const (
	synced   outcome = iota // the room has all there is; what was held is next
	outdated                // there has been another reason to read meanwhile
	failed                  // it is to be made again at retryAt
	useless                 // the feed is cut: the next Following reads again
)

// finish ends a read. Held is what came meanwhile, for a room that is synced.
func (s *syncing) finish(read int, err error, now time.Time) (o outcome, held []Notice) {
	s.reading = false
	switch {
	case !s.following:
		return useless, nil
	case err != nil:
		s.retryAt = now.Add(retryWait(s.tries))
		s.tries++
		return failed, nil
	case read != s.reads:
		return outdated, nil
	}
	s.tries, s.retryAt, s.stale = 0, time.Time{}, false
	held = s.held
	s.held, s.heldSize = nil, 0
	return synced, held
}

// onTime reports whether a read that failed is to be made again now.
func (s *syncing) onTime(now time.Time) bool {
	if !due(s.retryAt, now) {
		return false
	}
	s.retryAt = time.Time{}
	return true
}

// A call to the store that failed is made again after a while that doubles.
const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 2 * time.Second
)

// retryWait is how long to wait after so many failures: half of it by chance, so that rooms do not
// ask all at once.
func retryWait(failures int) time.Duration {
	wait := min(firstRetry<<min(failures, 10), lastRetry)
	return wait/2 + rand.N(wait/2)
}
