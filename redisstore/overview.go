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

const (
	// overviewBatch is how many rooms are looked at with one pipeline: some milliseconds of Redis's
	// time, in which it serves others too after every few.
	overviewBatch = 200
	// overviewMembers is of how many members at most a room's guests are counted.
	overviewMembers = 1000
)

// Summaries are rooms in numbers, in the order in which they are named; rooms of which there is
// nothing have none. inCall is the attribute of members who are in a call. Errors wrap
// [chat.ErrUnavailable].
func (s *Store) Summaries(ctx context.Context, rooms []chat.RoomID, inCall string) ([]chat.RoomSummary, error) {
	all := make([]chat.RoomSummary, 0, len(rooms))
	args := []any{overviewMembers, inCall}
	for batch := range slices.Chunk(rooms, overviewBatch) {
		replies := make([]*redis.Cmd, len(batch))
		err := s.call(ctx, "reading rooms' numbers", "", func(ctx context.Context) error {
			_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
				for i, room := range batch {
					replies[i] = p.EvalSha(ctx, s.scripts.overview.sha, s.overviewKeys(room), args...)
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
		for i, room := range batch {
			reply, err := replies[i].Slice()
			if redis.HasErrorPrefix(err, "NOSCRIPT") {
				reply, err = s.summary(ctx, room, args)
			}
			var one chat.RoomSummary
			if err == nil {
				one, err = s.parseSummary(room, reply)
			}
			if err != nil {
				return nil, err
			}
			all = append(all, one)
		}
	}
	return all, nil
}

func (s *Store) summary(ctx context.Context, room chat.RoomID, args []any) (reply []any, err error) {
	err = s.call(ctx, "reading the numbers of room", room, func(ctx context.Context) error {
		reply, err = s.run(ctx, s.scripts.overview, s.overviewKeys(room), args...)
		return err
	})
	return reply, err
}

func (s *Store) overviewKeys(room chat.RoomID) []string {
	return []string{
		s.key(room, "log"), s.key(room, "members"), s.key(room, "leases"), s.key(room, "holds"), s.key(room, "rules"), s.filesKey(room),
	}
}

func (s *Store) parseSummary(room chat.RoomID, reply []any) (chat.RoomSummary, error) {
	var entries, first, last, minute, hour, members, guests, calling, version, settings, closed, files, bytes string
	if err := scan(reply, &entries, &first, &last, &minute, &hour, &members, &guests, &calling, &version, &settings, &closed,
		&files, &bytes); err != nil {
		return chat.RoomSummary{}, corrupt(s.key(room, "log"), err)
	}
	of := chat.RoomSummary{Room: room, Settings: chat.OpenRules().Settings, Closed: closed != "", Owned: version != "" && closed == ""}
	var err error
	for _, n := range []struct {
		text string
		into *int
	}{
		{entries, &of.Messages}, {minute, &of.PerMinute}, {hour, &of.PerHour}, {members, &of.Members}, {guests, &of.Guests},
		{calling, &of.InCall}, {files, &of.Files},
	} {
		var e error
		*n.into, e = strconv.Atoi(n.text)
		err = errors.Join(err, e)
	}
	var e error
	of.Bytes, e = strconv.ParseInt(bytes, 10, 64)
	err = errors.Join(err, e)
	if settings != "" {
		err = errors.Join(err, json.Unmarshal([]byte(settings), &of.Settings))
		of.Title = of.Settings.Title
	}
	if of.Messages > 0 {
		oldest, _, ferr := parseHead(first + " ")
		newest, _, lerr := parseHead(last + " ")
		err = errors.Join(err, ferr, lerr)
		of.First, of.Last, of.LastAt = oldest.ID, newest.ID, newest.Time
		of.PerMinute = s.beyond(of, of.PerMinute, time.Minute, oldest.Time)
		of.PerHour = s.beyond(of, of.PerHour, time.Hour, oldest.Time)
	}
	if err != nil {
		return chat.RoomSummary{}, corrupt(s.key(room, "log"), err)
	}
	return of, nil
}

// beyond is how many entries came in a time, by those of it that are kept: where all of them came
// in a part of it, and as many as are kept at all, there were more.
func (s *Store) beyond(of chat.RoomSummary, n int, in time.Duration, from time.Time) int {
	limit, _ := (chat.Keeping{Limit: of.Settings.HistoryLimit}).Within(s.opt.HistoryLimit, s.opt.HistoryTTL)
	span := max(of.LastAt.Sub(from), time.Millisecond)
	if n < of.Messages || n < limit || span >= in {
		return n
	}
	return max(n, int(float64(n)*float64(in)/float64(span)))
}

// clientBatch is how many rooms are asked about somebody with one pipeline.
const clientBatch = 1000

// ClientRooms are the rooms among those given of which the store knows anything about somebody, in
// the same order. Errors wrap [chat.ErrUnavailable].
func (s *Store) ClientRooms(ctx context.Context, id chat.MemberID, rooms []chat.RoomID) ([]chat.ClientRoom, error) {
	var all []chat.ClientRoom
	for batch := range slices.Chunk(rooms, clientBatch) {
		type answer struct{ member, role, came *redis.StringCmd }
		answers := make([]answer, len(batch))
		err := s.call(ctx, "asking where somebody is", "", func(ctx context.Context) error {
			_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
				for i, room := range batch {
					answers[i] = answer{
						p.HGet(ctx, s.key(room, "members"), string(id)),
						p.HGet(ctx, s.key(room, "rules"), fieldRole+string(id)),
						p.HGet(ctx, s.key(room, "arrivals"), string(id)),
					}
				}
				return nil
			})
			if errors.Is(err, redis.Nil) {
				return nil
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		for i, room := range batch {
			of, err := s.clientRoom(room, answers[i].member, answers[i].role, answers[i].came)
			if err != nil {
				return nil, err
			}
			if of.Present != nil || of.Role != chat.RoleGuest || of.Came != nil {
				all = append(all, of)
			}
		}
	}
	return all, nil
}

func (s *Store) clientRoom(room chat.RoomID, member, role, came *redis.StringCmd) (chat.ClientRoom, error) {
	of := chat.ClientRoom{Room: room}
	if text, err := member.Result(); err == nil {
		m, err := parseRecord(text)
		if err != nil {
			return of, corrupt(s.key(room, "members"), err)
		}
		of.Present = &m
	} else if !errors.Is(err, redis.Nil) {
		return of, fmt.Errorf("asking who is in room %s: %w: %w", room, chat.ErrUnavailable, err)
	}
	of.Role = chat.Role(role.Val())
	if text, err := came.Result(); err == nil {
		a, err := parseArrival(text)
		if err != nil {
			return of, corrupt(s.key(room, "arrivals"), err)
		}
		of.Came = &a
	}
	return of, nil
}

// Holders are the nodes that hold each member of a room. Errors wrap [chat.ErrUnavailable].
func (s *Store) Holders(ctx context.Context, room chat.RoomID) (map[chat.MemberID][]string, error) {
	key := s.key(room, "leases")
	var now time.Time
	var leases []redis.Z
	err := s.call(ctx, "reading who holds the members of room", room, func(ctx context.Context) (err error) {
		if now, err = s.client.Time(ctx).Result(); err == nil {
			leases, err = s.client.ZRangeWithScores(ctx, key, 0, -1).Result()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	holders := map[chat.MemberID][]string{}
	for _, z := range leases {
		lease, _ := z.Member.(string)
		node, member, ok := strings.Cut(lease, ":")
		if ok && int64(z.Score) > now.UnixMilli() {
			holders[chat.MemberID(member)] = append(holders[chat.MemberID(member)], node)
		}
	}
	for _, nodes := range holders {
		slices.Sort(nodes)
	}
	return holders, nil
}

// CountRevoked is how many ended sessions are remembered. Errors wrap [chat.ErrUnavailable].
func (s *Store) CountRevoked(ctx context.Context) (n int, err error) {
	err = s.call(ctx, "counting the ended sessions", "", func(ctx context.Context) error {
		found, err := s.client.ZCard(ctx, s.revokedKey()).Result()
		n = int(found)
		return err
	})
	return n, err
}

// IsRevoked reports whether a session's end is remembered. Errors wrap [chat.ErrUnavailable].
func (s *Store) IsRevoked(ctx context.Context, id chat.MemberID) (ended bool, err error) {
	err = s.call(ctx, "asking whether a session has ended", "", func(ctx context.Context) error {
		err := s.client.ZScore(ctx, s.revokedKey(), string(id)).Err()
		if ended = err == nil; errors.Is(err, redis.Nil) {
			return nil
		}
		return err
	})
	return ended, err
}

// sortNodes has the node that began first come first.
func sortNodes(all []chat.NodeInfo) {
	slices.SortFunc(all, func(a, b chat.NodeInfo) int {
		return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID))
	})
}
