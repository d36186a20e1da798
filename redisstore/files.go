package redisstore

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/caller-chat/caller/chat"
)

var (
	_ chat.FileRecords = (*Store)(nil)
	_ chat.FileRooms   = (*Store)(nil)
)

// fileStatus is how lua/file.lua has gone.
type fileStatus int64

const (
	filePut fileStatus = iota
	fileChanged
	filesFull
)

// filesSum is the field of a room's records with the sum of what they cost: no id has such a
// character.
const filesSum = "#bytes"

// maxDue is how many rooms of a partition are claimed at once.
const maxDue = 20

// filesKey is where the records of a room's files are.
func (s *Store) filesKey(room chat.RoomID) string { return s.key(room, "files") }

// fileRoomsKey is where a partition's rooms with files are. Rooms' keys have one part more.
func (s *Store) fileRoomsKey(p int) string { return s.opt.KeyPrefix + hashTag(p) + ":files" }

// fileRecord is a chat.FileRecord as it is stored, but for the revision and the time, which stand
// before it.
type fileRecord struct {
	file
	Owner     chat.MemberID  `json:"owner"`
	Network   string         `json:"network,omitempty"`
	State     chat.FileState `json:"state"`
	Length    int64          `json:"length"`
	Offset    int64          `json:"offset,omitempty"`
	Sent      int64          `json:"sent,omitempty"`
	Parts     []filePart     `json:"parts,omitempty"`
	Hash      []byte         `json:"hash,omitempty"`
	Thumb     *filePart      `json:"thumb,omitempty"`
	ThumbType string         `json:"thumbType,omitempty"`
	Created   int64          `json:"created"` // milliseconds
}

type filePart struct {
	Key  string `json:"key"`
	Size int64  `json:"size"`
}

// PutFile implements chat.FileRecords.
func (s *Store) PutFile(ctx context.Context, r chat.FileRecord, total int64, look time.Duration) (chat.FileRecord, error) {
	stored := fileRecord{
		file: file(r.File), Owner: r.Owner, Network: r.Network, State: r.State, Length: r.Length, Offset: r.Offset, Sent: r.Sent,
		Hash: r.Hash, ThumbType: r.ThumbType, Created: r.Created.UnixMilli(),
	}
	for _, part := range r.Parts {
		stored.Parts = append(stored.Parts, filePart(part))
	}
	if r.Thumb.Key != "" {
		stored.Thumb = (*filePart)(&r.Thumb)
	}
	text, err := encode(stored)
	if err != nil {
		return r, err
	}
	return s.runFile(ctx, r, text, total, look)
}

// DropFile implements chat.FileRecords.
func (s *Store) DropFile(ctx context.Context, r chat.FileRecord) error {
	_, err := s.runFile(ctx, r, "", 0, 0)
	return err
}

func (s *Store) runFile(
	ctx context.Context, r chat.FileRecord, text string, total int64, look time.Duration,
) (chat.FileRecord, error) {
	keys := []string{s.filesKey(r.Room), s.fileRoomsKey(partition(r.Room))}
	cost := int64(0)
	if text != "" {
		cost = r.Cost()
	}
	var reply []any
	err := s.call(ctx, "keeping what is known of a file in room", r.Room, func(ctx context.Context) (err error) {
		reply, err = s.run(ctx, s.scripts.file, keys, r.ID, r.Revision, text, cost, total, string(r.Room), millis(look))
		return err
	})
	if err != nil {
		return r, err
	}
	var how int64
	var revision, at, used string
	if err := scan(reply, &how, &revision, &at, &used); err != nil {
		return r, corrupt(keys[0], err)
	}
	switch fileStatus(how) {
	case fileChanged:
		return r, fmt.Errorf("keeping what is known of a file in room %s: %w", r.Room, chat.ErrFileChanged)
	case filesFull:
		have, err := strconv.ParseInt(used, 10, 64)
		if err != nil {
			return r, corrupt(keys[0], err)
		}
		return r, &chat.RoomFilesError{Limit: total, Used: have, Size: cost}
	}
	r.Created = time.UnixMilli(r.Created.UnixMilli()).UTC()
	var rerr, terr error
	r.Revision, rerr = strconv.ParseInt(revision, 10, 64)
	r.Touched, terr = parseMillis(at)
	if err := errors.Join(rerr, terr); err != nil {
		return r, corrupt(keys[0], err)
	}
	return r, nil
}

// File implements chat.FileRecords.
func (s *Store) File(ctx context.Context, room chat.RoomID, id string) (r chat.FileRecord, ok bool, err error) {
	if id == filesSum {
		return r, false, nil
	}
	key := s.filesKey(room)
	var text string
	err = s.call(ctx, "reading what is known of a file in room", room, func(ctx context.Context) (err error) {
		text, err = s.client.HGet(ctx, key, id).Result()
		if ok = err == nil; errors.Is(err, redis.Nil) {
			return nil
		}
		return err
	})
	if err != nil || !ok {
		return r, false, err
	}
	if r, err = parseFile(room, text); err != nil {
		return r, false, corrupt(key, err)
	}
	return r, true, nil
}

