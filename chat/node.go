package chat

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options are a node's settings. The zero value of each means its default.
type Options struct {
	// HistoryLimit is how many messages and notices the log keeps of a room, AmendmentLimit how
	// many amendments, and HistoryTTL for how long after the last one: 100, [AmendmentLimit], 24
	// hours. They must be the store's.
	HistoryLimit   int
	AmendmentLimit int
	HistoryTTL     time.Duration
	// Heartbeat is how often a subscriber is sent something: 15 s. The transports send it, the
	// welcome tells it.
	Heartbeat time.Duration
	// ReconnectGrace is for how long a member whose last stream has ended is still present: 10 s.
	ReconnectGrace time.Duration
	// RenewEvery is how often the members' leases are renewed: [RenewEvery]. It must be well below
	// the store's lease.
	RenewEvery time.Duration
	// Patience is how long a call waits for the store: 2 s.
	Patience time.Duration
	// FoldAbove is the number of members above which joins and leaves are told as one count a
	// second: 200.
	FoldAbove int
	// Linger is how long a room that nobody reads any more stays ready for the next reader: 10 s.
	// Long polls come back within it, and so cost the store nothing.
	Linger time.Duration
	// MaxRooms is how many rooms the node has open at the same time, with readers or just left by
	// them; 0 for any number. Above it, a room that is not open can't be joined or polled here.
	MaxRooms int
	// Full reports whether the node has no memory for more rooms: then, too, a room that is not open
	// can't be joined or polled here. By default there is always some.
	Full func() bool
	// Shape says how a name looks: names of one shape can't be told apart by eye. Package lookalike
	// has one. By default names are compared as they are.
	Shape func(name string) string
	// Policy decides who may do what: [Open].
	Policy Policy
	// Records keeps the rooms' invites, tokens and reports: [NoRecords], which has none.
	Records Records
	// Files knows the files that messages name: [NoFiles], which has none.
	Files Files
	// Owned counts the rooms that somebody owns, of which there may be MaxOwned in all; 0 for any
	// number. Without it nothing is counted, and owners are seen by their streams alone.
	Owned    OwnedRooms
	MaxOwned int
	// Passwords makes and checks rooms' passwords: without, there are none. Guesses bounds how often
	// they, and other secrets, are guessed: [Unbounded].
	Passwords Passwords
	Guesses   Guesses
	// Audit keeps what moderators, owners and the operator do: nobody by default.
	Audit Audit
	// Observer is told what happens, for counting: nobody by default.
	Observer Observer
	// Logger says what went wrong: none by default.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	orDefault(&o.HistoryLimit, 100)
	orDefault(&o.AmendmentLimit, AmendmentLimit)
	orDefault(&o.HistoryTTL, 24*time.Hour)
	orDefault(&o.Heartbeat, 15*time.Second)
	orDefault(&o.ReconnectGrace, 10*time.Second)
	orDefault(&o.RenewEvery, RenewEvery)
	orDefault(&o.Patience, 2*time.Second)
	orDefault(&o.FoldAbove, 200)
	orDefault(&o.Linger, 10*time.Second)
	o.Observer = o.Observer.withDefaults()
	if o.Policy == nil {
		o.Policy = Open{}
	}
	if o.Full == nil {
		o.Full = func() bool { return false }
	}
	if o.Records == nil {
		o.Records = NoRecords{}
	}
	if o.Files == nil {
		o.Files = NoFiles{}
	}
	if o.Guesses == nil {
		o.Guesses = Unbounded{}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func orDefault[T comparable](setting *T, value T) {
	var zero T
	if *setting == zero {
		*setting = value
	}
}

// Node is one process's part of the chat. All methods may be called at the same time. Close it when
// done.
type Node struct {
	backend
	// stop ends the backend's work.
	stop    context.CancelFunc
	endings endings

	mu      sync.Mutex // protects following
	rooms   map[RoomID]*room
	closing bool
}

// NewNode makes a node on a store.
func NewNode(log Log, feed Feed, roster Roster, marks Marks, keeper RuleKeeper, o Options) *Node {
	work, stop := context.WithCancel(context.Background())
	if o.Observer.Store != nil {
		observed := &observedStore{log, feed, roster, marks, keeper, o.Observer.Store}
		log, feed, roster, marks, keeper = observed, observed, observed, observed, observed
	}
	return &Node{
		backend: backend{
			name: newStream(), log: log, feed: feed, roster: roster, marks: marks, keeper: keeper, options: o.withDefaults(), work: work,
			remembered: newAnswers(),
		},
		stop: stop, rooms: map[RoomID]*room{},
	}
}

// begin counts a piece of work that Close waits for; the caller calls n.running.Done. It returns
// false when the node takes no new work.
func (n *Node) begin() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closing {
		return false
	}
	n.running.Add(1)
	return true
}

// unavailable makes a time-out of ours what it means: that the store does not answer.
func (n *Node) unavailable(err error) error {
	if errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, ErrUnavailable) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// History returns what is kept of a room, as far as the room's settings show it to a new reader: of
// the rest [Kept.After] has what was said since it first came. Errors: those of [Node.Authorize].
func (n *Node) History(ctx context.Context, who Principal, room RoomID) (Kept, error) {
	may, err := n.authorize(ctx, who, room, ActionHistory)
	if err != nil {
		return Kept{}, err
	}
	return n.historyFor(ctx, may.rules, who, room)
}

// SearchHistory is [Node.History] for somebody who looks for something in it, which takes more time
// than to tell it.
func (n *Node) SearchHistory(ctx context.Context, who Principal, room RoomID) (Kept, error) {
	may, err := n.authorize(ctx, who, room, ActionSearch)
	if err != nil {
		return Kept{}, err
	}
	return n.historyFor(ctx, may.rules, who, room)
}

// FirstHistory is [Node.History] for somebody who is about to come in: [RefusedFull] where the room
// has no place for it.
func (n *Node) FirstHistory(ctx context.Context, who Principal, room RoomID) (Kept, error) {
	may, err := n.authorize(ctx, who, room, ActionHistory)
	if err != nil {
		return Kept{}, err
	}
	if most := may.rules.MaxMembers; most > 0 && !may.role.AtLeast(RoleModerator) {
		roster, err := n.readRoster(ctx, room)
		if err != nil {
			return Kept{}, err
		}
		isIn := slices.ContainsFunc(roster.Members, func(m Member) bool { return m.ID == who.ID })
		if !isIn && len(roster.Members) >= most {
			return Kept{}, n.told(room, ActionHistory, &RefusedError{Code: RefusedFull})
		}
	}
	return n.historyFor(ctx, may.rules, who, room)
}

func (n *Node) historyFor(ctx context.Context, rules *Rules, who Principal, room RoomID) (Kept, error) {
	kept, err := n.readLog(ctx, room)
	if err != nil {
		return Kept{}, err
	}
	if rules.Owned() { // whoever was sent out meanwhile is not told what has been said since
		now, err := n.readRules(ctx, room)
		if err != nil {
			return Kept{}, err
		}
		if now.Version != rules.Version {
			if _, err := n.judged(ctx, now, who, room, ActionHistory); err != nil {
				return Kept{}, n.told(room, ActionHistory, err)
			}
		}
		rules = now
	}
	if rules.seesAll(who) {
		return kept, nil
	}
	came, err := n.arrival(ctx, who, room)
	if err != nil {
		return Kept{}, err
	}
	return kept.shownTo(rules, came), nil
}

// Members returns who is in a room. Errors: those of [Node.Authorize].
func (n *Node) Members(ctx context.Context, who Principal, room RoomID) (RosterSnapshot, error) {
	may, err := n.authorize(ctx, who, room, ActionMembers)
	if err != nil {
		return RosterSnapshot{}, err
	}
	snapshot, err := n.readRoster(ctx, room)
	if err != nil {
		return RosterSnapshot{}, err
	}
	markRoles(snapshot.Members, may.rules.Roles)
	if len(snapshot.Members) <= n.options.FoldAbove { // else nobody is told of them one by one
		alike := lookalikes{shape: n.options.Shape, renamed: n.renamed(room)}
		alike.mark(snapshot.Members)
	}
	return snapshot, nil
}

func (n *Node) readRoster(ctx context.Context, room RoomID) (RosterSnapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, n.options.Patience)
	defer cancel()
	snapshot, err := n.roster.Members(ctx, room)
	if err != nil {
		return RosterSnapshot{}, fmt.Errorf("members of %s: %w", room, n.unavailable(err))
	}
	return snapshot, nil
}

