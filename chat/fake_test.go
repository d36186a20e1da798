package chat_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caller-chat/caller/chat"
)

// fakeStore is a store inside the test, so that time can be the test's (testing/synctest). It can be made to fail,
// to lose its feed, and to lose or rewrite its log.
type fakeStore struct {
	limit int
	lease time.Duration

	mu        sync.Mutex
	log       []chat.Entry
	keys      map[string]chat.Entry
	tag       chat.Tag
	listeners map[chat.Listener]string // by the name of the node that follows
	late      map[string][]chat.Notice // what has yet to reach a node whose feed is late
	cut       bool
	slow      time.Duration // what a read takes
	away      bool
	members   map[chat.MemberID]chat.Member
	leases    map[string]time.Time // by member and holder
	version   int64
	calls     map[string]int
}

func newFakeStore() *fakeStore {
	return &fakeStore{
		limit: 100, lease: chat.Lease, keys: map[string]chat.Entry{}, listeners: map[chat.Listener]string{},
		late:    map[string][]chat.Notice{},
		members: map[chat.MemberID]chat.Member{}, leases: map[string]time.Time{}, calls: map[string]int{},
	}
}

// lockFor counts a call and fails while the store is away.
func (s *fakeStore) lockFor(ctx context.Context, call string) error {
	s.mu.Lock()
	s.calls[call]++
	if !s.away {
		return nil
	}
	s.mu.Unlock()
	<-ctx.Done() // black-holed: the worst way to be away
	return fmt.Errorf("%s: %w: %w", call, chat.ErrUnavailable, ctx.Err())
}

func (s *fakeStore) tell(n chat.Notice) {
	if s.cut {
		return
	}
	for l, name := range s.listeners {
		if _, late := s.late[name]; late {
			s.late[name] = append(s.late[name], n)
		} else {
			l.Notice(n)
		}
	}
}

// delay makes a node's feed late; catchUp brings what it has missed, in order.
func (s *fakeStore) delay(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.late[name] = append([]chat.Notice{}, s.late[name]...)
}

func (s *fakeStore) catchUp(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	missed := s.late[name]
	delete(s.late, name)
	for l, of := range s.listeners {
		for _, n := range missed {
			if of == name {
				l.Notice(n)
			}
		}
	}
}

func (s *fakeStore) Append(ctx context.Context, _ chat.RoomID, d chat.Draft) (chat.Entry, bool, error) {
	if err := s.lockFor(ctx, "append"); err != nil {
		return chat.Entry{}, false, err
	}
	defer s.mu.Unlock()
	key := d.Client + "\x00" + d.Key
	if first, ok := s.keys[key]; ok && d.Key != "" {
		return first, true, nil
	}
	e := s.appendLocked(d)
	s.keys[key] = e
	s.tell(chat.Appended{Entry: e})
	return e, false, nil
}

func (s *fakeStore) appendLocked(d chat.Draft) chat.Entry {
	s.tag += 0x01010101
	e := d.Entry(chat.Cursor{Seq: 1, Tag: s.tag}, time.Now())
	if n := len(s.log); n > 0 {
		e.ID.Seq, e.Prev = s.log[n-1].ID.Seq+1, s.log[n-1].ID.Tag
	}
	s.log = append(s.log, e)
	if len(s.log) > s.limit {
		s.log = slices.Clone(s.log[len(s.log)-s.limit:])
	}
	return e
}

func (s *fakeStore) Read(ctx context.Context, _ chat.RoomID) (chat.Kept, error) {
	if err := s.lockFor(ctx, "read"); err != nil {
		return chat.Kept{}, err
	}
	kept := chat.Kept{Entries: slices.Clone(s.log), Expires: 24 * time.Hour}
	slow := s.slow
	s.mu.Unlock()
	time.Sleep(slow)
	return kept, nil
}

func (h holder) Follow(_ chat.RoomID, l chat.Listener) func() {
	s := h.fakeStore
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners[l] = h.name
	if !s.cut {
		l.Notice(chat.Following{})
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.listeners, l)
	}
}

