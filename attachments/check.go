package attachments

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"gocloud.dev/blob"

	"github.com/caller-chat/caller/chat"
)

// Problem is something in which the bucket and the records disagree.
type Problem struct {
	// Key is the object that has no record, or is missing.
	Key string
	// Room and File are what the record is about; empty for an object without one.
	Room chat.RoomID
	File string
	// What says what is wrong, for people.
	What string
	// Fixed says that it is no more.
	Fixed bool
}

// Checked is how much a check has looked at.
type Checked struct {
	Rooms, Files, Objects, Problems int
	// Bytes are those of all objects.
	Bytes int64
}

// Check compares the bucket with the records, and tells of each thing in which they disagree. With
// fix it deletes objects that nobody has a record of, marks files as gone whose bytes are not all
// there, and forgets a smaller picture that is lost: then there is the large one.
func (s *Store) Check(ctx context.Context, fix bool, tell func(Problem)) (Checked, error) {
	c := check{store: s, fix: fix, tell: tell, sizes: map[string]int64{}}
	if err := c.bucket(ctx); err != nil {
		return c.seen, err
	}
	return c.seen, c.files(ctx)
}

// check is one comparison. Its goroutine owns it.
type check struct {
	store *Store
	fix   bool
	tell  func(Problem)
	seen  Checked
	// sizes are those of the objects that are there, nil where the second half is not asked for.
	sizes map[string]int64
}

func (c *check) found(ctx context.Context, p Problem, mend func(context.Context) error) error {
	c.seen.Problems++
	if c.fix {
		if err := mend(ctx); err != nil {
			return err
		}
		p.Fixed = true
	}
	c.tell(p)
	return nil
}

// bucket looks at all objects, and finds those without a record. A listing is in the order of the
// keys, so a room's objects come together and its records are read once.
func (c *check) bucket(ctx context.Context) error {
	s := c.store
	// Before the listing: a room that is new since then has new objects only.
	rooms, err := s.records.RoomsWithFiles(ctx)
	if err != nil {
		return err
	}
	c.seen.Rooms = len(rooms)
	byFolder := make(map[string]chat.RoomID, len(rooms))
	for _, room := range rooms {
		byFolder[folderOf(room)] = room
	}
	folder := ""
	var keys map[string]bool // of the objects in that folder that a record names
	list := s.bucket.List(nil)
	for {
		object, err := c.next(ctx, list)
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		c.seen.Objects++
		c.seen.Bytes += object.Size
		if c.sizes != nil {
			c.sizes[object.Key] = object.Size
		}
		if in, _, _ := strings.Cut(object.Key, "/"); keys == nil || in != folder {
			folder, keys = in, map[string]bool{}
			if room, known := byFolder[folder]; known {
				if keys, err = s.keysOf(ctx, room); err != nil {
					return err
				}
			}
		}
		if keys[object.Key] || isFolder(object.Key) || time.Since(object.ModTime) < s.options.Idle {
			continue // what no record names may be on its way
		}
		what := fmt.Sprintf("no record names this object of %d bytes", object.Size)
		if err := c.found(ctx, Problem{Key: object.Key, What: what}, func(ctx context.Context) error {
			return s.bucket.removeOne(ctx, object.Key)
		}); err != nil {
			return err
		}
	}
}

// isFolder reports whether an object stands for a folder, as consoles of S3 make them: it is empty, and
// the folder that is the bucket's prefix has no name there.
func isFolder(key string) bool { return key == "" || strings.HasSuffix(key, "/") }

func (c *check) next(ctx context.Context, list *blob.ListIterator) (*blob.ListObject, error) {
	ctx, cancel := in(ctx, partTime)
	defer cancel()
	object, err := list.Next(ctx)
	if err != nil && !errors.Is(err, io.EOF) {
		err = c.store.bucket.answered(ctx, err)
	}
	return object, err
}

// keysOf are the objects that a room's records name.
func (s *Store) keysOf(ctx context.Context, room chat.RoomID) (map[string]bool, error) {
	records, err := s.records.RoomFiles(ctx, room)
	if err != nil {
		return nil, err
	}
	keys := map[string]bool{}
	for _, r := range records {
		for _, part := range objectsOf(r) {
			keys[part.Key] = true
		}
	}
	return keys, nil
}

