package archive_test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/archive"
	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/password"
	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/redisstore"
)

func TestMain(m *testing.M) { testwait.Main(m) }

// site is a store of its own with a node on it.
type site struct {
	*chat.Node
	store   *redisstore.Store
	files   *attachments.Store
	bucket  *attachments.Bucket
	archive *archive.Archive
}

func newSite(t testing.TB) *site {
	t.Helper()
	ctx, quiet := context.Background(), slog.New(slog.DiscardHandler)
	store, err := redisstore.OpenEmbedded(ctx, redisstore.Options{Timeout: testwait.Limit, Logger: quiet})
	require.NoError(t, err)
	bucket, err := attachments.OpenBucket(ctx, "mem://", quiet)
	require.NoError(t, err)
	s := &site{store: store, bucket: bucket, files: attachments.NewStore(bucket, store, attachments.Options{Logger: quiet})}
	s.archive = &archive.Archive{Rooms: store, Files: s.files}
	s.Node = chat.NewNode(store, store, store, store, store, chat.Options{
		Files: s.files, Records: store, Passwords: password.New(), Owned: store, Logger: quiet,
	})
	t.Cleanup(func() {
		require.NoError(t, s.Close(ctx))
		require.NoError(t, errors.Join(s.files.Close(), store.Close()))
	})
	return s
}

var ann = chat.Principal{ID: "ann-id", Name: "Ann <&>", Client: "ann-id"}

func (s *site) say(t testing.TB, room chat.RoomID, p chat.Payload, target ...chat.Cursor) chat.Entry {
	t.Helper()
	d := chat.Draft{Payload: p}
	if len(target) > 0 {
		d.Target = target[0]
	}
	e, _, err := s.Post(context.Background(), ann, room, d)
	require.NoError(t, err)
	return e
}

func (s *site) send(t testing.TB, room chat.RoomID, name string, content []byte) string {
	t.Helper()
	ctx := context.Background()
	r, err := s.files.Create(ctx, attachments.New{Room: room, By: ann, Name: name, Length: int64(len(content))})
	require.NoError(t, err)
	_, err = s.files.Write(ctx, room, r.ID, 0, bytes.NewReader(content))
	require.NoError(t, err)
	_, err = s.files.Finish(ctx, room, r.ID)
	require.NoError(t, err)
	s.say(t, room, chat.Message{Text: "look", Files: []chat.File{{ID: r.ID}}})
	return r.ID
}

func picture(t testing.TB) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 900, 700))
	for i := range m.Pix {
		m.Pix[i] = byte(i * i / 7)
	}
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, m))
	return b.Bytes()
}

// fill has rooms of every sort.
func (s *site) fill(t testing.TB) {
	t.Helper()
	ctx := context.Background()
	for i := range 5 {
		room := chat.RoomID(fmt.Sprintf("plain-%d", i))
		first := s.say(t, room, chat.Message{Text: "hello <&> שלום\u2028\n\t👍"})
		for n := range 20 {
			s.say(t, room, chat.Message{Text: fmt.Sprint(n), ReplyTo: &chat.Quote{ID: first.ID}})
		}
		s.say(t, room, chat.Edit{Text: "changed"}, first.ID)
		s.say(t, room, chat.Reaction{Emoji: "👍", On: true}, first.ID)
	}
	s.send(t, "with-files", "a.png", picture(t))
	gone := s.send(t, "with-files", "b.txt", []byte("hello"))
	s.send(t, "with-files", "empty", nil)
	e := s.say(t, "with-files", chat.Message{Text: "again", Files: []chat.File{{ID: gone}}})
	s.say(t, "with-files", chat.Delete{}, e.ID)

	own := func(room chat.RoomID) {
		_, err := s.store.Hold(ctx, room, []chat.Member{ann.Member("ws")}, chat.Admission{})
		require.NoError(t, err)
		_, _, err = s.Own(ctx, ann, room, chat.OwnRequest{})
		require.NoError(t, err)
	}
	own("мой-дом")
	_, err := s.ChangeSettings(ctx, ann, "мой-дом", chat.SettingsPatch{"topic": []byte(`"tea"`), "password": []byte(`"long enough"`)}, nil)
	require.NoError(t, err)
	_, err = s.Invite(ctx, ann, "мой-дом", chat.InviteTerms{Uses: 3})
	require.NoError(t, err)
	s.say(t, "мой-дом", chat.Message{Text: "mine"})
	own("closed")
	require.NoError(t, s.CloseRoom(ctx, ann, "closed"))
}

