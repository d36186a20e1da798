package picture_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	_ "image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "golang.org/x/image/webp"

	"github.com/caller-chat/caller/attachments/picture"
	"github.com/caller-chat/caller/attachments/picture/picturetest"
)

func process(data []byte) (picture.Result, error) {
	return picture.Process(context.Background(), bytes.NewReader(data), int64(len(data)))
}

// kept is what stays of a file.
func kept(t *testing.T, data []byte, r picture.Result) []byte {
	t.Helper()
	if r.Clean == nil {
		return data
	}
	var out bytes.Buffer
	require.NoError(t, r.Clean(&out))
	return out.Bytes()
}

func TestWhatBecomesOfHostileFiles(t *testing.T) {
	for _, f := range picturetest.Hostile() {
		t.Run(f.Name, func(t *testing.T) {
			assert.Equal(t, f.Type, picture.Sniff(f.Data[:min(len(f.Data), picture.SniffLength)], f.Name, f.Declared))
			r, err := process(f.Data)
			switch f.Fate {
			case picturetest.Refused:
				require.ErrorIs(t, err, picture.ErrTooLarge)
				return
			case picturetest.Emptied:
				require.NoError(t, err)
				assert.Equal(t, picture.Result{Type: f.Type}, picture.Result{Type: r.Type, Width: r.Width, Preview: r.Preview, Thumb: r.Thumb})
				left := kept(t, f.Data, r)
				assert.Len(t, left, len(f.Data), "nothing has another place")
				for _, gone := range []string{picturetest.Secret, picturetest.Device, "ACME", "Camera 9", "GPS"} {
					assert.NotContains(t, string(left), gone)
				}
				again, err := process(left)
				require.NoError(t, err)
				assert.Nil(t, again.Clean)
				return
			case picturetest.Kept:
				if strings.HasPrefix(f.Type, "image/") && f.Type != "image/svg+xml" {
					require.ErrorIs(t, err, picture.ErrBroken)
				} else {
					require.NoError(t, err)
				}
				assert.Zero(t, r.Type)
				assert.Nil(t, r.Clean)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, f.Type, r.Type)
			assert.Equal(t, []int{f.Width, f.Height}, []int{r.Width, r.Height})
			assert.Equal(t, f.Animated, r.Animated)
			assert.NotEmpty(t, r.Preview)
			left := kept(t, f.Data, r)
			for _, gone := range []string{picturetest.Secret, picturetest.Device, picturetest.Place, "XML:com", "xap/1.0", "MPF", "alert", "PK\x03\x04"} {
				assert.NotContains(t, string(left), gone)
			}
			for _, has := range f.Has {
				assert.Contains(t, string(left), has)
			}
			sameFrames(t, f.Data, left)
			again, err := process(left)
			require.NoError(t, err)
			assert.Equal(t, left, kept(t, left, again), "nothing is left to take away")
			again.Clean, r.Clean = nil, nil
			assert.Equal(t, r, again, "and it looks the same")
		})
	}
}

// sameFrames asserts that nothing of the picture was lost.
func sameFrames(t *testing.T, before, after []byte) {
	t.Helper()
	was, _, err := image.Decode(bytes.NewReader(before))
	if err != nil {
		return // an animated WebP
	}
	is, _, err := image.Decode(bytes.NewReader(after))
	require.NoError(t, err)
	assert.Equal(t, was, is)
}

// places are where the corners of a stored picture are seen by its orientation: of the first pixel
// of the first row, and of the last pixel of the first row. EXIF 2.32 says it of tag 274 in words.
func places() map[int][2]string {
	return map[int][2]string{
		1: {"top left", "top right"}, 2: {"top right", "top left"},
		3: {"bottom right", "bottom left"}, 4: {"bottom left", "bottom right"},
		5: {"top left", "bottom left"}, 6: {"top right", "bottom right"},
		7: {"bottom right", "top right"}, 8: {"bottom left", "top left"},
	}
}

// cornerColour is a colour near a picture's corner.
func cornerColour(p image.Image, where string) color.RGBA {
	b := p.Bounds()
	x, y := b.Dx()/8, b.Dy()/8
	if strings.Contains(where, "right") {
		x = b.Dx() - 1 - x
	}
	if strings.Contains(where, "bottom") {
		y = b.Dy() - 1 - y
	}
	return color.RGBAModel.Convert(p.At(b.Min.X+x, b.Min.Y+y)).(color.RGBA)
}

