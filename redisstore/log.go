package redisstore

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/caller-chat/caller/chat"
)

// status is how a script that appends has gone. The numbers are those of lua/log.lua and
// lua/amend.lua.
type status int64

const (
	appended  status = iota
	repeated         // the element is the first one's, as it is kept now
	gone             // it was appended under the same key, and is no longer kept: "ID TIME"
	unchanged        // there was nothing to append: "TIME"
	reused           // the key was used for something else
	notFound
	notAllowed
	deleted
	tooManyEmoji
	tooManyReactors
	rulesChanged
	slow // the element is for how many milliseconds yet
	notAlone
	newRoom
	emptyText
)

func (s status) err() error {
	switch s {
	case reused:
		return chat.ErrKeyReused
	case notFound:
		return chat.ErrNotFound
	case notAllowed:
		return chat.ErrNotAuthor
	case deleted:
		return chat.ErrConflict
	case tooManyEmoji:
		return chat.TooManyEmoji()
	case tooManyReactors:
		return chat.TooManyReactors()
	case rulesChanged:
		return chat.ErrRulesChanged
	case notAlone:
		return chat.ErrOwned
	case newRoom:
		return chat.ErrNewRoom
	case emptyText:
		return chat.EmptyText()
	}
	return nil
}

// Append implements chat.Log.
func (s *Store) Append(ctx context.Context, room chat.RoomID, d chat.Draft) (chat.Entry, bool, error) {
	text, err := encodeBody(d.From, d.Key, d.Target, d.Payload)
	if err != nil {
		return chat.Entry{}, false, err
	}
	keys := append(make([]string, 0, 8), s.key(room, "log"), s.key(room, "amendments"), s.key(room, "rules"))
	channel, hash := s.channel(room), ""
	if d.Key != "" {
		keys = append(keys, s.key(room, "key:"+hashKey(d.Client, d.Key)))
		hash = hashRequest(d)
	}
	tag := newTag()
	limit, ttl := d.Keeping.Within(s.opt.HistoryLimit, s.opt.HistoryTTL)
	args := append(make([]any, 0, 18), // as many as there are at most
		s.publishCommand(), channel, tag.String(), text, limit, s.opt.AmendmentLimit,
		millis(ttl), chat.KeyLife.Milliseconds(), min(s.opt.WaitReplicas, 1), hash)
	sc, hooked := s.scripts.append, s.hooked(room, d)
	switch message, _ := d.Payload.(chat.Message); {
	case !d.Target.IsZero():
		sc = s.scripts.amend
		args = append(args, d.Target.String(), d.Rules.String(), hooked, boolean(d.Moderator), chat.MaxReactions, chat.MaxReactors,
			boolean(d.EmptiesText()))
	case message.ReplyTo != nil:
		args = append(args, message.ReplyTo.ID.String(), d.Rules.String(), hooked)
	default:
		args = append(args, "", d.Rules.String(), hooked)
	}
	if d.SlowMode > 0 && d.Target.IsZero() {
		keys = append(keys, s.slowKey(room, d.SlowKey))
		args = append(args, millis(d.SlowMode))
	} else if d.Existing && d.Target.IsZero() {
		args = append(args, "")
	}
	if d.Existing && d.Target.IsZero() {
		args = append(args, "1")
	}
	if hooked != "" {
		keys = append(keys, s.hookKeys(room)...)
	}
	s.recentPosts.keep(tag, text, d)
	var reply []any
	err = s.call(ctx, "appending to room", room, func(ctx context.Context) error {
		reply, err = s.runAppend(ctx, sc, keys, args...)
		return err
	})
	if err != nil {
		s.recentPosts.forget(tag)
		return chat.Entry{}, false, err
	}
	e, how, err := s.answer(s.tellHooks(room, reply, 2), d)
	var wait *chat.SlowModeError
	switch {
	case errors.As(err, &wait):
	case err != nil:
		err = corrupt(keys[len(keys)-1], err)
	case how.err() != nil:
		err = fmt.Errorf("appending to room %s: %w", room, how.err())
	}
	if err != nil || how != appended || !s.feed.isLive(room, channel) { // the feed brings no copy of it
		s.recentPosts.forget(tag)
	}
	if err != nil {
		return chat.Entry{}, false, err
	}
	return e, how != appended, nil
}

// answer is the entry that a script has answered with. Of one that is no longer kept it knows the
// id and the time; the rest is what the draft says, which is the same as the first time.
func (s *Store) answer(reply []any, d chat.Draft) (e chat.Entry, how status, err error) {
	var element string
	if err := scan(reply, &element, (*int64)(&how)); err != nil {
		return e, how, err
	}
	switch how {
	case appended:
		e, err = s.recentPosts.parse(element, byReply)
		return e, how, err
	case repeated:
		e, err = parseElement(element)
		if _, overtaken := e.Payload.(chat.Void); !overtaken {
			return e, how, err
		}
		return d.Entry(e.ID, e.Time), how, err
	case gone:
		id, at, _ := strings.Cut(element, " ")
		var cursor chat.Cursor
		if cursor, err = chat.ParseCursor(id); err != nil {
			return e, how, err
		}
		took, err := parseMillis(at)
		return d.Entry(cursor, took), how, err
	case slow:
		ms, err := strconv.ParseInt(element, 10, 64)
		if err != nil {
			return e, how, err
		}
		return e, how, &chat.SlowModeError{RetryAfter: max(time.Millisecond, fromMillis(ms))}
	case unchanged: // the element is the time
		asked, err := parseMillis(element)
		return d.Entry(chat.Cursor{}, asked), how, err
	}
	return e, how, nil
}

