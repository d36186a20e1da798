package push

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/caller-chat/caller/chat"
)

// Options are how pushes are sent.
type Options struct {
	// Subject is how a push service reaches who runs this server: an https: or mailto: URL.
	Subject string
	// Key is the private VAPID key, 32 bytes; nil for one that the store keeps for all nodes. Who
	// changes it makes every browser subscribe anew.
	Key []byte
	// AllowPrivate lets pushes go to addresses that are not public, and over HTTP. It is for tests:
	// whoever has a session could have this server ask anything that it can reach.
	AllowPrivate bool
	// Limits bound how often somebody subscribes, is told, and has others told: [chat.ActionPush],
	// [chat.ActionPushed], [chat.ActionPushing]. Nil bounds nothing.
	Limits chat.Policy
	// Observer is told what becomes of each, for counting; nil for nobody.
	Observer Observer
	// Logger is told what can't be sent; nil for nothing.
	Logger *slog.Logger
}

// Store is what pushes ask of the store; package redisstore has it. Errors wrap
// [chat.ErrUnavailable].
type Store interface {
	chat.Log
	Subscriptions
	// Members are who is in a room.
	Members(ctx context.Context, room chat.RoomID) (chat.RosterSnapshot, error)
	// PushKey is the private key that is kept for all nodes: the one that was made, unless there
	// was one already.
	PushKey(ctx context.Context, made []byte) ([]byte, error)
}

// Subscriptions keeps by what people are reached.
type Subscriptions interface {
	// Subscribe keeps a subscription of a session for that long; the session's id is the member's
	// where it has none of its own. It takes the place of one with the same id, whoever had that; of
	// one member the newest are kept, so many.
	Subscribe(
		ctx context.Context, who, session chat.MemberID, id string, subscription []byte, most int, keep time.Duration,
	) error
	// Unsubscribe forgets one of a member's, or all for "".
	Unsubscribe(ctx context.Context, who chat.MemberID, id string) error
	// Subscribed are a member's, but for those of sessions that were signed out.
	Subscribed(ctx context.Context, who chat.MemberID) ([][]byte, error)
}

// Rooms says who may read what; [*chat.Node] has it.
type Rooms interface {
	// MayBeTold says whether somebody who does not ask may be told what is said in a room.
	MayBeTold(ctx context.Context, who chat.Principal, room chat.RoomID) error
}

const (
	// TTL is for how long a push is of use, here and at the push service: who looks at a phone
	// later finds the message by looking.
	TTL = 120 * time.Second
	// maxSubscriptions is how many browsers one session may have: a person's devices.
	maxSubscriptions = 10
	// subscriptionLife is how long a subscription is kept after the page was last opened, at most:
	// it ends with the session.
	subscriptionLife = 30 * 24 * time.Hour
	// storeTime bounds what one message may wait for the store.
	storeTime = 5 * time.Second
)

// What is done at the same time, and what waits for it. A push service answers within a fraction of
// a second; 16 senders are some hundred pushes a second.
const (
	messageWorkers, maxMessages    = 4, 1000
	deliveryWorkers, maxDeliveries = 16, 4000
)

// Push tells people who are away. Make it with [New].
type Push struct {
	options Options
	store   Store
	log     *slog.Logger
	keys    keys
	client  *http.Client

	messages   chan told
	deliveries chan delivery
	retries    retries

	work    context.Context // ends with Close
	stop    context.CancelFunc
	running sync.WaitGroup
}

// New makes the pushes of a node. The node's log must be [Push.Log]; nothing is sent before
// [Push.Start]. The error is of options that can't be used.
func New(store Store, o Options) (*Push, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Observer == nil {
		o.Observer = ignored{}
	}
	if o.Limits == nil {
		o.Limits = chat.Open{}
	}
	if o.Key != nil {
		if _, err := keyOf(o.Key); err != nil {
			return nil, fmt.Errorf("the push key: %w", err)
		}
	}
	work, stop := context.WithCancel(context.Background())
	return &Push{
		options: o, store: store, log: o.Logger, keys: keys{fixed: o.Key, fetch: store.PushKey}, client: newClient(o.AllowPrivate),
		messages: make(chan told, maxMessages), deliveries: make(chan delivery, maxDeliveries),
		work: work, stop: stop,
	}, nil
}

// Start begins to send. Rooms says who may read what.
func (p *Push) Start(rooms Rooms) {
	for range messageWorkers {
		p.running.Go(func() {
			for {
				select {
				case <-p.work.Done():
					return
				case t := <-p.messages:
					p.tell(rooms, t)
				}
			}
		})
	}
	for range deliveryWorkers {
		p.running.Go(func() {
			for {
				select {
				case <-p.work.Done():
					return
				case d := <-p.deliveries:
					p.deliver(d)
				}
			}
		})
	}
}

// Close stops sending and waits until that has stopped. What was not sent is not sent.
func (p *Push) Close() {
	p.stop()
	p.running.Wait()
	p.retries.stop()
	p.client.CloseIdleConnections()
}

// observedLog is the store's log, and sees what is said.
type observedLog struct {
	chat.Log
	push *Push
}

// Log is the store's log as the node has to use it.
func (p *Push) Log() chat.Log { return observedLog{p.store, p} }

// SlowModeWait implements [chat.SlowModes]: there is nothing to wait for where the log can't tell.
func (l observedLog) SlowModeWait(ctx context.Context, room chat.RoomID, d chat.Draft) (time.Duration, error) {
	if log, tells := l.Log.(chat.SlowModes); tells {
		return log.SlowModeWait(ctx, room, d)
	}
	return 0, nil
}

// Append implements [chat.Log].
func (l observedLog) Append(ctx context.Context, room chat.RoomID, d chat.Draft) (chat.Entry, bool, error) {
	e, repeated, err := l.Log.Append(ctx, room, d)
	if err == nil && !repeated {
		l.push.appended(room, e)
	}
	return e, repeated, err
}
