package attachments

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/caller-chat/caller/chat"
)

// Finish makes a file of what was uploaded: it is scanned, its type is told by what is in it, and of
// a picture a preview is made and its metadata taken out. Then who has uploaded it may name it in a
// message, for an hour. One that is finished already is returned as it is.
//
// Errors: those of [Store.Get]; [ErrIncomplete]; [ErrInfected]; [ErrUnavailable]; [ErrOffset] when
// somebody else does the same at this moment.
func (s *Store) Finish(ctx context.Context, room chat.RoomID, id string) (chat.File, error) {
	record, err := s.Get(ctx, room, id)
	if err != nil {
		return chat.File{}, err
	}
	if record.State != chat.FileUploading {
		return record.File, nil
	}
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
	record.Size, record.Length, record.SHA256 = record.Offset, record.Offset, hex.EncodeToString(sum.Sum(nil))
	record.Hash, record.State = nil, chat.FileReady
	finished, err := s.put(ctx, record, s.options.Idle)
	if errors.Is(err, chat.ErrFileChanged) {
		err = fmt.Errorf("%w: %w", ErrOffset, err)
	}
	return finished.File, err
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
		if err := s.remove(ctx, record); err != nil {
			s.log.WarnContext(ctx, "a file that the scanner refuses is left for the sweep", "file", record.ID, "err", err)
		}
	}
	return err
}
