package attachmentstest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/chat"
)

// Backend is what keeps the rooms and the records, as one node has it.
type Backend interface {
	attachments.Records
	chat.Log
	chat.Feed
	chat.Roster
	chat.Marks
	chat.RuleKeeper
	chat.Records
}

// Kind is what a suite is run over. What one Kind opens is one bucket and one storage.
type Kind struct {
	// Bucket opens the bucket, for one more node.
	Bucket func(t testing.TB) *attachments.Bucket
	// Backend opens what keeps the rooms, for one more node, with so many messages kept of each; for
	// 0 as many as usual.
	Backend func(t testing.TB, history int) Backend
}

// TestStore is what every bucket has to pass.
func TestStore(t *testing.T, k Kind) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Kind)
	}{
		{"what was sent in parts is read as it was", testParts},
		{"an upload goes on on another node", testResumed},
		{"of two that add at one place one does", testAtOnce},
		{"a file that ends early is not whole", testIncomplete},
		{"a lost object is told, and found", testLost},
		{"a lost smaller picture costs no more", testLostThumb},
		{"what is too much is refused before it comes", testTooMuch},
		{"what grows too large is refused as it comes", testGrows},
		{"only so many are sent at once", testSlots},
		{"who may name a file", testAttach},
		{"a file in no message goes after its time", testIdle},
		{"a file goes with its message", testGoesWithItsMessage},
		{"what a crash has left is found", testCrash},
		{"a file that was never posted is taken back", testTakenBack},
		{"a bucket that is away and back", testAway},
		{"a bucket that is full", testFull},
		{"a picture is looked into, and cleaned", testPicture},
		{"an infected file is shown to nobody", testScan},
		{"a file is finished twice at once", testFinishedMeanwhile},
		{"a file is put back from another store", testRestored},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, k) })
	}
}

var ann, bob = chat.Principal{ID: "ann", Name: "Ann", Client: "ann"}, chat.Principal{ID: "bob", Name: "Bob", Client: "bob"}

// store is one node's store of files.
func (k Kind) store(t testing.TB, o attachments.Options) *attachments.Store {
	t.Helper()
	s, _ := k.storeAndBucket(t, o)
	return s
}

func (k Kind) storeAndBucket(t testing.TB, o attachments.Options) (*attachments.Store, *attachments.Bucket) {
	t.Helper()
	bucket := k.Bucket(t)
	return attachments.NewStore(bucket, k.Backend(t, 0), o), bucket
}

// random is content that nothing makes smaller.
func random(size int) []byte {
	content := make([]byte, size)
	source := rand.NewChaCha8([32]byte{1, byte(size), byte(size >> 8)})
	_, _ = source.Read(content) // never fails
	return content
}

func create(t testing.TB, s *attachments.Store, room chat.RoomID, length int64) attachments.Record {
	t.Helper()
	r, err := s.Create(context.Background(), attachments.New{Room: room, By: ann, Name: "a.bin", Type: "application/octet-stream", Length: length})
	require.NoError(t, err)
	require.Equal(t, chat.FileUploading, r.State)
	return r
}

// upload makes a file that is ready.
func upload(t testing.TB, s *attachments.Store, room chat.RoomID, content []byte) chat.File {
	t.Helper()
	ctx := context.Background()
	r := create(t, s, room, int64(len(content)))
	_, err := s.Write(ctx, room, r.ID, 0, bytes.NewReader(content))
	require.NoError(t, err)
	f, err := s.Finish(ctx, room, r.ID)
	require.NoError(t, err)
	return f
}

func read(t testing.TB, s *attachments.Store, room chat.RoomID, id string) []byte {
	t.Helper()
	_, r, err := s.Open(context.Background(), room, id)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	content, err := io.ReadAll(r)
	require.NoError(t, err)
	return content
}

// objects are the keys of a bucket that are of a file.
func objects(t testing.TB, b *attachments.Bucket, id string) (keys []string) {
	t.Helper()
	list := b.List(nil)
	for {
		o, err := list.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return keys
		}
		require.NoError(t, err)
		if strings.Contains(o.Key, "/"+id+"/") {
			keys = append(keys, o.Key)
		}
	}
}

