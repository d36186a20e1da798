package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/caller-chat/caller/chat"
)

// Dump is all that a store keeps of a room but for who is in it, as it is stored (see the package's
// doc), at one moment. What clients' keys were used for is not in it, nor are files.
type Dump struct {
	// Log and Amendments are elements, the oldest first, and Expires is in how long they go.
	Log, Amendments []string
	Expires         time.Duration
	// Hashes are the room's others, by the last part of their key; none is empty.
	Hashes map[string]DumpedHash
}

// DumpedHash is one of a room's hashes.
type DumpedHash struct {
	Fields  map[string]string
	Expires time.Duration
}

// IsEmpty reports whether the store has nothing of the room.
func (d Dump) IsEmpty() bool { return len(d.Log)+len(d.Amendments)+len(d.Hashes) == 0 }

// dumpedHashes are those that a [Dump] can have. The rules are the first, as lua/restore.lua wants
// them.
var dumpedHashes = []string{
	"rules", "grants", "arrivals", string(chat.RecordInvite), string(chat.RecordToken), string(chat.RecordReport),
	hooksHash,
}

// hooksHash is what is kept of the room's webhooks. Of it, a dump has what they are, in fields that
// begin with hookConfig, and not how far they have been told what happened.
const (
	hooksHash  = "hooks"
	hookConfig = "h:"
)

func (s *Store) dumpKeys(room chat.RoomID) []string {
	keys := []string{s.key(room, "log"), s.key(room, "amendments")}
	for _, name := range dumpedHashes {
		keys = append(keys, s.key(room, name))
	}
	return keys
}

// DumpRoom reads all of a room at one moment. Errors wrap [chat.ErrUnavailable].
func (s *Store) DumpRoom(ctx context.Context, room chat.RoomID) (Dump, error) {
	var reply []any
	keys := s.dumpKeys(room)
	err := s.call(ctx, "reading all of room", room, func(ctx context.Context) (err error) {
		reply, err = s.run(ctx, s.scripts.dump, keys)
		return err
	})
	if err != nil {
		return Dump{}, err
	}
	var log, amendments []any
	var expires int64
	hashes := make([][]any, len(dumpedHashes))
	lives := make([]int64, len(dumpedHashes))
	into := []any{&log, &amendments, &expires}
	for i := range dumpedHashes {
		into = append(into, &hashes[i], &lives[i])
	}
	if err := scan(reply, into...); err != nil {
		return Dump{}, corrupt(keys[0], err)
	}
	d := Dump{Log: texts(log), Amendments: texts(amendments), Expires: max(0, fromMillis(expires))}
	for i, name := range dumpedHashes {
		if len(hashes[i]) == 0 {
			continue
		}
		of, fields := texts(hashes[i]), map[string]string{}
		for pair := range slices.Chunk(of, 2) {
			if name != hooksHash || strings.HasPrefix(pair[0], hookConfig) {
				fields[pair[0]] = pair[1]
			}
		}
		if len(fields) == 0 {
			continue
		}
		if d.Hashes == nil {
			d.Hashes = map[string]DumpedHash{}
		}
		d.Hashes[name] = DumpedHash{fields, max(0, fromMillis(lives[i]))}
	}
	return d, nil
}

func texts(reply []any) []string {
	var all []string
	for _, v := range reply {
		text, _ := v.(string)
		all = append(all, text)
	}
	return all
}

// Restored is how [Store.RestoreRoom] has gone. The numbers are those of lua/restore.lua.
type Restored int64

// What becomes of a room.
const (
	RestoredAll     Restored = iota // it is as the dump is
	RestoredBefore                  // it was so already
	RestoredNothing                 // there is another one, which stays as it is
)

// ErrBadDump says what a dump has that no store has kept.
var ErrBadDump = errors.New("no dump of a room")

// Check reads a dump through. The error wraps [ErrBadDump].
func (d Dump) Check() error {
	_, err := d.Kept()
	return err
}

