package attachments

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/caller-chat/caller/attachments/picture"
	"github.com/caller-chat/caller/chat"
)

// brokenType is the type of what says that it is a picture and is none: it can be downloaded.
const brokenType = "application/octet-stream"

// look finds out what a whole file is, and fills its record with that. A picture is put into new
// objects without its metadata, and gets a smaller one if it is large. Written are the objects that
// it has made; they are the caller's to remove if the record is not put, also with an error.
//
// Errors: [*SizeError] for a picture of too many pixels; [ErrUnavailable]; [ErrGone]; the context's.
func (s *Store) look(ctx context.Context, r Record) (_ Record, written []chat.FilePart, err error) {
	content, err := s.bucket.open(ctx, r.Parts)
	if err != nil {
		return r, nil, err
	}
	defer func() { _ = content.Close() }() // it was only read
	head := make([]byte, picture.SniffLength)
	n, err := io.ReadFull(content, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return r, nil, err
	}
	r.Type = picture.Sniff(head[:n], r.Name, r.Type)
	if !strings.HasPrefix(r.Type, "image/") {
		return r, nil, nil
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return r, nil, err
	}
	// It is looked at in many places, so it has to be in a file.
	spool, err := newSpool()
	if err != nil {
		return r, nil, s.bucket.unavailable(err)
	}
	defer spool.Close()
	_, broken, err := copyAll(spool, content)
	if err != nil {
		return r, nil, s.bucket.unavailable(err)
	}
	if broken != nil {
		return r, nil, broken
	}
	return s.lookAtPicture(ctx, r, spool)
}

// lookAtPicture is look for what is a picture by its beginning.
func (s *Store) lookAtPicture(ctx context.Context, r Record, from io.ReaderAt) (Record, []chat.FilePart, error) {
	found, err := picture.Process(ctx, from, r.Size)
	var large *picture.SizeError
	switch {
	case errors.As(err, &large):
		return r, nil, &SizeError{What: "picture", Limit: picture.MaxPixels, Size: int64(large.Width) * int64(large.Height)}
	case errors.Is(err, picture.ErrBroken):
		r.Type = brokenType
		return r, nil, nil
	case err != nil && ctx.Err() != nil:
		return r, nil, ctx.Err()
	case err != nil:
		return r, nil, s.bucket.unavailable(err) // its spool can't be read
	case found.Type == "":
		return r, nil, nil
	}
	r.Type, r.Width, r.Height = found.Type, found.Width, found.Height
	r.Animated, r.Preview = found.Animated, found.Preview
	var written []chat.FilePart
	if found.Clean != nil {
		if r, err = s.rewrite(ctx, r, found.Clean); err != nil {
			return r, r.Parts, err
		}
		written = r.Parts
	}
	if found.Thumb != nil {
		key := newKey(r.Room, r.ID, "preview")
		size, _, err := s.bucket.write(ctx, key, strings.NewReader(string(found.Thumb)))
		if err != nil {
			return r, written, err
		}
		r.Thumb, r.ThumbType = chat.FilePart{Key: key, Size: size}, http.DetectContentType(found.Thumb)
		written = append(written[:len(written):len(written)], r.Thumb)
	}
	return r, written, nil
}

// rewrite puts what write writes into new objects, which are the record's parts then, also with an
// error.
func (s *Store) rewrite(ctx context.Context, r Record, write func(io.Writer) error) (Record, error) {
	out, in := io.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		in.CloseWithError(write(in)) // nil is the end
	}()
	defer func() {
		_ = out.Close() // which ends the writer
		<-ended
	}()
	sum := sha256.New()
	r.Parts, r.Offset = nil, 0
	for {
		key := partKey(r)
		n, broken, err := s.bucket.write(ctx, key, io.TeeReader(io.LimitReader(out, PartSize), sum))
		if n > 0 {
			r.Parts = append(r.Parts, chat.FilePart{Key: key, Size: n})
			r.Offset += n
		}
		switch {
		case err != nil:
			return r, err
		case broken != nil:
			return r, s.bucket.unavailable(fmt.Errorf("a picture's copy: %w", broken))
		case n < PartSize:
			r.Size, r.SHA256 = r.Offset, hex.EncodeToString(sum.Sum(nil))
			return r, nil
		}
	}
}
