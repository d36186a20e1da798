package picture

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"time"

	"golang.org/x/sync/semaphore"
)

// Result is what is known of a picture.
type Result struct {
	// Type is its media type by its content; empty for a file that is no picture of a kind that
	// this package knows, and then nothing else is set.
	Type string
	// Width and Height are in pixels, as one sees it: after its orientation was applied. They are 0
	// where the headers do not say.
	Width, Height int
	// Animated says that it has more than one frame.
	Animated bool
	// Preview is a small picture without details, as a data URL of at most [MaxPreview] bytes;
	// empty if none could be made.
	Preview string
	// Clean writes the file without what is no picture. Nil if there is nothing to leave out. It
	// reads what Process was given, which must still be there.
	Clean func(w io.Writer) error
	// Thumb is a JPEG, or a PNG if it is not opaque everywhere, whose sides are [MaxThumb] at most.
	// Nil for pictures that are not larger, for animated ones, and if none could be made.
	Thumb []byte
}

var (
	// ErrTooLarge refuses a picture that claims to have too many pixels. Nothing of it was decoded.
	ErrTooLarge = errors.New("the picture has too many pixels")
	// ErrBroken is for a file that begins as a picture and is none.
	ErrBroken = errors.New("the picture is broken")
)

// SizeError is an [ErrTooLarge] with what the picture claims.
type SizeError struct {
	// Width and Height are in pixels.
	Width, Height int
}

func (e *SizeError) Error() string {
	return fmt.Sprintf("%v: %d × %d, and %d million at most", ErrTooLarge, e.Width, e.Height, MaxPixels/1_000_000)
}

// Is implements errors.Is.
func (e *SizeError) Is(target error) bool { return target == ErrTooLarge }

const (
	// MaxPixels is how many pixels a picture may have: 67 million, which is more than the sensors
	// of most telephones and as much as readers' browsers can be asked to unpack.
	MaxPixels = 64 << 20
	// MaxThumb is the longer side of a thumbnail, in pixels: what fits most screens.
	MaxThumb = 1280
	// MaxPreview is how long a preview's data URL may be, in bytes. It is in the log and goes to
	// every reader.
	MaxPreview = 1 << 10

	// maxMemory is what all decoding at one time may take, in bytes.
	maxMemory = 160 << 20
	// maxTime is for how long one picture may be decoded. 64 million pixels take a few seconds.
	maxTime = 20 * time.Second
	// maxPieces is of how many pieces a file may be put together; more is an attack on our memory.
	maxPieces = 1 << 16
	// maxProfile is how large a colour profile may be, in bytes. Those of printers have a megabyte.
	maxProfile = 4 << 20
)

// memory is what is free for decoding, in this process.
var memory = semaphore.NewWeighted(maxMemory)

// form is what the walk through a picture's container has found.
type form struct {
	kind          string
	width, height int // as stored
	orientation   int // 1 to 8, as EXIF numbers it; 0 for none
	animated      bool
	clean         pieces
	// profile is the colour profile for the small pictures; nil for sRGB.
	profile []byte
	// first is what is decoded: the first frame. Its left upper corner is at this place.
	first pieces
	at    image.Point
	// cost is what decoding takes, in bytes.
	cost   int64
	decode func(io.Reader) (image.Image, error)
}

// formats are the pictures that are rewritten, by how their files begin.
func formats() []struct {
	magic string
	walk  func(*window) (form, error)
} {
	return []struct {
		magic string
		walk  func(*window) (form, error)
	}{
		{"\xff\xd8\xff", walkJPEG},
		{pngSignature, walkPNG},
		{"GIF87a", walkGIF},
		{"GIF89a", walkGIF},
		{"RIFF????WEBP", walkWebP},
		{"????ftyp", walkHEIF},
	}
}

// hasMagic reports whether a file begins like this; a question mark is any byte.
func hasMagic(head []byte, magic string) bool {
	if len(head) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '?' && magic[i] != head[i] {
			return false
		}
	}
	return true
}

// Process looks into a file of that size. Of a file that is no picture it says nothing. An error is
// [ErrTooLarge], [ErrBroken], one of ctx, or of r; only the first two say something about the
// picture.
func Process(ctx context.Context, r io.ReaderAt, size int64) (Result, error) {
	f, err := walk(ctx, r, size)
	if err != nil || f == nil {
		return Result{}, err
	}
	return f.result(ctx, size)
}