func boolean(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// SlowModeWait implements chat.SlowModes.
func (s *Store) SlowModeWait(ctx context.Context, room chat.RoomID, d chat.Draft) (wait time.Duration, err error) {
	key := s.slowKey(room, d.SlowKey)
	err = s.call(ctx, "looking at slow mode in room", room, func(ctx context.Context) error {
		wait = 0
		var now *redis.TimeCmd
		var last *redis.StringCmd
		_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			last, now = p.Get(ctx, key), p.Time(ctx)
			return nil
		})
		if errors.Is(last.Err(), redis.Nil) { // nothing was said lately
			return now.Err()
		}
		if err != nil {
			return err
		}
		at, err := last.Int64()
		if err != nil {
			return corrupt(key, err)
		}
		wait = max(0, time.UnixMilli(at).Add(d.SlowMode).Sub(now.Val()))
		return nil
	})
	return wait, err
}

// slowKey is where it is kept when somebody said something last in a room that is in slow mode.
func (s *Store) slowKey(room chat.RoomID, whose string) string {
	return s.key(room, "slow:"+hashKey("", whose))
}

// Read implements chat.Log. An element that can't be read is an error, and so is one that does not
// follow the one before it.
func (s *Store) Read(ctx context.Context, room chat.RoomID) (chat.Kept, error) {
	kept, err := s.readBy(ctx, room, s.scripts.read)
	if err != nil {
		return chat.Kept{}, err
	}
	if err := kept.Check(); err != nil {
		return chat.Kept{}, corrupt(s.key(room, "log"), err)
	}
	return kept, nil
}

// readBy reads what a script returns of a room's log.
func (s *Store) readBy(ctx context.Context, room chat.RoomID, by script, args ...any) (chat.Kept, error) {
	keys := []string{s.key(room, "log"), s.key(room, "amendments")}
	var reply []any
	err := s.call(ctx, "reading room", room, func(ctx context.Context) (err error) {
		reply, err = s.run(ctx, by, keys, args...)
		return err
	})
	if err != nil {
		return chat.Kept{}, err
	}
	var log, amendments []any
	var ttl int64
	if err := scan(reply, &log, &amendments, &ttl); err != nil {
		return chat.Kept{}, corrupt(keys[0], err)
	}
	if len(log) == 0 {
		return chat.Kept{}, nil
	}
	kept := chat.Kept{Expires: max(0, fromMillis(ttl))}
	if kept.Entries, err = parseElements(log); err != nil {
		return chat.Kept{}, corrupt(keys[0], err)
	}
	if kept.Amendments, err = parseElements(amendments); err != nil {
		return chat.Kept{}, corrupt(keys[1], err)
	}
	return kept, nil
}

func parseElements(elements []any) ([]chat.Entry, error) {
	if len(elements) == 0 {
		return nil, nil
	}
	entries := make([]chat.Entry, 0, len(elements))
	for _, element := range elements {
		text, _ := element.(string)
		e, err := parseElement(text)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// hashKey names a client's key. Both come from outside: with the client's length before it no two
// pairs are the same input, and what comes out has no separators.
func hashKey(client, key string) string {
	b := binary.AppendUvarint(nil, uint64(len(client)))
	sum := sha256.Sum256(append(append(b, client...), key...))
	return hex.EncodeToString(sum[:16])
}

// hashRequest tells requests under one key apart. The key and its client are part of it, so that
// nobody can find out by it what was said without knowing them.
func hashRequest(d chat.Draft) string {
	b := make([]byte, 0, 256)
	add := func(parts ...string) {
		for _, part := range parts {
			b = append(binary.AppendUvarint(b, uint64(len(part))), part...)
		}
	}
	add(d.Client, d.Key, string(d.Kind()), d.Target.String())
	switch p := d.Payload.(type) {
	case chat.Message:
		add(p.Text)
		if p.ReplyTo != nil {
			add("replyTo", p.ReplyTo.ID.String())
		}
		for _, f := range p.Files {
			add("file", cmp.Or(f.SHA256, f.ID), f.Name) // sent again it has another id
		}
		for _, id := range p.Mentions {
			add("mention", string(id))
		}
	case chat.Edit:
		add(p.Text)
		for _, id := range p.Mentions {
			add("mention", string(id))
		}
	case chat.Reaction:
		add(p.Emoji, boolean(p.On))
	case chat.RoomNotice:
		add(p.What, string(p.Fields))
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
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
