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

// value is what the tests' attributes have.
const value = "as told"

// mark gives members the attribute "mark" and takes it from others.
func mark(t *testing.T, st *Store, r chat.RoomID, version int64, give, take []chat.MemberID) (chat.RosterState, bool) {
	t.Helper()
	var changes []chat.AttributeChange
	for _, id := range give {
		changes = append(changes, chat.AttributeChange{Member: id, Key: "mark", Value: value})
	}
	for _, id := range take {
		changes = append(changes, chat.AttributeChange{Member: id, Key: "mark"})
	}
	state, applied, err := st.SetAttributes(ctx, r, version, changes)
	require.NoError(t, err)
	return state, applied
}

// marked are the names of who has it.
func marked(t *testing.T, st *Store, r chat.RoomID) []string {
	t.Helper()
	names := []string{}
	for _, m := range snapshot(t, st, r).Members {
		if m.Attributes != nil {
			assert.Equal(t, chat.Attributes{"mark": value}, m.Attributes)
			names = append(names, m.Name)
		}
	}
	return names
}

// removed are the ids of those whom a request took out.
func removed(state chat.RosterState) []chat.MemberID {
	var ids []chat.MemberID
	for _, m := range state.Removed {
		ids = append(ids, m.ID)
	}
	return ids
}

func testSeveralAttributes(t *testing.T, s *server) {
	st, r := s.open(t, Options{}), room()
	version := hold(t, st, r, ann).Version
	set := func(changes ...chat.AttributeChange) {
		t.Helper()
		for i := range changes {
			changes[i].Member = ann.ID
		}
		state, applied, err := st.SetAttributes(ctx, r, version, changes)
		require.NoError(t, err)
		require.True(t, applied)
		version = state.Version
	}
	have := func() chat.Attributes { return snapshot(t, st, r).Members[0].Attributes }
	set(chat.AttributeChange{Key: "b", Value: "2"}, chat.AttributeChange{Key: "a", Value: "1 and more"})
	assert.Equal(t, chat.Attributes{"a": "1 and more", "b": "2"}, have())
	set(chat.AttributeChange{Key: "a", Value: "3"})
	assert.Equal(t, chat.Attributes{"a": "3", "b": "2"}, have())
	before := version
	set(chat.AttributeChange{Key: "a", Value: "3"}, chat.AttributeChange{Key: "c"})
	assert.Equal(t, before, version, "nothing is to change")
	for i := range chat.MaxAttributes {
		set(chat.AttributeChange{Key: fmt.Sprint("k", i), Value: "x"})
	}
	assert.Len(t, have(), chat.MaxAttributes)
	set(chat.AttributeChange{Key: "a"})
	assert.NotContains(t, have(), "a")
	_, _, err := st.SetAttributes(ctx, r, version, []chat.AttributeChange{{Member: ann.ID, Key: "a", Value: "a\nb"}})
	require.Error(t, err)
	release(t, st, r, 0, ann.ID)
}

func testAttributes(t *testing.T, s *server) {
	a, b, r := s.open(t, Options{}), s.open(t, Options{}), room()
	l := followed(t, b, r)
	hold(t, a, r, ann)
	version := hold(t, b, r, bob).Version

	_, applied := mark(t, b, r, version-1, []chat.MemberID{ann.ID}, nil)
	assert.False(t, applied, "the roster is another one by now")
	assert.Empty(t, marked(t, a, r))

	state, applied := mark(t, b, r, version, []chat.MemberID{ann.ID, bob.ID, "nobody"}, []chat.MemberID{"nobody"})
	assert.True(t, applied)
	assert.Equal(t, version+2, state.Version)
	assert.Equal(t, []string{"Ann", "Bob"}, marked(t, a, r))
	assert.Equal(t, []string{"joined Ann 1", "joined Bob 2", "joined Ann 3", "joined Bob 4"}, told(t, l, 4))

	again, applied := mark(t, a, r, state.Version, []chat.MemberID{ann.ID}, nil)
	assert.True(t, applied)
	assert.Equal(t, state.Version, again.Version, "she is in it already")

	renamed := ann
	renamed.Name, renamed.Transport = "Anna", "poll"
	hold(t, b, r, renamed)
	assert.Equal(t, []string{"joined Anna 1"}, told(t, l, 1))
	assert.Equal(t, []string{"Anna", "Bob"}, marked(t, a, r), "who she is does not take her out")

	state, applied = mark(t, a, r, snapshot(t, a, r).Version, nil, []chat.MemberID{bob.ID})
	assert.True(t, applied)
	assert.Equal(t, []string{"joined Bob 1"}, told(t, l, 1))
	assert.Equal(t, []string{"Anna"}, marked(t, b, r))
	assert.Empty(t, state.Removed, "he is still there")
	release(t, a, r, 0, ann.ID)
	release(t, b, r, 0, ann.ID, bob.ID)
}

func testRemoved(t *testing.T, s *server) {
	a, dead, r := s.open(t, Options{}), s.open(t, Options{}), room()
	cid := chat.Member{ID: "cid-id", Name: "Cid"}
	hold(t, a, r, ann, cid)
	version := hold(t, dead, r, bob).Version
	_, applied := mark(t, a, r, version, []chat.MemberID{ann.ID, bob.ID}, nil)
	require.True(t, applied)

	hold(t, dead, r, ann)
	assert.Empty(t, removed(release(t, a, r, 0, ann.ID, cid.ID)), "cid was in no call, and dead still holds ann")
	hold(t, a, r, cid)
	lapse(t, dead, r, ann, bob)
	assert.ElementsMatch(t, []chat.MemberID{ann.ID, bob.ID}, removed(snapshot(t, a, r).RosterState))
	assert.Empty(t, removed(snapshot(t, a, r).RosterState), "it is told once")

	hold(t, a, r, ann)
	assert.Empty(t, marked(t, a, r), "who comes back is in no call")
	_, applied = mark(t, a, r, snapshot(t, a, r).Version, []chat.MemberID{ann.ID}, nil)
	require.True(t, applied)
	state := release(t, a, r, 0, ann.ID, cid.ID)
	assert.Equal(t, []chat.MemberID{ann.ID}, removed(state), "also when the room closes")
	assert.Zero(t, state.Version)
}

func testAttributesOfNobody(t *testing.T, s *server) {
	prefix := "no-call-" + string(room()) + ":"
	st, r := s.open(t, Options{KeyPrefix: prefix}), room()
	state, applied := mark(t, st, r, 0, []chat.MemberID{ann.ID}, nil)
	assert.True(t, applied, "it is as empty as it was")
	assert.Zero(t, state)
	assert.Empty(t, scanKeys(t, s, prefix))
	hold(t, st, r, ann)
	_, applied = mark(t, st, r, 0, nil, nil)
	assert.False(t, applied, "somebody has come")
	release(t, st, r, 0, ann.ID)
}

func testManyAttributes(t *testing.T, s *server) {
	st, r := s.open(t, Options{}), room()
	var members []chat.Member
	var ids []chat.MemberID
	for i := range rosterBatch + 3 {
		members = append(members, chat.Member{ID: chat.MemberID(fmt.Sprint(i)), Name: "x"})
		ids = append(ids, members[i].ID)
	}
	version := hold(t, st, r, members...).Version
	_, applied := mark(t, st, r, version, ids, nil)
	assert.True(t, applied)
	assert.Len(t, marked(t, st, r), len(ids))
	assert.Len(t, release(t, st, r, 0, ids...).Removed, len(ids))
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
