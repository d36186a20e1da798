package redisstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/caller-chat/caller/chat"
)

const (
	// rosterBatch bounds how many members one script call handles, so that Redis is not kept from
	// others for long: a member costs it about four commands, so a call some milliseconds.
	rosterBatch = 500
	// rosterMargin is how much longer than the last lease a roster's keys live: enough for any node
	// to look once more and announce who has left.
	rosterMargin = time.Minute
)

// Hold implements chat.Roster.
func (s *Store) Hold(
	ctx context.Context, room chat.RoomID, members []chat.Member, by chat.Admission,
) (chat.RosterState, error) {
	var state chat.RosterState
	for batch := range batches(members) {
		args := []any{
			s.node, millis(s.opt.Lease), millis(s.opt.Lease + rosterMargin), by.Rules.String(), millis(s.rulesLife()),
			by.MaxMembers, boolean(by.Owner), chat.MaxArrivals,
		}
		for _, m := range batch {
			identity, err := encodeIdentity(m)
			if err != nil {
				return state, err
			}
			args = append(args, string(m.ID), identity, encodeWay(m), boolean(by.Exempt[m.ID]), boolean(!m.Guest))
		}
		next, full, err := s.roster(ctx, "holding members of room", room, s.scripts.hold, by.Keeping, args...)
		if err != nil {
			return state, err
		}
		ids, ok := full.([]any)
		if !ok {
			return following(state, next), fmt.Errorf("holding members of room %s: %w", room, chat.ErrRulesChanged)
		}
		for _, id := range ids {
			text, _ := id.(string)
			next.Full = append(next.Full, chat.MemberID(text))
		}
		state = following(state, next)
	}
	return state, nil
}

// Release implements chat.Roster.
func (s *Store) Release(
	ctx context.Context, room chat.RoomID, members []chat.MemberID, after time.Duration,
) (chat.RosterState, error) {
	var state chat.RosterState
	for batch := range batches(members) {
		args := []any{s.node, millis(max(0, after))}
		for _, id := range batch {
			args = append(args, string(id))
		}
		next, _, err := s.roster(ctx, "releasing members of room", room, s.scripts.release, chat.Keeping{}, args...)
		if err != nil {
			return state, err
		}
		state = following(state, next)
	}
	return state, nil
}

// following is the state after one batch and the next.
func following(first, next chat.RosterState) chat.RosterState {
	next.Removed = append(first.Removed, next.Removed...)
	next.Full = append(first.Full, next.Full...)
	return next
}

// Members implements chat.Roster.
func (s *Store) Members(ctx context.Context, room chat.RoomID) (chat.RosterSnapshot, error) {
	state, more, err := s.roster(ctx, "reading the members of room", room, s.scripts.members, chat.Keeping{})
	if err != nil {
		return chat.RosterSnapshot{}, err
	}
	records, _ := more.([]any)
	snapshot := chat.RosterSnapshot{RosterState: state, Members: make([]chat.Member, 0, len(records))}
	for _, record := range records {
		text, _ := record.(string)
		m, err := parseRecord(text)
		if err != nil {
			return chat.RosterSnapshot{}, corrupt(s.key(room, "members"), err)
		}
		snapshot.Members = append(snapshot.Members, m)
	}
	slices.SortFunc(snapshot.Members, func(a, b chat.Member) int {
		return cmp.Or(a.JoinedAt.Compare(b.JoinedAt), cmp.Compare(a.ID, b.ID))
	})
	return snapshot, nil
}

// roster runs one of the roster's scripts; extra is what hold.lua, members.lua and attributes.lua
// have beside the state.
func (s *Store) roster(
	ctx context.Context, doing string, room chat.RoomID, sc script, keeping chat.Keeping, more ...any,
) (state chat.RosterState, extra any, err error) {
	keys := []string{
		s.key(room, "members"), s.key(room, "leases"), s.key(room, "holds"), s.key(room, "version"), s.key(room, "log"),
		s.key(room, "amendments"), s.key(room, "rules"), s.key(room, "grants"), s.key(room, "arrivals"),
	}
	keys = append(keys, s.hookKeys(room)...)
	_, ttl := keeping.Within(s.opt.HistoryLimit, s.opt.HistoryTTL)
	args := append([]any{
		s.publishCommand(), s.channel(room), s.opt.keepAfterClose(), millis(ttl), s.hookedBy("-", room),
	}, more...)
	var reply []any
	err = s.call(ctx, doing, room, func(ctx context.Context) error {
		node, err := s.master(ctx, keys[0])
		if err == nil {
			reply, err = s.runTogether(ctx, node, sc, keys, args...)
		}
		return err
	})
	if err != nil {
		return state, nil, err
	}
	if len(reply) < 3 {
		return state, nil, corrupt(keys[3], fmt.Errorf("the script answers %d things", len(reply)))
	}
	if len(reply) > 3 {
		extra = reply[3]
	}
	s.tellHooks(room, reply, 4)
	removed, _ := reply[2].([]any)
	for _, record := range removed {
		text, _ := record.(string)
		m, err := parseRecord(text)
		if err != nil {
			return chat.RosterState{}, nil, corrupt(keys[0], err)
		}
		state.Removed = append(state.Removed, m)
	}
	// Strings, since Lua's numbers would have to pass through Redis's own conversion.
	var version, lapse string
	err = scan(reply[:2], &version, &lapse)
	if err == nil {
		state.Version, err = strconv.ParseInt(version, 10, 64)
	}
	var ms int64
	if err == nil {
		ms, err = strconv.ParseInt(lapse, 10, 64)
	}
	if err != nil {
		return chat.RosterState{}, nil, corrupt(keys[3], err)
	}
	state.NextLapse = fromMillis(ms)
	return state, extra, nil
}

// batches cuts a slice into parts of rosterBatch. An empty slice is one empty part, since even a
// call for nobody takes out who has lapsed.
func batches[T any](all []T) func(yield func([]T) bool) {
	if len(all) == 0 {
		return func(yield func([]T) bool) { yield(nil) }
	}
	return slices.Chunk(all, rosterBatch)
}
