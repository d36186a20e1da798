package calls

import (
	"context"
	"errors"
	"time"

	"github.com/caller-chat/caller/calls/incall"
	"github.com/caller-chat/caller/chat"
)

const (
	// sweepEvery is how often one node of all looks at every call, for what no webhook has told.
	sweepEvery = 15 * time.Second
	// sweepTurn is for how long that is this node's turn: less than sweepEvery, since a store may
	// let go of it a second late.
	sweepTurn = 12 * time.Second
	// askAgain is how often a LiveKit that does not answer is asked.
	askAgain = 3 * time.Second
	// awayFor is for how long LiveKit has to be away until calls are told as ended. Participants
	// get over less than that by themselves; a server that stops and starts takes some seconds.
	awayFor = 45 * time.Second
)

// sweeper has all calls reconciled now and then. Its goroutine owns it.
type sweeper struct {
	calls    *Calls
	followed Followed

	last   answer
	silent time.Time // since when LiveKit has not answered; zero while it does
}

// answer is what came of asking LiveKit.
type answer int

const (
	unasked answer = iota
	answers
	refuses
	isSilent
)

func (s *sweeper) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		s.sweep(ctx)
		if s.last == answers {
			timer.Reset(sweepEvery)
		} else {
			timer.Reset(askAgain)
		}
	}
}

// sweep has every call reconciled when it is this node's turn, or LiveKit has been away; else those
// of its own rooms that LiveKit does not have any more.
func (s *sweeper) sweep(ctx context.Context) {
	c := s.calls
	c.forget(time.Now())
	mine, err := c.store.TakeTurn(ctx, "calls", sweepTurn)
	if err != nil {
		c.log.Debug("taking the turn to sweep the calls failed", "err", err)
	}
	lost := map[chat.RoomID]bool{}
	for _, room := range s.followed.RoomsWith(incall.Key) {
		lost[room] = true
	}
	if !mine && len(lost) == 0 && s.last == answers {
		return
	}
	before := s.last
	names, err := c.livekit.roomNames(ctx)
	if ctx.Err() != nil {
		return
	}
	s.heard(err)
	if err != nil {
		s.endAll(ctx, lost)
		return
	}
	for _, name := range names {
		room, ours := c.options.roomOf(name)
		if ours && (mine || before != answers) {
			c.queue.add(room, 0)
		}
		delete(lost, room)
	}
	for room := range lost {
		c.queue.add(room, 0)
	}
}

// heard logs what is new about LiveKit, a line for each change.
func (s *sweeper) heard(err error) {
	was, log := s.last, s.calls.log.With("livekit", s.calls.options.URL)
	switch {
	case err == nil:
		s.last = answers
	case errors.Is(err, errRefused):
		s.last = refuses
	default:
		s.last = isSilent
	}
	switch {
	case err == nil:
		s.silent = time.Time{}
	case s.silent.IsZero():
		s.silent = time.Now()
	}
	if s.last == was {
		return
	}
	switch s.last {
	case answers:
		log.Info("LiveKit answers: rooms have calls")
	case refuses:
		log.Error("LiveKit refuses the key: there are no calls. Are LIVEKIT_API_KEY and LIVEKIT_API_SECRET those of "+
			"that server?", "err", err)
	default:
		log.Warn("LiveKit does not answer: there are no calls until it does", "err", err)
	}
}

// endAll tells the calls of this node's rooms as ended, when LiveKit has been away for long enough.
func (s *sweeper) endAll(ctx context.Context, rooms map[chat.RoomID]bool) {
	if time.Since(s.silent) < awayFor {
		return
	}
	for room := range rooms {
		if err := s.calls.end(ctx, room); err != nil {
			s.calls.log.Debug("ending a call failed", "room", string(room), "err", err)
		}
	}
}

// end takes everybody out of a room's call, in the roster.
func (c *Calls) end(ctx context.Context, room chat.RoomID) error {
	for range tries {
		snapshot, err := c.Roster().Members(ctx, room)
		if err != nil {
			return err
		}
		_, out := changes(snapshot, nil, nil)
		state, applied, err := c.setCall(ctx, room, snapshot.Version, nil, out, time.Time{})
		c.left(room, state)
		if err != nil || applied {
			return err
		}
	}
	return nil // the next sweep tries again
}