// walk walks through a picture; nil for a file that is none.
func walk(ctx context.Context, r io.ReaderAt, size int64) (*form, error) {
	w := &window{r: r, size: size}
	head, err := w.peek(0, int(min(size, 32)))
	if err != nil {
		return nil, err
	}
	for _, f := range formats() {
		if !hasMagic(head, f.magic) || f.magic == "????ftyp" && !isHEIF(head) {
			continue
		}
		found, err := f.walk(w)
		if err == nil {
			err = ctx.Err()
		}
		return &found, err
	}
	return nil, nil
}

// result makes what is told of a picture.
func (f *form) result(ctx context.Context, size int64) (Result, error) {
	made := Result{Type: f.kind, Width: f.width, Height: f.height, Animated: f.animated}
	if f.orientation > 4 { // it lies on its side
		made.Width, made.Height = f.height, f.width
	}
	if !f.clean.isWhole(size) {
		made.Clean = f.clean.writeTo
	}
	thumb, preview, err := f.small(ctx)
	if err != nil {
		return Result{}, err
	}
	made.Thumb, made.Preview = thumb, preview
	return made, nil
}

// small makes the small pictures. Those that can't be made are nil and empty.
func (f *form) small(ctx context.Context) (thumb []byte, preview string, err error) {
	release, ok, err := f.reserve(ctx)
	if err != nil || !ok {
		return nil, "", err
	}
	defer release()
	timed, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	thumb, preview, err = f.draw(timed)
	if err != nil && ctx.Err() == nil && timed.Err() != nil || errors.Is(err, errUnknownFeature) {
		return nil, "", nil
	}
	return thumb, preview, err
}

// reserve waits for the memory that decoding takes. There is none for what takes too much.
func (f *form) reserve(ctx context.Context) (release func(), ok bool, err error) {
	if f.first.size() == 0 { // it is not decoded
		return nil, false, nil
	}
	cost := f.cost + shrinkCost(f.width, f.height)
	if cost > maxMemory {
		return nil, false, nil
	}
	if err := memory.Acquire(ctx, cost); err != nil {
		return nil, false, err
	}
	return func() { memory.Release(cost) }, true, nil
}

// drawFirst decodes the first frame and draws it as one sees it, with so many pixels on its longer
// side at most.
func (f *form) drawFirst(ctx context.Context, most int) (*image.RGBA, error) {
	whole, err := f.decodeFirst(ctx)
	if err != nil {
		return nil, err
	}
	fitting, err := shrink(ctx, whole, f.at, image.Pt(f.width, f.height), most)
	if err != nil {
		return nil, err
	}
	return turn(fitting, f.orientation), nil
}

// draw decodes the first frame and makes the small pictures of it.
func (f *form) draw(ctx context.Context) ([]byte, string, error) {
	fitting, err := f.drawFirst(ctx, MaxThumb)
	if err != nil {
		return nil, "", err
	}
	preview, err := blurred(ctx, fitting)
	if err != nil || f.animated || max(f.width, f.height) <= MaxThumb {
		return nil, preview, err
	}
	thumb, err := encode(fitting, f.profile)
	return thumb, preview, err
}

// decodeFirst decodes the first frame. Our decoders are not supposed to panic; should one do, then
// what made it panic is a broken picture.
func (f *form) decodeFirst(ctx context.Context) (decoded image.Image, err error) {
	from := &readErrors{r: f.first.reader(ctx)}
	defer func() {
		if p := recover(); p != nil {
			decoded, err = nil, fmt.Errorf("%w: %v", ErrBroken, p)
		}
	}()
	decoded, err = f.decode(from)
	switch {
	case from.err != nil:
		return nil, from.err
	case err != nil && isUnknownFeature(err):
		return nil, errUnknownFeature
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	return decoded, nil
}

// errUnknownFeature says that our decoders do not know something that a picture may well have.
var errUnknownFeature = errors.New("the decoder does not know this")

// isUnknownFeature reports whether a decoder says so.
func isUnknownFeature(err error) bool {
	_, ofJPEG := errors.AsType[jpeg.UnsupportedError](err)
	_, ofPNG := errors.AsType[png.UnsupportedError](err)
	return ofJPEG || ofPNG
}

// readErrors remembers what went wrong in reading, which says nothing of the picture.
type readErrors struct {
	r   io.Reader
	err error
}

// Read implements [io.Reader].
func (r *readErrors) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// broken is an error that says what is wrong with a file.
func broken(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrBroken, fmt.Sprintf(format, args...))
}

// checkPixels refuses what is too large, and what is nothing.
func checkPixels(width, height int) error {
	if width <= 0 || height <= 0 {
		return broken("it is %d × %d pixels large", width, height)
	}
	if int64(width)*int64(height) > MaxPixels {
		return &SizeError{width, height}
	}
	return nil
}