// FoldAbove is the number of members above which a roster is told as a count.
func (n *Node) FoldAbove() int { return n.options.FoldAbove }

// Typing tells the room that a member is writing. Each subscriber hears it at most once every three
// seconds for each member. Errors: those of [Policy], [ErrUnavailable].
func (n *Node) Typing(ctx context.Context, who Principal, room RoomID) error {
	if err := n.Authorize(ctx, who, room, ActionTyping); err != nil {
		return err
	}
	m := who.Member("")
	if r := n.existing(room); r != nil {
		asked := make(chan bool, 1)
		if r.inbox.do(func() { asked <- r.mayType(m.ID, time.Now()) }) && !<-asked {
			return nil
		}
	}
	return n.signal(ctx, room, Typing{Member: m})
}

// Leave ends a member's presence in a room at once, on every node, and its streams with [ErrLeft];
// with a stream's name, that stream's share in it alone. When it returns, what this node held is
// given up. Errors: those of [Policy], [ErrUnavailable].
func (n *Node) Leave(ctx context.Context, who Principal, room RoomID, stream string) error {
	if err := n.Authorize(ctx, who, room, ActionLeave); err != nil {
		return err
	}
	member := who.ID
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), n.options.Patience) // as in Post
	defer cancel()
	if r := n.existing(room); r != nil {
		done := make(chan struct{})
		if r.inbox.do(func() { r.leave(member, stream, ErrLeft, done) }) {
			select {
			case <-done:
			case <-ctx.Done():
				return fmt.Errorf("leave %s: %w", room, n.unavailable(ctx.Err()))
			}
		}
	}
	return n.signal(ctx, room, Leaving{Member: member, Stream: stream, By: n.name})
}

