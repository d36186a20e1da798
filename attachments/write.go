package attachments

import (
	"context"
	"crypto/sha256"
	"encoding"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/caller-chat/caller/chat"
)

// keepTime is how long what has come is given to be kept when whoever sent it has gone.
const keepTime = time.Minute

// Write adds what r has to a file, from an offset on that must be the file's end, and returns its
// record then. What has come is kept when r breaks off, and then its error is returned with the
// record. The upload can be gone on with on any node.
//
// Errors: those of [Store.Get]; those of r; [ErrOffset]; [ErrBusy]; [*SizeError]; [ErrUnavailable].
func (s *Store) Write(ctx context.Context, room chat.RoomID, id string, offset int64, r io.Reader) (Record, error) {
	record, err := s.Get(ctx, room, id)
	if err != nil {
		return record, err
	}
	if record.State != chat.FileUploading || record.Offset != offset {
		return record, fmt.Errorf("%w: it is %d", ErrOffset, record.Offset)
	}
	if err := s.bucket.checkWriting(); err != nil {
		return record, err
	}
	free, err := s.slots.take(record.Network)
	if err != nil {
		return record, err
	}
	defer free()
	most := s.options.FileSize
	if record.Length >= 0 {
		most = record.Length
	}
	for {
		next, more, err := s.writePart(ctx, record, r, min(PartSize, most-record.Offset))
		if err != nil || !more {
			return next, err
		}
		if record = next; record.Offset == most {
			return record, s.nothingMore(r, record, most)
		}
	}
}

// nothingMore is the error for what is sent beyond a file's end.
func (s *Store) nothingMore(r io.Reader, record Record, most int64) error {
	var one [1]byte
	n, err := io.ReadFull(r, one[:])
	switch {
	case n > 0:
		return &SizeError{What: "file", Limit: most, Size: record.Offset + 1}
	case errors.Is(err, io.EOF):
		return nil
	}
	return err
}

// writePart adds one object to a file, of so many bytes at most. There may be more when r had as many.
func (s *Store) writePart(ctx context.Context, record Record, r io.Reader, most int64) (_ Record, more bool, err error) {
	sum, err := unmarshal(record.Hash)
	if err != nil {
		return record, false, err
	}
	keep, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	key := partKey(record)
	n, broken, err := s.bucket.write(keep, key, io.TeeReader(io.LimitReader(r, most), sum))
	if err != nil || n == 0 {
		return record, false, errors.Join(broken, err)
	}
	record.Parts = append(record.Parts[:len(record.Parts):len(record.Parts)], chat.FilePart{Key: key, Size: n})
	record.Offset += n
	if record.Hash, err = marshal(sum); err != nil {
		return record, false, err
	}
	deadline := time.AfterFunc(keepTime, cancel)
	defer deadline.Stop()
	next, err := s.put(keep, record, s.options.Idle)
	if err == nil {
		s.options.Observer.Received(n)
	} else {
		if !errors.Is(err, chat.ErrUnavailable) { // else the record may have it
			s.bucket.remove(keep, key)
		}
		if errors.Is(err, chat.ErrFileChanged) {
			err = fmt.Errorf("%w: %w", ErrOffset, err)
		}
		return record, false, err
	}
	return next, broken == nil && n == most, broken
}

// marshal and unmarshal keep a hash of what has come between two requests.
func marshal(sum hash.Hash) ([]byte, error) {
	return sum.(encoding.BinaryMarshaler).MarshalBinary()
}

func unmarshal(state []byte) (hash.Hash, error) {
	sum := sha256.New()
	if err := sum.(encoding.BinaryUnmarshaler).UnmarshalBinary(state); err != nil {
		return nil, fmt.Errorf("the hash of a file: %w", err)
	}
	return sum, nil
}
