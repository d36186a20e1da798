package chattest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/caller-chat/caller/chat"
)

// PutFile implements [chat.FileRecords].
func (s *Store) PutFile(ctx context.Context, r chat.FileRecord, total int64, look time.Duration) (chat.FileRecord, error) {
	if err := s.lockFor(ctx, "files"); err != nil {
		return r, err
	}
	defer s.mu.Unlock()
	all := s.files[r.Room]
	was := all[r.ID]
	if was.Revision != r.Revision {
		return r, chat.ErrFileChanged
	}
	used := int64(0)
	for _, of := range all {
		used += of.Cost()
	}
	before := int64(0)
	if was.Revision > 0 {
		before = was.Cost()
	}
	if r.Cost() > before && used-before+r.Cost() > total {
		return r, &chat.RoomFilesError{Limit: total, Used: used, Size: r.Cost()}
	}
	r.Revision++
	r.Touched, r.Created = toMillis(time.Now()), toMillis(r.Created)
	if all == nil {
		all = map[string]chat.FileRecord{}
		s.files[r.Room] = all
	}
	all[r.ID] = apart(r)
	at := time.Now().Add(look)
	if due, known := s.due[r.Room]; !known || due.After(at) {
		s.due[r.Room] = at
	}
	return r, nil
}

// apart is a record whose parts nobody else appends to.
func apart(r chat.FileRecord) chat.FileRecord {
	r.Parts, r.Hash = slices.Clone(r.Parts), slices.Clone(r.Hash)
	return r
}

func toMillis(t time.Time) time.Time { return time.UnixMilli(t.UnixMilli()).UTC() }

// DropFile implements [chat.FileRecords].
func (s *Store) DropFile(ctx context.Context, r chat.FileRecord) error {
	if err := s.lockFor(ctx, "files"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if s.files[r.Room][r.ID].Revision != r.Revision {
		return chat.ErrFileChanged
	}
	delete(s.files[r.Room], r.ID)
	if len(s.files[r.Room]) == 0 {
		delete(s.files, r.Room)
		delete(s.due, r.Room)
	}
	return nil
}

// File implements [chat.FileRecords].
func (s *Store) File(ctx context.Context, room chat.RoomID, id string) (chat.FileRecord, bool, error) {
	if err := s.lockFor(ctx, "files"); err != nil {
		return chat.FileRecord{}, false, err
	}
	defer s.mu.Unlock()
	r, ok := s.files[room][id]
	return apart(r), ok, nil
}

// RoomFiles implements [chat.FileRecords].
func (s *Store) RoomFiles(ctx context.Context, room chat.RoomID) ([]chat.FileRecord, error) {
	if err := s.lockFor(ctx, "files"); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var all []chat.FileRecord
	for _, r := range s.files[room] {
		all = append(all, apart(r))
	}
	slices.SortFunc(all, func(a, b chat.FileRecord) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

// DueRooms implements [chat.FileRooms].
func (s *Store) DueRooms(ctx context.Context, claim time.Duration) ([]chat.DueRoom, error) {
	if err := s.lockFor(ctx, "files"); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var due []chat.DueRoom
	now := time.Now()
	for room, at := range s.due {
		if !at.After(now) {
			s.due[room] = now.Add(claim)
			due = append(due, chat.DueRoom{ID: room, Now: now, Claim: strconv.FormatInt(now.Add(claim).UnixNano(), 10)})
		}
	}
	return due, nil
}

// LookAgain implements [chat.FileRooms].
func (s *Store) LookAgain(ctx context.Context, room chat.DueRoom, in time.Duration) error {
	if err := s.lockFor(ctx, "files"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	at, known := s.due[room.ID]
	switch {
	case len(s.files[room.ID]) == 0:
		delete(s.due, room.ID)
	case known && strconv.FormatInt(at.UnixNano(), 10) == room.Claim:
		s.due[room.ID] = time.Now().Add(in)
	}
	return nil
}

// RoomsWithFiles implements [chat.FileRooms].
func (s *Store) RoomsWithFiles(ctx context.Context) ([]chat.RoomID, error) {
	if err := s.lockFor(ctx, "files"); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var rooms []chat.RoomID
	for room := range s.due {
		rooms = append(rooms, room)
	}
	return rooms, nil
}

// LogMark implements [chat.FileRooms].
func (s *Store) LogMark(ctx context.Context, room chat.RoomID) (string, error) {
	if err := s.lockFor(ctx, "files"); err != nil {
		return "", err
	}
	defer s.mu.Unlock()
	kept := s.roomLocked(room).Kept
	mark := ""
	for _, list := range [][]chat.Entry{kept.Entries, kept.Amendments} {
		if len(list) > 0 {
			mark += fmt.Sprintf("/%v/%v", list[0].ID, list[len(list)-1].ID)
		}
	}
	return mark, nil
}

// TakeTurn reports whether nobody else has had the turn within that time.
func (s *Store) TakeTurn(ctx context.Context, what string, keep time.Duration) (bool, error) {
	if err := s.lockFor(ctx, "files"); err != nil {
		return false, err
	}
	defer s.mu.Unlock()
	if time.Now().Before(s.turns[what]) {
		return false, nil
	}
	s.turns[what] = time.Now().Add(keep)
	return true, nil
}

// asRequest is what tells a draft from another one under its key: files that were sent again have
// other ids.
func asRequest(p chat.Payload) chat.Payload {
	m, is := p.(chat.Message)
	if !is || len(m.Files) == 0 {
		return p
	}
	files := make([]chat.File, len(m.Files))
	for i, f := range m.Files {
		files[i] = chat.File{ID: cmp.Or(f.SHA256, f.ID), Name: f.Name}
	}
	m.Files = files
	return m
}