// objectsOf are all objects of a file.
func objectsOf(r Record) []chat.FilePart {
	parts := r.Parts
	if r.Thumb.Key != "" {
		parts = append(parts[:len(parts):len(parts)], r.Thumb)
	}
	return parts
}

// files looks at all records, and finds those whose objects are not there.
func (c *check) files(ctx context.Context) error {
	rooms, err := c.store.records.RoomsWithFiles(ctx)
	if err != nil {
		return err
	}
	for _, room := range rooms {
		records, err := c.store.records.RoomFiles(ctx, room)
		if err != nil {
			return err
		}
		known := map[string]bool{}
		for _, r := range records {
			c.seen.Files++
			known[r.ID] = true
			if err := c.file(ctx, r); err != nil {
				return err
			}
		}
		named, err := c.store.named(ctx, room)
		if err != nil {
			return err
		}
		for id := range named {
			if !known[id] {
				c.seen.Problems++
				c.tell(Problem{Room: room, File: id, What: "a message names this file, and there is no record of it"})
			}
		}
	}
	return nil
}

func (c *check) file(ctx context.Context, r Record) error {
	if r.State == chat.FileGone {
		return nil // the sweep takes what is left of it
	}
	s := c.store
	for _, part := range r.Parts {
		what, err := c.lacks(ctx, part)
		if err != nil {
			return err
		}
		if what != "" {
			return c.lost(ctx, r, part, what, func(ctx context.Context) error { return s.remove(ctx, r) })
		}
	}
	if r.Thumb.Key == "" {
		return nil
	}
	what, err := c.lacks(ctx, r.Thumb)
	if err != nil || what == "" {
		return err
	}
	return c.lost(ctx, r, r.Thumb, what+", which is its smaller picture", func(ctx context.Context) error {
		r.Thumb, r.ThumbType = chat.FilePart{}, ""
		_, err := s.put(ctx, r, s.options.Look)
		return err
	})
}

// lost tells of an object that is not there as its file's record has it.
func (c *check) lost(ctx context.Context, r Record, part chat.FilePart, what string, mend func(context.Context) error) error {
	return c.found(ctx, Problem{Key: part.Key, Room: r.Room, File: r.ID, What: what}, func(ctx context.Context) error {
		err := mend(ctx)
		if errors.Is(err, chat.ErrFileChanged) { // somebody uses it: the next check sees what has become of it
			err = nil
		}
		return err
	})
}

// lacks says what is wrong with an object of a file's; empty for nothing.
func (c *check) lacks(ctx context.Context, part chat.FilePart) (what string, err error) {
	size, there := c.sizes[part.Key]
	if !there { // it may have come since the listing
		if size, there, err = c.store.bucket.sizeOf(ctx, part.Key); err != nil {
			return "", err
		}
	}
	switch {
	case !there:
		return "an object of this file is missing", nil
	case size != part.Size:
		return fmt.Sprintf("an object of this file has %d bytes, and not %d", size, part.Size), nil
	}
	return "", nil
}

// Intact looks whether a file's objects are all there, in their sizes: whole says so of its bytes, and
// thumb of its smaller picture, if it has one. Errors: [ErrUnavailable]; the context's.
func (s *Store) Intact(ctx context.Context, r Record) (whole, thumb bool, err error) {
	for _, part := range r.Parts {
		if size, there, err := s.bucket.sizeOf(ctx, part.Key); err != nil || !there || size != part.Size {
			return false, false, err
		}
	}
	if r.Thumb.Key == "" {
		return true, false, nil
	}
	size, there, err := s.bucket.sizeOf(ctx, r.Thumb.Key)
	return err == nil, there && size == r.Thumb.Size, err
}

// list has the bucket listed now and then, for what a crash or a store that lost its data has left.
func (w *sweeper) list(ctx context.Context) {
	timer := time.NewTicker(listEvery)
	defer timer.Stop()
	for {
		w.listOnce(ctx)
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
	}
}

func (w *sweeper) listOnce(ctx context.Context) {
	s := w.store
	mine, err := s.records.TakeTurn(ctx, "files", listTurn)
	if err != nil || !mine {
		return
	}
	left := 0
	c := check{store: s, fix: true, tell: func(Problem) { left++ }}
	err = c.bucket(ctx)
	if left > 0 {
		s.log.Info("objects that no file has were deleted", "objects", left)
	}
	if err != nil && ctx.Err() == nil {
		s.log.Warn("looking for objects that no file has failed", "err", err)
	}
}