func (s *site) export(t testing.TB, o archive.Options) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, s.archive.Export(context.Background(), &b, o))
	return b.Bytes()
}

// contents are an archive's files but for what tells of times at which it was made.
func contents(t testing.TB, of []byte) map[string]string {
	t.Helper()
	all := map[string]string{}
	for r := tar.NewReader(bytes.NewReader(of)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		content, err := io.ReadAll(r)
		require.NoError(t, err)
		if strings.HasSuffix(h.Name, ".json") {
			var v map[string]any
			require.NoError(t, json.Unmarshal(content, &v))
			for _, time := range []string{"createdAt", "finishedAt", "expiresIn"} {
				delete(v, time)
			}
			if hashes, ok := v["hashes"].(map[string]any); ok {
				for _, hash := range hashes {
					delete(hash.(map[string]any), "expiresIn")
				}
			}
			content, err = json.Marshal(v)
			require.NoError(t, err)
		}
		all[h.Name] = string(content)
	}
}

func TestRoundTrip(t *testing.T) {
	a, b, ctx := newSite(t), newSite(t), context.Background()
	a.fill(t)
	wrote := a.export(t, archive.Options{Program: "test"})
	for _, again := range []bool{false, true} {
		report, err := b.archive.Import(ctx, bytes.NewReader(wrote), archive.Import{})
		require.NoError(t, err)
		require.Equal(t, 8, report.Rooms)
		require.Zero(t, report.Others)
		if again {
			require.Equal(t, 8, report.Same)
		} else {
			require.Equal(t, 8, report.Restored)
			require.Equal(t, 3, report.Files)
		}
	}
	have, want := contents(t, b.export(t, archive.Options{Program: "test"})), contents(t, wrote)
	require.Equal(t, want, have)
	require.Contains(t, want["rooms/plain-0/log.ndjson"], `"name":"Ann <&>"`)
	require.Contains(t, want["end.json"], `"rooms":8`)

	// What was put back is a room as any other.
	rules, err := b.Settings(ctx, ann, "мой-дом")
	require.NoError(t, err)
	require.Equal(t, chat.RoleOwner, rules.Role)
	_, err = b.Enter(ctx, chat.Principal{ID: "ben-id", Name: "Ben", Client: "ben-id"}, "мой-дом", chat.Credential{Password: "long enough"})
	require.NoError(t, err)
	e := b.say(t, "plain-0", chat.Message{Text: "on"})
	require.EqualValues(t, 24, e.ID.Seq)
	_, err = b.Members(ctx, ann, "closed")
	require.Error(t, err)

	kept, err := b.History(ctx, ann, "with-files")
	require.NoError(t, err)
	seen := 0
	for _, e := range kept.Entries {
		for _, f := range e.Payload.(chat.Message).Files {
			record, r, err := b.files.Open(ctx, "with-files", f.ID)
			require.NoError(t, err)
			require.Equal(t, chat.FilePosted, record.State)
			n, err := io.Copy(io.Discard, r)
			require.NoError(t, errors.Join(err, r.Close()))
			require.Equal(t, f.Size, n)
			seen++
		}
	}
	require.Equal(t, 3, seen)
}

