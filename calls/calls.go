package calls

import (
	"context"
	"errors"
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
	// Key and Secret sign passes and questions. The secret must never be shown.
	Key, Secret string
	// RoomPrefix begins the name of every room in LiveKit. Two Callers that use one LiveKit need different ones: each
	// would send the other's members out of their calls.
	RoomPrefix string
	// Logger is told when LiveKit does not answer; nil for nothing.
	Logger *slog.Logger
}

// sweepEvery is how often LiveKit is asked which rooms there are.
const sweepEvery = 15 * time.Second

// Calls are the calls of all rooms, as one node knows them. Methods may be called at the same time. Close it when done.
type Calls struct {
	options Options
	livekit *liveKit
	log     *slog.Logger

	work    context.Context // ends with Close
	stop    context.CancelFunc
	running sync.WaitGroup

	answered answer // of the last sweep; the sweeper's own
}

// New begins to watch LiveKit. It does not wait for it: a LiveKit that is away is told in the log, and tried again.
func New(o Options) *Calls {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	work, stop := context.WithCancel(context.Background())
	c := &Calls{options: o, livekit: newLiveKit(o), log: o.Logger, work: work, stop: stop}
	c.running.Go(c.sweepAll)
	return c
}

// Close ends the watch and waits for it.
func (c *Calls) Close() {
	c.stop()
	c.running.Wait()
	c.livekit.close()
}

// PublicURL is where browsers connect.
func (c *Calls) PublicURL() string { return c.options.PublicURL }

// NewPass is [Options.NewPass].
func (c *Calls) NewPass(room chat.RoomID, who chat.Author) (Pass, error) {
	return c.options.NewPass(room, who)
}

// sweepAll looks at all rooms now and then until the node closes.
func (c *Calls) sweepAll() {
	again := time.NewTicker(sweepEvery)
	defer again.Stop()
	for {
		c.sweep(c.work)
		select {
		case <-again.C:
		case <-c.work.Done():
			return
		}
	}
}

func (c *Calls) sweep(ctx context.Context) {
	_, err := c.livekit.roomNames(ctx)
	c.heard(err)
}

// answer is what came of asking LiveKit.
type answer int

const (
	unasked answer = iota
	answers
	refuses
	silent
)

// heard logs what is new about LiveKit, a line for each change.
func (c *Calls) heard(err error) {
	was := c.answered
	switch {
	case err == nil:
		c.answered = answers
	case c.work.Err() != nil: // it is we who are going away
		return
	case errors.Is(err, errRefused):
		c.answered = refuses
	default:
		c.answered = silent
	}
	if c.answered == was {
		return
	}
	switch c.answered {
	case answers:
		c.log.Info("LiveKit answers: rooms have calls", "livekit", c.options.URL)
	case refuses:
		c.log.Error("LiveKit refuses the key: there are no calls. Is it the one of that server, with its secret "+
			"(LIVEKIT_API_KEY, LIVEKIT_API_SECRET)?", "livekit", c.options.URL, "err", err)
	default:
		c.log.Warn("LiveKit does not answer: there are no calls until it does", "livekit", c.options.URL, "err", err)
	}
}
