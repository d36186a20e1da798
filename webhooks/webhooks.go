package webhooks

import (
	"context"
	"log/slog"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caller-chat/caller/chat"
)

// Options are how webhooks are sent.
type Options struct {
	// Node are the hooks that are told of all rooms. All nodes of a Redis should have the same.
	Node []NodeHook
	// AllowPrivate lets rooms' hooks be at addresses that are not public, and over HTTP: then owners
	// of rooms can have this server ask anything that it can reach.
	AllowPrivate bool
	// GiveUp is how old something gets that a hook can't be told, before it is a dead letter; 0 for 24
	// hours.
	GiveUp time.Duration
	// Observer is told what becomes of it; nil for nobody.
	Observer Observer
	// Logger is told what can't be sent; nil for nothing.
	Logger *slog.Logger
}

const (
	usualGiveUp = 24 * time.Hour
	// lease is how long a claim is good. An attempt takes half of it at most, so whoever has the
	// claim when it begins has it still when it ends.
	lease = 2*sendTime + 5*time.Second
	// pollEvery is how often one looks for what other nodes have left behind.
	pollEvery = 2 * time.Second
	// atOnce is how many claims are made in one step, batch how many happenings are read in one.
	atOnce, batch = 50, 20
	// turn is how many happenings a hook of one room is told before others have their turn.
	turn = 200
	// maxWorkers is how many hooks are told something at the same time, perHost how many of one host:
	// slow ones take up no more.
	maxWorkers, perHost = 512, 8
	// crowded is in how long one looks again whether a host has time.
	crowded = 500 * time.Millisecond
	// lastLook is the longest until one looks again whether any node has a hook.
	lastLook = 5 * time.Minute
	// firstRetry doubles with each failure, up to lastRetry.
	firstRetry, lastRetry = time.Second, time.Hour
	// disableAfter is for how long a hook may fail.
	disableAfter = 5 * 24 * time.Hour
	// A dead letter is kept for deadLife, of a partition so many.
	deadLife, deadMost = 30 * 24 * time.Hour, 2000
	sweepEvery         = 10 * time.Minute
)

// Webhooks tells hooks what happens. Make it with [New].
type Webhooks struct {
	options Options
	store   Store
	log     *slog.Logger
	sender  *sender
	node    map[chat.HookID]NodeHook

	wake    chan int
	woken   []atomic.Bool // by partition: it is in wake
	places  chan struct{}
	mu      sync.Mutex     // protects following
	hosts   map[string]int // how many attempts are under way
	off     map[chat.HookID]time.Time
	work    context.Context // ends with Close
	stop    context.CancelFunc
	running sync.WaitGroup
}

// New makes the webhooks of a node. Nothing is sent before [Webhooks.Start], but what happens is kept
// for the node's hooks from now on.
func New(store Store, o Options) *Webhooks {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Observer == nil {
		o.Observer = nobody{}
	}
	if o.GiveUp == 0 {
		o.GiveUp = usualGiveUp
	}
	work, stop := context.WithCancel(context.Background())
	w := &Webhooks{
		options: o, store: store, log: o.Logger, sender: newSender(o.AllowPrivate, o.Observer), node: map[chat.HookID]NodeHook{},
		wake: make(chan int, store.AllPartitions()), woken: make([]atomic.Bool, store.AllPartitions()),
		places: make(chan struct{}, maxWorkers), hosts: map[string]int{}, work: work, stop: stop,
	}
	for _, h := range o.Node {
		w.node[h.ID()] = h
	}
	w.switched(nil)
	return w
}

// switched has the store keep for the node's hooks what happens, but for those that are off.
func (w *Webhooks) switched(off map[chat.HookID]time.Time) {
	told := map[chat.HookID][]chat.HookEvent{}
	for id, h := range w.node {
		if _, is := off[id]; !is {
			told[id] = h.Events
		}
	}
	w.store.NodeHooks(told)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.off = off
}

func (w *Webhooks) isOff(id chat.HookID) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, is := w.off[id]
	return is
}

// Start begins to send.
func (w *Webhooks) Start() {
	w.store.OnHookWork(w.look)
	w.running.Go(w.watch)
	w.running.Go(w.sweep)
}

// Close stops sending and waits until that has stopped: what is under way is broken off, and sent
// again by another node, or by this one when it is there again.
func (w *Webhooks) Close() {
	w.stop()
	w.running.Wait()
	w.sender.close()
}

// look has a partition looked at soon. It does not wait.
func (w *Webhooks) look(partition int) {
	if !w.woken[partition].Swap(true) {
		w.wake <- partition // which has a place for each
	}
}

// watch claims what there is to do: at once what this node has put in, and every now and then what
// others have left, and what has waited for its time.
func (w *Webhooks) watch() {
	t := time.NewTicker(pollEvery)
	defer t.Stop()
	w.poll()
	for {
		select {
		case <-w.work.Done():
			return
		case p := <-w.wake:
			w.woken[p].Store(false)
			w.claim(p)
		case <-t.C:
			w.poll()
		}
	}
}

// poll looks at all partitions that have hooks.
func (w *Webhooks) poll() {
	used, err := w.store.HookPartitions(w.work)
	if err == nil && len(w.node) > 0 {
		var off map[chat.HookID]time.Time
		if off, err = w.store.NodeHooksOff(w.work); err == nil {
			w.switched(off)
		}
		used = used[:0]
		for p := range w.store.AllPartitions() {
			used = append(used, p)
		}
	}
	if err != nil {
		w.log.DebugContext(w.work, "what hooks are to be told can't be looked for", "err", err)
		return
	}
	for _, p := range used {
		if w.work.Err() != nil || !w.claim(p) {
			return
		}
	}
}

// claim takes what is due in a partition. It reports whether the store has answered.
func (w *Webhooks) claim(partition int) bool {
	for w.work.Err() == nil {
		claims, err := w.store.DueHooks(w.work, partition, lease, atOnce)
		if err != nil {
			w.log.DebugContext(w.work, "hooks can't be claimed", "err", err)
			return false
		}
		until := time.Now().Add(lease)
		for _, c := range claims {
			select {
			case w.places <- struct{}{}:
				w.running.Go(func() {
					defer func() { <-w.places }()
					w.serve(c, until)
				})
			default:
				w.postpone(c, crowded, nil)
			}
		}
		if len(claims) < atOnce {
			return true
		}
	}
	return true
}

// enter takes one of a host's places; ok is false when there is none.
func (w *Webhooks) enter(address string) (host string, ok bool) {
	if u, err := url.Parse(address); err == nil {
		host = u.Host
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.hosts[host] >= perHost {
		return host, false
	}
	w.hosts[host]++
	return host, true
}

func (w *Webhooks) leave(host string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.hosts[host]--; w.hosts[host] == 0 {
		delete(w.hosts, host)
	}
}