func TestOneRoom(t *testing.T) {
	a, b, ctx := newSite(t), newSite(t), context.Background()
	a.fill(t)
	wrote := a.export(t, archive.Options{Room: "with-files"})
	for _, as := range []chat.RoomID{"with-files", "copy"} {
		report, err := b.archive.Import(ctx, bytes.NewReader(wrote), archive.Import{Room: "with-files", As: as})
		require.NoError(t, err)
		require.Equal(t, archive.Report{Rooms: 1, Restored: 1, Entries: 5, Files: 3, Last: "with-files"}, report)
	}
	_, err := b.archive.Import(ctx, bytes.NewReader(wrote), archive.Import{Room: "none"})
	require.ErrorIs(t, err, archive.ErrNoRoom)

	b.say(t, "copy", chat.Message{Text: "more"})
	report, err := b.archive.Import(ctx, bytes.NewReader(wrote), archive.Import{Room: "with-files", As: "copy"})
	require.NoError(t, err)
	require.Equal(t, []chat.RoomID{"copy"}, report.Kept)
	report, err = b.archive.Import(ctx, bytes.NewReader(wrote), archive.Import{Room: "with-files", As: "copy", Replace: true})
	require.NoError(t, err)
	require.Equal(t, 1, report.Restored)
	kept, err := b.History(ctx, ann, "copy")
	require.NoError(t, err)
	require.Len(t, kept.Entries, 4)
	_, err = b.archive.Import(ctx, bytes.NewReader(wrote), archive.Import{As: "copy"})
	require.Error(t, err)

	require.Len(t, contents(t, a.export(t, archive.Options{Room: "none"})), 2, "a room that is not there")
	without := contents(t, a.export(t, archive.Options{Room: "with-files", NoFiles: true}))
	require.Len(t, without, 4)
}

// short is a connection that breaks off.
type short struct {
	bytes.Buffer
	left int
}

func (s *short) Write(b []byte) (int, error) {
	n := min(len(b), s.left)
	s.left -= n
	s.Buffer.Write(b[:n])
	if n < len(b) {
		return n, io.ErrClosedPipe
	}
	return n, nil
}

// TestGoesOn breaks an export and an import off at every block, and goes on.
func TestGoesOn(t *testing.T) {
	a, ctx := newSite(t), context.Background()
	for i := range 4 {
		a.say(t, chat.RoomID(fmt.Sprintf("room-%d", i)), chat.Message{Text: "hello"})
	}
	a.send(t, "room-1", "a.txt", bytes.Repeat([]byte("hello "), 100))
	whole := a.export(t, archive.Options{})
	want := contents(t, whole)
	delete(want, "end.json")
	for cut := 0; cut < len(whole); cut += 512 {
		first := &short{left: cut}
		require.ErrorIs(t, a.archive.Export(ctx, first, archive.Options{}), io.ErrClosedPipe)
		after, size, done, err := archive.Tail(bytes.NewReader(first.Bytes()), archive.Options{})
		require.NoError(t, err, cut)
		rest := first.Bytes()[:size]
		if done { // only the tar's own end is missing
			require.Greater(t, cut, len(whole)-2048)
		} else {
			rest = slices.Concat(rest, a.export(t, archive.Options{After: after}))
		}
		have := contents(t, rest)
		delete(have, "end.json")
		require.Equal(t, want, have, cut)

		if cut%3072 != 0 {
			continue
		}
		b := newSite(t)
		report, err := b.archive.Import(ctx, bytes.NewReader(whole[:cut]), archive.Import{})
		if !done {
			require.True(t, errors.Is(err, archive.ErrShort) || errors.Is(err, archive.ErrBad), "%v", err)
		}
		again, err := b.archive.Import(ctx, bytes.NewReader(whole), archive.Import{})
		require.NoError(t, err)
		require.Equal(t, report.Restored, again.Same)
		require.Equal(t, 4, again.Rooms)
		have = contents(t, b.export(t, archive.Options{}))
		delete(have, "end.json")
		require.Equal(t, want, have, cut)
	}
}

