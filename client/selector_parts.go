package client

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// timing is by what the choice of a transport is made. It is the page's (frontend/src/client).
type timing struct {
	headStart     time.Duration // before the next transport is opened beside one without a welcome
	welcomeWithin time.Duration // a handshake may be held for ever: only this ends it
	proofWithin   time.Duration // from welcome to proof
	shortLife     time.Duration // what lived less died young
	remember      time.Duration // how long what was learnt counts
	doubtAgain    time.Duration // an unproven transport, kept for want of another, is doubted again
	firstProbe    time.Duration // from proof to the first probe for a better transport
	probeEvery    time.Duration
	probation     time.Duration // what died young before must live so long beside the active one
}

var defaultTiming = timing{
	headStart:     2 * time.Second,
	welcomeWithin: 12 * time.Second,
	proofWithin:   4 * time.Second,
	shortLife:     10 * time.Second,
	remember:      time.Hour,
	doubtAgain:    30 * time.Second,
	firstProbe:    30 * time.Second,
	probeEvery:    3 * time.Minute,
	probation:     15 * time.Second,
}

// portalPause bounds a pause where somebody else answers, as a captive portal does: long pauses
// would spare no server of ours.
const portalPause = 2 * time.Second

// memory is what was learnt about the network.
type memory struct {
	works      Transport // until worksUntil; "" for none
	worksUntil time.Time
	back       map[Transport]time.Time // who is tried last, until when
}

// cause is why others are tried.
type cause string

const (
	causeStart    cause = "start"
	causeAgain    cause = "again"
	causeUnproven cause = "unproven"
	causeProbe    cause = "probe"
)

// attempt is one try of one transport.
type attempt struct {
	id        int
	transport Transport
	openedAt  time.Time
	welcomeAt time.Time // zero before
	heardAt   time.Time
	interval  time.Duration // the server's heartbeat
	// A ping has come down; something of ours went up. Both prove it.
	down, up, proved bool
}

// race is transports that are tried one after the other until one is there.
type race struct {
	cause  cause
	queue  []Transport // still to be opened
	nextAt time.Time   // when, at the latest
}

// decision is what was decided about a connection, and why.
type decision struct {
	what      string
	transport Transport
	why       string
	err       error // what a connection has ended with, if it has
}

// host does what the selector decides.
type host interface {
	open(id int, transport Transport)
	close(id int)
	// activate says that from now on this attempt's events are the session's.
	activate(id int, transport Transport)
	decided(decision)
	learnt(memory)
	// final says that nothing more is tried.
	final(end)
}

// ranked are transports, the most promising first.
func ranked(all []Transport, m memory, active Transport, now time.Time) []Transport {
	first := active
	if first == "" && m.worksUntil.After(now) {
		first = m.works
	}
	rank := func(t Transport) int {
		switch {
		case t == first:
			return 0
		case m.back[t].After(now):
			return 2
		}
		return 1
	}
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b Transport) int { return rank(a) - rank(b) })
	return sorted
}

// strike says that one died young, or was no good. It reports whether the others are to be tried at
// once.
func (s *selector) strike(one *attempt) bool {
	s.strikes[one.transport]++
	if s.strikes[one.transport] < 2 {
		return !one.proved
	}
	before := s.memory.back[one.transport]
	if s.memory.works == one.transport {
		s.memory.works = ""
	}
	back := map[Transport]time.Time{}
	maps.Copy(back, s.memory.back)
	back[one.transport] = s.now.Add(s.timing.remember)
	s.memory.back = back
	s.host.learnt(s.memory)
	s.decide("back", one.transport, "young")
	return !before.After(s.now)
}

// diedYoung reports whether it must live beside the active one for a while before it is trusted.
func (s *selector) diedYoung(transport Transport) bool {
	_, back := s.memory.back[transport]
	return back || s.strikes[transport] > 0
}

// order is all transports, the most promising first.
func (s *selector) order() []Transport {
	active := Auto
	if s.active != nil {
		active = s.active.transport
	}
	return ranked(s.transports, s.memory, active, s.now)
}

func (s *selector) others(transport Transport) []Transport {
	return slices.DeleteFunc(s.order(), func(other Transport) bool { return other == transport })
}

func (s *selector) decide(what string, transport Transport, why string) {
	s.tell(decision{what: what, transport: transport, why: why})
}

func (s *selector) tell(d decision) {
	s.changed = true
	s.host.decided(d)
}

func (s *selector) age(one *attempt) string {
	return fmt.Sprintf("after %v", s.now.Sub(one.openedAt).Round(time.Millisecond))
}
