package chat

import (
	"slices"
	"time"
)

// MaxMarks is how many rooms a session's marks are kept of: the ones where it has read last.
const MaxMarks = 200

// MarkLife is for how long a session's marks are kept after they were last used.
const MarkLife = 30 * 24 * time.Hour

// Mark is how far a session has read in a room.
type Mark struct {
	Room RoomID
	// At is the last entry that it has read.
	At Cursor
	// Time is when the mark was put there, by the store's clock, to the millisecond.
	Time time.Time
}

// ReadMark tells a session how far it has read in a room, and what that leaves. It counts what is
// kept: messages of others after the cursor that have not been deleted. A cursor that has no place
// in the log, since that was lost or has gone, is one before all of it.
type ReadMark struct {
	Cursor Cursor
	Unread int
	// Mentions are those of the unread that name this session.
	Mentions int
}

func (ReadMark) body() {}

// Marked says that a session has read up to At, or that it has forgotten the room.
type Marked struct {
	Session MemberID
	At      Cursor
	Gone    bool
}

func (Marked) notice() {}

// marks is how far the sessions that read a room here have read it, as far as this node knows. It
// is the room worker's own. A mark is asked of the store when a session comes, and is then kept
// current by the feed.
type marks struct {
	of     map[MemberID]*marked
	toAsk  map[MemberID]Cursor   // whose mark is to be asked for, and where it begins if there is none
	toTell map[MemberID]struct{} // sessions whose streams are all to be told
	fresh  []newcomer            // those that have come and have not been told yet

	// recount is the number of the earliest message that counts otherwise than it was told, 0 for
	// none; recountAt is when that is told, if not before recountEvery after the last time.
	recount   uint64
	recountAt time.Time

	busy     bool      // the store is being asked
	pace     time.Time // of asking it
	failures int
	retryAt  time.Time // when it is asked again after it did not answer
}

// How often a room asks the store for marks: those who come in a storm share a few calls.
const (
	marksEvery = 500 * time.Millisecond
	marksBurst = 3
)

// recountEvery is how often sessions are told at most that messages they have not read count
// otherwise now.
const recountEvery = time.Second

// marked is a session's mark.
type marked struct {
	at      Cursor
	known   bool
	streams []*subscriber
}

// newcomer is a stream that has not been told its session's mark. One that goes on after a cursor
// may have missed where it went.
type newcomer struct {
	*subscriber
	resumes bool
}

// telling is a mark that is to be told.
type telling struct {
	session MemberID
	at      Cursor
	to      []*subscriber
	// first says that they have just come for the first time: there is nothing to tell them where
	// all is read.
	first bool
}

// enter takes in a stream that now gets what happens after the cursor. Only sessions have marks.
func (m *marks) enter(s *subscriber, resumes bool, live Cursor) {
	if s.who == "" || s.guest {
		return
	}
	here := m.of[s.who]
	if here == nil {
		here = &marked{}
		if m.of == nil {
			m.of = map[MemberID]*marked{}
		}
		m.of[s.who] = here
	}
	here.streams = append(here.streams, s)
	m.fresh = append(m.fresh, newcomer{s, resumes})
	if !here.known {
		m.ask(s.who, live)
	}
}

func (m *marks) ask(session MemberID, live Cursor) {
	if m.toAsk == nil {
		m.toAsk = map[MemberID]Cursor{}
	}
	if _, asked := m.toAsk[session]; !asked {
		m.toAsk[session] = live
	}
}

// exit takes a stream out. The mark is remembered: a poll comes back in a moment.
func (m *marks) exit(s *subscriber) {
	if here := m.of[s.who]; here != nil {
		here.streams = slices.DeleteFunc(here.streams, func(one *subscriber) bool { return one == s })
	}
}

// forget drops the marks of sessions that are here no longer.
func (m *marks) forget(isHere func(MemberID) bool) {
	for session, here := range m.of {
		if len(here.streams) == 0 && !isHere(session) {
			delete(m.of, session)
			delete(m.toAsk, session)
		}
	}
	if len(m.of) == 0 {
		m.of = nil
	}
}

// askAgain has all marks asked for: news of them may have been missed.
func (m *marks) askAgain(live Cursor) {
	for session := range m.of {
		m.ask(session, live)
	}
}

