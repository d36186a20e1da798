package redisstore

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
)

// began is when the tests' calls began.
var began = time.UnixMilli(1767225600123).UTC()

func setCall(t *testing.T, st *Store, r chat.RoomID, version int64, in, out []chat.MemberID) (chat.RosterState, bool) {
	t.Helper()
	state, applied, err := st.SetCall(ctx, r, version, in, out, began)
	require.NoError(t, err)
	return state, applied
}

// inCall are the names of who is in the call; each of them since it began.
func inCall(t *testing.T, st *Store, r chat.RoomID) []string {
	t.Helper()
	names := []string{}
	for _, m := range snapshot(t, st, r).Members {
		if m.InCall() {
			assert.Equal(t, began, m.CallSince)
			names = append(names, m.Name)
		}
	}
	return names
}

func testCall(t *testing.T, s *server) {
	a, b, r := s.open(t, Options{}), s.open(t, Options{}), room()
	l := followed(t, b, r)
	hold(t, a, r, ann)
	version := hold(t, b, r, bob).Version

	_, applied := setCall(t, b, r, version-1, []chat.MemberID{ann.ID}, nil)
	assert.False(t, applied, "the roster is another one by now")
	assert.Empty(t, inCall(t, a, r))

	state, applied := setCall(t, b, r, version, []chat.MemberID{ann.ID, bob.ID, "nobody"}, []chat.MemberID{"nobody"})
	assert.True(t, applied)
	assert.Equal(t, version+2, state.Version)
	assert.Equal(t, []string{"Ann", "Bob"}, inCall(t, a, r))
	assert.Equal(t, []string{"joined Ann 1", "joined Bob 2", "joined Ann 3", "joined Bob 4"}, told(t, l, 4))

	again, applied := setCall(t, a, r, state.Version, []chat.MemberID{ann.ID}, nil)
	assert.True(t, applied)
	assert.Equal(t, state.Version, again.Version, "she is in it already")

	renamed := ann
	renamed.Name, renamed.Transport = "Anna", "poll"
	hold(t, b, r, renamed)
	assert.Equal(t, []string{"joined Anna 1"}, told(t, l, 1))
	assert.Equal(t, []string{"Anna", "Bob"}, inCall(t, a, r), "who she is does not take her out")

	state, applied = setCall(t, a, r, snapshot(t, a, r).Version, nil, []chat.MemberID{bob.ID})
	assert.True(t, applied)
	assert.Equal(t, []string{"joined Bob 1"}, told(t, l, 1))
	assert.Equal(t, []string{"Anna"}, inCall(t, b, r))
	assert.Empty(t, state.OutOfCall, "he is still there")
	release(t, a, r, 0, ann.ID)
	release(t, b, r, 0, ann.ID, bob.ID)
}

func testOutOfCall(t *testing.T, s *server) {
	a, dead, r := s.open(t, Options{}), s.open(t, Options{}), room()
	cid := chat.Member{ID: "cid-id", Name: "Cid"}
	hold(t, a, r, ann, cid)
	version := hold(t, dead, r, bob).Version
	_, applied := setCall(t, a, r, version, []chat.MemberID{ann.ID, bob.ID}, nil)
	require.True(t, applied)

	hold(t, dead, r, ann)
	assert.Empty(t, release(t, a, r, 0, ann.ID, cid.ID).OutOfCall, "cid was in no call, and dead still holds ann")
	hold(t, a, r, cid)
	lapse(t, dead, r, ann, bob)
	assert.ElementsMatch(t, []chat.MemberID{ann.ID, bob.ID}, snapshot(t, a, r).OutOfCall)
	assert.Empty(t, snapshot(t, a, r).OutOfCall, "it is told once")

	hold(t, a, r, ann)
	assert.Empty(t, inCall(t, a, r), "who comes back is in no call")
	_, applied = setCall(t, a, r, snapshot(t, a, r).Version, []chat.MemberID{ann.ID}, nil)
	require.True(t, applied)
	state := release(t, a, r, 0, ann.ID, cid.ID)
	assert.Equal(t, chat.RosterState{OutOfCall: []chat.MemberID{ann.ID}}, state, "also when the room closes")
}

func testCallOfNobody(t *testing.T, s *server) {
	prefix := "no-call-" + string(room()) + ":"
	st, r := s.open(t, Options{KeyPrefix: prefix}), room()
	state, applied := setCall(t, st, r, 0, []chat.MemberID{ann.ID}, nil)
	assert.True(t, applied, "it is as empty as it was")
	assert.Zero(t, state)
	assert.Empty(t, scanKeys(t, s, prefix))
	hold(t, st, r, ann)
	_, applied = setCall(t, st, r, 0, nil, nil)
	assert.False(t, applied, "somebody has come")
	release(t, st, r, 0, ann.ID)
}

func testLargeCall(t *testing.T, s *server) {
	st, r := s.open(t, Options{}), room()
	var members []chat.Member
	var ids []chat.MemberID
	for i := range rosterBatch + 3 {
		members = append(members, chat.Member{ID: chat.MemberID(fmt.Sprint(i)), Name: "x"})
		ids = append(ids, members[i].ID)
	}
	version := hold(t, st, r, members...).Version
	_, applied := setCall(t, st, r, version, ids, nil)
	assert.True(t, applied)
	assert.Len(t, inCall(t, st, r), len(ids))
	assert.Len(t, release(t, st, r, 0, ids...).OutOfCall, len(ids))
}

func testTurns(t *testing.T, s *server) {
	a, b := s.open(t, Options{}), s.open(t, Options{})
	what := string(room())
	take := func(st *Store, keep time.Duration) bool {
		mine, err := st.TakeTurn(ctx, what, keep)
		require.NoError(t, err)
		return mine
	}
	assert.True(t, take(a, time.Hour))
	assert.False(t, take(b, time.Hour))
	assert.False(t, take(a, time.Hour))

	what = string(room())
	assert.True(t, take(a, 50*time.Millisecond))
	testwait.Until(t, func() bool { return take(b, time.Hour) }, "a's turn did not end")
	assert.False(t, take(a, time.Hour))
}