// TestBusy exports again and again while the rooms are talked in: each room is as it was at one
// moment, with nothing missing before its last entry.
func TestBusy(t *testing.T) {
	a, b, ctx := newSite(t), newSite(t), context.Background()
	stop := make(chan struct{})
	var talking sync.WaitGroup
	for i := range 4 {
		room := chat.RoomID(fmt.Sprintf("room-%d", i))
		a.say(t, room, chat.Message{Text: "0"})
		talking.Go(func() {
			for n := 1; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				e, _, err := a.Post(ctx, ann, room, chat.Draft{Payload: chat.Message{Text: fmt.Sprint(n)}})
				if assert.NoError(t, err) && n%3 == 0 {
					_, _, err = a.Post(ctx, ann, room, chat.Draft{Target: e.ID, Payload: chat.Reaction{Emoji: "👍", On: true}})
					assert.NoError(t, err)
				}
			}
		})
	}
	for range 10 {
		report, err := b.archive.Import(ctx, bytes.NewReader(a.export(t, archive.Options{})), archive.Import{Replace: true})
		require.NoError(t, err)
		require.Equal(t, 4, report.Restored+report.Same)
		for i := range 4 {
			kept, err := b.History(ctx, ann, chat.RoomID(fmt.Sprintf("room-%d", i)))
			require.NoError(t, err)
			require.NoError(t, kept.Check())
			for i, e := range kept.Entries[1:] {
				var before, n int
				_, err := fmt.Sscan(kept.Entries[i].Text()+" "+e.Text(), &before, &n)
				require.NoError(t, err)
				require.Equal(t, before+1, n)
			}
		}
	}
	close(stop)
	talking.Wait()
}

func TestFilesThatHaveGone(t *testing.T) {
	a, ctx := newSite(t), context.Background()
	id := a.send(t, "room", "a.txt", []byte("hello"))
	record, err := a.files.Get(ctx, "room", id)
	require.NoError(t, err)
	require.NoError(t, a.store.DropFile(ctx, record))
	all := contents(t, a.export(t, archive.Options{}))
	require.Contains(t, all["end.json"], id)
	require.NotContains(t, all, "rooms/room/files/"+id)
	report, err := newSite(t).archive.Import(ctx, bytes.NewReader(a.export(t, archive.Options{})), archive.Import{})
	require.NoError(t, err)
	require.Equal(t, []archive.Missing{{Room: "room", File: id}}, report.Missing)
}

// TestLostBytes has a bucket without some of what its records tell of: a backup is made all the same,
// and puts back what it has.
func TestLostBytes(t *testing.T) {
	a, ctx := newSite(t), context.Background()
	large := bytes.Repeat([]byte("hello "), attachments.PartSize/5)
	lost, small := a.send(t, "room", "a.txt", large), a.send(t, "room", "b.jpg", photo(t))
	before := a.export(t, archive.Options{})
	all := contents(t, before)
	require.Len(t, all["rooms/room/files/"+lost], len(large))
	require.Contains(t, all, "rooms/room/files/"+small+".preview")
	record, err := a.files.Get(ctx, "room", lost)
	require.NoError(t, err)
	require.NoError(t, a.bucket.Delete(ctx, record.Parts[1].Key))
	record, err = a.files.Get(ctx, "room", small)
	require.NoError(t, err)
	require.NoError(t, a.bucket.Delete(ctx, record.Thumb.Key))

	all = contents(t, a.export(t, archive.Options{}))
	require.Contains(t, all["end.json"], lost)
	require.NotContains(t, all, "rooms/room/files/"+lost)
	require.Contains(t, all, "rooms/room/files/"+small)
	require.NotContains(t, all, "rooms/room/files/"+small+".preview")

	report, err := a.archive.Import(ctx, bytes.NewReader(before), archive.Import{})
	require.NoError(t, err)
	require.Equal(t, 1, report.Same)
	require.Len(t, contents(t, a.export(t, archive.Options{}))["rooms/room/files/"+lost], len(large))
}