func assertNear(t *testing.T, want, is color.RGBA, what string) {
	t.Helper()
	const most = 24 // what JPEG and few shades change
	for _, pair := range [][2]uint8{{want.R, is.R}, {want.G, is.G}, {want.B, is.B}, {want.A, is.A}} {
		if d := int(pair[0]) - int(pair[1]); d > most || d < -most {
			t.Errorf("%s: %v, want %v", what, is, want)
			return
		}
	}
}

func previewOf(t *testing.T, r picture.Result) image.Image {
	t.Helper()
	require.LessOrEqual(t, len(r.Preview), picture.MaxPreview)
	data, ok := strings.CutPrefix(r.Preview, "data:image/png;base64,")
	require.True(t, ok, r.Preview)
	file, err := base64.StdEncoding.DecodeString(data)
	require.NoError(t, err)
	p, err := png.Decode(bytes.NewReader(file))
	require.NoError(t, err)
	return p
}

func TestOrientation(t *testing.T) {
	p := picturetest.Corners(1290, 200)
	asJPEG, asPNG := picturetest.JPEG(p), picturetest.PNG(p)
	for o, at := range places() {
		exif := picturetest.EXIF(o, binary.BigEndian)
		for name, data := range map[string][]byte{
			"jpeg": picturetest.WithSegments(asJPEG, picturetest.Segment(0xe1, append([]byte("Exif\x00\x00"), exif...))),
			"png":  picturetest.WithChunks(asPNG, picturetest.Chunk("eXIf", exif)),
		} {
			r, err := process(data)
			require.NoError(t, err, name)
			width, height := 1290, 200
			if o > 4 {
				width, height = height, width
			}
			assert.Equal(t, []int{width, height}, []int{r.Width, r.Height}, "%s %d", name, o)
			thumb, err := jpeg.Decode(bytes.NewReader(r.Thumb))
			require.NoError(t, err)
			assert.Equal(t, picture.MaxThumb, max(thumb.Bounds().Dx(), thumb.Bounds().Dy()))
			assert.Equal(t, width > height, thumb.Bounds().Dx() > thumb.Bounds().Dy())
			for what, shown := range map[string]image.Image{name + "'s thumbnail": thumb, name + "'s preview": previewOf(t, r)} {
				assertNear(t, picturetest.TopLeft, cornerColour(shown, at[0]), what)
				assertNear(t, picturetest.TopRight, cornerColour(shown, at[1]), what)
			}
			left := kept(t, data, r)
			if o > 1 {
				assert.Contains(t, string(left), string([]byte{0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, byte(o)}), "the orientation stays")
			} else {
				assert.NotContains(t, string(left), "Exif")
			}
			again, err := process(left)
			require.NoError(t, err)
			assert.Equal(t, []int{width, height}, []int{again.Width, again.Height})
		}
	}
}

func TestSmallPicturesOfLargeOnes(t *testing.T) {
	for _, size := range []image.Point{{1280, 300}, {300, 1281}, {2600, 200}, {2559, 1}, {1, 4000}, {9000, 17}} {
		r, err := process(picturetest.PNG(picturetest.Corners(size.X, size.Y)))
		require.NoError(t, err)
		assert.Equal(t, []int{size.X, size.Y}, []int{r.Width, r.Height})
		if max(size.X, size.Y) <= picture.MaxThumb {
			assert.Nil(t, r.Thumb)
			continue
		}
		thumb, kind, err := image.Decode(bytes.NewReader(r.Thumb))
		require.NoError(t, err)
		assert.Equal(t, "jpeg", kind)
		assert.Equal(t, picture.MaxThumb, max(thumb.Bounds().Dx(), thumb.Bounds().Dy()))
		assert.GreaterOrEqual(t, min(thumb.Bounds().Dx(), thumb.Bounds().Dy()), 1)
		previewOf(t, r)
	}
}

func TestWhatIsNotOpaqueStaysSo(t *testing.T) {
	p := image.NewNRGBA(image.Rect(0, 0, 1400, 100))
	for x := range 700 {
		for y := range 100 {
			p.SetNRGBA(x, y, color.NRGBA{R: 200, G: 100, B: 50, A: 128})
		}
	}
	r, err := process(picturetest.PNG(p))
	require.NoError(t, err)
	thumb, err := png.Decode(bytes.NewReader(r.Thumb))
	require.NoError(t, err)
	for name, shown := range map[string]image.Image{"thumbnail": thumb, "preview": previewOf(t, r)} {
		assertNear(t, color.RGBA{R: 100, G: 50, B: 25, A: 128}, cornerColour(shown, "top left"), name)
		assertNear(t, color.RGBA{}, cornerColour(shown, "top right"), name)
	}
}

