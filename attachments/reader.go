package attachments

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"gocloud.dev/blob"

	"github.com/caller-chat/caller/chat"
)

// open is the bytes of parts, one after the other. That the first one is there is checked now, since
// whoever serves a file says so before its first byte. Errors: [ErrGone]; [ErrUnavailable].
func (b *Bucket) open(ctx context.Context, parts []chat.FilePart) (*reader, error) {
	if err := b.reading.check(); err != nil {
		return nil, err
	}
	r := &reader{ctx: ctx, bucket: b, parts: parts, size: sizeOfAll(parts)}
	if len(parts) > 0 {
		one, cancel := in(ctx, shortTime)
		defer cancel()
		there, err := b.Exists(one, parts[0].Key)
		if err := b.answered(one, err); err != nil {
			return nil, err
		}
		if !there {
			return nil, fmt.Errorf("%w: its bytes are lost", ErrGone)
		}
	}
	return r, nil
}

// sizeOf is how many bytes an object has, if it is there. Errors: [ErrUnavailable]; the context's.
func (b *Bucket) sizeOf(ctx context.Context, key string) (size int64, there bool, err error) {
	if err := b.reading.check(); err != nil {
		return 0, false, err
	}
	ctx, cancel := in(ctx, shortTime)
	defer cancel()
	attributes, err := b.Attributes(ctx, key)
	switch err = b.answered(ctx, err); {
	case errors.Is(err, ErrGone):
		return 0, false, nil
	case err != nil:
		return 0, false, err
	}
	return attributes.Size, true, nil
}

// reader reads a file. It is for one goroutine.
type reader struct {
	ctx    context.Context
	bucket *Bucket
	parts  []chat.FilePart
	size   int64
	at     int64
	part   *blob.Reader // the one that at is in; nil to open it
	left   int64        // of that part
	// its is the part's context, and end ends it: also when the bucket has fallen silent in the middle.
	its context.Context
	end context.CancelCauseFunc
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	if r.at >= r.size {
		return 0, io.EOF
	}
	if r.part == nil {
		if err := r.openPart(); err != nil {
			return 0, err
		}
	}
	late := r.watch()
	n, err := r.part.Read(p)
	late.Stop()
	r.at += int64(n)
	r.left -= int64(n)
	switch {
	case r.left == 0:
		r.closePart()
		err = nil
	case errors.Is(err, io.EOF): // the object is shorter than it was
		err = fmt.Errorf("%w: a part of it is lost", ErrGone)
	case err != nil:
		err = r.bucket.answered(r.its, err)
	}
	return n, err
}

// watch ends the part if it brings nothing, until the timer is stopped. Whoever reads may take longer.
func (r *reader) watch() *time.Timer {
	return time.AfterFunc(cmp.Or(r.bucket.patience, shortTime), func() { r.end(errTooLate) })
}

// openPart opens the object in which the next byte is.
func (r *reader) openPart() error {
	begins := int64(0)
	for _, part := range r.parts {
		if r.at < begins+part.Size {
			r.left = part.Size - (r.at - begins)
			r.its, r.end = context.WithCancelCause(r.ctx)
			late := r.watch()
			opened, err := r.bucket.NewRangeReader(r.its, part.Key, r.at-begins, r.left, nil)
			late.Stop()
			if err := r.bucket.answered(r.its, err); err != nil {
				r.end(nil)
				return err
			}
			r.part = opened
			return nil
		}
		begins += part.Size
	}
	return io.EOF
}

func (r *reader) closePart() {
	if r.part != nil {
		_ = r.part.Close() // what was read is all there is to it
		r.end(nil)
		r.part = nil
	}
}

// Seek implements io.Seeker.
func (r *reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return r.at, errors.New("a place before the beginning")
	}
	if offset != r.at {
		r.closePart()
		r.at = offset
	}
	return r.at, nil
}

// Close implements io.Closer.
func (r *reader) Close() error {
	r.closePart()
	return nil
}
