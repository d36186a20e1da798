package calls

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caller-chat/caller/calls/incall"
	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
)

func TestMain(m *testing.M) { testwait.Main(m) }

const lobby = chat.RoomID("lobby")

func options() Options {
	return Options{PublicURL: "wss://calls.example", Key: "key", Secret: strings.Repeat("s", 32), RoomPrefix: "caller:"}
}

// rooms are one room's roster and its call in LiveKit, inside the test, so that time can be the
// test's.
type rooms struct {
	mu      sync.Mutex // guards the following
	members []chat.Member
	version int64
	there   []participant
	away    error
	asked   int // how often LiveKit was
	said    []string
	meddle  func() // runs after LiveKit was asked for a room's participants
	turns   bool   // all turns are this node's
	rules   *chat.Rules
}

func newRooms() *rooms { return &rooms{turns: true, rules: chat.OpenRules()} }

// do changes the rooms.
func (r *rooms) do(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

// open has members enter, into a room that opened that long ago.
func (r *rooms) open(age time.Duration, ids ...chat.MemberID) {
	r.do(func() {
		r.version = time.Now().Add(-age).UnixMicro()
		for _, id := range ids {
			r.enterLocked(id)
		}
	})
}

func (r *rooms) enterLocked(id chat.MemberID) {
	r.members = append(r.members, chat.Member{ID: id, Name: string(id), JoinedAt: time.Now()})
	r.version++
}

// leave takes a member out, as the request would see it that does so.
func (r *rooms) leave(id chat.MemberID) (state chat.RosterState) {
	r.do(func() {
		r.members = slices.DeleteFunc(r.members, func(m chat.Member) bool {
			if m.ID == id && incall.Is(m) {
				state.Removed = append(state.Removed, m)
			}
			return m.ID == id
		})
		r.version++
		if len(r.members) == 0 {
			r.version = 0
		}
		state.Version = r.version
	})
	return state
}

// connect has somebody join the call in LiveKit.
func (r *rooms) connect(id chat.MemberID) {
	r.do(func() { r.there = append(r.there, participant{id, true, time.Now(), false}) })
}

func (r *rooms) disconnect(id chat.MemberID) {
	r.do(func() { r.there = slices.DeleteFunc(r.there, func(p participant) bool { return p.id == id }) })
}

// inCall are the members that the roster has in the call.
func (r *rooms) inCall() []chat.MemberID {
	r.mu.Lock()
	defer r.mu.Unlock()
	ids := []chat.MemberID{}
	for _, m := range r.members {
		if incall.Is(m) {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// take is what LiveKit was told since the last time.
func (r *rooms) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	said := r.said
	r.said = nil
	return said
}

// RoomsWith implements [Followed].
func (r *rooms) RoomsWith(string) []chat.RoomID {
	if len(r.inCall()) > 0 {
		return []chat.RoomID{lobby}
	}
	return nil
}

// store is the rooms as a [Store].
type store struct{ *rooms }

func (s store) Hold(context.Context, chat.RoomID, []chat.Member, chat.Admission) (chat.RosterState, error) {
	return chat.RosterState{}, errors.New("not in these tests")
}

func (s store) Release(_ context.Context, _ chat.RoomID, ids []chat.MemberID, _ time.Duration) (chat.RosterState, error) {
	var state chat.RosterState
	for _, id := range ids {
		next := s.leave(id)
		next.Removed = append(state.Removed, next.Removed...)
		state = next
	}
	return state, nil
}

func (s store) Members(context.Context, chat.RoomID) (chat.RosterSnapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return chat.RosterSnapshot{RosterState: chat.RosterState{Version: s.version}, Members: slices.Clone(s.members)}, nil
}

func (s store) SetAttributes(_ context.Context, _ chat.RoomID, version int64, changes []chat.AttributeChange) (
	chat.RosterState, bool, error,
) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if version != s.version {
		return chat.RosterState{Version: s.version}, false, nil
	}
	for _, change := range changes {
		for i := range s.members {
			if m := &s.members[i]; m.ID == change.Member && m.Attributes[change.Key] != change.Value {
				m.Attributes = chat.Attributes{change.Key: change.Value}
				s.version++
			}
		}
	}
	return chat.RosterState{Version: s.version}, true, nil
}

func (s store) Rules(context.Context, chat.RoomID) (*chat.Rules, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rules, nil
}

// ChangeRules changes the rules, as a keeper of them does.
func (s store) ChangeRules(_ context.Context, _ chat.RoomID, c chat.RulesChange) (chat.Entry, chat.RulesVersion, error) {
	s.do(func() { s.rules = c.To })
	return chat.Entry{}, c.To.Version, nil
}

func (s store) TakeTurn(context.Context, string, time.Duration) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.turns, nil
}

// server is the rooms as a LiveKit.
type server struct{ *rooms }

func (s server) roomNames(context.Context) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	names := []string{"somebody else's", "caller:No Room"}
	if len(s.there) > 0 {
		names = append(names, "caller:lobby")
	}
	return names, s.away
}

func (s server) participants(context.Context, string) ([]participant, error) {
	s.mu.Lock()
	there, err, meddle := slices.Clone(s.there), s.away, s.meddle
	s.asked++
	s.mu.Unlock()
	if meddle != nil {
		meddle()
	}
	return there, err
}

func (s server) sendOut(_ context.Context, _ string, id chat.MemberID) error {
	s.disconnect(id)
	s.do(func() { s.said = append(s.said, "out "+string(id)) })
	return s.away
}

func (s server) setSilent(_ context.Context, _ string, id chat.MemberID, silent bool) error {
	s.do(func() {
		s.said = append(s.said, map[bool]string{true: "silent ", false: "heard "}[silent]+string(id))
		for i := range s.there {
			if s.there[i].id == id {
				s.there[i].silent = silent
			}
		}
	})
	return s.away
}

func (s server) closeRoom(context.Context, string) error {
	s.do(func() { s.said, s.there = append(s.said, "close"), nil })
	return s.away
}

// reconciling runs a test in time of its own, with calls that reconcile the rooms.
func reconciling(t *testing.T, test func(t *testing.T, r *rooms, c *Calls)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRooms()
		c := newCalls(store{r}, server{r}, options())
		c.Start(r)
		defer c.Close()
		synctest.Wait() // the first sweep
		test(t, r, c)
	})
}
