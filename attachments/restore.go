package attachments

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/caller-chat/caller/chat"
)

// ErrDiffers says that the bytes of a file are not those that its record tells of.
var ErrDiffers = errors.New("the bytes are not the file's")

// List are the files of a room that messages name, or are about to, the oldest first. Errors:
// [chat.ErrUnavailable].
func (s *Store) List(ctx context.Context, room chat.RoomID) ([]Record, error) {
	all, err := s.records.RoomFiles(ctx, room)
	var shown []Record
	for _, r := range all {
		if r.State.IsShown() {
			shown = append(shown, r)
		}
	}
	return shown, err
}

// Restore keeps a file that was kept in another store, under its id: of the record what it says of
// the file and of who has sent it, and content, whose hash must be the record's. Thumb is the
// smaller picture; nil for none. It is kept for [Options.Idle], and others than its owner can read it, when
// [Store.Settle] has found a message that names it. One that is here already, with the same bytes, stays; if the bucket has lost
// them, they are put back. What a room's files may come to is not looked at.
//
// Errors: [ErrDiffers]; those of the readers; [chat.ErrFileChanged] when the id is another file's;
// [ErrUnavailable]; [chat.ErrUnavailable].
func (s *Store) Restore(ctx context.Context, r Record, content, thumb io.Reader) error {
	state := chat.FileReady
	had, err := s.Get(ctx, r.Room, r.ID)
	switch {
	case err == nil && had.State != chat.FileUploading && had.SHA256 == r.SHA256:
		if whole, _, err := s.Intact(ctx, had); err != nil || whole {
			return err
		}
		state, r.Revision = had.State, had.Revision
	case err == nil:
		return fmt.Errorf("file %s: %w", r.ID, chat.ErrFileChanged)
	case errors.Is(err, ErrGone):
		r.Revision = had.Revision
	case errors.Is(err, ErrNotFound):
		r.Revision = 0
	default:
		return err
	}
	r.Parts, r.Thumb, r.Hash = nil, chat.FilePart{}, nil
	r.State, r.Offset, r.Length = state, r.Size, r.Size
	sum := sha256.New()
	parts, err := s.writeParts(ctx, r, io.TeeReader(io.LimitReader(content, r.Size+1), sum))
	r.Parts = parts
	if err == nil && (sizeOfAll(parts) != r.Size || hex.EncodeToString(sum.Sum(nil)) != r.SHA256) {
		err = fmt.Errorf("file %s: %w", r.ID, ErrDiffers)
	}
	written := parts
	if err == nil && thumb != nil {
		key := newKey(r.Room, r.ID, "preview")
		var n int64
		var broken error
		n, broken, err = s.bucket.write(ctx, key, io.LimitReader(thumb, PartSize))
		if err = errors.Join(err, broken); n > 0 {
			r.Thumb = chat.FilePart{Key: key, Size: n}
			written = append(written, r.Thumb)
		}
	}
	if err == nil {
		_, err = s.records.PutFile(ctx, r, math.MaxInt64, s.options.Idle)
	}
	switch {
	case err == nil:
		s.leave(context.WithoutCancel(ctx), objectsOf(had), written)
	case !errors.Is(err, chat.ErrUnavailable): // else the record may name them
		s.leave(context.WithoutCancel(ctx), written, nil)
	}
	return err
}

func sizeOfAll(parts []chat.FilePart) (size int64) {
	for _, part := range parts {
		size += part.Size
	}
	return size
}

// Settle says that a room's messages are other ones now: files that they name can be read by whoever
// may read the room, and those that they do not name any more go. Errors: [chat.ErrUnavailable].
func (s *Store) Settle(ctx context.Context, room chat.RoomID) error {
	records, err := s.records.RoomFiles(ctx, room) // before the log: see sweeper.lookAt
	if err != nil || len(records) == 0 {
		return err
	}
	named, err := s.named(ctx, room)
	if err != nil {
		return err
	}
	for _, r := range records {
		if r.State != chat.FileReady || !named[r.ID] {
			continue
		}
		r.State = chat.FilePosted
		if _, err := s.put(ctx, r, s.options.Look); err != nil && !errors.Is(err, chat.ErrFileChanged) {
			return err
		}
	}
	return s.release(ctx, room)
}

// writeParts writes a file's objects.
func (s *Store) writeParts(ctx context.Context, r Record, content io.Reader) (parts []chat.FilePart, err error) {
	for offset := int64(0); ; {
		r.Offset = offset
		key := partKey(r)
		n, broken, err := s.bucket.write(ctx, key, io.LimitReader(content, PartSize))
		if n > 0 {
			parts = append(parts, chat.FilePart{Key: key, Size: n})
		}
		if err = errors.Join(err, broken); err != nil || n < PartSize {
			return parts, err
		}
		offset += n
	}
}
