package attachmentstest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"image"
	"image/jpeg"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/chat"
)

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

// testLostThumb has the smaller picture lost, which leaves the large one.
func testLostThumb(t *testing.T, k Kind) {
	s, bucket := k.storeAndBucket(t, attachments.Options{})
	room, ctx := chat.NewRoomID(), context.Background()
	f := upload(t, s, room, photo(t, 1600, 900))
	r, err := s.Get(ctx, room, f.ID)
	require.NoError(t, err)
	intact := func(r attachments.Record) (whole, thumb bool) {
		whole, thumb, err := s.Intact(ctx, r)
		require.NoError(t, err)
		return whole, thumb
	}
	whole, thumb := intact(r)
	require.True(t, whole && thumb)
	require.NoError(t, bucket.Delete(ctx, r.Thumb.Key))
	whole, thumb = intact(r)
	require.True(t, whole && !thumb)

	check := func(fix bool) (about []string) {
		_, err := s.Check(ctx, fix, func(p attachments.Problem) {
			if p.Room == room {
				about = append(about, p.Key)
			}
		})
		require.NoError(t, err)
		return about
	}
	require.Equal(t, []string{r.Thumb.Key}, check(false))
	require.Equal(t, []string{r.Thumb.Key}, check(true))
	require.Empty(t, check(false))
	r, err = s.Get(ctx, room, f.ID)
	require.NoError(t, err)
	require.Equal(t, chat.FileReady, r.State)
	require.Empty(t, r.Thumb)
	require.EqualValues(t, f.Size, len(read(t, s, room, f.ID)))
	require.NoError(t, bucket.Delete(ctx, r.Parts[0].Key))
	whole, _ = intact(r)
	require.False(t, whole)
}