// RoomFiles implements chat.FileRecords.
func (s *Store) RoomFiles(ctx context.Context, room chat.RoomID) ([]chat.FileRecord, error) {
	key := s.filesKey(room)
	var fields map[string]string
	err := s.call(ctx, "reading what is known of the files in room", room, func(ctx context.Context) (err error) {
		fields, err = s.client.HGetAll(ctx, key).Result()
		return err
	})
	if err != nil {
		return nil, err
	}
	var all []chat.FileRecord
	for id, text := range fields {
		if id == filesSum {
			continue
		}
		r, err := parseFile(room, text)
		if err != nil {
			return nil, corrupt(key, err)
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b chat.FileRecord) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

// parseFile reads a record: "REVISION TIME COST JSON".
func parseFile(room chat.RoomID, text string) (chat.FileRecord, error) {
	parts := strings.SplitN(text, " ", 4)
	if len(parts) != 4 {
		return chat.FileRecord{}, errors.New("record of a file: want four parts")
	}
	var stored fileRecord
	if err := json.Unmarshal([]byte(parts[3]), &stored); err != nil {
		return chat.FileRecord{}, fmt.Errorf("record of a file: %w", err)
	}
	r := chat.FileRecord{
		File: chat.File(stored.file), Room: room, Owner: stored.Owner, Network: stored.Network, State: stored.State,
		Length: stored.Length, Offset: stored.Offset, Sent: stored.Sent, Hash: stored.Hash, ThumbType: stored.ThumbType,
		Created: time.UnixMilli(stored.Created).UTC(),
	}
	for _, part := range stored.Parts {
		r.Parts = append(r.Parts, chat.FilePart(part))
	}
	if stored.Thumb != nil {
		r.Thumb = chat.FilePart(*stored.Thumb)
	}
	var rerr, terr error
	r.Revision, rerr = strconv.ParseInt(parts[0], 10, 64)
	r.Touched, terr = parseMillis(parts[1])
	return r, errors.Join(rerr, terr)
}

// DueRooms implements chat.FileRooms. Most partitions have none most of the time: all are asked
// together, and what is due is claimed.
func (s *Store) DueRooms(ctx context.Context, claim time.Duration) (due []chat.DueRoom, err error) {
	err = s.call(ctx, "looking for rooms whose files are due", "", func(ctx context.Context) error {
		due = nil
		now, err := s.client.Time(ctx).Result()
		if err != nil {
			return err
		}
		until := strconv.FormatInt(now.UnixMilli(), 10)
		var counts [partitions]*redis.IntCmd
		if _, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i := range counts {
				counts[i] = p.ZCount(ctx, s.fileRoomsKey(i), "-inf", until)
			}
			return nil
		}); err != nil {
			return err
		}
		for i, count := range counts {
			if count.Val() == 0 {
				continue
			}
			reply, err := s.run(ctx, s.scripts.due, []string{s.fileRoomsKey(i)}, millis(claim), maxDue)
			if err != nil {
				return err
			}
			for ; len(reply) >= 2; reply = reply[2:] {
				room, _ := reply[0].(string)
				claimed, _ := reply[1].(string)
				until, err := parseMillis(claimed)
				if err != nil {
					return fmt.Errorf("the claim of a room: %w", err)
				}
				due = append(due, chat.DueRoom{ID: chat.RoomID(room), Now: until.Add(-claim), Claim: claimed})
			}
		}
		return nil
	})
	return due, err
}

// LookAgain implements chat.FileRooms.
func (s *Store) LookAgain(ctx context.Context, room chat.DueRoom, in time.Duration) error {
	return s.call(ctx, "having another look at the files of room", room.ID, func(ctx context.Context) error {
		keys := []string{s.filesKey(room.ID), s.fileRoomsKey(partition(room.ID))}
		_, err := s.run(ctx, s.scripts.look, keys, string(room.ID), room.Claim, millis(in))
		return err
	})
}

// RoomsWithFiles implements chat.FileRooms.
func (s *Store) RoomsWithFiles(ctx context.Context) (rooms []chat.RoomID, err error) {
	err = s.call(ctx, "listing the rooms with files", "", func(ctx context.Context) error {
		rooms = nil
		var all [partitions]*redis.StringSliceCmd
		if _, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i := range all {
				all[i] = p.ZRange(ctx, s.fileRoomsKey(i), 0, -1)
			}
			return nil
		}); err != nil {
			return err
		}
		for _, of := range all {
			for _, room := range of.Val() {
				rooms = append(rooms, chat.RoomID(room))
			}
		}
		return nil
	})
	return rooms, err
}

// LogMark implements chat.FileRooms: which entries are the first and the last ones.
func (s *Store) LogMark(ctx context.Context, room chat.RoomID) (mark string, err error) {
	err = s.call(ctx, "looking at room", room, func(ctx context.Context) error {
		mark = ""
		var ends []*redis.StringCmd
		_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			ends = []*redis.StringCmd{
				p.LIndex(ctx, s.key(room, "log"), 0), p.LIndex(ctx, s.key(room, "log"), -1),
				p.LIndex(ctx, s.key(room, "amendments"), -1),
			}
			return nil
		})
		if err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		for _, end := range ends {
			if err := end.Err(); err != nil && !errors.Is(err, redis.Nil) {
				return err
			}
			id, _, _ := strings.Cut(end.Val(), " ")
			mark += "/" + id
		}
		return nil
	})
	return mark, err
}
