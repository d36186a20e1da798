package chat

import (
	"context"
	"slices"
	"sync/atomic"
	"time"
)

// This file is the room's part in who may be in it.

// roomRules are a room's rules as its worker knows them.
type roomRules struct {
	// current are the rules while the feed tells of every change of them, else nil. Anybody may read
	// it.
	current atomic.Pointer[Rules]
	// The rest is the worker's. known are the rules as they were read last.
	known *Rules
	// aside says that they are being read while the feed is cut.
	aside bool
}

// standing is what the rules judge a reader by, beside its member.
type standing struct {
	id      MemberID
	guest   bool
	network string
	via     Via
	role    Role
	session MemberID // as a [Principal]'s
	born    int64    // seconds; 0 for not known
	granted bool
	arrival *arrival // nil where it has not been asked
}

// stand is what the rules judge it by, for writing.
func (s *subscriber) stand() *standing {
	if s.standing == nil {
		s.standing = &standing{id: s.who, guest: s.guest}
	}
	return s.standing
}

// standingOf is nil for those of whom there is nothing to be known, which are most.
func standingOf(who Principal, listed, granted bool) *standing {
	s := standing{id: who.ID, guest: who.Guest, network: who.Network, via: who.Via, role: who.Role, session: who.Session, granted: granted}
	if !who.Born.IsZero() {
		s.born = who.Born.Unix()
	}
	if listed && s == (standing{id: who.ID, guest: who.Guest, born: s.born}) {
		return nil // without a network it does not matter when the session was made
	}
	return &s
}

// principal is a subscriber as the rules judge it.
func (s *subscriber) principal() (who Principal, granted bool) {
	who = Principal{ID: s.who, Guest: s.guest}
	if of := s.standing; of != nil {
		who.ID, who.Guest, who.Network, who.Via, who.Role = of.id, of.guest, of.network, of.via, of.role
		if of.born != 0 {
			who.Born = time.Unix(of.born, 0)
		}
		granted = of.granted
	}
	return who, granted
}

// judge says whether a subscriber may read the room, by the rules as they are known.
func (r *room) judge(s *subscriber, now time.Time) error {
	if r.rules.known.Version.IsZero() {
		return nil
	}
	who, granted := s.principal()
	return r.rules.known.decide(decision{who: who, room: r.id, what: ActionSubscribe, now: now, granted: granted})
}

// rulesChanged takes the news that the rules are of another version now.
func (r *room) rulesChanged(version RulesVersion) {
	if version == r.rules.known.Version && r.rules.current.Load() != nil {
		return
	}
	r.rules.current.Store(nil) // until they are read, whoever asks reads them from the store
	r.readRules()
}

// readRules has the rules read: with all else, while the feed tells of changes; else by themselves,
// since the members' leases need them.
func (r *room) readRules() {
	if r.sync.following {
		r.refresh()
		return
	}
	if r.rules.aside || r.closing {
		return
	}
	r.rules.aside = true
	r.back.async(func(ctx context.Context) {
		rules, err := r.back.keeper.Rules(ctx, r.id)
		r.inbox.do(func() { // the worker does not end before: it holds leases
			r.rules.aside = false
			if err == nil && !r.sync.following {
				r.adoptRules(rules)
			}
		})
	})
}

// adoptRules takes the rules over as read: it ends the streams of those who may not be here any
// more, and tells the others.
func (r *room) adoptRules(rules *Rules) {
	old := r.rules.known
	r.rules.known = rules
	if r.sync.following {
		r.rules.current.Store(rules)
	}
	if rules.Version == old.Version {
		return
	}
	limit, ttl := rules.Keeping().Within(r.back.options.HistoryLimit, r.back.options.HistoryTTL)
	r.tail.limit, r.tail.retention = limit, ttl
	r.roster.setRoles(rules.Roles)
	r.leases.answered()
	r.endRefused(time.Now())
	if rules.History != HistoryAll && old.History == HistoryAll { // to be known if they have to begin anew
		for _, s := range r.subs.attached {
			r.knowsArrival(s)
		}
	}
	if len(r.subs.attached) > 0 {
		r.tell(settingsOf(rules))
	}
}

