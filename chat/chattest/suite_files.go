package chattest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
)

// fileRecord is one of a file with all that a file can have.
func fileRecord(room chat.RoomID, id string) chat.FileRecord {
	return chat.FileRecord{
		File: chat.File{
			ID: id, Name: "a \"b\" <c> \u2028 ж.png", Type: "image/png", Size: 9, SHA256: "00", Width: 3, Height: 4, Preview: "data:,",
			Animated: true, Duration: 1.5, Wave: chat.Wave{0, 31, 7},
		},
		Room: room, Owner: "ann", Network: "n", State: chat.FileReady, Length: 9, Offset: 9, Sent: 11,
		Parts: []chat.FilePart{{Key: "k/1", Size: 4}, {Key: "k/2", Size: 5}}, Hash: []byte{0, 255, 7},
		Thumb: chat.FilePart{Key: "k/t", Size: 2}, ThumbType: "image/jpeg", Created: toMillis(time.Now()),
	}
}

const noTotal = 1 << 50

func putFile(t testing.TB, s Backend, r chat.FileRecord) chat.FileRecord {
	t.Helper()
	r, err := s.PutFile(context.Background(), r, noTotal, time.Hour)
	require.NoError(t, err)
	return r
}

func testFileRecords(t *testing.T, open Open) {
	a, b, room, ctx := open(t, Options{}), open(t, Options{}), chat.NewRoomID(), context.Background()
	_, ok, err := a.File(ctx, room, "one")
	require.NoError(t, err)
	require.False(t, ok)
	none, err := a.RoomFiles(ctx, room)
	require.NoError(t, err)
	require.Empty(t, none)

	one := putFile(t, a, fileRecord(room, "one"))
	require.EqualValues(t, 1, one.Revision)
	require.WithinDuration(t, time.Now(), one.Touched, testwait.Limit)
	got, ok, err := b.File(ctx, room, "one")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, one, got)
	want := fileRecord(room, "one")
	want.Revision, want.Touched, want.Created = got.Revision, got.Touched, got.Created
	require.Equal(t, want, got)

	least := putFile(t, b, chat.FileRecord{
		File: chat.File{ID: "two"}, Room: room, Owner: "bob", State: chat.FileUploading, Length: -1, Created: one.Created.Add(time.Millisecond),
	})
	all, err := a.RoomFiles(ctx, room)
	require.NoError(t, err)
	require.Equal(t, []chat.FileRecord{one, least}, all)

	one.State = chat.FilePosted
	newer := putFile(t, b, one)
	require.EqualValues(t, 2, newer.Revision)
	_, err = a.PutFile(ctx, one, noTotal, time.Hour)
	require.ErrorIs(t, err, chat.ErrFileChanged)
	require.NotErrorIs(t, err, chat.ErrUnavailable)
	require.ErrorIs(t, a.DropFile(ctx, one), chat.ErrFileChanged)
	again := fileRecord(room, "one")
	_, err = a.PutFile(ctx, again, noTotal, time.Hour)
	require.ErrorIs(t, err, chat.ErrFileChanged, "a new one is not there yet")

	require.NoError(t, a.DropFile(ctx, newer))
	require.NoError(t, a.DropFile(ctx, least))
	all, err = b.RoomFiles(ctx, room)
	require.NoError(t, err)
	require.Empty(t, all)
	rooms, err := b.RoomsWithFiles(ctx)
	require.NoError(t, err)
	require.NotContains(t, rooms, room)
}

func testFilesAtOnce(t *testing.T, open Open) {
	a, b, room, ctx := open(t, Options{}), open(t, Options{}), chat.NewRoomID(), context.Background()
	first := fileRecord(room, "one")
	first.Offset, first.Parts = 0, nil
	putFile(t, a, first)
	const each = 20
	var running sync.WaitGroup
	for _, s := range []Backend{a, b} {
		running.Go(func() {
			for range each {
				for {
					r, ok, err := s.File(ctx, room, "one")
					if err != nil || !ok {
						t.Errorf("reading the record: %v %v", ok, err)
						return
					}
					r.Parts = append(r.Parts, chat.FilePart{Key: fmt.Sprint(r.Offset), Size: 1})
					r.Offset++
					if _, err = s.PutFile(ctx, r, noTotal, time.Hour); err == nil {
						break
					}
				}
			}
		})
	}
	running.Wait()
	r, _, err := a.File(ctx, room, "one")
	require.NoError(t, err)
	require.EqualValues(t, 2*each, r.Offset)
	for i, part := range r.Parts {
		require.Equal(t, fmt.Sprint(i), part.Key)
	}
}