func TestAColourProfileGoesWithTheThumbnail(t *testing.T) {
	profile := make([]byte, 70_000) // more than one segment of a JPEG takes
	copy(profile[16:], "RGB ")
	for i := 128; i < len(profile); i++ {
		profile[i] = byte(i * i >> 3)
	}
	of := func(n int, part []byte) []byte {
		return picturetest.Segment(0xe2, append([]byte{'I', 'C', 'C', '_', 'P', 'R', 'O', 'F', 'I', 'L', 'E', 0, byte(n), 2}, part...))
	}
	data := picturetest.JPEG(picturetest.Corners(1400, 20), of(1, profile[:60_000]), of(2, profile[60_000:]))
	r, err := process(data)
	require.NoError(t, err)
	again, err := process(r.Thumb)
	require.NoError(t, err)
	assert.Nil(t, again.Clean)
	var both []byte
	for rest := r.Thumb; ; {
		_, after, ok := bytes.Cut(rest, []byte("ICC_PROFILE\x00"))
		if !ok {
			break
		}
		at := len(rest) - len(after) - 14
		n := int(binary.BigEndian.Uint16(rest[at:]))
		both = append(both, after[2:n-14]...)
		rest = after
	}
	assert.Equal(t, profile, both)
}

// failing is a file whose store goes away.
type failing struct {
	io.ReaderAt
	from int64
}

var errAway = errors.New("the store is away")

func (f failing) ReadAt(p []byte, at int64) (int, error) {
	if at+int64(len(p)) > f.from {
		return 0, errAway
	}
	return f.ReaderAt.ReadAt(p, at)
}

func TestAStoreThatGoesAwaySaysNothingOfThePicture(t *testing.T) {
	data := picturetest.JPEG(picturetest.Corners(1500, 100))
	for from := range 5 {
		r := failing{bytes.NewReader(data), int64(from * len(data) / 5)}
		_, err := picture.Process(t.Context(), r, int64(len(data)))
		require.ErrorIs(t, err, errAway)
		assert.NotErrorIs(t, err, picture.ErrBroken)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := picture.Process(ended, bytes.NewReader(data), int64(len(data)))
	require.ErrorIs(t, err, context.Canceled)
}

// TestBrands has all brands that [picture.Sniff] takes for a picture in this container.
func TestBrands(t *testing.T) {
	for _, brand := range []string{
		"heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs", "mif1", "msf1", "avic", "avcs", "avif", "avis",
	} {
		data := picturetest.Seed("place.avif")
		copy(data[8:], brand)
		assert.True(t, strings.HasPrefix(picture.Sniff(data, "", ""), "image/"), brand)
		r, err := process(data)
		require.NoError(t, err)
		assert.NotContains(t, string(kept(t, data, r)), picturetest.Secret, brand)
	}
}

// counted is a file that counts what is read of it.
type counted struct {
	io.ReaderAt
	read int
}

func (c *counted) ReadAt(p []byte, at int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, at)
	c.read += n
	return n, err
}