func settingsOf(rules *Rules) SettingsChanged {
	return SettingsChanged{Version: rules.Version.Number, Settings: rules.Settings, Owned: rules.Owned()}
}

// endRefused ends the streams of those whom the rules do not let be here, and their presence.
func (r *room) endRefused(now time.Time) {
	var toAsk []*subscriber
	for _, s := range slices.Concat(r.subs.attached, r.subs.waiting) {
		if s.state == ended {
			continue
		}
		err := r.judge(s, now)
		switch {
		case err == nil:
		case wantsGrant(err) && s.state == delivering && !s.guest && s.who != "":
			toAsk = append(toAsk, s)
		default:
			r.end(s, err)
		}
	}
	r.askGrants(toAsk)
	// Those who may come back to a stream of theirs are waited for no longer.
	for id, here := range r.leases.held {
		if here.streams > 0 {
			continue
		}
		who := Principal{ID: id, Guest: here.member.Guest, Network: here.member.Network, Via: here.member.Via, Role: here.member.Claims}
		d := decision{who: who, room: r.id, what: ActionSubscribe, now: now, granted: true}
		if r.rules.known.decide(d) != nil {
			r.leases.leave(id, "", nil)
		}
	}
}

// askGrants ends the streams of those who have not been let into the room since they came.
func (r *room) askGrants(subs []*subscriber) {
	if len(subs) == 0 {
		return
	}
	r.back.async(func(ctx context.Context) {
		let := make([]bool, len(subs))
		for i, s := range subs {
			granted, err := r.back.keeper.Granted(ctx, r.id, s.who)
			let[i] = granted && err == nil
		}
		r.inbox.do(func() { // a worker that has ended has ended them
			now := time.Now()
			for i, s := range subs {
				if s.state == ended {
					continue
				}
				s.setGranted(let[i])
				if err := r.judge(s, now); err != nil {
					r.end(s, err)
				}
			}
		})
	})
}

// setGranted notes whether a subscriber's session was let into the room.
func (s *subscriber) setGranted(granted bool) {
	s.stand().granted = granted
}

// end ends a subscriber by that error, and its member's presence with its last stream.
func (r *room) end(s *subscriber, why error) {
	r.flush()
	r.exit(s, true, why)
	s.refuse(why)
}

// admission is by what rules members are held.
func (r *room) admission(members []Member) Admission {
	rules := r.rules.known
	by := Admission{Rules: rules.Version, MaxMembers: rules.MaxMembers, Keeping: rules.Keeping()}
	for _, m := range members {
		role := rules.Roles[m.ID]
		by.Owner = by.Owner || role == RoleOwner
		if rules.MaxMembers > 0 && (role.AtLeast(RoleModerator) || r.claims(m.ID, RoleModerator)) {
			if by.Exempt == nil {
				by.Exempt = map[MemberID]bool{}
			}
			by.Exempt[m.ID] = true
		}
	}
	return by
}

// isFullFor reports whether there is no place in the room for a reader that is not in the roster, as
// far as this node knows: it takes none, so the store does not count it.
func (r *room) isFullFor(s *subscriber) bool {
	rules := r.rules.known
	if rules.MaxMembers == 0 || len(r.roster.members) < rules.MaxMembers {
		return false
	}
	who, _ := s.principal()
	return r.roster.member(who.ID) == nil && !rules.RoleOf(who).AtLeast(RoleModerator)
}

// claims reports whether a member has a stream here of somebody who is vouched for as that.
func (r *room) claims(id MemberID, role Role) bool {
	return slices.ContainsFunc(r.subs.of(id, ""), func(s *subscriber) bool {
		return s.standing != nil && s.standing.role.AtLeast(role)
	})
}
