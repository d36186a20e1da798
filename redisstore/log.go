package redisstore

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/caller-chat/caller/chat"
)

// Append implements chat.Log.
func (s *Store) Append(ctx context.Context, room chat.RoomID, d chat.Draft) (chat.Entry, bool, error) {
	text, err := encodeBody(d.From, d.Key, d.Target, d.Payload)
	if err != nil {
		return chat.Entry{}, false, err
	}
	keys := []string{s.key(room, "log")}
	if d.Key != "" {
		keys = append(keys, s.key(room, "key:"+hashKey(d.Client, d.Key)))
	}
	tag := newTag()
	s.recentPosts.keep(posted{tag, text, d})
	var reply []any
	err = s.call(ctx, "appending to room", room, func(ctx context.Context) error {
		reply, err = s.runAppend(ctx, keys,
			s.publishCommand(), s.channel(room), tag.String(), text,
			s.opt.HistoryLimit, millis(s.opt.HistoryTTL), chat.KeyLife.Milliseconds(), min(s.opt.WaitReplicas, 1))
		return err
	})
	if err != nil {
		return chat.Entry{}, false, err
	}
	var element string
	var repeated int64
	if err := scan(reply, &element, &repeated); err != nil {
		return chat.Entry{}, false, corrupt(keys[0], err)
	}
	e, err := s.recentPosts.parse(element)
	if err != nil {
		return chat.Entry{}, false, corrupt(keys[len(keys)-1], err)
	}
	return e, repeated == 1, nil
}

// Read implements chat.Log. An element that can't be read, or does not follow the one before it, is an error.
func (s *Store) Read(ctx context.Context, room chat.RoomID) (chat.Kept, error) {
	key := s.key(room, "log")
	var elements *redis.StringSliceCmd
	var ttl *redis.DurationCmd
	err := s.call(ctx, "reading room", room, func(ctx context.Context) error {
		_, err := s.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
			elements = p.LRange(ctx, key, 0, -1)
			ttl = p.PTTL(ctx, key)
			return nil
		})
		return err
	})
	if err != nil || len(elements.Val()) == 0 {
		return chat.Kept{}, err
	}
	kept := chat.Kept{Entries: make([]chat.Entry, 0, len(elements.Val())), Expires: max(0, ttl.Val())}
	for i, element := range elements.Val() {
		e, err := parseElement(element)
		if err != nil {
			return chat.Kept{}, corrupt(key, err)
		}
		if i > 0 {
			if last := kept.Entries[i-1].ID; e.ID.Seq != last.Seq+1 || e.Prev != last.Tag {
				return chat.Kept{}, corrupt(key, fmt.Errorf("entry %v does not follow %v", e.ID, last))
			}
		}
		kept.Entries = append(kept.Entries, e)
	}
	return kept, nil
}

// hashKey names a client's key. Both come from outside: with the client's length before it no two pairs are the same
// input, and what comes out has no separators.
func hashKey(client, key string) string {
	b := binary.AppendUvarint(nil, uint64(len(client)))
	sum := sha256.Sum256(append(append(b, client...), key...))
	return hex.EncodeToString(sum[:16])
}

// newTag makes up a tag; 0 stands for no entry.
func newTag() chat.Tag {
	for {
		var b [4]byte
		_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
		if t := chat.Tag(binary.BigEndian.Uint32(b[:])); t != 0 {
			return t
		}
	}
}

// scan takes a script's reply apart.
func scan(reply []any, into ...any) error {
	if len(reply) != len(into) {
		return fmt.Errorf("the script's reply has %d parts, want %d", len(reply), len(into))
	}
	for i, to := range into {
		var ok bool
		switch to := to.(type) {
		case *string:
			*to, ok = reply[i].(string)
		case *int64:
			*to, ok = reply[i].(int64)
		case *[]any:
			*to, ok = reply[i].([]any)
		}
		if !ok {
			return fmt.Errorf("part %d of the script's reply is a %T", i, reply[i])
		}
	}
	return nil
}

// fromMillis is the opposite of millis.
func fromMillis(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }
