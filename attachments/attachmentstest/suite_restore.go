package attachmentstest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/chat"
)

// As from another store: the room has another name, so its files are other ones, though their ids are not.
func testRestored(t *testing.T, k Kind) {
	n := k.node(t, 0, attachments.Options{})
	from, to, ctx := chat.NewRoomID(), chat.NewRoomID(), context.Background()
	content := photo(t, 1600, 900)
	_, f := n.post(t, from, string(content))
	list, err := n.files.List(ctx, from)
	require.NoError(t, err)
	require.Len(t, list, 1)
	r := list[0]
	kept := read(t, n.files, from, f.ID)
	small, err := n.files.OpenThumb(ctx, r)
	require.NoError(t, err)
	thumb, err := io.ReadAll(small)
	require.NoError(t, errors.Join(err, small.Close()))

	r.Room = to
	for _, bad := range [][]byte{nil, kept[1:], append(kept[:len(kept):len(kept)], 0), append([]byte{kept[0] + 1}, kept[1:]...)} {
		require.ErrorIs(t, n.files.Restore(ctx, r, bytes.NewReader(bad), nil), attachments.ErrDiffers)
	}
	require.ErrorIs(t, n.files.Restore(ctx, r, cut{bytes.NewReader(kept[:10]), func() {}}, nil), errCut)
	_, err = n.files.Get(ctx, to, f.ID)
	require.ErrorIs(t, err, attachments.ErrNotFound)
	require.Len(t, objects(t, n.bucket, f.ID), 2, "nothing is left of those")

	for range 2 { // the second time it is there
		require.NoError(t, n.files.Restore(ctx, r, bytes.NewReader(kept), bytes.NewReader(thumb)))
		require.Len(t, objects(t, n.bucket, f.ID), 4)
	}
	require.Equal(t, kept, read(t, n.files, to, f.ID))
	again, err := n.files.Get(ctx, to, f.ID)
	require.NoError(t, err)
	require.Equal(t, r.File, again.File)
	require.Equal(t, chat.FileReady, again.State, "no message names it yet")
	require.NoError(t, n.files.Settle(ctx, to))
	require.Equal(t, chat.FileReady, n.state(t, to, f.ID), "no message names it yet")
	other := r
	other.SHA256 = "00"
	require.ErrorIs(t, n.files.Restore(ctx, other, bytes.NewReader(kept), nil), chat.ErrFileChanged)

	large := random(2*attachments.PartSize + 1)
	_, f = n.post(t, from, string(large))
	r, err = n.files.Get(ctx, from, f.ID)
	require.NoError(t, err)
	r.Room = to
	require.NoError(t, n.files.Restore(ctx, r, bytes.NewReader(large), nil))
	require.Equal(t, large, read(t, n.files, to, f.ID))

	longer := r
	longer.Room, longer.Size = chat.NewRoomID(), r.Size+1
	require.ErrorIs(t, n.files.Restore(ctx, longer, bytes.NewReader(large), nil), attachments.ErrDiffers)
	_, err = n.files.Get(ctx, longer.Room, f.ID)
	require.ErrorIs(t, err, attachments.ErrNotFound)

	// The bucket has lost a part of it, and the record says nothing of that.
	r.Room = from
	before, err := n.files.Get(ctx, from, f.ID)
	require.NoError(t, err)
	require.NoError(t, n.bucket.Delete(ctx, before.Parts[1].Key))
	require.NoError(t, n.files.Restore(ctx, r, bytes.NewReader(large), nil))
	require.Equal(t, large, read(t, n.files, from, f.ID))
	require.Equal(t, chat.FilePosted, n.state(t, from, f.ID))
	for _, part := range before.Parts {
		there, err := n.bucket.Exists(ctx, part.Key)
		require.NoError(t, err)
		require.False(t, there, "what was left of it is of no use")
	}
}
