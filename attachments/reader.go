package attachments

import (
	"context"
	"errors"
	"fmt"
	"io"

	"gocloud.dev/blob"

	"github.com/caller-chat/caller/chat"
)

// open is the bytes of parts, one after the other. That the first one is there is checked now, since
// whoever serves a file says so before its first byte. Errors: [ErrGone]; [ErrUnavailable].
func (b *Bucket) open(ctx context.Context, parts []chat.FilePart) (*reader, error) {
	if err := b.health.check(); err != nil {
		return nil, err
	}
	r := &reader{ctx: ctx, bucket: b, parts: parts}
	for _, part := range parts {
		r.size += part.Size
	}
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

// reader reads a file. It is for one goroutine.
type reader struct {
	ctx    context.Context
	bucket *Bucket
	parts  []chat.FilePart
	size   int64
	at     int64
	part   *blob.Reader // the one that at is in; nil to open it
	left   int64        // of that part
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
	n, err := r.part.Read(p)
	r.at += int64(n)
	r.left -= int64(n)
	switch {
	case r.left == 0:
		r.closePart()
		err = nil
	case errors.Is(err, io.EOF): // the object is shorter than it was
		err = fmt.Errorf("%w: a part of it is lost", ErrGone)
	case err != nil:
		err = r.bucket.answered(r.ctx, err)
	}
	return n, err
}

// openPart opens the object in which the next byte is.
func (r *reader) openPart() error {
	begins := int64(0)
	for _, part := range r.parts {
		if r.at < begins+part.Size {
			r.left = part.Size - (r.at - begins)
			opened, err := r.bucket.NewRangeReader(r.ctx, part.Key, r.at-begins, r.left, nil)
			if err := r.bucket.answered(r.ctx, err); err != nil {
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