func testParts(t *testing.T, k Kind) {
	s, bucket := k.storeAndBucket(t, attachments.Options{})
	room, ctx := chat.NewRoomID(), context.Background()
	content := random(2*attachments.PartSize + 12345)
	f := upload(t, s, room, content)
	sum := sha256.Sum256(content)
	require.Equal(t, hex.EncodeToString(sum[:]), f.SHA256)
	require.EqualValues(t, len(content), f.Size)
	require.Len(t, objects(t, bucket, f.ID), 3)
	require.Equal(t, content, read(t, s, room, f.ID))

	_, r, err := s.Open(ctx, room, f.ID)
	require.NoError(t, err)
	defer func() { _ = r.Close() }()
	size, err := r.Seek(0, io.SeekEnd)
	require.NoError(t, err)
	require.EqualValues(t, len(content), size)
	for _, at := range []int{attachments.PartSize - 3, 0, len(content) - 5, 2 * attachments.PartSize, 7} {
		_, err := r.Seek(int64(at), io.SeekStart)
		require.NoError(t, err)
		piece := make([]byte, min(10, len(content)-at))
		_, err = io.ReadFull(r, piece)
		require.NoError(t, err)
		require.Equal(t, content[at:at+len(piece)], piece)
	}
	n, err := r.Read(make([]byte, 1))
	require.NoError(t, err)
	require.Equal(t, 1, n)
	_, err = r.Seek(-1, io.SeekStart)
	require.Error(t, err)

	empty := upload(t, s, room, nil)
	require.Zero(t, empty.Size)
	require.Empty(t, read(t, s, room, empty.ID))
	again, err := s.Finish(ctx, room, f.ID)
	require.NoError(t, err)
	require.Equal(t, f, again, "finished once more")
	long, err := s.Create(ctx, attachments.New{Room: room, By: ann, Type: "text/" + strings.Repeat("x", 1<<10), Length: 1})
	require.NoError(t, err)
	require.Empty(t, long.Type, "what is no type takes no room")
	_, err = s.Get(ctx, room, "none")
	require.ErrorIs(t, err, attachments.ErrNotFound)
}

var errCut = errors.New("the connection was cut")

// cut is a body that breaks off, and whoever sent it is gone then.
type cut struct {
	r    io.Reader
	gone func()
}

func (c cut) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if errors.Is(err, io.EOF) {
		err = errCut
		c.gone()
	}
	return n, err
}

func testResumed(t *testing.T, k Kind) {
	a, bucket := k.storeAndBucket(t, attachments.Options{})
	b := k.store(t, attachments.Options{})
	room, ctx := chat.NewRoomID(), context.Background()
	content := random(attachments.PartSize + 100_000)
	r := create(t, a, room, int64(len(content)))
	here, gone := context.WithCancel(ctx)
	r, err := a.Write(here, room, r.ID, 0, cut{bytes.NewReader(content[:70_000]), gone})
	require.ErrorIs(t, err, errCut)
	require.EqualValues(t, 70_000, r.Offset, "what came is kept")
	r, err = b.Get(ctx, room, r.ID)
	require.NoError(t, err)
	require.EqualValues(t, 70_000, r.Offset)
	_, err = b.Finish(ctx, room, r.ID)
	require.ErrorIs(t, err, attachments.ErrIncomplete)
	_, err = b.Write(ctx, room, r.ID, 0, bytes.NewReader(content))
	require.ErrorIs(t, err, attachments.ErrOffset)
	r, err = b.Write(ctx, room, r.ID, 70_000, cut{bytes.NewReader(content[70_000:100_000]), func() {}})
	require.ErrorIs(t, err, errCut)
	_, err = a.Write(ctx, room, r.ID, r.Offset, cut{bytes.NewReader(nil), func() {}})
	require.ErrorIs(t, err, errCut, "nothing came")
	r, err = a.Write(ctx, room, r.ID, r.Offset, bytes.NewReader(content[r.Offset:]))
	require.NoError(t, err)
	require.EqualValues(t, len(content), r.Offset)
	f, err := b.Finish(ctx, room, r.ID)
	require.NoError(t, err)
	sum := sha256.Sum256(content)
	require.Equal(t, hex.EncodeToString(sum[:]), f.SHA256)
	require.Equal(t, content, read(t, a, room, f.ID))
	require.Len(t, objects(t, bucket, f.ID), 3)
	_, err = a.Write(ctx, room, r.ID, r.Offset, bytes.NewReader(nil))
	require.ErrorIs(t, err, attachments.ErrOffset, "it is finished")
}

