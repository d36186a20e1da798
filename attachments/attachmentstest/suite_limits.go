package attachmentstest

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
)

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
