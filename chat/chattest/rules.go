package chattest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/caller-chat/caller/chat"
)

// rulesLocked are the room's, with all that changes in them without a new version.
func (r *Room) rulesLocked() *chat.Rules {
	if r.Rules == nil {
		return chat.OpenRules()
	}
	rules := r.Rules.Clone()
	rules.OwnerSeen = r.ownerSeen
	return rules
}

func (r *Room) version() chat.RulesVersion {
	if r.Rules == nil {
		return chat.RulesVersion{}
	}
	return r.Rules.Version
}

// Rules implements [chat.RuleKeeper].
func (s *Store) Rules(ctx context.Context, room chat.RoomID) (*chat.Rules, error) {
	if err := s.lockFor(ctx, "rules"); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	return s.roomLocked(room).rulesLocked(), nil
}

// ChangeRules implements [chat.RuleKeeper].
func (s *Store) ChangeRules(
	ctx context.Context, room chat.RoomID, c chat.RulesChange,
) (chat.Entry, chat.RulesVersion, error) {
	if err := s.lockFor(ctx, "rules"); err != nil {
		return chat.Entry{}, chat.RulesVersion{}, err
	}
	defer s.mu.Unlock()
	r := s.roomLocked(room)
	_, here := r.Members[c.Only]
	switch {
	case r.version() != c.From.Version:
		return chat.Entry{}, chat.RulesVersion{}, fmt.Errorf("change the rules of %s: %w", room, chat.ErrRulesChanged)
	case c.Alone && c.Only == "" && len(r.Members) > 0, c.Alone && c.Only != "" && (len(r.Members) != 1 || !here):
		return chat.Entry{}, chat.RulesVersion{}, fmt.Errorf("change the rules of %s: %w", room, chat.ErrOwned)
	}
	rules := c.To.Clone()
	if !c.LeavesUnowned() {
		r.store.tag += 0x01010101
		rules.Version = chat.RulesVersion{Number: c.From.Version.Number + 1, Tag: r.store.tag}
		r.Rules = rules
		if !c.To.OwnerSeen.Equal(c.From.OwnerSeen) { // what does not change stays, also what SeeOwner noted meanwhile
			r.ownerSeen = rules.OwnerSeen
		}
	}
	for _, session := range c.Revoke {
		delete(r.Grants, session)
		delete(r.Arrivals, session)
	}
	last := r.Kept.Last()
	closed := !rules.Closed.IsZero()
	if c.Clear || closed {
		r.Clear()
	}
	if closed || c.Alone { // whoever owns it next has nothing of what was before
		clear(r.Grants)
		clear(r.Arrivals)
		clear(r.Records)
	}
	if closed {
		r.Rules = &chat.Rules{Version: rules.Version, Settings: chat.DefaultSettings(), Closed: rules.Closed}
	}
	if !c.LeavesUnowned() {
		r.Tell(chat.RulesChanged{Version: rules.Version})
	}
	if c.Notice.Payload == nil {
		return c.Notice.Entry(chat.Cursor{}, time.Time{}), rules.Version, nil
	}
	c.Notice.Keeping = rules.Keeping()
	e := r.appendAfter(c.Notice, last)
	r.Tell(chat.Appended{Entry: e})
	return e, rules.Version, nil
}

// Grant implements [chat.RuleKeeper].
func (s *Store) Grant(ctx context.Context, room chat.RoomID, session chat.MemberID) error {
	if err := s.lockFor(ctx, "rules"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	r := s.roomLocked(room)
	if r.Rules == nil {
		return nil
	}
	r.Grants[session] = time.Now()
	if len(r.Grants) > chat.MaxGrants {
		delete(r.Grants, slices.MinFunc(slices.Collect(maps.Keys(r.Grants)), func(a, b chat.MemberID) int {
			return r.Grants[a].Compare(r.Grants[b])
		}))
	}
	return nil
}

// Granted implements [chat.RuleKeeper].
func (s *Store) Granted(ctx context.Context, room chat.RoomID, session chat.MemberID) (bool, error) {
	if err := s.lockFor(ctx, "rules"); err != nil {
		return false, err
	}
	defer s.mu.Unlock()
	_, granted := s.roomLocked(room).Grants[session]
	return granted, nil
}

// Arrivals implements [chat.RuleKeeper].
func (s *Store) Arrivals(
	ctx context.Context, room chat.RoomID, sessions []chat.MemberID,
) (map[chat.MemberID]chat.Arrival, error) {
	if err := s.lockFor(ctx, "rules"); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	known := map[chat.MemberID]chat.Arrival{}
	for _, session := range sessions {
		if a, ok := s.roomLocked(room).Arrivals[session]; ok {
			known[session] = a
		}
	}
	return known, nil
}

// slowed says for how long a draft has to wait, and if it need not, notes that it did not.
func (r *Room) slowed(d chat.Draft) error {
	if d.SlowMode <= 0 || !d.Target.IsZero() {
		return nil
	}
	now := time.Now()
	if wait := r.slow[d.SlowKey].Add(d.SlowMode).Sub(now); wait > 0 {
		return &chat.SlowModeError{RetryAfter: wait}
	}
	if r.slow == nil {
		r.slow = map[string]time.Time{}
	}
	r.slow[d.SlowKey] = now
	return nil
}

// SlowModeWait implements [chat.SlowModes].
func (s *Store) SlowModeWait(ctx context.Context, room chat.RoomID, d chat.Draft) (time.Duration, error) {
	if err := s.lockFor(ctx, "slow"); err != nil {
		return 0, err
	}
	defer s.mu.Unlock()
	return max(0, time.Until(s.roomLocked(room).slow[d.SlowKey].Add(d.SlowMode))), nil
}

// KeepOwned implements [chat.OwnedRooms].
func (s *Store) KeepOwned(ctx context.Context, room chat.RoomID, most int) (bool, error) {
	if err := s.lockFor(ctx, "owned"); err != nil {
		return false, err
	}
	defer s.mu.Unlock()
	if most > 0 && !s.owned[room] && len(s.owned) >= most {
		return false, nil
	}
	s.owned[room] = true
	return true, nil
}

// FreeOwned implements [chat.OwnedRooms].
func (s *Store) FreeOwned(ctx context.Context, room chat.RoomID) error {
	if err := s.lockFor(ctx, "owned"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	delete(s.owned, room)
	return nil
}

// SeeOwner implements [chat.OwnedRooms].
func (s *Store) SeeOwner(ctx context.Context, room chat.RoomID, owner chat.MemberID) error {
	if err := s.lockFor(ctx, "owner"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if r := s.roomLocked(room); r.Rules != nil && r.Rules.Roles[owner] == chat.RoleOwner {
		r.ownerSeen = time.UnixMilli(time.Now().UnixMilli()).UTC()
	}
	return nil
}
