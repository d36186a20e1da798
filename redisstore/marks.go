package redisstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/caller-chat/caller/chat"
)

// A session's marks are one key, so that they go together when they are not used any more. It is
// in whatever slot of a Cluster: nothing else is changed with it.
func (s *Store) marksKey(session chat.MemberID) string {
	return s.opt.KeyPrefix + "marks:" + string(session)
}

// markArgs are the arguments of mark.lua.
func markArgs(room chat.RoomID, to chat.Cursor, how string, void chat.Cursor) []any {
	return []any{string(room), to.String(), how, void.String(), chat.MaxMarks, chat.MarkLife.Milliseconds()}
}

// StartMarks implements chat.Marks.
func (s *Store) StartMarks(
	ctx context.Context, room chat.RoomID, at map[chat.MemberID]chat.Cursor,
) (map[chat.MemberID]chat.Cursor, error) {
	marks := make(map[chat.MemberID]chat.Cursor, len(at))
	for sessions := range batches(slices.Collect(maps.Keys(at))) {
		var replies []*redis.Cmd
		err := s.call(ctx, "reading marks in room", room, func(ctx context.Context) error {
			replies = nil
			_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
				for _, session := range sessions {
					args := markArgs(room, at[session], "start", chat.Cursor{})
					replies = append(replies, p.EvalSha(ctx, s.scripts.mark.sha, []string{s.marksKey(session)}, args...))
				}
				return nil
			})
			if redis.HasErrorPrefix(err, "NOSCRIPT") {
				return nil // below: one of them has the script stored
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		for i, session := range sessions {
			reply, err := replies[i].Slice()
			if redis.HasErrorPrefix(err, "NOSCRIPT") {
				marks[session], err = s.mark(ctx, room, session, markArgs(room, at[session], "start", chat.Cursor{}))
			} else if err == nil {
				marks[session], err = s.markOf(session, reply)
			}
			if err != nil {
				return nil, err
			}
		}
	}
	return marks, nil
}

// MoveMark implements chat.Marks.
func (s *Store) MoveMark(
	ctx context.Context, room chat.RoomID, session chat.MemberID, to, void chat.Cursor,
) (chat.Cursor, error) {
	return s.mark(ctx, room, session, markArgs(room, to, "move", void))
}

func (s *Store) mark(ctx context.Context, room chat.RoomID, session chat.MemberID, args []any) (chat.Cursor, error) {
	var reply []any
	err := s.call(ctx, "marking what was read in room", room, func(ctx context.Context) (err error) {
		reply, err = s.run(ctx, s.scripts.mark, []string{s.marksKey(session)}, args...)
		return err
	})
	if err != nil {
		return chat.Cursor{}, err
	}
	return s.markOf(session, reply)
}

// markOf is a mark as mark.lua has answered with it.
func (s *Store) markOf(session chat.MemberID, reply []any) (chat.Cursor, error) {
	var text string
	if err := scan(reply, &text); err != nil {
		return chat.Cursor{}, corrupt(s.marksKey(session), err)
	}
	at, err := chat.ParseCursor(text)
	if err != nil {
		return chat.Cursor{}, corrupt(s.marksKey(session), err)
	}
	return at, nil
}

// MarksOf implements chat.Marks.
func (s *Store) MarksOf(ctx context.Context, session chat.MemberID) ([]chat.Mark, error) {
	key := s.marksKey(session)
	var stored *redis.MapStringStringCmd
	err := s.call(ctx, "reading a session's marks", "", func(ctx context.Context) error {
		_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			stored = p.HGetAll(ctx, key)
			p.PExpire(ctx, key, chat.MarkLife)
			return nil
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	marks := make([]chat.Mark, 0, len(stored.Val()))
	for room, text := range stored.Val() {
		mark, err := parseMark(text)
		if err != nil {
			return nil, corrupt(key, err)
		}
		mark.Room = chat.RoomID(room)
		marks = append(marks, mark)
	}
	slices.SortFunc(marks, func(a, b chat.Mark) int {
		if a.Time.Equal(b.Time) {
			return strings.Compare(string(a.Room), string(b.Room))
		}
		return b.Time.Compare(a.Time)
	})
	return marks, nil
}

// parseMark reads a mark as mark.lua stores it: "SEQ-TAG TIME".
func parseMark(text string) (m chat.Mark, err error) {
	at, since, ok := strings.Cut(text, " ")
	if !ok {
		return m, errors.New("mark: want two parts")
	}
	if m.At, err = chat.ParseCursor(at); err != nil {
		return m, fmt.Errorf("mark: %w", err)
	}
	if m.Time, err = parseMillis(since); err != nil {
		return m, fmt.Errorf("mark's time: %w", err)
	}
	return m, nil
}

// ForgetMark implements chat.Marks.
func (s *Store) ForgetMark(ctx context.Context, room chat.RoomID, session chat.MemberID) error {
	return s.call(ctx, "forgetting the mark in room", room, func(ctx context.Context) error {
		return s.client.HDel(ctx, s.marksKey(session), string(room)).Err()
	})
}

// sinceLast is how many of a room's last entries are read in any case, so that its last message is
// among them also when others after it were deleted, or are notices.
const sinceLast = 10

// Since implements chat.Marks.
func (s *Store) Since(ctx context.Context, room chat.RoomID, c chat.Cursor) (chat.Kept, error) {
	return s.readBy(ctx, room, s.scripts.since, c.String(), sinceLast)
}