// Kept reads the log of a dump, and the rest of it through. The error wraps [ErrBadDump].
func (d Dump) Kept() (kept chat.Kept, err error) {
	bad := func(what string, err error) (chat.Kept, error) {
		return chat.Kept{}, fmt.Errorf("%w: %s: %w", ErrBadDump, what, err)
	}
	kept.Expires = d.Expires
	for i, of := range [][]string{d.Log, d.Amendments} {
		into, what := &kept.Entries, "log"
		if i == 1 {
			into, what = &kept.Amendments, "amendments"
		}
		for number, text := range of {
			e, err := parseElement(text)
			if err != nil {
				return bad(fmt.Sprintf("%s, entry %d", what, number+1), err)
			}
			if e.Amends() != (i == 1) && e.Kind() != chat.KindVoid {
				return bad(fmt.Sprintf("%s, entry %d", what, number+1), errors.New("is in the wrong list"))
			}
			*into = append(*into, e)
		}
	}
	if err := kept.Check(); err != nil {
		return bad("log", err)
	}
	for name, hash := range d.Hashes {
		if !slices.Contains(dumpedHashes, name) {
			return bad(name, errors.New("is not known here"))
		}
		for field, value := range hash.Fields {
			if err := checkField(name, field, value); err != nil {
				return bad(name+", field "+field, err)
			}
		}
	}
	if _, err := parseRules(d.Hashes["rules"].Fields); err != nil {
		return bad("rules", err)
	}
	return kept, nil
}

// checkField reads one field of a hash, as it is read later.
func checkField(hash, field, value string) (err error) {
	switch hash {
	case "rules": // which are read whole
	case "grants":
		_, err = parseMillis(value)
	case "arrivals":
		_, err = parseArrival(value)
	case hooksHash:
		if !strings.HasPrefix(field, hookConfig) || !json.Valid([]byte(value)) {
			err = errors.New("is no webhook")
		}
	default:
		_, err = parseRecordText(field, value)
	}
	return err
}

// RestoreRoom puts a dump back, in one step: all of it, or nothing where there is another room of
// that name and it is not to be replaced. Whoever is in the room is shown it. A room that somebody
// owns is counted, whatever number of them there may be.
//
// Errors: [ErrBadDump]; [chat.ErrFull]; [chat.ErrUnavailable], after which it may have been put back.
func (s *Store) RestoreRoom(ctx context.Context, room chat.RoomID, d Dump, replace bool) (Restored, error) {
	kept, err := d.Kept()
	if err != nil {
		return RestoredNothing, err
	}
	var last chat.Cursor
	for _, list := range [][]chat.Entry{kept.Entries, kept.Amendments} {
		if len(list) > 0 && list[len(list)-1].ID.Seq > last.Seq {
			last = list[len(list)-1].ID
		}
	}
	id := ""
	if !last.IsZero() {
		id = last.String()
	}
	rules := d.Hashes["rules"].Fields
	if len(rules) > 0 {
		if _, err := s.KeepOwned(ctx, room, 0); err != nil {
			return RestoredNothing, err
		}
	}
	if len(d.Hashes[hooksHash].Fields) > 0 {
		if err := s.usePartition(ctx, partition(room)); err != nil {
			return RestoredNothing, err
		}
	}
	notice, err := readAgain(last)
	if err != nil {
		return RestoredNothing, err
	}
	args := []any{
		s.publishCommand(), s.channel(room), boolean(replace), id, rules[fieldVersion],
		len(d.Log), len(d.Amendments), lifeMillis(d.Expires), notice,
	}
	for _, element := range slices.Concat(d.Log, d.Amendments) {
		args = append(args, element)
	}
	for _, name := range dumpedHashes {
		hash := d.Hashes[name]
		args = append(args, 2*len(hash.Fields), lifeMillis(hash.Expires))
		for field, value := range hash.Fields {
			args = append(args, field, value)
		}
	}
	var reply []any
	err = s.call(ctx, "putting back room", room, func(ctx context.Context) (err error) {
		reply, err = s.run(ctx, s.scripts.restore, s.dumpKeys(room), args...)
		return err
	})
	if err != nil {
		return RestoredNothing, err
	}
	var how Restored
	if err := scan(reply, (*int64)(&how)); err != nil {
		return RestoredNothing, corrupt(s.key(room, "log"), err)
	}
	return how, nil
}

// lifeMillis is a time to live for Redis, which takes none of 0.
func lifeMillis(d time.Duration) int64 { return max(1, d.Milliseconds()) }

// readAgain is the notice of an entry that follows nothing in a room whose last one this is, nor
// anything that nodes know: so they read the room.
func readAgain(last chat.Cursor) (string, error) {
	body, err := encodeBody(chat.Author{}, "", chat.Cursor{}, chat.Void{})
	if err != nil {
		return "", err
	}
	far := chat.Cursor{Seq: last.Seq + 2, Tag: newTag()}
	return fmt.Sprintf("A%v %v %d %s", far, newTag(), time.Now().UnixMilli(), body), nil
}
