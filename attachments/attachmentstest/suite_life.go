package attachmentstest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gocloud.dev/blob"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/chat"
)

// node is a node with files.
type node struct {
	*chat.Node
	files  *attachments.Store
	bucket *attachments.Bucket
	rooms  Backend
}

func (k Kind) node(t testing.TB, history int, o attachments.Options) node {
	t.Helper()
	n := node{bucket: k.Bucket(t), rooms: k.Backend(t, history)}
	n.files = attachments.NewStore(n.bucket, n.rooms, o)
	options := chat.Options{Files: n.files, Records: n.rooms, HistoryLimit: history}
	n.Node = chat.NewNode(n.rooms, n.rooms, n.rooms, n.rooms, n.rooms, options)
	t.Cleanup(func() { require.NoError(t, n.Close(context.Background())) })
	return n
}

func naming(key string, ids ...string) chat.Draft {
	m := chat.Message{Text: "look"}
	for _, id := range ids {
		m.Files = append(m.Files, chat.File{ID: id})
	}
	return chat.Draft{Key: key, Payload: m}
}

// post posts a message with a new file.
func (n node) post(t testing.TB, room chat.RoomID, content string) (chat.Entry, chat.File) {
	t.Helper()
	f := upload(t, n.files, room, []byte(content))
	e, repeated, err := n.Post(context.Background(), ann, room, naming("", f.ID))
	require.NoError(t, err)
	require.False(t, repeated)
	require.Equal(t, []chat.File{f}, e.Payload.(chat.Message).Files)
	return e, f
}

func (n node) state(t testing.TB, room chat.RoomID, id string) chat.FileState {
	t.Helper()
	r, err := n.files.Get(context.Background(), room, id)
	if errors.Is(err, attachments.ErrGone) {
		return chat.FileGone
	}
	require.NoError(t, err)
	return r.State
}

// goes waits until nothing of a file is left.
func (n node) goes(t testing.TB, room chat.RoomID, id string) {
	t.Helper()
	eventually(t, n.files, "the file's bytes are still there", func() bool { return len(objects(t, n.bucket, id)) == 0 })
	require.Equal(t, chat.FileGone, n.state(t, room, id))
	r, _ := n.files.Get(context.Background(), room, id)
	require.Empty(t, r.Name, "nothing is left of it but that it was there")
}

func testAttach(t *testing.T, k Kind) {
	a, b, room, ctx := k.node(t, 0, attachments.Options{}), k.node(t, 0, attachments.Options{}), chat.NewRoomID(), context.Background()
	one, two := upload(t, a.files, room, []byte("one")), upload(t, b.files, room, []byte("two"))
	open := create(t, a.files, room, 5)
	elsewhere := upload(t, a.files, chat.NewRoomID(), []byte("x"))
	var invalid *chat.InvalidError
	for name, post := range map[string]func() error{
		"none":           func() error { _, _, err := a.Post(ctx, ann, room, naming("", "none")); return err },
		"not whole":      func() error { _, _, err := a.Post(ctx, ann, room, naming("", open.ID)); return err },
		"of elsewhere":   func() error { _, _, err := a.Post(ctx, ann, room, naming("", elsewhere.ID)); return err },
		"somebody's":     func() error { _, _, err := b.Post(ctx, bob, room, naming("", one.ID)); return err },
		"twice":          func() error { _, _, err := a.Post(ctx, ann, room, naming("", one.ID, one.ID)); return err },
		"one that isn't": func() error { _, _, err := a.Post(ctx, ann, room, naming("", one.ID, "x")); return err },
	} {
		require.ErrorAs(t, post(), &invalid, name)
		require.Equal(t, "files", invalid.Field, name)
	}
	require.NotEqual(t, chat.FilePosted, a.state(t, room, one.ID))

	e, _, err := b.Post(ctx, ann, room, naming("k", two.ID, one.ID))
	require.NoError(t, err)
	require.Equal(t, []string{two.ID, one.ID}, e.FileIDs(), "in their order")
	require.Equal(t, chat.FilePosted, a.state(t, room, one.ID))
	again, repeated, err := a.Post(ctx, ann, room, naming("k", two.ID, one.ID))
	require.NoError(t, err)
	require.True(t, repeated)
	require.Equal(t, e.ID, again.ID)
	require.Equal(t, chat.FilePosted, a.state(t, room, one.ID))
	sentAgain := []string{upload(t, a.files, room, []byte("two")).ID, upload(t, a.files, room, []byte("one")).ID}
	again, repeated, err = a.Post(ctx, ann, room, naming("k", sentAgain...))
	require.NoError(t, err)
	require.True(t, repeated, "the same files sent again under the key")
	require.Equal(t, e.FileIDs(), again.FileIDs())
	_, _, err = a.Post(ctx, ann, room, naming("k", one.ID))
	require.ErrorIs(t, err, chat.ErrKeyReused)
	require.ErrorIs(t, a.files.Remove(ctx, room, one.ID), attachments.ErrPosted)

	e, _, err = a.Post(ctx, ann, room, naming("", one.ID))
	require.NoError(t, err, "one's own file once more")
	require.Equal(t, []string{one.ID}, e.FileIDs())
	_, _, err = a.Post(ctx, bob, room, naming("", one.ID))
	require.ErrorAs(t, err, &invalid)
}

