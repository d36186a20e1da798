package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"github.com/caller-chat/caller/chat"
)

// What a room's hooks are told goes into the room's outbox in the script that makes it happen
// (lua/outbox.lua), so that what was acknowledged is told even if this node dies right then. Which
// hooks a room has stands in its rules, as "ID:LETTERS ID:LETTERS": so a room that nobody owns, of
// which no node's own hook wants to know, costs nothing.

// letterOf is an event of hooks in the outbox; empty for what is none.
func letterOf(e chat.HookEvent) string {
	switch e {
	case chat.HookMessage:
		return "m"
	case chat.HookEdit:
		return "e"
	case chat.HookDelete:
		return "d"
	case chat.HookReaction:
		return "r"
	case chat.HookJoined:
		return "j"
	case chat.HookLeft:
		return "l"
	case chat.HookOpened:
		return "o"
	case chat.HookClosed:
		return "c"
	}
	return ""
}

// What is kept of a room's hooks is one hash. Its fields:
//
//	h:HOOK     the hook's config, which package webhooks reads
//	c:HOOK     how far it was told: an id of the outbox
//	f:HOOK     its last failure          w:HOOK     until when it waits after that
//	lost:HOOK  how much it was not told, as the outbox was full
//	e:REF      what there is to say of an event, as the log or the roster has it; none when it was deleted
//	n:REF      how many hooks are to be told of it yet    d:REF  of how many dead letters it is
//	x:HOOK ID  a dead letter: "LETTER REF TIME NOTE"

// hooks is what a store knows of hooks.
type hooks struct {
	node  atomic.Pointer[string]              // " ID:LETTERS ID:LETTERS" of the node's own
	filed atomic.Pointer[func(partition int)] // is told that there is something to send
}

func newHooks() *hooks {
	h := &hooks{}
	none := ""
	h.node.Store(&none)
	return h
}

// NodeHooks says which hooks of its own this node has, for all rooms, from now on.
func (s *Store) NodeHooks(all map[chat.HookID][]chat.HookEvent) {
	text := ""
	for id, events := range all {
		text += " " + string(id) + ":" + lettersOf(events)
	}
	s.hooks.node.Store(&text)
}

// OnHookWork has a function told when something was put into an outbox by this node: the partition
// that the room is in. It must not block.
func (s *Store) OnHookWork(f func(partition int)) { s.hooks.filed.Store(&f) }

func lettersOf(events []chat.HookEvent) string {
	text := ""
	for _, e := range events {
		text += letterOf(e)
	}
	return text
}

// hooked is what lua/outbox.lua is told of a draft: empty when no hook can want to know of it.
func (s *Store) hooked(room chat.RoomID, d chat.Draft) string {
	letter := letterOf(chat.HookEvent(d.Kind())) // they have the same names
	if letter == "" {
		return ""
	}
	if d.Rules.IsZero() && *s.hooks.node.Load() == "" {
		return ""
	}
	return s.hookedBy(letter, room)
}

func (s *Store) hookedBy(letter string, room chat.RoomID) string {
	return letter + " " + string(room) + *s.hooks.node.Load()
}

// hookKeys are the keys that lua/outbox.lua has: what is kept of the room's hooks, its outbox, and
// what is to be sent of the partition's.
func (s *Store) hookKeys(room chat.RoomID) []string {
	return []string{s.key(room, "hooks"), s.key(room, "outbox"), s.dueHooksKey(partition(room))}
}

func (s *Store) dueHooksKey(p int) string  { return s.opt.KeyPrefix + hashTag(p) + ":hooks-due" }
func (s *Store) deadHooksKey(p int) string { return s.opt.KeyPrefix + hashTag(p) + ":hooks-dead" }

// tellHooks takes the sign off a script's reply that it has put something into the outbox, which is
// the part at that place, and passes it on.
func (s *Store) tellHooks(room chat.RoomID, reply []any, at int) []any {
	if len(reply) <= at {
		return reply
	}
	sign := fmt.Sprint(reply[at])
	if f := s.hooks.filed.Load(); f != nil && sign == "1" {
		(*f)(partition(room))
	}
	return reply[:at]
}

// hookStatus is what keepHook has come to.
type hookStatus int64

const (
	hookKept hookStatus = iota
	hookNotOwned
	hookTooMany
	hookUnknown
	hookChanged
)

