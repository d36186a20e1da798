package attachmentstest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"image"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
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
		{"what is too much is refused before it comes", testTooMuch},
		{"what grows too large is refused as it comes", testGrows},
		{"only so many are sent at once", testSlots},
		{"who may name a file", testAttach},
		{"a file in no message goes after its time", testIdle},
		{"a file goes with its message", testGoesWithItsMessage},
		{"what a crash has left is found", testCrash},
		{"a file that was never posted is taken back", testTakenBack},
		{"a bucket that is away and back", testAway},
		{"a picture is looked into, and cleaned", testPicture},
		{"an infected file is shown to nobody", testScan},
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

func testTooMuch(t *testing.T, k Kind) {
	const least = chat.FileLeast
	s, room, ctx := k.store(t, attachments.Options{FileSize: 4 * least, RoomFiles: 10 * least}), chat.NewRoomID(), context.Background()
	ask := func(length int64) error {
		_, err := s.Create(ctx, attachments.New{Room: room, By: ann, Length: length})
		return err
	}
	var size *attachments.SizeError
	require.ErrorAs(t, ask(4*least+1), &size)
	require.Equal(t, attachments.SizeError{What: "file", Limit: 4 * least, Size: 4*least + 1}, *size)
	require.NoError(t, ask(4*least))
	require.NoError(t, ask(4*least))
	require.ErrorAs(t, ask(3*least), &size)
	require.Equal(t, attachments.SizeError{What: "room", Limit: 10 * least, Size: 11 * least}, *size)
	require.NoError(t, ask(2*least))
}

func testGrows(t *testing.T, k Kind) {
	const most = 3 * chat.FileLeast
	s, bucket := k.storeAndBucket(t, attachments.Options{FileSize: most, RoomFiles: most})
	room, ctx := chat.NewRoomID(), context.Background()
	r := create(t, s, room, -1)
	var size *attachments.SizeError
	_, err := s.Write(ctx, room, r.ID, 0, bytes.NewReader(random(most+1)))
	require.ErrorAs(t, err, &size)
	require.Equal(t, "file", size.What)
	require.NoError(t, s.Remove(ctx, room, r.ID))
	require.Empty(t, objects(t, bucket, r.ID))

	r = create(t, s, room, -1)
	other := create(t, s, room, -1)
	_, err = s.Write(ctx, room, r.ID, 0, bytes.NewReader(random(most)))
	require.ErrorAs(t, err, &size)
	require.Equal(t, "room", size.What)
	require.Empty(t, objects(t, bucket, r.ID), "what does not fit is not kept")
	_, err = s.Write(ctx, room, other.ID, 0, bytes.NewReader(random(10)))
	require.NoError(t, err)
}

func testSlots(t *testing.T, k Kind) {
	s, room, ctx := k.store(t, attachments.Options{AtOnce: 2, AtOnceEach: 1}), chat.NewRoomID(), context.Background()
	from := func(network string) attachments.Record {
		who := ann
		who.NetworkKey = network
		r, err := s.Create(ctx, attachments.New{Room: room, By: who, Length: -1})
		require.NoError(t, err)
		return r
	}
	one, same, other, third := from("one"), from("one"), from("two"), from("three")
	body, feed := io.Pipe()
	var running sync.WaitGroup
	begin := func(r attachments.Record, body io.Reader) {
		running.Go(func() {
			_, err := s.Write(ctx, room, r.ID, 0, body)
			if err != nil {
				t.Errorf("an upload under way: %v", err)
			}
		})
	}
	begin(one, body)
	_, err := feed.Write([]byte("it is being read"))
	require.NoError(t, err)
	_, err = s.Write(ctx, room, same.ID, 0, strings.NewReader("x"))
	require.ErrorIs(t, err, attachments.ErrBusy)
	body2, feed2 := io.Pipe()
	begin(other, body2)
	_, err = feed2.Write([]byte("so is this"))
	require.NoError(t, err)
	_, err = s.Write(ctx, room, third.ID, 0, strings.NewReader("x"))
	require.ErrorIs(t, err, attachments.ErrBusy)
	require.NoError(t, feed.Close())
	require.NoError(t, feed2.Close())
	running.Wait()
	_, err = s.Write(ctx, room, same.ID, 0, strings.NewReader("x"))
	require.NoError(t, err)
}

// eventually waits for what sweeps lead to.
func eventually(t testing.TB, s *attachments.Store, what string, is func() bool) {
	t.Helper()
	testwait.Until(t, func() bool {
		require.NoError(t, s.Sweep(context.Background()))
		return is()
	}, what)
}

const soon = 50 * time.Millisecond

// photo is a JPEG of that size with a place in its metadata.
func photo(t testing.TB, width, height int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range m.Pix {
		m.Pix[i] = byte(i * 7)
	}
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, m, nil))
	exif := "Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00" + secretPlace
	app1 := append([]byte{0xff, 0xe1, 0, byte(len(exif) + 2)}, exif...)
	return slices.Concat(b.Bytes()[:2], app1, b.Bytes()[2:])
}

const secretPlace = "52.5200 N 13.4050 E"

func testPicture(t *testing.T, k Kind) {
	s, bucket := k.storeAndBucket(t, attachments.Options{})
	room, ctx := chat.NewRoomID(), context.Background()
	content := photo(t, 1600, 900)
	require.Contains(t, string(content), secretPlace)
	f := upload(t, s, room, content)
	require.Equal(t, "image/jpeg", f.Type)
	require.Equal(t, []int{1600, 900}, []int{f.Width, f.Height})
	require.True(t, strings.HasPrefix(f.Preview, "data:image/"), f.Preview)
	got := read(t, s, room, f.ID)
	require.NotContains(t, string(got), secretPlace)
	require.EqualValues(t, len(got), f.Size)
	sum := sha256.Sum256(got)
	require.Equal(t, hex.EncodeToString(sum[:]), f.SHA256)
	require.Len(t, objects(t, bucket, f.ID), 2, "what was sent is gone")

	r, err := s.Get(ctx, room, f.ID)
	require.NoError(t, err)
	thumb, err := s.OpenThumb(ctx, r)
	require.NoError(t, err)
	defer func() { require.NoError(t, thumb.Close()) }()
	small, _, err := image.DecodeConfig(thumb)
	require.NoError(t, err)
	require.Equal(t, 1280, small.Width)
	require.Equal(t, "image/jpeg", r.ThumbType)
	require.NoError(t, s.Remove(ctx, room, f.ID))
	require.Empty(t, objects(t, bucket, f.ID))

	broken := upload(t, s, room, content[:200])
	require.Equal(t, "application/octet-stream", broken.Type, "what begins as a picture and is none")
	plain := upload(t, s, room, []byte("just words"))
	require.Equal(t, "text/plain", plain.Type)
	_, err = s.OpenThumb(ctx, attachments.Record{})
	require.ErrorIs(t, err, attachments.ErrNotFound)

	// A PNG that claims to have 40,000 times 40,000 pixels.
	bomb := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x9c\x40\x00\x00\x9c\x40\x08\x06\x00\x00\x00"), 0, 0, 0, 0)
	binary.BigEndian.PutUint32(bomb[29:], crc32.ChecksumIEEE(bomb[12:29]))
	claims := create(t, s, room, -1)
	_, err = s.Write(ctx, room, claims.ID, 0, bytes.NewReader(bomb))
	require.NoError(t, err)
	_, err = s.Finish(ctx, room, claims.ID)
	var size *attachments.SizeError
	require.ErrorAs(t, err, &size)
	require.Equal(t, "picture", size.What)
	require.Empty(t, objects(t, bucket, claims.ID))
}