func testIdle(t *testing.T, k Kind) {
	n, room, ctx := k.node(t, 0, attachments.Options{Idle: soon, Look: soon}), chat.NewRoomID(), context.Background()
	patient := k.node(t, 0, attachments.Options{})
	kept := upload(t, patient.files, chat.NewRoomID(), []byte("kept"))
	open := create(t, n.files, room, -1)
	_, err := n.files.Write(ctx, room, open.ID, 0, strings.NewReader("some of it"))
	require.NoError(t, err)
	ready := upload(t, n.files, room, []byte("ready"))
	n.goes(t, room, open.ID)
	n.goes(t, room, ready.ID)
	require.Len(t, objects(t, n.bucket, kept.ID), 1)

	// A message was on its way when it was about to be posted, and the node died before it noted that.
	late := upload(t, n.files, room, []byte("late"))
	files, err := n.files.Attach(ctx, room, ann, []string{late.ID})
	require.NoError(t, err)
	_, _, err = n.rooms.Append(ctx, room, chat.Draft{From: ann.Author(), Payload: chat.Message{Files: files}})
	require.NoError(t, err)
	eventually(t, n.files, "the file is not known as posted", func() bool { return n.state(t, room, late.ID) == chat.FilePosted })
	require.Equal(t, "late", string(read(t, n.files, room, late.ID)))
}

func testGoesWithItsMessage(t *testing.T, k Kind) {
	ctx := context.Background()
	t.Run("that is deleted", func(t *testing.T) {
		n, room := k.node(t, 0, attachments.Options{}), chat.NewRoomID()
		e, f := n.post(t, room, "deleted")
		_, other := n.post(t, room, "kept")
		_, _, err := n.Post(ctx, ann, room, chat.Draft{Target: e.ID, Payload: chat.Delete{}})
		require.NoError(t, err)
		require.Equal(t, chat.FileGone, n.state(t, room, f.ID), "at once, and not when the sweep comes")
		n.goes(t, room, f.ID)
		require.Equal(t, "kept", string(read(t, n.files, room, other.ID)))
	})
	t.Run("that is pushed out", func(t *testing.T) {
		n, room := k.node(t, 2, attachments.Options{Look: soon}), chat.NewRoomID()
		_, f := n.post(t, room, "pushed out")
		_, next := n.post(t, room, "next")
		for i := range 2 {
			require.NoError(t, n.files.Sweep(ctx))
			require.NotEmpty(t, objects(t, n.bucket, next.ID), i)
			_, _, err := n.Post(ctx, ann, room, chat.Draft{Payload: chat.Message{Text: fmt.Sprint(i)}})
			require.NoError(t, err)
		}
		n.goes(t, room, f.ID)
		n.goes(t, room, next.ID)
	})
	t.Run("with others, when the room is cleared and when it is closed", func(t *testing.T) {
		n, room := k.node(t, 0, attachments.Options{}), chat.NewRoomID()
		_, _, err := n.Own(ctx, ann, room, chat.OwnRequest{New: true})
		require.NoError(t, err)
		_, one := n.post(t, room, "one")
		_, err = n.Clear(ctx, ann, room)
		require.NoError(t, err)
		require.Equal(t, chat.FileGone, n.state(t, room, one.ID))
		n.goes(t, room, one.ID)
		_, two := n.post(t, room, "two")
		require.NoError(t, n.CloseRoom(ctx, ann, room))
		require.Equal(t, chat.FileGone, n.state(t, room, two.ID))
		n.goes(t, room, two.ID)
	})
	t.Run("when the room's time is over", func(t *testing.T) {
		n, room := k.node(t, 0, attachments.Options{Look: soon}), chat.NewRoomID()
		_, _, err := n.Own(ctx, ann, room, chat.OwnRequest{New: true})
		require.NoError(t, err)
		_, err = n.ChangeSettings(ctx, ann, room, chat.SettingsPatch{"historyTtl": json.RawMessage("1")}, nil)
		require.NoError(t, err)
		_, f := n.post(t, room, "for a second")
		n.goes(t, room, f.ID)
	})
	t.Run("where files are not allowed", func(t *testing.T) {
		n, room := k.node(t, 0, attachments.Options{}), chat.NewRoomID()
		_, _, err := n.Own(ctx, ann, room, chat.OwnRequest{New: true})
		require.NoError(t, err)
		f := upload(t, n.files, room, []byte("x"))
		_, err = n.ChangeSettings(ctx, ann, room, chat.SettingsPatch{"files": json.RawMessage("false")}, nil)
		require.NoError(t, err)
		_, _, err = n.Post(ctx, ann, room, naming("", f.ID))
		require.ErrorIs(t, err, chat.ErrNotAllowed)
		_, _, err = n.Post(ctx, ann, room, chat.Draft{Payload: chat.Message{Text: "but words are"}})
		require.NoError(t, err)
	})
}

