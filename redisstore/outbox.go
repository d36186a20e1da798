package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/caller-chat/caller/chat"
)

// DueHooks claims hooks of a partition that have something to send now, so many at most, each for
// that long.
func (s *Store) DueHooks(ctx context.Context, p int, lease time.Duration, most int) (claims []chat.HookClaim, err error) {
	key := s.dueHooksKey(p)
	var reply []any
	err = s.call(ctx, "claiming hooks", "", func(ctx context.Context) error {
		reply, err = s.run(ctx, s.scripts.due, []string{key}, millis(lease), most)
		return err
	})
	if err != nil {
		return nil, err
	}
	for i := 0; i+1 < len(reply); i += 2 {
		unit, _ := reply[i].(string)
		claim, _ := reply[i+1].(string)
		room, hook, ok := strings.Cut(unit, " ")
		if !ok {
			return nil, corrupt(key, errors.New("want rooms and hooks"))
		}
		claims = append(claims, chat.HookClaim{Room: chat.RoomID(room), Hook: chat.HookID(hook), Claim: claim, Partition: p})
	}
	return claims, nil
}

func unitOf(c chat.HookClaim) string { return string(c.Room) + " " + string(c.Hook) }

// The statuses of lua/hook_next.lua.
const (
	nextLapsed int64 = iota
	nextThere
	nextDone
	nextLooking
)

// HookWork is what a claimed hook is to be told next: so many happenings at most.
func (s *Store) HookWork(ctx context.Context, c chat.HookClaim, most int) (chat.HookWork, error) {
	for {
		var reply []any
		err := s.call(ctx, "reading the outbox of room", c.Room, func(ctx context.Context) (err error) {
			reply, err = s.run(ctx, s.scripts.hookNext, s.hookKeys(c.Room), unitOf(c), c.Claim, string(c.Hook), most)
			return err
		})
		if err != nil {
			return chat.HookWork{}, err
		}
		var how int64
		var config, failure, lost string
		var found []any
		err = scan(reply, &how, &config, &failure, &lost, &found)
		if err == nil && how == nextLooking {
			continue
		}
		w := chat.HookWork{Lapsed: how == nextLapsed, Done: how == nextDone}
		if config != "" {
			w.Config = []byte(config)
		}
		if failure != "" {
			w.Failure = []byte(failure)
		}
		if err == nil {
			w.Lost, err = strconv.Atoi(lost)
		}
		for i := 0; err == nil && i+4 < len(found); i += 5 {
			var h chat.Happening
			h, err = parseHappening(found[i : i+5])
			w.Next = append(w.Next, h)
		}
		if err != nil {
			return chat.HookWork{}, corrupt(s.key(c.Room, "outbox"), err)
		}
		return w, nil
	}
}

// parseHappening reads what lua/outbox.lua has put in: an id, a letter, a ref, a time and what there
// is to be said of it, which is empty where that was deleted.
func parseHappening(parts []any) (h chat.Happening, err error) {
	var letter, at, content string
	if err := scan(parts, &h.ID, &letter, &h.Ref, &at, &content); err != nil {
		return h, err
	}
	for _, kind := range chat.HookEvents() {
		if letterOf(kind) == letter {
			h.Kind = kind
		}
	}
	if h.Time, err = parseMillis(at); err != nil {
		return h, err
	}
	switch h.Kind {
	case "":
		return h, fmt.Errorf("no event has the letter %q", letter)
	case chat.HookOpened:
	case chat.HookClosed:
		h.ForGood = content == "closed"
	case chat.HookJoined, chat.HookLeft:
		if h.Version, err = strconv.ParseInt(h.Ref[1:], 10, 64); err != nil {
			return h, err
		}
		if h.Deleted = content == ""; !h.Deleted {
			h.Member, err = parseRecord(content)
		}
	default:
		if h.Deleted = content == ""; !h.Deleted {
			h.Entry, err = parseElement(content)
		}
	}
	return h, err
}

// Told says that a claimed hook was told, and makes the claim good for that long from now. ok is
// false when it was not good any more, and when the hook is no longer what the claim says.
func (s *Store) Told(ctx context.Context, c *chat.HookClaim, h chat.Happening, lease time.Duration) (ok bool, err error) {
	return s.hookDone(ctx, c, h, lease, "", true)
}

// Bury makes a dead letter of what a claimed hook could not be told; the note is kept with it, and
// may not be empty. What is kept of the hook's last failure goes where forget is true. ok is as that
// of [Store.Told].
func (s *Store) Bury(
	ctx context.Context, c *chat.HookClaim, h chat.Happening, lease time.Duration, note []byte, forget bool,
) (ok bool, err error) {
	letter := fmt.Sprintf("%s %s %d %s", letterOf(h.Kind), h.Ref, h.Time.UnixMilli(), note)
	return s.hookDone(ctx, c, h, lease, letter, forget)
}

func (s *Store) hookDone(
	ctx context.Context, c *chat.HookClaim, h chat.Happening, lease time.Duration, letter string, forget bool,
) (ok bool, err error) {
	keys := append(s.hookKeys(c.Room), s.deadHooksKey(partition(c.Room)))
	args := []any{unitOf(*c), c.Claim, string(c.Hook), h.ID, h.Ref, millis(lease), letter, boolean(forget), string(c.Config)}
	var reply []any
	err = s.call(ctx, "noting what a hook was told of room", c.Room, func(ctx context.Context) error {
		reply, err = s.run(ctx, s.scripts.hookDone, keys, args...)
		return err
	})
	var claim string
	if err == nil {
		err = scan(reply, &claim)
	}
	if err != nil || claim == "0" {
		return false, err
	}
	c.Claim = claim
	return true, nil
}

