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

	"github.com/caller-chat/caller/chat"
)

// rulesLife is how long a room's rules are kept after the last member has left.
func (s *Store) rulesLife() time.Duration { return max(chat.RulesLife, s.opt.HistoryTTL) }

// Rules implements chat.RuleKeeper.
func (s *Store) Rules(ctx context.Context, room chat.RoomID) (*chat.Rules, error) {
	key := s.key(room, "rules")
	var fields map[string]string
	err := s.call(ctx, "reading the rules of room", room, func(ctx context.Context) (err error) {
		fields, err = s.client.HGetAll(ctx, key).Result()
		return err
	})
	if err != nil {
		return nil, err
	}
	rules, err := parseRules(fields)
	if err != nil {
		return nil, corrupt(key, err)
	}
	return rules, nil
}

// ChangeRules implements chat.RuleKeeper.
func (s *Store) ChangeRules(
	ctx context.Context, room chat.RoomID, c chat.RulesChange,
) (chat.Entry, chat.RulesVersion, error) {
	version := chat.RulesVersion{Number: c.From.Version.Number + 1, Tag: newTag()}
	if c.LeavesUnowned() {
		version = chat.RulesVersion{}
	}
	args, tag, err := s.changeArgs(room, c, version)
	if err != nil {
		return chat.Entry{}, version, err
	}
	keys := []string{
		s.key(room, "log"), s.key(room, "amendments"), s.key(room, "rules"), s.key(room, "grants"), s.key(room, "members"),
		s.recordsKey(room, chat.RecordInvite), s.recordsKey(room, chat.RecordToken), s.recordsKey(room, chat.RecordReport),
		s.key(room, "arrivals"),
	}
	keys = append(keys, s.hookKeys(room)...)
	var reply []any
	err = s.call(ctx, "changing the rules of room", room, func(ctx context.Context) error {
		reply, err = s.runAppend(ctx, s.scripts.rules, keys, args...)
		return err
	})
	if err != nil {
		return chat.Entry{}, version, err
	}
	var element string
	var how status
	if err := scan(s.tellHooks(room, reply, 2), &element, (*int64)(&how)); err != nil {
		return chat.Entry{}, version, corrupt(keys[2], err)
	}
	if err := how.err(); err != nil {
		return chat.Entry{}, version, fmt.Errorf("changing the rules of room %s: %w", room, err)
	}
	if element == "" {
		return c.Notice.Entry(chat.Cursor{Tag: tag}, time.Time{}), version, nil
	}
	e, err := parseElement(element)
	if err != nil {
		return chat.Entry{}, version, corrupt(keys[0], err)
	}
	return e, version, nil
}

// changeArgs are what rules.lua takes.
func (s *Store) changeArgs(room chat.RoomID, c chat.RulesChange, version chat.RulesVersion) ([]any, chat.Tag, error) {
	text := ""
	var err error
	if c.Notice.Payload != nil {
		if text, err = encodeBody(c.Notice.From, "", chat.Cursor{}, c.Notice.Payload); err != nil {
			return nil, 0, err
		}
	}
	before, err := encodeRules(c.From)
	if err != nil {
		return nil, 0, err
	}
	after, err := encodeRules(c.To)
	if err != nil {
		return nil, 0, err
	}
	alone := ""
	if c.Alone {
		alone = cmp.Or(string(c.Only), "-")
	}
	var sets, gone []any
	for name, value := range after {
		if was, had := before[name]; !had || was != value {
			sets = append(sets, name, value)
		}
	}
	for name := range before {
		if _, has := after[name]; !has {
			gone = append(gone, name)
		}
	}
	tag := newTag()
	limit, ttl := c.To.Keeping().Within(s.opt.HistoryLimit, s.opt.HistoryTTL)
	closed := !c.To.Closed.IsZero()
	args := []any{
		s.publishCommand(), s.channel(room), tag.String(), text, limit, s.opt.AmendmentLimit, millis(ttl),
		chat.KeyLife.Milliseconds(), min(s.opt.WaitReplicas, 1), "", "", c.From.Version.String(),
		s.hookedBy("-", room), "", version.String(), millis(s.rulesLife()), boolean(c.Clear || closed), boolean(closed), alone, len(sets), len(gone),
	}
	args = append(append(args, sets...), gone...)
	for _, session := range c.Revoke {
		args = append(args, string(session))
	}
	return args, tag, nil
}

// Grant implements chat.RuleKeeper.
func (s *Store) Grant(ctx context.Context, room chat.RoomID, session chat.MemberID) error {
	return s.call(ctx, "letting somebody into room", room, func(ctx context.Context) error {
		_, err := s.run(ctx, s.scripts.grant, []string{s.key(room, "grants"), s.key(room, "rules")},
			string(session), chat.MaxGrants, millis(s.rulesLife()))
		return err
	})
}

// Granted implements chat.RuleKeeper.
func (s *Store) Granted(ctx context.Context, room chat.RoomID, session chat.MemberID) (granted bool, err error) {
	err = s.call(ctx, "asking who was let into room", room, func(ctx context.Context) error {
		granted, err = s.client.HExists(ctx, s.key(room, "grants"), string(session)).Result()
		return err
	})
	return granted, err
}

// Arrivals implements chat.RuleKeeper.
func (s *Store) Arrivals(
	ctx context.Context, room chat.RoomID, sessions []chat.MemberID,
) (map[chat.MemberID]chat.Arrival, error) {
	key := s.key(room, "arrivals")
	known := map[chat.MemberID]chat.Arrival{}
	for batch := range slices.Chunk(sessions, rosterBatch) {
		fields := make([]string, len(batch))
		for i, session := range batch {
			fields[i] = string(session)
		}
		var values []any
		err := s.call(ctx, "asking who came when into room", room, func(ctx context.Context) (err error) {
			values, err = s.client.HMGet(ctx, key, fields...).Result()
			return err
		})
		if err != nil {
			return nil, err
		}
		for i, value := range values {
			text, ok := value.(string)
			if !ok {
				continue
			}
			if known[batch[i]], err = parseArrival(text); err != nil {
				return nil, corrupt(key, err)
			}
		}
	}
	return known, nil
}

