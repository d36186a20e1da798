package client

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// selector decides which transport carries a session. It does no I/O: it is told what has happened
// and when, and answers by what it has its host do. The rules are those of the page's client
// (frontend/src/client/transport_selector.ts):
//
//   - A race opens transports one after the other, a head start apart. The first that brings
//     welcome becomes the active one; the others are closed.
//   - The active one is proven by an event that was sent later (ping), and a WebSocket by an answer
//     besides: something went up. Without proof in time the others race beside it. It stays until
//     one of them is better.
//   - What dies before it is proven gives way to the others at once.
//   - A probe is a race for a better transport beside a proven one. The first that is proven itself
//     takes over.
//   - Nothing is for good: what failed goes to the back for a while, and is probed again.
//
// It belongs to one goroutine.
type selector struct {
	host       host
	transports []Transport
	timing     timing
	memory     memory
	pause      pauses

	attempts []*attempt // what is open, in the order of their ids
	active   *attempt
	race     *race
	strikes  map[Transport]int // young deaths in a row
	lastID   int

	running    bool
	probeAt    time.Time // zero for never
	retryAt    time.Time
	retryAfter time.Duration
	foreign    bool

	now     time.Time // of this step
	dueAt   time.Time // when time itself asks for the next one; zero for never
	changed bool
}

func newSelector(h host, all []Transport, t timing, m memory, random func() float64) *selector {
	return &selector{
		host: h, transports: all, timing: t, memory: m, strikes: map[Transport]int{},
		pause: pauses{random: random, most: mostPause},
	}
}

// step takes in what has happened, if it is anything, and does what follows from it and the time.
func (s *selector) step(now time.Time, happened func()) {
	s.now = now
	if happened != nil {
		happened()
	}
	for s.changed = true; s.running && s.changed; {
		s.changed, s.dueAt = false, time.Time{}
		s.settle()
	}
}

// deadline is when the next step is due, if nothing happens; zero for never.
func (s *selector) deadline() time.Time {
	if !s.running {
		return time.Time{}
	}
	return s.dueAt
}

func (s *selector) start() {
	s.running = true
	s.begin(causeStart, s.order())
}

func (s *selector) stop() { s.closeAll("stopped") }

func (s *selector) find(id int) *attempt {
	for _, one := range s.attempts {
		if one.id == id {
			return one
		}
	}
	return nil
}

// due reports whether a time has come; if not, it is one to wait for.
func (s *selector) due(at time.Time) bool {
	if at.IsZero() {
		return false
	}
	if !s.now.Before(at) {
		return true
	}
	if s.dueAt.IsZero() || at.Before(s.dueAt) {
		s.dueAt = at
	}
	return false
}

// settle does what the time asks for.
func (s *selector) settle() {
	if s.due(s.retryAt) {
		s.begin(causeAgain, s.order())
	}
	for _, one := range slices.Clone(s.attempts) {
		switch {
		case one.welcomeAt.IsZero():
			if s.due(one.openedAt.Add(s.timing.welcomeWithin)) {
				s.gone(one, "late", false)
			}
		case one == s.active:
			if s.due(one.heardAt.Add(2 * one.interval)) {
				s.gone(one, "silent", false)
			}
		case !one.proved:
			if s.due(one.welcomeAt.Add(2 * s.timing.proofWithin)) {
				s.gone(one, "unproven", false)
			}
		case !s.diedYoung(one.transport) || s.due(one.welcomeAt.Add(s.timing.probation)):
			delete(s.strikes, one.transport)
			back := maps.Clone(s.memory.back)
			delete(back, one.transport)
			s.memory.back = back
			s.host.learnt(s.memory)
			s.win(one, "better")
		}
	}
	if s.active != nil && s.race == nil && s.due(s.probeAt) {
		if s.active.proved {
			s.begin(causeProbe, s.transports[:slices.Index(s.transports, s.active.transport)])
		} else {
			s.begin(causeUnproven, s.others(s.active.transport))
		}
	}
	if s.race != nil {
		s.goOn()
	}
}

// begin begins a race. A probe gives way to any other.
func (s *selector) begin(why cause, queue []Transport) {
	s.retryAt = time.Time{}
	if len(queue) == 0 {
		s.probeAt = time.Time{} // there is nothing better, or nothing else
		return
	}
	if s.race != nil && s.race.cause == causeProbe {
		s.cancelRace("replaced", nil)
	}
	if s.race != nil {
		return
	}
	s.race = &race{cause: why, queue: queue}
	s.retryAfter, s.foreign = 0, false
}

// goOn opens the next one, or ends a race that is lost.
func (s *selector) goOn() {
	r := s.race
	beside := len(s.racing()) > 0
	next := len(r.queue) > 0
	// Better ones are looked for one by one.
	if next && (!beside || (r.cause != causeProbe && s.due(r.nextAt))) {
		transport := r.queue[0]
		r.queue, r.nextAt = r.queue[1:], s.now.Add(s.timing.headStart)
		why := string(r.cause)
		if beside {
			why = "beside"
		}
		s.open(transport, why)
	}
	if next || beside {
		return
	}
	s.race = nil
	if s.active == nil {
		s.wait()
		return
	}
	again := s.timing.doubtAgain
	if s.active.proved {
		again = s.timing.probeEvery
	}
	s.probeAt = s.now.Add(again)
	s.decide("keep", s.active.transport, "only")
}