// Postpone gives a claim up until later, and keeps what is to be known of the failure; nil leaves
// that as it is.
func (s *Store) Postpone(ctx context.Context, c chat.HookClaim, after time.Duration, failure []byte) error {
	keys := []string{s.key(c.Room, "hooks"), s.dueHooksKey(partition(c.Room))}
	return s.call(ctx, "postponing a hook of room", c.Room, func(ctx context.Context) error {
		_, err := s.run(ctx, s.scripts.hookLater, keys, unitOf(c), c.Claim, string(c.Hook), millis(after), string(failure))
		return err
	})
}

// offKey has the nodes' hooks that have said that they want to be told no more, and when.
func (s *Store) offKey() string { return s.opt.KeyPrefix + "hooks-off" }

// NodeHooksOff are the nodes' hooks that are not told any more.
func (s *Store) NodeHooksOff(ctx context.Context) (off map[chat.HookID]time.Time, err error) {
	err = s.call(ctx, "reading which hooks are off", "", func(ctx context.Context) error {
		fields, err := s.client.HGetAll(ctx, s.offKey()).Result()
		off = make(map[chat.HookID]time.Time, len(fields))
		for id, text := range fields {
			at, err := parseMillis(text)
			if err != nil {
				return corrupt(s.offKey(), err)
			}
			off[chat.HookID(id)] = at
		}
		return err
	})
	return off, err
}

// SwitchNodeHook says that a node's hook is told no more, or again.
func (s *Store) SwitchNodeHook(ctx context.Context, id chat.HookID, on bool) error {
	return s.call(ctx, "switching a hook", "", func(ctx context.Context) error {
		if on {
			return s.client.HDel(ctx, s.offKey(), string(id)).Err()
		}
		return s.client.HSet(ctx, s.offKey(), string(id), time.Now().UnixMilli()).Err()
	})
}

// DeadLetters are those of a partition that died until then, zero for all, the latest first and of
// the same time by name, so many at most: only which they are, and when they died. [Store.DeadLetter]
// has the rest.
func (s *Store) DeadLetters(ctx context.Context, p int, until time.Time, most int) (all []chat.DeadLetter, err error) {
	key, latest := s.deadHooksKey(p), "+inf"
	if !until.IsZero() {
		latest = strconv.FormatInt(until.UnixMilli(), 10)
	}
	var names []redis.Z
	err = s.call(ctx, "reading dead letters", "", func(ctx context.Context) error {
		names, err = s.client.ZRevRangeByScoreWithScores(ctx, key, &redis.ZRangeBy{Min: "-inf", Max: latest, Count: int64(most)}).Result()
		return err
	})
	for _, name := range names {
		text, _ := name.Member.(string)
		parts := strings.Split(text, " ")
		if len(parts) != 3 {
			return nil, corrupt(key, errors.New("want rooms, hooks and ids"))
		}
		d := chat.DeadLetter{Room: chat.RoomID(parts[0]), Hook: chat.HookID(parts[1]), Died: time.UnixMilli(int64(name.Score)).UTC()}
		d.ID = parts[2]
		all = append(all, d)
	}
	return all, err
}

// DeadLetter is one of them, but for when it died; ok is false for none.
func (s *Store) DeadLetter(ctx context.Context, room chat.RoomID, hook chat.HookID, id string) (d chat.DeadLetter, ok bool, err error) {
	key := s.key(room, "hooks")
	err = s.call(ctx, "reading a dead letter of room", room, func(ctx context.Context) error {
		ok = false
		text, err := s.client.HGet(ctx, key, "x:"+string(hook)+" "+id).Result()
		if errors.Is(err, redis.Nil) {
			return nil
		} else if err != nil {
			return err
		}
		parts := strings.SplitN(text, " ", 4)
		if len(parts) != 4 {
			return corrupt(key, errors.New("want a dead letter"))
		}
		content, err := s.client.HGet(ctx, key, "e:"+parts[1]).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		d = chat.DeadLetter{Room: room, Hook: hook, Note: []byte(parts[3])}
		if d.Happening, err = parseHappening([]any{id, parts[0], parts[1], parts[2], content}); err != nil {
			return corrupt(key, err)
		}
		ok = true
		return nil
	})
	return d, ok, err
}

// DropDeadLetter lets one go. was is false when somebody else has.
func (s *Store) DropDeadLetter(ctx context.Context, d chat.DeadLetter) (was bool, err error) {
	keys := []string{s.key(d.Room, "hooks"), s.deadHooksKey(partition(d.Room))}
	err = s.call(ctx, "letting a dead letter go of room", d.Room, func(ctx context.Context) error {
		reply, err := s.run(ctx, s.scripts.hookUndead, keys, string(d.Hook), d.ID, string(d.Room)+" "+string(d.Hook)+" "+d.ID)
		var n int64
		if err == nil {
			err = scan(reply, &n)
		}
		was = n == 1
		return err
	})
	return was, err
}