func testCrash(t *testing.T, k Kind) {
	n, room, ctx := k.node(t, 0, attachments.Options{Idle: soon}), chat.NewRoomID(), context.Background()
	_, posted := n.post(t, room, "posted")
	r, err := n.files.Get(ctx, room, posted.ID)
	require.NoError(t, err)
	folder, _, _ := strings.Cut(r.Parts[0].Key, "/")
	left := []string{
		folder + "/" + posted.ID + "/5-crash",         // written, and the node was killed before the record had it
		folder + "/aaaaaaaaaaaaaaaaaaaaaaaaaa/0-lost", // of a file that the store has lost
		"00000000000000000000/bbb/0-lost",             // of a room that it has lost
		folder[:4],                                    // somebody else's, and what other keys begin with
	}
	for _, key := range left {
		require.NoError(t, n.bucket.WriteAll(ctx, key, []byte("left"), &blob.WriterOptions{ContentType: "text/plain"}))
	}
	lost := func(fix bool) (keys []string) {
		_, err := n.files.Check(ctx, fix, func(p attachments.Problem) {
			for _, key := range left {
				if p.Key == key {
					keys = append(keys, key)
				}
			}
		})
		require.NoError(t, err)
		return keys
	}
	eventually(t, n.files, "what was left is not found", func() bool { return len(lost(false)) == len(left) })
	require.Len(t, lost(true), len(left))
	require.Empty(t, lost(false))
	for _, key := range left {
		there, err := n.bucket.Exists(ctx, key)
		require.NoError(t, err)
		require.False(t, there, key)
	}
	require.Equal(t, "posted", string(read(t, n.files, room, posted.ID)))
}

func testTakenBack(t *testing.T, k Kind) {
	n, room, ctx := k.node(t, 0, attachments.Options{}), chat.NewRoomID(), context.Background()
	f := upload(t, n.files, room, []byte("a mistake"))
	require.NoError(t, n.files.Remove(ctx, room, f.ID))
	require.Empty(t, objects(t, n.bucket, f.ID))
	require.ErrorIs(t, n.files.Remove(ctx, room, f.ID), attachments.ErrGone)
	_, _, err := n.Post(ctx, ann, room, naming("", f.ID))
	var invalid *chat.InvalidError
	require.ErrorAs(t, err, &invalid)
}

