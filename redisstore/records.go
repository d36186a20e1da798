package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/caller-chat/caller/chat"
)

var _ chat.Records = (*Store)(nil)

// A room's records of one kind are one hash, by their ids. Each is "HASH EXPIRES USES USED DATA", with
// a hyphen where there is no hash. Those that have expired stay until the next one is kept, or until
// the last of them has expired.
func (s *Store) recordsKey(room chat.RoomID, kind chat.RecordKind) string {
	return s.key(room, string(kind))
}

// KeepRecord implements chat.Records.
func (s *Store) KeepRecord(
	ctx context.Context, room chat.RoomID, kind chat.RecordKind, r chat.Record, most int,
) (kept chat.Record, full bool, err error) {
	key := s.recordsKey(room, kind)
	var reply []any
	err = s.call(ctx, "keeping a record of room", room, func(ctx context.Context) error {
		reply, err = s.run(ctx, s.scripts.keep, []string{key}, r.ID, formatRecord(r), most)
		return err
	})
	if err != nil || len(reply) == 0 {
		return chat.Record{}, err == nil, err
	}
	text, _ := reply[0].(string)
	if kept, err = parseRecordText(r.ID, text); err != nil {
		return chat.Record{}, false, corrupt(key, err)
	}
	return kept, false, nil
}

// Record implements chat.Records.
func (s *Store) Record(
	ctx context.Context, room chat.RoomID, kind chat.RecordKind, id string,
) (r chat.Record, ok bool, err error) {
	found, err := s.readRecords(ctx, room, kind, id)
	if err != nil || len(found) == 0 {
		return chat.Record{}, false, err
	}
	return found[0], true, nil
}

// Records implements chat.Records.
func (s *Store) Records(ctx context.Context, room chat.RoomID, kind chat.RecordKind) ([]chat.Record, error) {
	return s.readRecords(ctx, room, kind, "")
}

// readRecords are those of a kind that are good, or the one of that id.
func (s *Store) readRecords(ctx context.Context, room chat.RoomID, kind chat.RecordKind, id string) ([]chat.Record, error) {
	key := s.recordsKey(room, kind)
	var reply []any
	err := s.call(ctx, "reading records of room", room, func(ctx context.Context) error {
		var err error
		reply, err = s.run(ctx, s.scripts.records, []string{key}, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	var found []chat.Record
	for i := 0; i+1 < len(reply); i += 2 {
		id, _ := reply[i].(string)
		text, _ := reply[i+1].(string)
		r, err := parseRecordText(id, text)
		if err != nil {
			return nil, corrupt(key, err)
		}
		found = append(found, r)
	}
	return found, nil
}

// UseRecord implements chat.Records.
func (s *Store) UseRecord(
	ctx context.Context, room chat.RoomID, kind chat.RecordKind, id, hash string, by chat.MemberID,
) (ok bool, err error) {
	err = s.call(ctx, "using a record of room", room, func(ctx context.Context) error {
		keys := []string{s.key(room, "grants"), s.key(room, "rules"), s.recordsKey(room, kind)}
		reply, err := s.run(ctx, s.scripts.use, keys, string(by), chat.MaxGrants, millis(s.rulesLife()), id, hash)
		ok = err == nil && len(reply) > 0
		return err
	})
	return ok, err
}

// DropRecord implements chat.Records.
func (s *Store) DropRecord(ctx context.Context, room chat.RoomID, kind chat.RecordKind, id string) (dropped bool, err error) {
	err = s.call(ctx, "taking a record of room", room, func(ctx context.Context) error {
		n, err := s.client.HDel(ctx, s.recordsKey(room, kind), id).Result()
		dropped = n > 0
		return err
	})
	return dropped, err
}

// noHash stands where a record has no secret.
const noHash = "-"

func formatRecord(r chat.Record) string {
	hash := r.Hash
	if hash == "" {
		hash = noHash
	}
	return fmt.Sprintf("%s %d %d %d %s", hash, r.Expires.UnixMilli(), r.Uses, r.Used, r.Data)
}

func parseRecordText(id, text string) (chat.Record, error) {
	parts := strings.SplitN(text, " ", 5)
	if len(parts) != 5 {
		return chat.Record{}, fmt.Errorf("record %q: want five parts", id)
	}
	r := chat.Record{ID: id, Data: json.RawMessage(parts[4])}
	if parts[0] != noHash {
		r.Hash = parts[0]
	}
	var err, uses, used error
	r.Expires, err = parseMillis(parts[1])
	r.Uses, uses = strconv.Atoi(parts[2])
	r.Used, used = strconv.Atoi(parts[3])
	return r, errors.Join(err, uses, used)
}