func testFilesTotal(t *testing.T, open Open) {
	a, b, room, ctx := open(t, Options{}), open(t, Options{}), chat.NewRoomID(), context.Background()
	const total = 10 * chat.FileLeast
	of := func(id string, length int64) chat.FileRecord {
		return chat.FileRecord{File: chat.File{ID: id}, Room: room, State: chat.FileUploading, Length: length}
	}
	put := func(s Backend, r chat.FileRecord) (chat.FileRecord, error) {
		return s.PutFile(ctx, r, total, time.Hour)
	}
	small, err := put(a, of("small", 1))
	require.NoError(t, err)
	open9, err := put(b, of("open", -1))
	require.NoError(t, err)
	var full *chat.RoomFilesError
	_, err = put(b, of("large", 8*chat.FileLeast+1))
	require.ErrorAs(t, err, &full)
	require.Equal(t, chat.RoomFilesError{Limit: total, Used: 2 * chat.FileLeast, Size: 8*chat.FileLeast + 1}, *full)
	require.NotErrorIs(t, err, chat.ErrUnavailable)
	large, err := put(a, of("large", 8*chat.FileLeast))
	require.NoError(t, err)
	_, err = put(a, of("one more", 1))
	require.ErrorAs(t, err, &full)

	open9.Offset = chat.FileLeast
	open9, err = put(a, open9)
	require.NoError(t, err)
	open9.Offset++
	_, err = put(a, open9)
	require.ErrorAs(t, err, &full, "what grows beyond it")
	large.State = chat.FilePosted
	large, err = a.PutFile(ctx, large, 1, time.Hour)
	require.NoError(t, err, "what does not grow is kept, also when the total has become less")
	large.State = chat.FileGone
	_, err = put(b, large)
	require.NoError(t, err)
	_, err = put(a, open9)
	require.NoError(t, err, "what is gone counts no more")
	require.NoError(t, b.DropFile(ctx, small))

	// All that is there at once, by several nodes.
	var running sync.WaitGroup
	var in atomic.Int64
	other := chat.NewRoomID()
	for i := range 30 {
		s := []Backend{a, b}[i%2]
		running.Go(func() {
			r := of(fmt.Sprint(i), 1)
			r.Room = other
			if _, err := put(s, r); err == nil {
				in.Add(1)
			}
		})
	}
	running.Wait()
	require.EqualValues(t, 10, in.Load())
}

func testFileRooms(t *testing.T, open Open) {
	a, b, ctx := open(t, Options{}), open(t, Options{}), context.Background()
	rooms := []chat.RoomID{chat.NewRoomID(), chat.NewRoomID(), chat.NewRoomID()}
	files := map[chat.RoomID]chat.FileRecord{}
	for i, room := range rooms {
		look := time.Duration(0)
		if i == 2 {
			look = time.Hour
		}
		r, err := a.PutFile(ctx, fileRecord(room, "one"), noTotal, look)
		require.NoError(t, err)
		files[room] = r
	}
	all, err := b.RoomsWithFiles(ctx)
	require.NoError(t, err)
	require.Subset(t, all, rooms)

	ours := func(s Backend, claim time.Duration) (due []chat.DueRoom) {
		found, err := s.DueRooms(ctx, claim)
		require.NoError(t, err)
		for _, room := range found {
			if slices.Contains(rooms, room.ID) {
				due = append(due, room)
			}
		}
		return due
	}
	due := ours(a, time.Hour)
	require.ElementsMatch(t, rooms[:2], []chat.RoomID{due[0].ID, due[1].ID})
	require.Empty(t, ours(b, time.Hour), "another node has them")

	require.NoError(t, a.LookAgain(ctx, due[0], 0))
	again := ours(b, time.Hour)
	require.Len(t, again, 1)
	require.Equal(t, due[0].ID, again[0].ID)

	_, err = a.PutFile(ctx, files[due[1].ID], noTotal, 0) // something has happened meanwhile
	require.NoError(t, err)
	require.NoError(t, a.LookAgain(ctx, due[1], time.Hour))
	sooner := ours(b, time.Hour)
	require.Len(t, sooner, 1)
	require.Equal(t, due[1].ID, sooner[0].ID)
	require.NoError(t, b.LookAgain(ctx, sooner[0], time.Hour))

	require.NoError(t, b.LookAgain(ctx, again[0], 20*time.Millisecond))
	testwait.Until(t, func() bool { return len(ours(a, time.Hour)) == 1 }, "the room is not due again")
}

func testLogMark(t *testing.T, open Open) {
	s, room, ctx := open(t, Options{HistoryLimit: 2}), chat.NewRoomID(), context.Background()
	seen := map[string]bool{}
	next := func(what string) {
		t.Helper()
		mark, err := s.LogMark(ctx, room)
		require.NoError(t, err)
		require.False(t, seen[mark], what)
		seen[mark] = true
		same, err := s.LogMark(ctx, room)
		require.NoError(t, err)
		require.Equal(t, mark, same)
	}
	next("empty")
	one := post(t, s, room, says(ann, "one"))
	next("one")
	post(t, s, room, amends(ann, one, chat.Delete{}))
	next("deleted")
	post(t, s, room, says(ann, "two"))
	next("two")
	post(t, s, room, says(ann, "three"))
	next("pushed out")
}