// TestSmallFilesMakeNoMuchWork has files that say the same thing many times, in few bytes.
func TestSmallFilesMakeNoMuchWork(t *testing.T) {
	box := func(name string, content ...[]byte) []byte {
		all := bytes.Join(content, nil)
		return append(append(binary.BigEndian.AppendUint32(nil, uint32(len(all)+8)), name...), all...)
	}
	// heic has an item with EXIF, and says in so many parts, of so many bytes each, where one is.
	heic := func(item, parts uint16, sizes uint16, part, content []byte) []byte {
		item16 := binary.BigEndian.AppendUint16(nil, item)
		where := slices.Concat([]byte{0, 0, 0, 0}, binary.BigEndian.AppendUint16(nil, sizes), []byte{0, 1}, item16, []byte{0, 0},
			binary.BigEndian.AppendUint16(nil, parts), bytes.Repeat(part, int(parts)))
		info := box("iinf", []byte{0, 0, 0, 0, 0, 1}, box("infe", []byte{2, 0, 0, 0, 0, 1, 0, 0}, []byte("Exif\x00")))
		return slices.Concat(box("ftyp", []byte("heic\x00\x00\x00\x00mif1")), box("mdat", content), box("meta", []byte{0, 0, 0, 0}, info, box("iloc", where)))
	}
	t.Run("parts without bytes", func(t *testing.T) {
		_, err := process(heic(2, 1<<16-1, 0, nil, nil))
		require.NoError(t, err)
		two := heic(2, 1<<16-1, 0, nil, nil)
		at := bytes.Index(two, []byte("iloc"))
		item := two[len(two)-6:]
		binary.BigEndian.PutUint16(two[at+10:], 2) // of such items
		two = append(two, item...)
		for _, name := range []string{"iloc", "meta"} {
			size := two[bytes.Index(two, []byte(name))-4:]
			binary.BigEndian.PutUint32(size, binary.BigEndian.Uint32(size)+uint32(len(item)))
		}
		_, err = process(two)
		require.ErrorIs(t, err, picture.ErrBroken)
	})
	t.Run("one place many times", func(t *testing.T) {
		part := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 28), 1<<20)
		data := heic(1, 500, 0x4400, part, make([]byte, 1<<20))
		file := &counted{ReaderAt: bytes.NewReader(data)}
		r, err := picture.Process(t.Context(), file, int64(len(data)))
		require.NoError(t, err)
		assert.Nil(t, r.Clean, "it is empty already")
		assert.Less(t, file.read, 2*len(data))
	})
	t.Run("colour profiles", func(t *testing.T) {
		var packed bytes.Buffer
		w := zlib.NewWriter(&packed)
		_, err := w.Write(make([]byte, 1<<20))
		require.NoError(t, errors.Join(err, w.Close()))
		profile := picturetest.Chunk("iCCP", append([]byte("a\x00\x00"), packed.Bytes()...))
		data := picturetest.PNG(picturetest.Corners(48, 32), profile, profile, profile)
		r, err := process(data)
		require.NoError(t, err)
		assert.Equal(t, 1, bytes.Count(kept(t, data, r), []byte("iCCP")))
	})
	t.Run("parts of a frame", func(t *testing.T) {
		odd := picturetest.WebPChunk("ALPH", []byte{0})
		odd[len(odd)-1] = 1 // which is put right, so that this is a part of its own
		frame := append(make([]byte, 16), bytes.Repeat(odd, 1_000_000)...)
		data := picturetest.RIFF(picturetest.VP8X(2, 1, 1), picturetest.WebPChunk("ANMF", frame))
		file := &counted{ReaderAt: bytes.NewReader(data)}
		_, err := picture.Process(t.Context(), file, int64(len(data)))
		require.ErrorIs(t, err, picture.ErrBroken)
		assert.Less(t, file.read, len(data)/2, "it is not put together first")
	})
}

func FuzzProcess(f *testing.F) {
	for _, file := range picturetest.Hostile() {
		if len(file.Data) < 10_000 {
			f.Add(file.Data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := process(data)
		if err != nil {
			if !errors.Is(err, picture.ErrBroken) && !errors.Is(err, picture.ErrTooLarge) {
				t.Fatal(err)
			}
			return
		}
		if len(r.Preview) > picture.MaxPreview {
			t.Fatal("the preview is too long")
		}
		left := kept(t, data, r)
		again, err := process(left)
		if err != nil {
			t.Fatal("what is kept can't be read:", err)
		}
		if !bytes.Equal(left, kept(t, left, again)) {
			t.Fatal("what is kept has something that should not be kept")
		}
		again.Clean, r.Clean = nil, nil
		assert.Equal(t, r, again)
	})
}

func FuzzSniff(f *testing.F) {
	for _, file := range picturetest.Hostile() {
		f.Add(file.Data[:min(len(file.Data), 500)], file.Name, file.Declared)
	}
	f.Fuzz(func(t *testing.T, head []byte, name, declared string) {
		is := picture.Sniff(head, name, declared)
		if is == "" || strings.ContainsAny(is, "; \r\n\"") {
			t.Fatalf("%q is no type", is)
		}
		if plain := picture.Sniff(head, "", ""); strings.HasPrefix(is, "text/html") && plain != is {
			t.Fatalf("what was said made HTML of %s", plain)
		}
	})
}
