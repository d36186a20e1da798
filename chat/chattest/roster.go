package chattest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/caller-chat/caller/chat"
)

// Hold implements [chat.Roster].
func (n Node) Hold(
	ctx context.Context, room chat.RoomID, members []chat.Member, by chat.Admission,
) (chat.RosterState, error) {
	if err := n.lockFor(ctx, "hold"); err != nil {
		return chat.RosterState{}, err
	}
	defer n.mu.Unlock()
	r := n.roomLocked(room)
	r.sweep()
	if r.version() != by.Rules {
		return chat.RosterState{}, fmt.Errorf("hold members of %s: %w", room, chat.ErrRulesChanged)
	}
	if by.Owner {
		r.ownerSeen = time.Now()
	}
	var full []chat.MemberID
	if len(r.Members) == 0 && len(members) > 0 { // it opens: far from the versions that it had
		r.Version = max(r.Version+1000, time.Now().UnixMicro())
	}
	for _, m := range members {
		if _, there := r.Members[m.ID]; by.MaxMembers > 0 && !there && len(r.Members) >= by.MaxMembers && !by.Exempt[m.ID] {
			full = append(full, m.ID)
			continue
		}
		r.Leases[Lease{m.ID, n.name}] = time.Now().Add(n.options.Lease)
		old, there := r.Members[m.ID]
		m.JoinedAt, m.Attributes = time.UnixMilli(time.Now().UnixMilli()).UTC(), old.Attributes
		if there {
			m.JoinedAt = old.JoinedAt
		}
		r.Members[m.ID] = m
		if _, came := r.Arrivals[m.ID]; r.Rules != nil && !m.Guest && !came {
			r.Arrivals[m.ID] = chat.Arrival{After: r.Kept.Last(), Time: time.UnixMilli(time.Now().UnixMilli()).UTC()}
		}
		if !there || old.Name != m.Name {
			r.tellJoined(m)
		}
	}
	state := r.state()
	state.Full = full
	return state, nil
}

// Release implements [chat.Roster].
func (n Node) Release(
	ctx context.Context, room chat.RoomID, ids []chat.MemberID, after time.Duration,
) (chat.RosterState, error) {
	if err := n.lockFor(ctx, "release"); err != nil {
		return chat.RosterState{}, err
	}
	defer n.mu.Unlock()
	r := n.roomLocked(room)
	for _, id := range ids {
		if _, ok := r.Leases[Lease{id, n.name}]; ok {
			r.Leases[Lease{id, n.name}] = time.Now().Add(after)
		}
	}
	if after > 0 {
		r.Tell(chat.Lapsing{In: after})
	}
	r.sweep()
	return r.state(), nil
}

// Members implements [chat.Roster].
func (s *Store) Members(ctx context.Context, room chat.RoomID) (chat.RosterSnapshot, error) {
	if err := s.lockFor(ctx, "members"); err != nil {
		return chat.RosterSnapshot{}, err
	}
	defer s.mu.Unlock()
	r := s.roomLocked(room)
	r.sweep()
	snapshot := chat.RosterSnapshot{RosterState: r.state()}
	for _, m := range r.Members {
		snapshot.Members = append(snapshot.Members, m)
	}
	slices.SortFunc(snapshot.Members, func(a, b chat.Member) int {
		return cmp.Or(a.JoinedAt.Compare(b.JoinedAt), cmp.Compare(a.ID, b.ID))
	})
	return snapshot, nil
}

func (r *Room) tellJoined(m chat.Member) {
	r.Version++
	r.Tell(chat.Joined{Member: m, Version: r.Version})
}

// SetAttributes notes about members what an optional feature does.
func (r *Room) SetAttributes(attributes chat.Attributes, ids ...chat.MemberID) {
	for _, id := range ids {
		m := r.Members[id]
		m.Attributes = attributes
		r.Members[id] = m
		r.tellJoined(m)
	}
}

// sweep takes out whose leases have run out.
func (r *Room) sweep() {
	held := map[chat.MemberID]bool{}
	for lease, until := range r.Leases {
		if !time.Now().Before(until) {
			delete(r.Leases, lease)
			continue
		}
		held[lease.Member] = true
	}
	for id, m := range r.Members {
		if !held[id] {
			delete(r.Members, id)
			r.Version++
			r.Tell(chat.Left{Member: m, Version: r.Version})
		}
	}
}

func (r *Room) state() chat.RosterState {
	if len(r.Members) == 0 {
		return chat.RosterState{}
	}
	state := chat.RosterState{Version: r.Version}
	for _, until := range r.Leases {
		if lapse := time.Until(until); state.NextLapse == 0 || lapse < state.NextLapse {
			state.NextLapse = lapse
		}
	}
	return state
}