func (n *Node) signal(ctx context.Context, room RoomID, notice Notice) error {
	ctx, cancel := context.WithTimeout(ctx, n.options.Patience)
	defer cancel()
	if err := n.feed.Signal(ctx, room, notice); err != nil {
		return fmt.Errorf("tell %s: %w", room, n.unavailable(err))
	}
	return nil
}

// existing is the worker of a room that has one, else nil.
func (n *Node) existing(id RoomID) *room {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.rooms[id]
}

// do runs a command on a room's worker, which is started when there is none.
func (n *Node) do(id RoomID, command func(*room)) error {
	for {
		n.mu.Lock()
		if n.closing {
			n.mu.Unlock()
			return ErrGoingAway
		}
		r := n.rooms[id]
		if r == nil && (n.options.MaxRooms > 0 && len(n.rooms) >= n.options.MaxRooms || n.options.Full()) {
			n.mu.Unlock()
			return ErrFull
		}
		if r == nil {
			id = RoomID(strings.Clone(string(id))) // it may be a part of much more, such as a request's first line
			r = newRoom(&n.backend, id, n.retire)
			n.rooms[id] = r
			n.running.Add(1)
			go r.begin()
		}
		n.mu.Unlock()
		if r.inbox.do(func() { command(r) }) {
			return nil
		} // else the worker has ended just now: start another
	}
}

// retire takes a room whose worker is about to end out of the node, and the node off its feed,
// before another worker of the room can begin. It returns false when a command has come for it.
func (n *Node) retire(r *room, unfollow func()) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !r.inbox.closeIfEmpty() {
		return false
	}
	unfollow()
	delete(n.rooms, r.id)
	return true
}

// Close ends the node: it takes no new posts and subscribers, tells all subscribers [ErrGoingAway],
// finishes the posts under way, and gives its members' leases up, so that who does not come back on
// another node within the reconnect grace has left. It returns when all of that is done, or with
// the context's error when that ends first.
func (n *Node) Close(ctx context.Context) error {
	n.mu.Lock()
	first := !n.closing
	n.closing = true
	rooms := make([]*room, 0, len(n.rooms))
	for _, r := range n.rooms {
		rooms = append(rooms, r)
	}
	n.mu.Unlock()
	if first {
		for _, r := range rooms {
			r.inbox.do(r.shut)
		}
	}
	done := make(chan struct{})
	go func() {
		n.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		n.stop()
		return nil
	case <-ctx.Done():
		n.stop() // ends the calls to the store, and with them all that was waited for
		<-done
		return fmt.Errorf("close the node: %w", ctx.Err())
	}
}

// newStream makes up a name for a subscription.
func newStream() string {
	var random [6]byte
	_, _ = rand.Read(random[:]) // never fails (crypto/rand)
	return "s-" + hex.EncodeToString(random[:])
}
