package attachments

import (
	"context"
	"errors"

	"github.com/caller-chat/caller/chat"
)

// Attach implements [chat.Files].
func (s *Store) Attach(ctx context.Context, room chat.RoomID, by chat.Principal, ids []string) ([]chat.File, error) {
	files := make([]chat.File, 0, len(ids))
	for _, id := range ids {
		r, err := s.change(ctx, room, id, func(r *Record) error {
			if r.Owner != by.ID || r.State == chat.FileUploading {
				return ErrNotFound
			}
			r.State = chat.FileAttached
			return nil
		})
		switch {
		case errors.Is(err, ErrNotFound), errors.Is(err, ErrGone):
			return nil, chat.NoSuchFile(id)
		case err != nil:
			return nil, err
		}
		files = append(files, r.File)
	}
	return files, nil
}

// Posted implements [chat.Files].
func (s *Store) Posted(ctx context.Context, room chat.RoomID, e chat.Entry) {
	for _, id := range e.FileIDs() {
		if _, err := s.change(ctx, room, id, func(r *Record) error {
			r.State = chat.FilePosted
			return nil
		}); err != nil {
			s.log.DebugContext(ctx, "noting that a file was posted failed", "file", id, "err", err)
		}
	}
}

// Released implements [chat.Files]. What no message names any more is marked here, and taken away
// by the sweep, which is told of it.
func (s *Store) Released(ctx context.Context, room chat.RoomID) {
	if err := s.release(ctx, room); err != nil {
		s.log.DebugContext(ctx, "finding the files of messages that are gone failed", "err", err)
	}
}

func (s *Store) release(ctx context.Context, room chat.RoomID) error {
	records, err := s.records.RoomFiles(ctx, room) // before the log: see sweeper.lookAt
	if err != nil || len(records) == 0 {
		return err
	}
	named, err := s.named(ctx, room)
	if err != nil {
		return err
	}
	marked := false
	for _, r := range records {
		if r.State != chat.FilePosted || named[r.ID] {
			continue
		}
		r.State = chat.FileGone
		if _, err := s.put(ctx, r, 0); err != nil && !errors.Is(err, chat.ErrFileChanged) {
			return err
		}
		marked = true
	}
	if marked {
		s.sweeper.hurry()
	}
	return nil
}

// named are the ids of the files that messages of a room name.
func (s *Store) named(ctx context.Context, room chat.RoomID) (map[string]bool, error) {
	kept, err := s.records.Read(ctx, room)
	if err != nil {
		return nil, err
	}
	named := map[string]bool{}
	for _, e := range kept.Entries {
		for _, id := range e.FileIDs() {
			named[id] = true
		}
	}
	return named, nil
}

// change changes a record, and again when somebody else has changed it meanwhile. Errors: those of
// [Store.Get] and of do.
func (s *Store) change(ctx context.Context, room chat.RoomID, id string, do func(*Record) error) (Record, error) {
	for {
		r, err := s.Get(ctx, room, id)
		if err != nil {
			return r, err
		}
		if err := do(&r); err != nil {
			return r, err
		}
		look := s.options.Look
		if !r.State.IsShown() {
			look = s.options.Idle
		}
		if r, err = s.put(ctx, r, look); !errors.Is(err, chat.ErrFileChanged) {
			return r, err
		}
	}
}
