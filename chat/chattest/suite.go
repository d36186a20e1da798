package chattest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
)

// Backend is a store as one node has it.
type Backend interface {
	chat.Log
	chat.Feed
	chat.Roster
	chat.Marks
	chat.RuleKeeper
	chat.OwnedRooms
	chat.Records
	chat.Buckets
	chat.FileRecords
	chat.FileRooms
}

// Open opens a store for one more node. All that a test opens is one storage; rooms are apart by
// their ids.
type Open func(t testing.TB, o Options) Backend

// TestStore is what every store has to pass. Skipped are tests by their names, for a store that is
// another one with a slower engine.
func TestStore(t *testing.T, open Open, skipped ...string) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Open)
	}{
		{"entries are numbered in one order by several nodes at once", testNumbering},
		{"a key posts once", testRepeat},
		{"a key posts once from two nodes at once", testRepeatAtOnce},
		{"a key is for one thing", testKeyReused},
		{"a log is trimmed and its tags chain", testTrim},
		{"a log expires", testExpiry},
		{"reading creates nothing", testReadCreatesNothing},
		{"a caller who gives up gets its own error", testCancelled},
		{"notices come in order after Following", testNotices},
		{"every kind is read as it was appended", testKinds},
		{"an edit", testEdit},
		{"an edit of what has files", testEditWithFiles},
		{"a deletion", testDelete},
		{"reactions", testReactions},
		{"reactions are bounded", testReactionLimits},
		{"who may amend what", testRules},
		{"a reply quotes what is said now", testQuotes},
		{"amendments push no message out", testAmendmentsApart},
		{"a dropped amendment is a reset for whoever needs it", testDroppedAmendments},
		{"amendments go with the last message that they may be about", testOldAmendments},
		{"an amendment keeps the log", testAmendmentKeeps},
		{"a mark moves forward only", testMarks},
		{"a session has the marks that it moved last", testManyMarks},
		{"what is unread is counted from a part of the log", testSince},
		{"records are kept, bounded and taken away", testRecords},
		{"records expire", testRecordsExpire},
		{"a record is used up by those whom it lets in", testRecordsUsed},
		{"records go with the room's owner", testRecordsGoWithTheOwner},
		{"a record lets no more in than it says, by several nodes at once", testRecordsUsedAtOnce},
		{"a room that must be there", testExisting},
		{"what is known of a file is kept as it is", testFileRecords},
		{"no change of a file overwrites another", testFilesAtOnce},
		{"a room's files have a total", testFilesTotal},
		{"rooms with files are looked at by one node each", testFileRooms},
		{"a log's mark changes with the log", testLogMark},
		{"a bucket gives what it has, and no more", testBuckets},
		{"a bucket fills by its rate", testBucketRefills},
		{"what is held ahead does not come back twice", testBucketAhead},
		{"a bucket is one for all nodes", testBucketAtOnce},
		{"rules are kept as they are", testRulesAreKept},
		{"a room nobody owns is cleared", testUnownedRoomIsCleared},
		{"what was decided by other rules is not done", testRulesAreCompared},
		{"a repeat is judged by the rules of now", testRepeatsAreCompared},
		{"no change of rules overwrites another", testRulesAtOnce},
		{"a change of rules has its place in the log", testRulesAreTold},
		{"clearing leaves the notice of it", testClear},
		{"closing leaves that it was closed", testCloseForGood},
		{"a room is owned by who is alone in it", testAlone},
		{"slow mode holds on all nodes", testSlowMode},
		{"a full room takes nobody more", testFull},
		{"a room keeps less than the store if it is to", testKeeping},
		{"who was let in is, until that is revoked", testGrants},
		{"when a session first came is known", testArrivals},
		{"owned rooms are counted", testOwnedRoomsAreCounted},
		{"an owner is seen", testOwnersAreSeen},
		{"whatever is done, two stores say the same", testModel},
	} {
		t.Run(c.name, func(t *testing.T) {
			if slices.Contains(skipped, c.name) {
				t.Skip("as the caller wants it")
			}
			c.test(t, open)
		})
	}
}

var ann, bob = chat.Author{ID: "ann-id", Name: "Ann <&>"}, chat.Author{ID: "bob-id", Name: "Bob", Guest: true}

func says(from chat.Author, text string) chat.Draft {
	return chat.Draft{From: from, Client: string(from.ID), Payload: chat.Message{Text: text}}
}

func amends(from chat.Author, target chat.Entry, p chat.Payload) chat.Draft {
	return chat.Draft{From: from, Client: string(from.ID), Target: target.ID, Payload: p}
}

func reacts(from chat.Author, target chat.Entry, emoji string, on bool) chat.Draft {
	return amends(from, target, chat.Reaction{Emoji: emoji, On: on})
}

// post appends what has to be new.
func post(t testing.TB, l chat.Log, room chat.RoomID, d chat.Draft) chat.Entry {
	t.Helper()
	e, repeated, err := l.Append(context.Background(), room, d)
	require.NoError(t, err)
	require.False(t, repeated)
	require.False(t, e.ID.IsZero())
	return e
}

// refuse appends what can't be.
func refuse(t testing.TB, l chat.Log, room chat.RoomID, d chat.Draft, want error) {
	t.Helper()
	_, _, err := l.Append(context.Background(), room, d)
	require.ErrorIs(t, err, want)
	require.NotErrorIs(t, err, chat.ErrUnavailable)
}

func read(t testing.TB, l chat.Log, room chat.RoomID) chat.Kept {
	t.Helper()
	kept, err := l.Read(context.Background(), room)
	require.NoError(t, err)
	require.NoError(t, kept.Check())
	return kept
}

// message is a kept message as it is now.
func message(t testing.TB, l chat.Log, room chat.RoomID, id chat.Cursor) (chat.Message, chat.Entry) {
	t.Helper()
	e, ok := read(t, l, room).At(id.Seq)
	require.True(t, ok)
	require.Equal(t, id, e.ID)
	require.IsType(t, chat.Message{}, e.Payload)
	return e.Payload.(chat.Message), e
}

// listener is somebody who follows a room.
type listener struct{ notices chan chat.Notice }

func (l listener) Notice(n chat.Notice) { l.notices <- n }

func follow(t testing.TB, f chat.Feed, room chat.RoomID) listener {
	t.Helper()
	l := listener{make(chan chat.Notice, 1000)}
	t.Cleanup(f.Follow(room, l))
	require.Equal(t, chat.Following{}, l.next(t))
	return l
}

func (l listener) next(t testing.TB) chat.Notice {
	t.Helper()
	select {
	case n := <-l.notices:
		return n
	case <-time.After(testwait.Limit):
		require.FailNow(t, "nothing was told")
		return nil
	}
}

func testNotices(t *testing.T, open Open) {
	a, b, room := open(t, Options{}), open(t, Options{}), chat.NewRoomID()
	l := follow(t, b, room)
	var said []chat.Entry
	for _, text := range []string{"one", "two", "three"} {
		said = append(said, post(t, a, room, says(ann, text)))
	}
	said = append(said, post(t, a, room, amends(ann, said[0], chat.Edit{Text: "first"})))
	require.NoError(t, a.Signal(context.Background(), room, chat.Leaving{Member: ann.ID}))
	for _, e := range said {
		require.Equal(t, chat.Appended{Entry: e}, l.next(t))
	}
	require.Equal(t, chat.Leaving{Member: ann.ID}, l.next(t))
}
