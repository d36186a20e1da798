package redisstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/caller-chat/caller/chat"
)

// A session's marks are one key, so that they go together when they are not used any more. No key
// of a room begins like it. Those who come to a room together are to share calls, also in a
// Cluster, where a script sees the keys of one slot only: so there are few slots, yet enough to
// spread the marks over a Cluster's nodes.
func (s *Store) marksKey(session chat.MemberID) string {
	return s.opt.KeyPrefix + hashTag(marksPartition(session)) + "marks:" + string(session)
}

const marksPartitions = 16

func marksPartition(session chat.MemberID) int { return int(fnv1a(string(session)) % marksPartitions) }

// marksBatch bounds how many sessions one script call handles, so that Redis is not kept from
// others for long: each costs it up to four commands.
const marksBatch = 256

// markCall are the keys and arguments of a call of mark.lua.
type markCall struct {
	sessions []chat.MemberID
	keys     []string
	args     []any
}

func (s *Store) newMarkCall(
	room chat.RoomID, how string, void chat.Cursor, at map[chat.MemberID]chat.Cursor, sessions ...chat.MemberID,
) markCall {
	c := markCall{sessions: sessions, args: []any{
		string(room), how, void.String(), chat.MaxMarks, chat.MarkLife.Milliseconds(),
	}}
	for _, session := range sessions {
		c.keys = append(c.keys, s.marksKey(session))
		c.args = append(c.args, at[session].String())
	}
	return c
}

// marks are where the call's sessions have their marks, by the script's reply.
func (c markCall) marks(reply []any) (map[chat.MemberID]chat.Cursor, error) {
	if len(reply) != len(c.sessions) {
		return nil, corrupt(c.keys[0], fmt.Errorf("the script answers %d things", len(reply)))
	}
	marks := make(map[chat.MemberID]chat.Cursor, len(reply))
	for i, session := range c.sessions {
		text, _ := reply[i].(string)
		at, err := chat.ParseCursor(text)
		if err != nil {
			return nil, corrupt(c.keys[i], err)
		}
		marks[session] = at
	}
	return marks, nil
}

// StartMarks implements chat.Marks. It is one call for all sessions, and in a Cluster one for each
// slot; all go together.
func (s *Store) StartMarks(
	ctx context.Context, room chat.RoomID, at map[chat.MemberID]chat.Cursor,
) (map[chat.MemberID]chat.Cursor, error) {
	var calls []markCall
	for _, together := range s.perSlot(maps.Keys(at)) {
		for sessions := range slices.Chunk(together, marksBatch) {
			calls = append(calls, s.newMarkCall(room, "start", chat.Cursor{}, at, sessions...))
		}
	}
	var replies []*redis.Cmd
	err := s.call(ctx, "reading marks in room", room, func(ctx context.Context) error {
		replies = nil
		_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for _, c := range calls {
				replies = append(replies, p.EvalSha(ctx, s.scripts.mark.sha, c.keys, c.args...))
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
	all := make(map[chat.MemberID]chat.Cursor, len(at))
	for i, c := range calls {
		reply, err := replies[i].Slice()
		var marks map[chat.MemberID]chat.Cursor
		switch {
		case redis.HasErrorPrefix(err, "NOSCRIPT"):
			marks, err = s.mark(ctx, room, c)
		case err == nil:
			marks, err = c.marks(reply)
		}
		if err != nil {
			return nil, err
		}
		maps.Copy(all, marks)
	}
	return all, nil
}

// perSlot sorts sessions by what one script may touch.
func (s *Store) perSlot(sessions iter.Seq[chat.MemberID]) map[int][]chat.MemberID {
	slots := map[int][]chat.MemberID{}
	for session := range sessions {
		slot := 0
		if s.sharded {
			slot = marksPartition(session)
		}
		slots[slot] = append(slots[slot], session)
	}
	return slots
}

// MoveMark implements chat.Marks.
func (s *Store) MoveMark(
	ctx context.Context, room chat.RoomID, session chat.MemberID, to, void chat.Cursor,
) (chat.Cursor, error) {
	c := s.newMarkCall(room, "move", void, map[chat.MemberID]chat.Cursor{session: to}, session)
	marks, err := s.mark(ctx, room, c)
	return marks[session], err
}

func (s *Store) mark(ctx context.Context, room chat.RoomID, c markCall) (map[chat.MemberID]chat.Cursor, error) {
	var reply []any
	err := s.call(ctx, "marking what was read in room", room, func(ctx context.Context) (err error) {
		reply, err = s.run(ctx, s.scripts.mark, c.keys, c.args...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return c.marks(reply)
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