// parseArrival reads what hold.lua has noted: "ID TIME LAST".
func parseArrival(text string) (a chat.Arrival, err error) {
	parts := strings.Split(text, " ")
	if len(parts) != 3 {
		return a, fmt.Errorf("%q says not when a session came", text)
	}
	if a.After, err = chat.ParseCursor(parts[0]); err != nil {
		return a, err
	}
	a.Time, err = parseMillis(parts[1])
	return a, err
}

// What a room's rules are as fields of a hash: one for each thing that changes by itself, so that a
// change writes that much and no more.
const (
	fieldVersion   = "version" // which rules.lua writes
	fieldSettings  = "settings"
	fieldPassword  = "password"
	fieldOwner     = "owner"
	fieldOwnerSeen = "ownerSeen" // which hold.lua and seen.lua write too
	fieldClosed    = "closed"
	fieldRole      = "role:"
	fieldBan       = "ban:"
	fieldMute      = "mute:"
	fieldRemoval   = "removal:"
)

// ban is a chat.Ban as it is stored.
type ban struct {
	Member  author    `json:"member"`
	Network string    `json:"network,omitempty"`
	By      author    `json:"by"`
	Role    chat.Role `json:"role,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	At      int64     `json:"at"` // milliseconds
	Until   int64     `json:"until,omitempty"`
}

// encodeRules are the fields of rules but for the version.
func encodeRules(r *chat.Rules) (map[string]string, error) {
	fields := map[string]string{}
	if !r.Closed.IsZero() {
		fields[fieldClosed] = strconv.FormatInt(r.Closed.UnixMilli(), 10)
		return fields, nil
	}
	if r.Version.IsZero() && len(r.Roles) == 0 {
		return fields, nil
	}
	var err error
	if fields[fieldSettings], err = encode(r.Settings); err != nil {
		return nil, err
	}
	if r.PasswordHash != "" {
		fields[fieldPassword] = r.PasswordHash
	}
	if r.OwnerHash != "" {
		fields[fieldOwner] = r.OwnerHash
	}
	if !r.OwnerSeen.IsZero() {
		fields[fieldOwnerSeen] = strconv.FormatInt(r.OwnerSeen.UnixMilli(), 10)
	}
	for id, role := range r.Roles {
		fields[fieldRole+string(id)] = string(role)
	}
	for prefix, bans := range map[string][]chat.Ban{fieldBan: r.Bans, fieldMute: r.Mutes, fieldRemoval: r.Removals} {
		for _, b := range bans {
			stored := ban{Member: author(b.Member), Network: b.Network, By: author(b.By), Role: b.Role, Reason: b.Reason, At: b.At.UnixMilli()}
			if !b.Until.IsZero() {
				stored.Until = b.Until.UnixMilli()
			}
			if fields[prefix+b.ID], err = encode(stored); err != nil {
				return nil, err
			}
		}
	}
	return fields, nil
}

// parseRules reads what encodeRules made, with the version; no fields are the rules of a room nobody
// owns.
func parseRules(fields map[string]string) (*chat.Rules, error) {
	r := chat.OpenRules()
	if len(fields) == 0 {
		return r, nil
	}
	r.Roles = map[chat.MemberID]chat.Role{}
	var err error
	if r.Version, err = chat.ParseRulesVersion(fields[fieldVersion]); err != nil || r.Version.IsZero() {
		return nil, errors.Join(errors.New("rules without a version"), err)
	}
	for name, value := range fields {
		if err := parseRule(r, name, value); err != nil {
			return nil, fmt.Errorf("rules' field %q: %w", name, err)
		}
	}
	for _, bans := range [][]chat.Ban{r.Bans, r.Mutes, r.Removals} {
		slices.SortFunc(bans, func(a, b chat.Ban) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	}
	return r, nil
}

func parseRule(r *chat.Rules, name, value string) (err error) {
	switch name {
	case fieldSettings:
		return json.Unmarshal([]byte(value), &r.Settings)
	case fieldPassword:
		r.PasswordHash = value
	case fieldOwner:
		r.OwnerHash = value
	case fieldOwnerSeen:
		r.OwnerSeen, err = parseMillis(value)
	case fieldClosed:
		r.Closed, err = parseMillis(value)
	}
	if id, is := strings.CutPrefix(name, fieldRole); is {
		r.Roles[chat.MemberID(id)] = chat.Role(value)
	}
	for prefix, bans := range map[string]*[]chat.Ban{fieldBan: &r.Bans, fieldMute: &r.Mutes, fieldRemoval: &r.Removals} {
		if id, is := strings.CutPrefix(name, prefix); is {
			b, err := parseBan(id, value)
			if err != nil {
				return err
			}
			*bans = append(*bans, b)
		}
	}
	return err // a field that is not known is a newer node's
}

func parseBan(id, value string) (chat.Ban, error) {
	var stored ban
	if err := json.Unmarshal([]byte(value), &stored); err != nil {
		return chat.Ban{}, err
	}
	b := chat.Ban{
		ID: id, Member: chat.Author(stored.Member), Network: stored.Network, By: chat.Author(stored.By), Role: stored.Role, Reason: stored.Reason,
		At: time.UnixMilli(stored.At).UTC(),
	}
	if stored.Until != 0 {
		b.Until = time.UnixMilli(stored.Until).UTC()
	}
	return b, nil
}