func testAtOnce(t *testing.T, k Kind) {
	a, bucket := k.storeAndBucket(t, attachments.Options{})
	b := k.store(t, attachments.Options{})
	room, ctx := chat.NewRoomID(), context.Background()
	content := random(50_000)
	r := create(t, a, room, -1)
	var running sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		s := []*attachments.Store{a, b}[i%2]
		running.Go(func() { _, errs[i] = s.Write(ctx, room, r.ID, 0, bytes.NewReader(content)) })
	}
	running.Wait()
	done := 0
	for _, err := range errs {
		if err == nil {
			done++
		} else {
			require.ErrorIs(t, err, attachments.ErrOffset)
		}
	}
	require.Equal(t, 1, done)
	require.Len(t, objects(t, bucket, r.ID), 1, "what the others wrote is gone")
	for range 2 {
		running.Go(func() { _, _ = a.Finish(ctx, room, r.ID) })
	}
	running.Wait()
	require.Equal(t, content, read(t, b, room, r.ID))
}

func testIncomplete(t *testing.T, k Kind) {
	s, room, ctx := k.store(t, attachments.Options{}), chat.NewRoomID(), context.Background()
	r := create(t, s, room, 10)
	_, _, err := s.Open(ctx, room, r.ID)
	require.ErrorIs(t, err, attachments.ErrIncomplete)
	_, err = s.Write(ctx, room, r.ID, 0, strings.NewReader("12345"))
	require.NoError(t, err)
	_, err = s.Finish(ctx, room, r.ID)
	require.ErrorIs(t, err, attachments.ErrIncomplete)
	var size *attachments.SizeError
	_, err = s.Write(ctx, room, r.ID, 5, strings.NewReader("67890 and more"))
	require.ErrorAs(t, err, &size)
	_, err = s.Finish(ctx, room, r.ID)
	require.NoError(t, err, "what was said to come has come")
	require.Equal(t, "1234567890", string(read(t, s, room, r.ID)))
}

func testLost(t *testing.T, k Kind) {
	s, bucket := k.storeAndBucket(t, attachments.Options{})
	room, ctx := chat.NewRoomID(), context.Background()
	f := upload(t, s, room, random(2*attachments.PartSize+5))
	r, err := s.Get(ctx, room, f.ID)
	require.NoError(t, err)
	require.NoError(t, bucket.Delete(ctx, r.Parts[1].Key))
	_, content, err := s.Open(ctx, room, f.ID)
	require.NoError(t, err)
	defer func() { _ = content.Close() }()
	_, err = io.ReadAll(content)
	require.ErrorIs(t, err, attachments.ErrGone)

	check := func(fix bool) (about []attachments.Problem) {
		_, err := s.Check(ctx, fix, func(p attachments.Problem) {
			if p.Room == room {
				about = append(about, p)
			}
		})
		require.NoError(t, err)
		return about
	}
	found := check(false)
	require.Len(t, found, 1)
	require.Equal(t, r.Parts[1].Key, found[0].Key)
	require.False(t, found[0].Fixed)
	require.Len(t, check(true), 1)
	require.Empty(t, check(false))
	_, _, err = s.Open(ctx, room, f.ID)
	require.ErrorIs(t, err, attachments.ErrGone)
	require.Empty(t, objects(t, bucket, f.ID), "what is left of it is of no use")

	whole := upload(t, s, room, random(5))
	r, err = s.Get(ctx, room, whole.ID)
	require.NoError(t, err)
	require.NoError(t, bucket.Delete(ctx, r.Parts[0].Key))
	_, _, err = s.Open(ctx, room, whole.ID)
	require.ErrorIs(t, err, attachments.ErrGone)
}
