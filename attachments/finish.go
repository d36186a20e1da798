package attachments

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/caller-chat/caller/chat"
)

// Finish makes a file of what was uploaded: it is scanned, its type is told by what is in it, and of
// a picture a preview is made and its metadata taken out. Then who has uploaded it may name it in a
// message, for an hour. One that is finished already, or is by another request meanwhile, is returned
// as it is.
//
// Errors: those of [Store.Get]; [ErrIncomplete]; [ErrInfected]; a [*SizeError] for a picture of too many pixels; [ErrUnavailable]; [ErrOffset] when
// the record is another one meanwhile.
func (s *Store) Finish(ctx context.Context, room chat.RoomID, id string) (chat.File, error) {
	record, err := s.Get(ctx, room, id)
	if err != nil {
		return chat.File{}, err
	}
	if record.State != chat.FileUploading {
		return record.File, nil
	}
	file, err := s.finish(ctx, record)
	if errors.Is(err, ErrOffset) || errors.Is(err, ErrGone) { // of a picture its objects are other ones then
		if now, err := s.Get(ctx, room, id); err == nil && now.State != chat.FileUploading {
			return now.File, nil
		}
	}
	s.options.Observer.Uploaded(err)
	return file, err
}

// finish is [Store.Finish] of one that is not finished yet.
func (s *Store) finish(ctx context.Context, record Record) (chat.File, error) {
	if record.Length >= 0 && record.Offset != record.Length {
		return chat.File{}, fmt.Errorf("%w: it has %d bytes of %d", ErrIncomplete, record.Offset, record.Length)
	}
	if err := s.scan(ctx, record); err != nil {
		return chat.File{}, err
	}
	sum, err := unmarshal(record.Hash)
	if err != nil {
		return chat.File{}, err
	}
	before := record.Parts
	record.Sent, record.Size, record.SHA256 = record.Offset, record.Offset, hex.EncodeToString(sum.Sum(nil))
	record, written, err := s.look(ctx, record)
	if err == nil {
		record.Length, record.Hash, record.State = record.Size, nil, chat.FileReady
		var finished Record
		if finished, err = s.put(ctx, record, s.options.Idle); err == nil {
			s.leave(ctx, before, record.Parts)
			return finished.File, nil
		}
	}
	if !errors.Is(err, chat.ErrUnavailable) { // else the record may name them
		s.leave(ctx, written, before)
	}
	if tooLarge := (*SizeError)(nil); errors.As(err, &tooLarge) && tooLarge.What == "picture" {
		s.drop(ctx, record)
	}
	if errors.Is(err, chat.ErrFileChanged) {
		err = fmt.Errorf("%w: %w", ErrOffset, err)
	}
	return chat.File{}, err
}

// leave takes objects away that the record does not name: those of parts that are not among these.
func (s *Store) leave(ctx context.Context, parts, but []chat.FilePart) {
	for _, part := range parts {
		if !slices.Contains(but, part) {
			s.bucket.remove(ctx, part.Key)
		}
	}
}

// drop removes a file that nobody is to be shown.
func (s *Store) drop(ctx context.Context, r Record) {
	if err := s.remove(context.WithoutCancel(ctx), r); err != nil {
		s.log.WarnContext(ctx, "a file that is refused is left for the sweep", "file", r.ID, "err", err)
	}
}

// scan has a file looked into. What the scanner refuses is removed.
func (s *Store) scan(ctx context.Context, record Record) error {
	if s.options.Scan == nil {
		return nil
	}
	content, err := s.bucket.open(ctx, record.Parts)
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }() // it was only read
	err = s.options.Scan(ctx, record.Name, io.Reader(content))
	if errors.Is(err, ErrInfected) {
		s.drop(ctx, record)
	}
	return err
}
