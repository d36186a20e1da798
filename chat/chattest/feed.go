package chattest

import (
	"context"

	"github.com/caller-chat/caller/chat"
)

// Follow implements [chat.Feed].
func (n Node) Follow(room chat.RoomID, l chat.Listener) func() {
	n.mu.Lock()
	defer n.mu.Unlock()
	r := n.roomLocked(room)
	r.listeners[l] = n.name
	if !n.cut {
		l.Notice(chat.Following{})
	}
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(r.listeners, l)
	}
}

// Signal implements [chat.Feed].
func (s *Store) Signal(ctx context.Context, room chat.RoomID, n chat.Notice) error {
	if err := s.lockFor(ctx, "signal"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.roomLocked(room).Tell(n)
	return nil
}

// Tell tells all nodes that follow the room, as far as their feeds let it through.
func (r *Room) Tell(n chat.Notice) {
	if r.store.cut {
		return
	}
	for l, name := range r.listeners {
		if missed, late := r.store.late[name]; late {
			r.store.late[name] = append(missed, told{r, n})
		} else {
			l.Notice(n)
		}
	}
}

// Listeners is how many nodes follow the room.
func (r *Room) Listeners() int { return len(r.listeners) }

// CutFeed loses every notice from now on; with told, the nodes notice.
func (s *Store) CutFeed(told bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if told {
		s.tellAllLocked(chat.Cut{})
	}
	s.cut = true
}

// MendFeed ends what CutFeed began.
func (s *Store) MendFeed(told bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = false
	if told {
		s.tellAllLocked(chat.Following{})
	}
}

func (s *Store) tellAllLocked(n chat.Notice) {
	for _, r := range s.rooms {
		r.Tell(n)
	}
}

// DelayFeed makes a node's feed late; CatchUp brings what it has missed, in order.
func (s *Store) DelayFeed(node string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.late[node] = append([]told{}, s.late[node]...)
}

// CatchUp ends what DelayFeed began.
func (s *Store) CatchUp(node string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	missed := s.late[node]
	delete(s.late, node)
	for _, m := range missed {
		for l, of := range m.room.listeners {
			if of == node {
				l.Notice(m.notice)
			}
		}
	}
}
