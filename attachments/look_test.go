package attachments_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/attachments/picture"
	"github.com/caller-chat/caller/attachments/picture/picturetest"
	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/chattest"
)

// gallery is a store of files on its own.
type gallery struct {
	*attachments.Store
	bucket *attachments.Bucket
}

func newGallery(t *testing.T, o attachments.Options) gallery {
	t.Helper()
	bucket, err := attachments.OpenBucket(t.Context(), "mem://", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	s := attachments.NewStore(bucket, chattest.New(chattest.Options{}).Node("a"), o)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return gallery{s, bucket}
}

// send uploads a file, and returns its record.
func (g gallery) send(ctx context.Context, name, declared string, data []byte) (attachments.Record, chat.File, error) {
	r, err := g.Create(ctx, attachments.New{Room: "lobby", By: chat.Principal{ID: "m-1"}, Name: name, Type: declared, Length: int64(len(data))})
	if err == nil && len(data) > 0 {
		r, err = g.Write(ctx, "lobby", r.ID, 0, bytes.NewReader(data))
	}
	if err != nil {
		return r, chat.File{}, err
	}
	file, err := g.Finish(ctx, "lobby", r.ID)
	return r, file, err
}

// objects are the keys of all that is in the bucket.
func (g gallery) objects(t *testing.T) (keys []string) {
	t.Helper()
	for list := g.bucket.List(nil); ; {
		object, err := list.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return keys
		}
		require.NoError(t, err)
		keys = append(keys, object.Key)
	}
}

func TestHostileFilesInAStore(t *testing.T) {
	g := newGallery(t, attachments.Options{})
	for _, f := range picturetest.Hostile() {
		t.Run(f.Name, func(t *testing.T) {
			before := g.objects(t)
			r, file, err := g.send(t.Context(), f.Name, f.Declared, f.Data)
			if f.Fate == picturetest.Refused {
				var size *attachments.SizeError
				require.ErrorAs(t, err, &size)
				assert.Equal(t, "picture", size.What)
				assert.EqualValues(t, picture.MaxPixels, size.Limit)
				_, err = g.Get(t.Context(), "lobby", r.ID)
				require.ErrorIs(t, err, attachments.ErrGone)
				assert.Equal(t, before, g.objects(t), "nothing of it is left")
				return
			}
			require.NoError(t, err)
			record, content, err := g.Open(t.Context(), "lobby", r.ID)
			require.NoError(t, err)
			defer func() { assert.NoError(t, content.Close()) }()
			left, err := io.ReadAll(content)
			require.NoError(t, err)
			sum := sha256.Sum256(left)
			assert.Equal(t, hex.EncodeToString(sum[:]), file.SHA256)
			assert.EqualValues(t, len(left), file.Size)
			assert.Equal(t, file.Size, record.Length)
			if f.Fate == picturetest.Kept {
				assert.Equal(t, f.Data, append([]byte(nil), left...), "it is as it was sent")
				assert.Zero(t, file.Width)
				if f.Type == "image/svg+xml" || !strings.HasPrefix(f.Type, "image/") {
					assert.Equal(t, f.Type, file.Type)
				} else {
					assert.Equal(t, "application/octet-stream", file.Type)
				}
				return
			}
			assert.Equal(t, f.Type, file.Type)
			if f.Fate == picturetest.Emptied {
				assert.NotContains(t, string(left), picturetest.Secret)
				assert.NotContains(t, string(left), "Camera 9")
				return
			}
			assert.Equal(t, []int{f.Width, f.Height}, []int{file.Width, file.Height})
			assert.Equal(t, f.Animated, file.Animated)
			assert.NotEmpty(t, file.Preview)
			for _, gone := range []string{picturetest.Device, picturetest.Place, picturetest.Secret} {
				assert.NotContains(t, string(left), gone)
			}
			assert.Len(t, g.objects(t), len(before)+len(record.Parts), "nor is there what it was before")
		})
	}
}

func TestAThumbnailIsBesideItsFile(t *testing.T) {
	g := newGallery(t, attachments.Options{})
	r, file, err := g.send(t.Context(), "large.png", "", picturetest.PNG(picturetest.Corners(1500, 100)))
	require.NoError(t, err)
	record, err := g.Get(t.Context(), "lobby", file.ID)
	require.NoError(t, err)
	assert.Equal(t, "image/jpeg", record.ThumbType)
	thumb, err := g.OpenThumb(t.Context(), record)
	require.NoError(t, err)
	small, err := io.ReadAll(thumb)
	require.NoError(t, err)
	require.NoError(t, thumb.Close())
	assert.EqualValues(t, record.Thumb.Size, len(small))
	assert.True(t, bytes.HasPrefix(small, []byte("\xff\xd8\xff")))
	require.NoError(t, g.Remove(t.Context(), "lobby", r.ID))
	assert.Empty(t, g.objects(t))
}

// A picture of more than one part is put into several again.
func TestALargePictureIsRewritten(t *testing.T) {
	g := newGallery(t, attachments.Options{})
	data := picturetest.PNG(picturetest.Corners(64, 64), picturetest.Chunk("tEXt", []byte("a\x00"+picturetest.Secret)))
	// Frames of an animation that nobody decodes here.
	filler := picturetest.Chunk("fdAT", make([]byte, 2*attachments.PartSize))
	end := len(data) - 12
	data = append(append(data[:end:end], filler...), data[end:]...)
	_, file, err := g.send(t.Context(), "large.png", "", data)
	require.NoError(t, err)
	record, content, err := g.Open(t.Context(), "lobby", file.ID)
	require.NoError(t, err)
	left, err := io.ReadAll(content)
	require.NoError(t, err)
	require.NoError(t, content.Close())
	assert.Len(t, record.Parts, 3)
	assert.Len(t, g.objects(t), 3)
	assert.NotContains(t, string(left), picturetest.Secret)
	assert.Len(t, left, len(data)-12-2-len(picturetest.Secret))
	sum := sha256.Sum256(left)
	assert.Equal(t, hex.EncodeToString(sum[:]), file.SHA256)
}

func TestTheScannerComesFirst(t *testing.T) {
	var seen []byte
	g := newGallery(t, attachments.Options{Scan: func(_ context.Context, _ string, r io.Reader) (err error) {
		seen, err = io.ReadAll(r)
		return err
	}})
	data := picturetest.JPEG(picturetest.Corners(48, 32), picturetest.Segment(0xfe, []byte(picturetest.Secret)))
	_, _, err := g.send(t.Context(), "a.jpg", "", data)
	require.NoError(t, err)
	assert.Equal(t, data, seen, "it sees what was sent")
}
