package calls

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/caller-chat/caller/chat"
)

// Options are how Caller and its pages reach LiveKit.
type Options struct {
	// URL is where Caller asks LiveKit, as https://livekit.example.
	URL string
	// PublicURL is where browsers connect, as wss://livekit.example.
	PublicURL string
	// Key and Secret sign join tokens and requests. The secret must never be shown.
	Key, Secret string
	// RoomPrefix begins the name of every room in LiveKit. Two Callers that use one LiveKit need
	// different ones: each would send the other's members out of their calls.
	RoomPrefix string
	// Observer is told what happens, for counting; nil for nobody.
	Observer Observer
	// Logger is told when LiveKit does not answer; nil for nothing.
	Logger *slog.Logger
}

// Store is what calls ask of the store; package redisstore has it.
type Store interface {
	chat.Roster
	// SetAttributes changes members' attributes, if the roster's version is still that.
	SetAttributes(ctx context.Context, room chat.RoomID, version int64, changes []chat.AttributeChange) (
		state chat.RosterState, applied bool, err error)
	// Rules are a room's.
	Rules(ctx context.Context, room chat.RoomID) (*chat.Rules, error)
	// TakeTurn reports whether it is this node's turn to do something that one node of all is to
	// do.
	TakeTurn(ctx context.Context, what string, keep time.Duration) (mine bool, err error)
}

// Followed are the rooms of this node; [*chat.Node] has them.
type Followed interface {
	// RoomsWith are those where some member has an attribute, as far as the node knows.
	RoomsWith(attribute string) []chat.RoomID
}

// Calls are the calls of all rooms, as one node sees to them. Methods may be called at the same
// time.
type Calls struct {
	options Options
	store   Store
	livekit media
	log     *slog.Logger
	queue   *workQueue

	work    context.Context // ends with Close
	stop    context.CancelFunc
	running sync.WaitGroup

	mu       sync.Mutex // guards the following
	departed map[chat.RoomID]*departed
}

// New makes the calls of a node. The node's roster must be [Calls.Roster]; LiveKit is asked from
// [Calls.Start] on. Close it when done.
func New(store Store, o Options) *Calls {
	o = o.withDefaults()
	return newCalls(store, newLiveKit(o), o)
}

func (o Options) withDefaults() Options {
	if o.Observer == nil {
		o.Observer = ignored{}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func newCalls(store Store, livekit media, o Options) *Calls {
	o = o.withDefaults()
	work, stop := context.WithCancel(context.Background())
	return &Calls{
		options: o, store: store, livekit: livekit, log: o.Logger, queue: newWorkQueue(),
		work: work, stop: stop, departed: map[chat.RoomID]*departed{},
	}
}

// Start begins to reconcile rosters with LiveKit. It does not wait for it: one that is away is told
// in the log, and tried again.
func (c *Calls) Start(followed Followed) {
	s := &sweeper{calls: c, followed: followed}
	c.running.Go(func() { s.run(c.work) })
	c.running.Go(func() { c.queue.run(c.work, c.reconcile) })
}

// Ping asks LiveKit for a sign of life.
func (c *Calls) Ping(ctx context.Context) error {
	_, err := c.livekit.roomNames(ctx)
	return err
}

// Close stops reconciling and waits until it has stopped.
func (c *Calls) Close() {
	c.stop()
	c.running.Wait()
	if l, ok := c.livekit.(*liveKit); ok {
		l.close()
	}
}

// Whoever has a join token joins soon. LiveKit tells of it by a webhook, which may get lost, or not
// be set up at all.
const (
	soonAfterToken = 3 * time.Second
	afterToken     = 10 * time.Second
)

// NewJoinToken is [Options.NewJoinToken]. The room is reconciled soon, when its owner may have
// joined.
func (c *Calls) NewJoinToken(room chat.RoomID, who chat.Author) (JoinToken, error) {
	token, err := c.options.NewJoinToken(room, who)
	if err == nil {
		c.options.Observer.Invited()
		c.queue.add(room, soonAfterToken)
		c.queue.add(room, afterToken)
	}
	return token, err
}