// photo is a picture that is large enough for a smaller one.
func photo(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 1600, 900)), nil))
	return b.Bytes()
}

// TestAnotherExport has the beginning of what an export with other options has written: it is not gone
// on with.
func TestAnotherExport(t *testing.T) {
	a := newSite(t)
	a.say(t, "a", chat.Message{Text: "hello"})
	a.send(t, "b", "b.txt", []byte("hello"))
	kinds := []archive.Options{{}, {NoFiles: true}, {Room: "b"}, {Room: "b", NoFiles: true}, {Room: "a"}}
	for _, wrote := range kinds {
		whole := a.export(t, wrote)
		for _, asked := range kinds {
			after, size, done, err := archive.Tail(bytes.NewReader(whole), asked)
			require.NoError(t, err)
			require.Equal(t, wrote == asked, done)
			require.Equal(t, done, size > 0)
			require.Equal(t, done, after != "")
		}
	}
}

// edited is an archive in which something was changed.
func edited(t testing.TB, of []byte, edit func(h *tar.Header, content []byte) (*tar.Header, []byte)) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for r := tar.NewReader(bytes.NewReader(of)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			require.NoError(t, w.Close())
			return b.Bytes()
		}
		require.NoError(t, err)
		content, err := io.ReadAll(r)
		require.NoError(t, err)
		if h, content = edit(h, content); h == nil {
			continue
		}
		if h.Typeflag == tar.TypeReg {
			h.Size = int64(len(content))
		}
		require.NoError(t, w.WriteHeader(h))
		if h.Typeflag == tar.TypeReg {
			_, err = w.Write(content)
			require.NoError(t, err)
		}
	}
}