// next are the sessions whose marks the store is to be asked for now, and where each begins if it
// has none.
func (m *marks) next(now time.Time) (asked map[MemberID]Cursor, ok bool) {
	if m.busy || len(m.toAsk) == 0 || now.Before(m.askAt()) {
		return nil, false
	}
	asked, m.toAsk, m.busy = m.toAsk, nil, true
	m.pace = countPaced(m.pace, now, marksEvery)
	return asked, true
}

// askAt is when the store may be asked again.
func (m *marks) askAt() time.Time { return later(m.retryAt, paced(m.pace, marksEvery, marksBurst)) }

// nextDue is when there is something to do; zero when that is not known.
func (m *marks) nextDue() time.Time {
	var ask, recount time.Time
	if !m.busy && len(m.toAsk) > 0 {
		ask = m.askAt()
	}
	if m.recount > 0 {
		recount = m.recountAt
	}
	return sooner(ask, recount)
}

// answered takes what the store has answered to next. It returns true for the first of several
// failures. IsVoid says which cursors have no place in the log.
func (m *marks) answered(asked, at map[MemberID]Cursor, err error, now time.Time, isVoid func(Cursor) bool) (failed bool) {
	m.busy = false
	if err != nil {
		m.retryAt = now.Add(retryWait(m.failures))
		m.failures++
		for session, live := range asked {
			if m.of[session] != nil {
				m.ask(session, live)
			}
		}
		return m.failures == 1
	}
	m.failures, m.retryAt = 0, time.Time{}
	for session, to := range at {
		here := m.of[session]
		if here == nil {
			continue
		}
		was, known := here.at, here.known
		if here.move(to, isVoid); known && here.at != was {
			m.tell(session)
		}
	}
	return false
}

// moved takes news of a session's mark.
func (m *marks) moved(n Marked, isVoid func(Cursor) bool) {
	here := m.of[n.Session]
	switch {
	case here == nil:
	case n.Gone:
		here.at, here.known = Cursor{}, false
	default:
		if here.move(n.At, isVoid); here.at == n.At { // else it is news of an earlier move
			m.tell(n.Session)
		}
	}
}

// move moves the mark forward.
func (m *marked) move(to Cursor, isVoid func(Cursor) bool) {
	if !m.known || to.Seq > m.at.Seq || isVoid(m.at) {
		m.at, m.known = to, true
	}
}

func (m *marks) tell(session MemberID) {
	if m.toTell == nil {
		m.toTell = map[MemberID]struct{}{}
	}
	m.toTell[session] = struct{}{}
}

// changed says that a message counts otherwise now.
func (m *marks) changed(message Cursor) {
	if m.recount == 0 || message.Seq < m.recount {
		m.recount = message.Seq
	}
}

// onTime has those told who have not read a message that has changed.
func (m *marks) onTime(now time.Time, isVoid func(Cursor) bool) {
	if m.recount == 0 || now.Before(m.recountAt) {
		return
	}
	for session, here := range m.of {
		if here.known && (here.at.Seq < m.recount || isVoid(here.at)) {
			m.tell(session)
		}
	}
	m.recount, m.recountAt = 0, now.Add(recountEvery)
}

// tellAll has all sessions told again: the log is another one.
func (m *marks) tellAll() {
	for session := range m.of {
		m.tell(session)
	}
}

// due is what is to be told now. Streams whose session's mark is not known yet wait on.
func (m *marks) due() []telling {
	if len(m.toTell) == 0 && len(m.fresh) == 0 {
		return nil
	}
	var all []telling
	for session := range m.toTell {
		if here := m.of[session]; here != nil && here.known && len(here.streams) > 0 {
			all = append(all, telling{session, here.at, here.streams, false})
		}
	}
	still := m.fresh[:0]
	for _, s := range m.fresh {
		here := m.of[s.who]
		switch _, told := m.toTell[s.who]; {
		case s.state == ended || here == nil:
		case !here.known:
			still = append(still, s)
		case !told:
			all = append(all, telling{s.who, here.at, []*subscriber{s.subscriber}, !s.resumes})
		}
	}
	clear(m.fresh[len(still):])
	if m.fresh = still; len(still) == 0 {
		m.fresh = nil
	}
	m.toTell = nil
	return all
}