func testAway(t *testing.T, k Kind) {
	n, room, ctx := k.node(t, 0, attachments.Options{Look: soon}), chat.NewRoomID(), context.Background()
	e, f := n.post(t, room, "here before")
	open := create(t, n.files, room, -1)
	n.bucket.SetAway(errors.New("the cable was pulled"))
	_, err := n.files.Create(ctx, attachments.New{Room: room, By: ann, Length: 1})
	require.ErrorIs(t, err, attachments.ErrUnavailable)
	_, err = n.files.Write(ctx, room, open.ID, 0, strings.NewReader("x"))
	require.ErrorIs(t, err, attachments.ErrUnavailable)
	_, _, err = n.files.Open(ctx, room, f.ID)
	require.ErrorIs(t, err, attachments.ErrUnavailable)
	_, _, err = n.Post(ctx, ann, room, chat.Draft{Payload: chat.Message{Text: "the chat goes on"}})
	require.NoError(t, err)
	_, _, err = n.Post(ctx, ann, room, chat.Draft{Target: e.ID, Payload: chat.Delete{}})
	require.NoError(t, err)
	require.Equal(t, chat.FileGone, n.state(t, room, f.ID), "nobody is given it any more")
	require.NoError(t, n.files.Sweep(ctx))
	require.Len(t, objects(t, n.bucket, f.ID), 1)
	n.bucket.SetAway(nil)
	n.goes(t, room, f.ID)
	_, err = n.files.Write(ctx, room, open.ID, 0, strings.NewReader("x"))
	require.NoError(t, err)
}

func testFull(t *testing.T, k Kind) {
	n, room, ctx := k.node(t, 0, attachments.Options{Look: soon}), chat.NewRoomID(), context.Background()
	e, f := n.post(t, room, "here before")
	open := create(t, n.files, room, -1)
	n.bucket.SetFull(errors.New("no space left on device"))
	_, err := n.files.Create(ctx, attachments.New{Room: room, By: ann, Length: 1})
	require.ErrorIs(t, err, attachments.ErrUnavailable)
	_, err = n.files.Write(ctx, room, open.ID, 0, strings.NewReader("x"))
	require.ErrorIs(t, err, attachments.ErrUnavailable)
	require.Equal(t, "here before", string(read(t, n.files, room, f.ID)))
	_, _, err = n.Post(ctx, ann, room, chat.Draft{Target: e.ID, Payload: chat.Delete{}})
	require.NoError(t, err)
	n.goes(t, room, f.ID)
	n.bucket.SetFull(nil)
	n.post(t, room, "there is room again")
}

// testFinishedMeanwhile has a file finished by another request while one looks into it, as when a
// client asks how far it came.
func testFinishedMeanwhile(t *testing.T, k Kind) {
	var meanwhile func()
	n, room, ctx := k.node(t, 0, attachments.Options{Scan: func(context.Context, string, io.Reader) error {
		if now := meanwhile; now != nil {
			meanwhile = nil
			now()
		}
		return nil
	}}), chat.NewRoomID(), context.Background()
	for _, content := range []string{"a text", string(photo(t, 1600, 900))} {
		r := create(t, n.files, room, -1)
		_, err := n.files.Write(ctx, room, r.ID, 0, strings.NewReader(content))
		require.NoError(t, err)
		var first chat.File
		meanwhile = func() {
			first, err = n.files.Finish(ctx, room, r.ID)
			require.NoError(t, err)
		}
		second, err := n.files.Finish(ctx, room, r.ID)
		require.NoError(t, err)
		require.Equal(t, first, second)
		require.EqualValues(t, first.Size, len(read(t, n.files, room, r.ID)))
	}
}

func testScan(t *testing.T, k Kind) {
	scan := func(_ context.Context, name string, r io.Reader) error {
		content, err := io.ReadAll(r)
		if err == nil && strings.Contains(string(content), "virus") {
			err = fmt.Errorf("%w: %s", attachments.ErrInfected, name)
		}
		return err
	}
	n, room, ctx := k.node(t, 0, attachments.Options{Scan: scan}), chat.NewRoomID(), context.Background()
	upload(t, n.files, room, []byte("harmless"))
	r := create(t, n.files, room, -1)
	_, err := n.files.Write(ctx, room, r.ID, 0, strings.NewReader("a virus"))
	require.NoError(t, err)
	_, err = n.files.Finish(ctx, room, r.ID)
	require.ErrorIs(t, err, attachments.ErrInfected)
	require.Empty(t, objects(t, n.bucket, r.ID))
	_, _, err = n.files.Open(ctx, room, r.ID)
	require.ErrorIs(t, err, attachments.ErrGone)
}