// TestHostile has archives that nobody has exported. Of a room with something wrong nothing is put
// back, and those before it are.
func TestHostile(t *testing.T) {
	a, ctx := newSite(t), context.Background()
	a.say(t, "a", chat.Message{Text: "hello"})
	file := a.send(t, "b", "x.txt", []byte("hello"))
	whole := a.export(t, archive.Options{})
	type edit = func(*tar.Header, []byte) (*tar.Header, []byte)
	named := func(name string, to edit) edit {
		return func(h *tar.Header, content []byte) (*tar.Header, []byte) {
			if h.Name == name {
				return to(h, content)
			}
			return h, content
		}
	}
	rename := func(to string) edit {
		return func(h *tar.Header, c []byte) (*tar.Header, []byte) { h.Name = to; return h, c }
	}
	replace := func(old, by string) edit {
		return func(h *tar.Header, c []byte) (*tar.Header, []byte) {
			require.Contains(t, string(c), old)
			return h, []byte(strings.Replace(string(c), old, by, 1))
		}
	}
	drop := func(*tar.Header, []byte) (*tar.Header, []byte) { return nil, nil }
	link := func(h *tar.Header, c []byte) (*tar.Header, []byte) {
		h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, "/etc/passwd", 0
		return h, nil
	}
	folder := "rooms/b/files/"
	for name, c := range map[string]struct {
		edit  edit
		rooms int // of which there are some before
	}{
		"another format":         {named("manifest.json", replace("caller-archive", "x")), 0},
		"another version":        {named("manifest.json", replace(`"version":1`, `"version":2`)), 0},
		"no manifest":            {named("manifest.json", drop), 0},
		"a link":                 {named(folder+file, link), 1},
		"up and away":            {named("rooms/b/room.json", rename("rooms/../room.json")), 1},
		"an absolute name":       {named("rooms/b/room.json", rename("/etc/room.json")), 1},
		"a room in a room":       {named("rooms/b/room.json", rename("rooms/b/c/room.json")), 1},
		"not a room's name":      {named("rooms/b/room.json", rename("rooms/B!/room.json")), 1},
		"an unknown name":        {named("rooms/b/room.json", rename("rooms/b/more.json")), 1},
		"no room.json":           {named("rooms/b/room.json", drop), 1},
		"another room's log":     {named("rooms/b/log.ndjson", rename("rooms/a/log.ndjson")), 1},
		"no log":                 {named("rooms/b/log.ndjson", drop), 1},
		"no record of a file":    {named(folder+file+".json", drop), 1},
		"another file's bytes":   {named(folder+file, rename(folder+"../x")), 1},
		"other bytes":            {named(folder+file, replace("hello", "hellO")), 1},
		"fewer bytes":            {named(folder+file, replace("hello", "hell")), 1},
		"more bytes":             {named(folder+file, replace("hello", "hello!")), 1},
		"no bytes of a file":     {named(folder+file, drop), 1},
		"a larger size":          {named(folder+file+".json", replace(`"size":5`, `"size":6`)), 1},
		"a negative size":        {named(folder+file+".json", replace(`"size":5`, `"size":-5`)), 1},
		"a file's id":            {named(folder+file+".json", replace(file, "../../x")), 1},
		"no JSON":                {named("rooms/b/room.json", replace("{", "[")), 1},
		"no line":                {named("rooms/b/log.ndjson", replace("{", "[")), 1},
		"a strange id":           {named("rooms/b/log.ndjson", replace(`"id":"1-`, `"id":"x-`)), 1},
		"spaces in an id":        {named("rooms/b/log.ndjson", replace(`"prev":"0000`, `"prev":"0 00`)), 1},
		"an entry that is none":  {named("rooms/b/log.ndjson", replace(`"entry":{`, `"entry":[{}],"x":{`)), 1},
		"after the year 9999":    {named("rooms/b/log.ndjson", replace(`"at":"`, `"at":"1`)), 1},
		"something after an end": {func(h *tar.Header, c []byte) (*tar.Header, []byte) { return h, c }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			b := newSite(t)
			spoilt := edited(t, whole, c.edit)
			if c.rooms == 2 {
				spoilt = slices.Concat(spoilt[:len(spoilt)-1024], whole)
			}
			report, err := b.archive.Import(ctx, bytes.NewReader(spoilt), archive.Import{})
			require.Error(t, err)
			require.True(t, errors.Is(err, archive.ErrBad) || errors.Is(err, redisstore.ErrBadDump) || errors.Is(err, attachments.ErrDiffers),
				"%v", err)
			require.Equal(t, c.rooms, report.Restored)
			rooms, err := b.store.RoomIDs(ctx)
			require.NoError(t, err)
			require.Len(t, rooms, c.rooms)
		})
	}
	for name, not := range map[string][]byte{"nothing": nil, "text": []byte("hello"), "noise": noise()} {
		_, err := newSite(t).archive.Import(ctx, bytes.NewReader(not), archive.Import{})
		require.ErrorIs(t, err, archive.ErrBad, name)
	}
	for name, not := range map[string][]byte{"noise": noise(), "another tar": edited(t, whole, named("manifest.json", drop))} {
		_, _, _, err := archive.Tail(bytes.NewReader(not), archive.Options{})
		require.ErrorIs(t, err, archive.ErrBad, name)
	}
}

func noise() []byte {
	b := make([]byte, 10_000)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b) // never fails
	return b
}

func FuzzImport(f *testing.F) {
	a := newSite(f)
	a.say(f, "a", chat.Message{Text: "hello"})
	whole := a.export(f, archive.Options{})
	f.Add(whole)
	f.Add(whole[:2048])
	b := newSite(f)
	f.Fuzz(func(t *testing.T, content []byte) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_, _ = b.archive.Import(ctx, bytes.NewReader(content), archive.Import{Replace: true}) // no panic is all
		rooms, err := b.store.RoomIDs(ctx)
		require.NoError(t, err)
		for _, room := range rooms {
			_, err := b.store.Read(ctx, room)
			require.NoError(t, err)
		}
	})
}
