package chattest

import (
	"context"
	"slices"
	"time"

	"github.com/caller-chat/caller/chat"
)

// StartMarks implements [chat.Marks].
func (s *Store) StartMarks(
	ctx context.Context, room chat.RoomID, at map[chat.MemberID]chat.Cursor,
) (map[chat.MemberID]chat.Cursor, error) {
	if err := s.lockFor(ctx, "marks"); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	marks := map[chat.MemberID]chat.Cursor{}
	for session, start := range at {
		marks[session] = s.markLocked(room, session, start, func(chat.Cursor) bool { return false })
	}
	return marks, nil
}

// MoveMark implements [chat.Marks].
func (s *Store) MoveMark(
	ctx context.Context, room chat.RoomID, session chat.MemberID, to, void chat.Cursor,
) (chat.Cursor, error) {
	if err := s.lockFor(ctx, "marks"); err != nil {
		return chat.Cursor{}, err
	}
	defer s.mu.Unlock()
	return s.markLocked(room, session, to, func(at chat.Cursor) bool { return to.Seq > at.Seq || at == void }), nil
}

// markLocked is where a mark is after it was moved, if it moves from where it was.
func (s *Store) markLocked(room chat.RoomID, session chat.MemberID, to chat.Cursor, moves func(at chat.Cursor) bool) chat.Cursor {
	marks := s.marks[session]
	i := slices.IndexFunc(marks, func(m chat.Mark) bool { return m.Room == room })
	if i >= 0 && !moves(marks[i].At) {
		return marks[i].At
	}
	if i >= 0 {
		marks = slices.Delete(marks, i, i+1)
	}
	now := time.UnixMilli(time.Now().UnixMilli()).UTC()
	marks = append([]chat.Mark{{Room: room, At: to, Time: now}}, marks...)
	s.marks[session] = marks[:min(len(marks), chat.MaxMarks)]
	return to
}

// MarksOf implements [chat.Marks].
func (s *Store) MarksOf(ctx context.Context, session chat.MemberID) ([]chat.Mark, error) {
	if err := s.lockFor(ctx, "marks"); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	return slices.Clone(s.marks[session]), nil
}

// ForgetMark implements [chat.Marks].
func (s *Store) ForgetMark(ctx context.Context, room chat.RoomID, session chat.MemberID) error {
	if err := s.lockFor(ctx, "marks"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.marks[session] = slices.DeleteFunc(s.marks[session], func(m chat.Mark) bool { return m.Room == room })
	return nil
}

// Since implements [chat.Marks]: it returns all that is kept.
func (s *Store) Since(ctx context.Context, room chat.RoomID, _ chat.Cursor) (chat.Kept, error) {
	return s.Read(ctx, room)
}