// KeepHook keeps a room's hook: its config, which this package does not read, and what it is told
// of. It has to have the config was, or where that is nil is a new one, of which there may be so many;
// full says that there are. Errors: [chat.ErrNotOwned], [chat.ErrNoRecord] for one that is not there,
// [chat.ErrHookChanged].
func (s *Store) KeepHook(
	ctx context.Context, room chat.RoomID, id chat.HookID, config []byte, events []chat.HookEvent, most int, was []byte,
) (full bool, err error) {
	if err := s.usePartition(ctx, partition(room)); err != nil {
		return false, err
	}
	how, err := s.keepHook(ctx, room, id, string(config), lettersOf(events), most, was != nil, string(was))
	return how == hookTooMany, err
}

// DropHook lets a room's hook go, and what it was not told yet. Errors: as those of [Store.KeepHook].
func (s *Store) DropHook(ctx context.Context, room chat.RoomID, id chat.HookID) error {
	_, err := s.keepHook(ctx, room, id, "", "", 0, true, "")
	return err
}

func (s *Store) keepHook(
	ctx context.Context, room chat.RoomID, id chat.HookID, config, events string, most int, known bool, was string,
) (how hookStatus, err error) {
	keys := []string{s.key(room, "hooks"), s.key(room, "rules"), s.dueHooksKey(partition(room))}
	var reply []any
	err = s.call(ctx, "keeping a hook of room", room, func(ctx context.Context) error {
		reply, err = s.run(ctx, s.scripts.hookKeep, keys, string(id), config, events, most, string(room)+" "+string(id), boolean(known), was)
		return err
	})
	if err == nil {
		err = scan(reply, (*int64)(&how))
	}
	switch {
	case err != nil:
		return how, err
	case how == hookNotOwned:
		return how, fmt.Errorf("hook of room %s: %w", room, chat.ErrNotOwned)
	case how == hookUnknown:
		return how, fmt.Errorf("hook of room %s: %w", room, chat.ErrNoRecord)
	case how == hookChanged:
		return how, fmt.Errorf("hook of room %s: %w", room, chat.ErrHookChanged)
	}
	return how, nil
}

// RoomHooks are a room's hooks, in the order in which they were last kept.
func (s *Store) RoomHooks(ctx context.Context, room chat.RoomID) (all []chat.RoomHook, err error) {
	err = s.call(ctx, "reading the hooks of room", room, func(ctx context.Context) error {
		all = nil
		text, err := s.client.HGet(ctx, s.key(room, "rules"), "hooks").Result()
		if errors.Is(err, redis.Nil) {
			return nil
		} else if err != nil {
			return err
		}
		for _, part := range strings.Fields(text) {
			id, _, _ := strings.Cut(part, ":")
			values, err := s.client.HMGet(ctx, s.key(room, "hooks"), "h:"+id, "f:"+id, "lost:"+id).Result()
			if err != nil {
				return err
			}
			config, ok := values[0].(string)
			if !ok {
				continue // it has lapsed
			}
			hook := chat.RoomHook{ID: chat.HookID(id), Config: []byte(config)}
			if failure, ok := values[1].(string); ok {
				hook.Failure = []byte(failure)
			}
			if lost, ok := values[2].(string); ok {
				if hook.Lost, err = strconv.Atoi(lost); err != nil {
					return corrupt(s.key(room, "hooks"), err)
				}
			}
			all = append(all, hook)
		}
		return nil
	})
	return all, err
}

// partitionsKey has the partitions in which rooms have had hooks.
func (s *Store) partitionsKey() string { return s.opt.KeyPrefix + "hook-partitions" }

// usePartition has every node look for what is to be sent in a partition.
func (s *Store) usePartition(ctx context.Context, p int) error {
	return s.call(ctx, "noting where there are hooks", "", func(ctx context.Context) error {
		return s.client.SAdd(ctx, s.partitionsKey(), p).Err()
	})
}

// HookPartitions are the partitions in which rooms have hooks of their own.
func (s *Store) HookPartitions(ctx context.Context) (all []int, err error) {
	err = s.call(ctx, "reading where there are hooks", "", func(ctx context.Context) error {
		all = nil
		members, err := s.client.SMembers(ctx, s.partitionsKey()).Result()
		for _, m := range members {
			p, err := strconv.Atoi(m)
			if err != nil || p < 0 || p >= partitions {
				return corrupt(s.partitionsKey(), errors.New("want numbers of partitions"))
			}
			all = append(all, p)
		}
		return err
	})
	return all, err
}

// AllPartitions is how many partitions there are; they are counted from 0.
func (s *Store) AllPartitions() int { return partitions }