func (s *fakeStore) Signal(ctx context.Context, _ chat.RoomID, n chat.Notice) error {
	if err := s.lockFor(ctx, "signal"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.tell(n)
	return nil
}

// cutFeed loses every notice from now on; mendFeed ends that.
func (s *fakeStore) cutFeed(told bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if told {
		s.tell(chat.Cut{})
	}
	s.cut = true
}

func (s *fakeStore) mendFeed(told bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = false
	if told {
		s.tell(chat.Following{})
	}
}

func (s *fakeStore) setAway(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

// sweepLocked takes out whose leases have run out.
func (s *fakeStore) sweepLocked() {
	for holding, until := range s.leases {
		if !time.Now().Before(until) {
			delete(s.leases, holding)
		}
	}
	for id := range s.members {
		held := false
		for holding := range s.leases {
			held = held || strings.HasPrefix(holding, string(id)+"|")
		}
		if !held {
			m := s.members[id]
			delete(s.members, id)
			s.version++
			s.tell(chat.Left{Member: m, Version: s.version})
		}
	}
}

// mark gives members the attribute "mark", or takes it from them when the value is empty.
func (s *fakeStore) mark(value string, ids ...chat.MemberID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		m := s.members[id]
		m.Attributes = nil
		if value != "" {
			m.Attributes = chat.Attributes{"mark": value}
		}
		s.members[id] = m
		s.version++
		s.tell(chat.Joined{Member: m, Version: s.version})
	}
}

func (s *fakeStore) stateLocked() chat.RosterState {
	state := chat.RosterState{Version: s.version}
	for _, until := range s.leases {
		if lapse := time.Until(until); state.NextLapse == 0 || lapse < state.NextLapse {
			state.NextLapse = lapse
		}
	}
	return state
}

// holder is one node's view of the store: leases are its own.
type holder struct {
	*fakeStore
	name string
}

func (h holder) Hold(ctx context.Context, _ chat.RoomID, members []chat.Member) (chat.RosterState, error) {
	if err := h.lockFor(ctx, "hold"); err != nil {
		return chat.RosterState{}, err
	}
	defer h.mu.Unlock()
	h.sweepLocked()
	if len(h.members) == 0 {
		h.version = max(h.version+1000, time.Now().UnixMilli())
	}
	for _, m := range members {
		h.leases[string(m.ID)+"|"+h.name] = time.Now().Add(h.lease)
		old, there := h.members[m.ID]
		m.JoinedAt, m.Attributes = time.Now(), old.Attributes
		if there {
			m.JoinedAt = old.JoinedAt
		}
		h.members[m.ID] = m
		if !there || old.Name != m.Name {
			h.version++
			h.tell(chat.Joined{Member: m, Version: h.version})
		}
	}
	return h.stateLocked(), nil
}

func (h holder) Release(ctx context.Context, _ chat.RoomID, ids []chat.MemberID, after time.Duration) (chat.RosterState, error) {
	if err := h.lockFor(ctx, "release"); err != nil {
		return chat.RosterState{}, err
	}
	defer h.mu.Unlock()
	for _, id := range ids {
		if _, ok := h.leases[string(id)+"|"+h.name]; ok {
			h.leases[string(id)+"|"+h.name] = time.Now().Add(after)
		}
	}
	if after > 0 {
		h.tell(chat.Lapsing{In: after})
	}
	h.sweepLocked()
	return h.stateLocked(), nil
}

func (h holder) Members(ctx context.Context, _ chat.RoomID) (chat.RosterSnapshot, error) {
	if err := h.lockFor(ctx, "members"); err != nil {
		return chat.RosterSnapshot{}, err
	}
	defer h.mu.Unlock()
	h.sweepLocked()
	snapshot := chat.RosterSnapshot{RosterState: h.stateLocked()}
	for _, m := range h.members {
		snapshot.Members = append(snapshot.Members, m)
	}
	return snapshot, nil
}

// node makes a node on the store, by a name of its own.
func (s *fakeStore) node(name string, o chat.Options) *chat.Node {
	h := holder{s, name}
	return chat.NewNode(h, h, h, o)
}

// recorder is a sink that writes down what it is told.
type recorder struct {
	mu     sync.Mutex
	bodies []chat.Body
	closed error
}

func (r *recorder) Deliver(b *chat.Batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range b.Events {
		r.bodies = append(r.bodies, e.Body)
	}
}

func (r *recorder) Closed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = err
}

// take returns what was told since the last time.
func (r *recorder) take() []chat.Body {
	r.mu.Lock()
	defer r.mu.Unlock()
	bodies := r.bodies
	r.bodies = nil
	return bodies
}

func (r *recorder) err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// texts are the messages in what was told; other events stand there by their kind.
func texts(bodies []chat.Body) []string {
	var said []string
	for _, b := range bodies {
		switch b := b.(type) {
		case chat.Appended:
			said = append(said, b.Entry.Text())
		case chat.Welcome:
			said = append(said, "<welcome>")
		case chat.Reset:
			said = append(said, "<reset "+string(b.Reason)+">")
		case chat.Live:
			said = append(said, "<live>")
		case chat.Joined:
			if b.Known {
				said = append(said, "<news of "+b.Member.Name+">")
				continue
			}
			said = append(said, "<joined "+b.Member.Name+">")
		case chat.Left:
			said = append(said, "<left "+b.Member.Name+">")
		case chat.RosterEvent:
			said = append(said, fmt.Sprintf("<members %d>", b.Count))
		case chat.Typing:
			said = append(said, "<typing "+b.Member.Name+">")
		case chat.AttributeChanged:
			said = append(said, "<"+map[bool]string{true: "with ", false: "without "}[b.Present]+b.Key+">")
		}
	}
	return said
}
