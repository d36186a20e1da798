package chat

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheFeedsCopyOfWhatIsShownWakesNobody(t *testing.T) {
	own, next := Cursor{Seq: 7, Tag: 1}, Cursor{Seq: 8, Tag: 2}
	b := newInbox()
	b.shown.Store(mark(own))
	b.Notice(Appended{Entry: Entry{ID: own}})
	require.Empty(t, b.wake)
	require.Equal(t, own.Seq, b.fed.Load())

	b.Notice(Appended{Entry: Entry{ID: next}})
	require.Len(t, b.wake, 1)
	b.Notice(Appended{Entry: Entry{ID: own}}) // what waits is taken in its order
	_, notices, _ := b.take()
	require.Len(t, notices, 2)
}

func TestAnotherLogsEntryIsNotTakenForTheOneShown(t *testing.T) {
	b := newInbox()
	b.shown.Store(mark(Cursor{Seq: 7, Tag: 1}))
	for _, other := range []Cursor{{Seq: 7, Tag: 2}, {Seq: 6, Tag: 1}} {
		b.Notice(Appended{Entry: Entry{ID: other}})
		require.Len(t, b.wake, 1)
		b.take()
		<-b.wake
	}
}
