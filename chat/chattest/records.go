package chattest

import (
	"context"
	"time"

	"github.com/caller-chat/caller/chat"
)

// KeepRecord implements [chat.Records].
func (s *Store) KeepRecord(
	ctx context.Context, room chat.RoomID, kind chat.RecordKind, r chat.Record, most int,
) (kept chat.Record, full bool, err error) {
	if err := s.lockFor(ctx, "records"); err != nil {
		return chat.Record{}, false, err
	}
	defer s.mu.Unlock()
	all := s.recordsLocked(room, kind)
	if first, ok := all[r.ID]; ok {
		return first, false, nil
	}
	if len(all) >= most {
		return chat.Record{}, true, nil
	}
	r.Expires = time.UnixMilli(r.Expires.UnixMilli()).UTC()
	all[r.ID] = r
	return r, false, nil
}

// Record implements [chat.Records].
func (s *Store) Record(ctx context.Context, room chat.RoomID, kind chat.RecordKind, id string) (chat.Record, bool, error) {
	if err := s.lockFor(ctx, "records"); err != nil {
		return chat.Record{}, false, err
	}
	defer s.mu.Unlock()
	r, ok := s.recordsLocked(room, kind)[id]
	return r, ok, nil
}

// Records implements [chat.Records].
func (s *Store) Records(ctx context.Context, room chat.RoomID, kind chat.RecordKind) ([]chat.Record, error) {
	if err := s.lockFor(ctx, "records"); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var all []chat.Record
	for _, r := range s.recordsLocked(room, kind) {
		all = append(all, r)
	}
	return all, nil
}

// UseRecord implements [chat.Records].
func (s *Store) UseRecord(
	ctx context.Context, room chat.RoomID, kind chat.RecordKind, id, hash string, by chat.MemberID,
) (bool, error) {
	if err := s.lockFor(ctx, "records"); err != nil {
		return false, err
	}
	defer s.mu.Unlock()
	grants := s.roomLocked(room).Grants
	r, ok := s.recordsOf(room, kind)[id]
	switch _, granted := grants[by]; {
	case !ok || s.roomLocked(room).Rules == nil || r.Hash != hash || !time.Now().Before(r.Expires):
		return false, nil
	case granted:
		return true, nil
	case usedUp(r):
		return false, nil
	}
	r.Used++
	s.recordsOf(room, kind)[id] = r
	grants[by] = time.Now()
	return true, nil
}

// DropRecord implements [chat.Records].
func (s *Store) DropRecord(ctx context.Context, room chat.RoomID, kind chat.RecordKind, id string) (bool, error) {
	if err := s.lockFor(ctx, "records"); err != nil {
		return false, err
	}
	defer s.mu.Unlock()
	all := s.recordsOf(room, kind)
	_, ok := all[id]
	delete(all, id)
	return ok, nil
}

func usedUp(r chat.Record) bool { return r.Uses > 0 && r.Used >= r.Uses }

// recordsOf are a room's records of a kind, those that are good no more too.
func (s *Store) recordsOf(room chat.RoomID, kind chat.RecordKind) map[string]chat.Record {
	of := s.roomLocked(room).Records
	if of[kind] == nil {
		of[kind] = map[string]chat.Record{}
	}
	return of[kind]
}

// recordsLocked are those that are good.
func (s *Store) recordsLocked(room chat.RoomID, kind chat.RecordKind) map[string]chat.Record {
	all := s.recordsOf(room, kind)
	for id, r := range all {
		if usedUp(r) || !time.Now().Before(r.Expires) {
			delete(all, id)
		}
	}
	return all
}
