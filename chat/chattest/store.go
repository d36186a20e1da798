package chattest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/caller-chat/caller/chat"
)

// Options are a store's settings. The zero value of each means its default.
type Options struct {
	// HistoryLimit is how many messages and notices are kept, AmendmentLimit how many amendments,
	// and HistoryTTL for how long after the last one: 100, [chat.AmendmentLimit], 24 hours.
	HistoryLimit   int
	AmendmentLimit int
	HistoryTTL     time.Duration
	// Lease is how long a member stays present after a node last held it: [chat.Lease].
	Lease time.Duration
}

// Store is a store in memory. Its methods may be called at the same time. What a node sees of it is
// a [Node].
type Store struct {
	options Options

	mu      sync.Mutex // protects following
	rooms   map[chat.RoomID]*Room
	marks   map[chat.MemberID][]chat.Mark // the last one first
	tag     chat.Tag
	owned   map[chat.RoomID]bool
	buckets map[string]*bucket
	late    map[string][]told // what has yet to reach a node whose feed is late, by the node's name
	cut     bool
	slow    time.Duration
	away    bool
	calls   map[string]int
	files   map[chat.RoomID]map[string]chat.FileRecord
	due     map[chat.RoomID]time.Time // when the files of rooms are to be looked at
	turns   map[string]time.Time      // until when it is somebody's
}

// Room is what the store has of a room. Tests get at it by [Store.Do].
type Room struct {
	Kept    chat.Kept // without the time that it is kept for
	Members map[chat.MemberID]chat.Member
	Leases  map[Lease]time.Time // when they run out
	Version int64
	// Records are by their kinds and ids, those that are good no more too. Grants are the sessions
	// that were let in, and when.
	Records map[chat.RecordKind]map[string]chat.Record
	Grants  map[chat.MemberID]time.Time
	// Arrivals are when sessions first came.
	Arrivals map[chat.MemberID]chat.Arrival
	Rules    *chat.Rules // nil for a room nobody owns

	ownerSeen time.Time
	slow      map[string]time.Time // until when somebody may say nothing more

	store     *Store
	past      []chat.Kept        // what Kept was before each of the last entries
	keys      map[[2]string]used // by client and key
	until     time.Time          // when the log goes
	listeners map[chat.Listener]string
}

// Lease is a node's hold on a member.
type Lease struct {
	Member chat.MemberID
	Node   string
}

type told struct {
	room   *Room
	notice chat.Notice
}

// New makes a store.
func New(o Options) *Store {
	orDefault(&o.HistoryLimit, 100)
	orDefault(&o.AmendmentLimit, chat.AmendmentLimit)
	orDefault(&o.HistoryTTL, 24*time.Hour)
	orDefault(&o.Lease, chat.Lease)
	return &Store{
		options: o, rooms: map[chat.RoomID]*Room{}, marks: map[chat.MemberID][]chat.Mark{}, late: map[string][]told{}, owned: map[chat.RoomID]bool{}, buckets: map[string]*bucket{}, calls: map[string]int{},
		files: map[chat.RoomID]map[string]chat.FileRecord{}, due: map[chat.RoomID]time.Time{}, turns: map[string]time.Time{},
	}
}

func orDefault[T comparable](setting *T, value T) {
	var zero T
	if *setting == zero {
		*setting = value
	}
}

// Node is one node's view of a store: leases are its own, and so is its feed.
type Node struct {
	*Store
	name string
}

var (
	_ chat.Log     = Node{}
	_ chat.Feed    = Node{}
	_ chat.Roster  = Node{}
	_ chat.Marks   = Node{}
	_ chat.Records = Node{}

	_ chat.RuleKeeper = Node{}

	_ chat.FileRecords = Node{}
	_ chat.FileRooms   = Node{}
)

// Node is the store as a node of that name sees it.
func (s *Store) Node(name string) Node { return Node{s, name} }

// NewNode starts a node of that name on the store.
func (s *Store) NewNode(name string, o chat.Options) *chat.Node {
	n := s.Node(name)
	if o.Records == nil {
		o.Records = n
	}
	if o.Owned == nil {
		o.Owned = n
	}
	return chat.NewNode(n, n, n, n, n, o)
}

// Do runs f on a room, while nobody else touches it.
func (s *Store) Do(room chat.RoomID, f func(*Room)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.roomLocked(room))
}

func (s *Store) roomLocked(id chat.RoomID) *Room {
	r := s.rooms[id]
	if r == nil {
		r = &Room{
			Members: map[chat.MemberID]chat.Member{}, Leases: map[Lease]time.Time{},
			Records: map[chat.RecordKind]map[string]chat.Record{}, Grants: map[chat.MemberID]time.Time{},
			Arrivals: map[chat.MemberID]chat.Arrival{},
			store:    s, keys: map[[2]string]used{}, listeners: map[chat.Listener]string{},
		}
		s.rooms[id] = r
	}
	if !time.Now().Before(r.until) {
		r.Clear()
	}
	return r
}

// Calls is how often nodes have asked for "append", "read", "signal", "hold", "release",
// "members", "marks", "records", "rules", "owned", "owner", "files" or "tokens"; for "" in all.
func (s *Store) Calls(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if what != "" {
		return s.calls[what]
	}
	all := 0
	for _, n := range s.calls {
		all += n
	}
	return all
}

// SetHistoryLimit is how many messages and notices are kept from the next one on.
func (s *Store) SetHistoryLimit(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.options.HistoryLimit = n
}

// SetSlow is how long a read takes from now on.
func (s *Store) SetSlow(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slow = d
}

// SetAway has calls wait for their context's end from now on, and then fail; or not any more.
func (s *Store) SetAway(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

// lockFor counts a call and fails while the store is away or when the caller has given up.
func (s *Store) lockFor(ctx context.Context, call string) error {
	s.mu.Lock()
	s.calls[call]++
	if s.away {
		s.mu.Unlock()
		<-ctx.Done() // black-holed: the worst way to be away
		return fmt.Errorf("%s: %w: %w", call, chat.ErrUnavailable, ctx.Err())
	}
	if err := ctx.Err(); err != nil {
		s.mu.Unlock()
		return fmt.Errorf("%s: %w", call, err)
	}
	return nil
}