// racing are those that are open beside the active one.
func (s *selector) racing() []*attempt {
	return slices.DeleteFunc(slices.Clone(s.attempts), func(one *attempt) bool { return one == s.active })
}

// cancelRace closes all that race but the one that has won, if there is one.
func (s *selector) cancelRace(why string, but *attempt) {
	for _, one := range s.racing() {
		if one != but {
			s.close(one, why)
		}
	}
	s.race = nil
}

func (s *selector) open(transport Transport, why string) {
	s.lastID++
	s.attempts = append(s.attempts, &attempt{
		id: s.lastID, transport: transport, openedAt: s.now, heardAt: s.now,
		up: transport != WebSocket, // the others ask by requests of their own, whose answer is the proof
	})
	s.decide("open", transport, why)
	s.host.open(s.lastID, transport)
}

func (s *selector) close(one *attempt, why string) {
	s.forget(one)
	s.decide("close", one.transport, why)
	s.host.close(one.id)
}

func (s *selector) forget(one *attempt) {
	s.attempts = slices.DeleteFunc(s.attempts, func(other *attempt) bool { return other == one })
	if one == s.active {
		s.active = nil
	}
}

func (s *selector) closeAll(why string) {
	for _, one := range slices.Clone(s.attempts) {
		s.close(one, why)
	}
	s.race, s.retryAt, s.running = nil, time.Time{}, false
}

func (s *selector) welcome(id int, heartbeat time.Duration) {
	one := s.find(id)
	if one == nil || !one.welcomeAt.IsZero() {
		return
	}
	one.welcomeAt, one.heardAt, one.interval = s.now, s.now, heartbeat
	s.decide("welcome", one.transport, s.age(one))
	// A better one must be proven first.
	if s.race != nil && s.race.cause != causeProbe {
		s.win(one, string(s.race.cause))
	}
}

// win has one take the place of the active transport.
func (s *selector) win(one *attempt, why string) {
	before := s.active
	s.cancelRace("second", one)
	if before == nil {
		why = "first"
	} else {
		s.close(before, why)
		if why == string(causeUnproven) {
			s.strike(before)
		}
	}
	s.activate(one, why)
}

func (s *selector) activate(one *attempt, why string) {
	s.active = one
	s.probeAt = one.welcomeAt.Add(s.timing.proofWithin)
	s.decide("activate", one.transport, why)
	s.host.activate(one.id, one.transport)
	if one.proved {
		s.proven(one)
	}
}

// heard says that something has arrived: proof for a ping, answer for what only comes when
// something went up.
func (s *selector) heard(id int, proof, answer bool) {
	one := s.find(id)
	if one == nil {
		return
	}
	one.heardAt = s.now
	one.down = one.down || (proof && !one.welcomeAt.IsZero())
	one.up = one.up || answer
	proves := one.down && one.up && !one.proved
	one.proved = one.proved || proves
	if one != s.active || !proves {
		return
	}
	if s.race != nil && s.race.cause == causeUnproven {
		s.cancelRace("alive", nil)
	}
	s.proven(one)
}

func (s *selector) proven(one *attempt) {
	s.decide("proven", one.transport, s.age(one))
	s.pause.reset()
	s.memory.works, s.memory.worksUntil = one.transport, s.now.Add(s.timing.remember)
	s.host.learnt(s.memory)
	s.probeAt = s.now.Add(s.timing.firstProbe)
}

func (s *selector) ended(id int, how end) {
	one := s.find(id)
	if one == nil {
		return
	}
	s.tell(decision{what: "ended", transport: one.transport, why: fmt.Sprintf("%s, %s", how.kind, s.age(one)), err: how.err})
	s.retryAfter = max(s.retryAfter, how.retryAfter)
	s.foreign = s.foreign || how.foreign
	if how.kind == endLost || how.kind == endBusy {
		s.gone(one, "", how.kind == endBusy)
		return
	}
	s.forget(one)
	s.closeAll("final")
	s.host.final(how)
}

// gone says that one has ended, or is given up for a reason: what follows from that.
func (s *selector) gone(one *attempt, why string, busy bool) {
	activated := one == s.active
	if why != "" {
		s.close(one, why)
	} else {
		s.forget(one)
	}
	s.changed = true
	if !activated {
		return
	}
	atOnce := false
	switch {
	case busy:
	case s.now.Sub(one.welcomeAt) < s.timing.shortLife:
		atOnce = s.strike(one)
	default:
		delete(s.strikes, one.transport)
	}
	if s.race != nil && s.race.cause == causeProbe {
		probes := s.racing()
		s.race = nil
		for _, probe := range probes {
			if !probe.welcomeAt.IsZero() {
				s.activate(probe, "gone")
				return
			}
			s.close(probe, "replaced")
		}
	}
	switch {
	case s.race != nil:
	case atOnce && len(s.transports) > 1:
		s.begin(causeAgain, append(s.others(one.transport), one.transport))
	default:
		s.wait()
	}
}

func (s *selector) wait() {
	most := time.Duration(0)
	if s.foreign {
		most = portalPause
	}
	delay := s.pause.next(s.retryAfter, most)
	s.retryAt = s.now.Add(delay)
	s.decide("wait", "", delay.String())
}
