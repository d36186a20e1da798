package conn

import (
	"context"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// Conn is one connection with the rooms it carries. Its methods may be called at the same time.
//
// Make it, Join its rooms, Open it with the peer, and Close it when the peer is gone; in between
// the rooms' workers write to it.
type Conn struct {
	// What a delivery touches comes first and in one piece: with many readers none of it is in the
	// processor's cache.

	first     joined // what the first room is joined by
	framing   wire.Framing
	keepalive *Keepalive
	sentAt    atomic.Int64 // the tick at which something was last sent
	outbox    Outbox

	closeFrame CloseFrame
	proven     bool // the first ping is out; the keepalive's own

	mu    sync.Mutex // protects following
	rooms []*joined
	stays bool // rooms may be joined later: the end of the last one does not end the connection
	open  bool // all rooms that it begins with are joined
	busy  bool // a command is carried out whose answer comes before the end
	deaf  bool // the peer sends no more
	end   *wire.Failure
	ended bool
	place handle // in the keepalive's poller

	from *origin // nil until it has joined its first rooms

	reader Reader // who is told of what the peer sends; nil to discard it
}

// origin is what a connection knows of whom it is from.
type origin struct {
	address string // by which it has a place of the keepalive's
	// until is when what they came with is over, in Unix milliseconds, and signedIn says that others
	// vouch for them; 0 for never.
	until    int64
	signedIn bool
}

// over is why a connection has to end by itself; nil while it has not.
func (c *Conn) over(now time.Time) error {
	if c.from == nil || c.from.until == 0 || now.UnixMilli() < c.from.until {
		return nil
	}
	if c.from.signedIn {
		return chat.ErrSignInOver
	}
	return chat.ErrSessionOver
}

// Reader reads what a peer sends.
type Reader interface {
	// Readable says that there is something to read, or that the peer is gone. It must not block.
	Readable()
}

// joined is one room of a connection, and the connection as that room's [chat.Sink].
type joined struct {
	// The connection's mu protects following.
	room chat.RoomID
	// subscription is nil until the room has taken the connection in.
	subscription *chat.Subscription

	conn *Conn
}

// CloseFrame appends what a connection ends with, after the error event: a close frame, a last
// chunk.
type CloseFrame func(dst []byte, f *wire.Failure) []byte

// NewConn makes a connection that is not open yet. Stays says that its reader can join rooms
// later: else it ends when all of its rooms have been left.
func NewConn(keepalive *Keepalive, framing wire.Framing, closeFrame CloseFrame, stays bool) *Conn {
	c := &Conn{keepalive: keepalive, framing: framing, closeFrame: closeFrame, stays: stays}
	c.outbox.load, c.outbox.onClose = &keepalive.load, c.gone
	return c
}

// Subscriber is what a connection asks of the core; [*chat.Node] has it.
type Subscriber interface {
	Subscribe(ctx context.Context, who chat.Principal, room chat.RoomID, from chat.Start, sink chat.Sink) (
		*chat.Subscription, error)
}

// Join makes the connection a reader of a room, and who a member of it. It returns when the replay
// is on its way.
func (c *Conn) Join(ctx context.Context, rooms Subscriber, who chat.Principal, at wire.RoomStart) error {
	c.mu.Lock()
	if c.ended {
		c.mu.Unlock()
		return chat.ErrGoingAway
	}
	twice := c.findLocked(at.Room) != nil
	full := len(c.rooms) >= wire.MaxRooms
	j := &c.first
	if j.conn != nil { // it is in use, or has been: rooms may still hold it
		j = &joined{}
	}
	if !twice && !full {
		*j = joined{conn: c, room: at.Room}
		c.rooms = append(c.rooms, j) // taken
	}
	c.mu.Unlock()
	switch {
	case twice:
		return &chat.InvalidError{Field: "room", Reason: "is joined already"}
	case full:
		return wire.Fail(wire.CodeTooMuch, "a connection can carry 64 rooms")
	}
	subscription, err := rooms.Subscribe(ctx, who, at.Room, at.Start, j)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.dropLocked(j)
		return err
	}
	if c.ended || c.findLocked(at.Room) != j { // left, or the connection gone, in the meantime
		subscription.Close()
		return nil
	}
	j.subscription = subscription
	j.room = subscription.Room() // all connections share its bytes; the request's stay with the request
	return nil
}

func (c *Conn) findLocked(room chat.RoomID) *joined {
	for _, j := range c.rooms {
		if j.room == room {
			return j
		}
	}
	return nil
}

func (c *Conn) dropLocked(j *joined) {
	if i := slices.Index(c.rooms, j); i >= 0 {
		c.rooms = slices.Delete(c.rooms, i, i+1)
	}
}

// Open gives the connection its peer. First is written before anything else.
func (c *Conn) Open(peer Peer, first []byte) error {
	if !c.keepalive.opened(c) {
		c.Close()
		_ = peer.Close()
		return chat.ErrGoingAway
	}
	c.mu.Lock()
	c.open = true // before the peer is written to, and acts on what it reads
	c.mu.Unlock()
	c.outbox.Open(peer, first)
	c.keepalive.observer.Opened(c.outbox.direct() != nil)
	c.sent()
	c.keepalive.lived(c)
	c.mu.Lock()
	empty := c.emptyLocked()
	c.mu.Unlock()
	if empty {
		c.End(wire.FailureOf(chat.ErrLeft))
	}
	return nil
}

// Has reports whether the connection carries a room.
func (c *Conn) Has(room chat.RoomID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	j := c.findLocked(room)
	return j != nil && j.subscription != nil
}

// Leave ends one room of the connection, and its member's presence there at once if this was its
// last stream. It returns false when it does not carry the room.
func (c *Conn) Leave(room chat.RoomID) bool {
	c.mu.Lock()
	j := c.findLocked(room)
	c.dropLocked(j)
	var subscription *chat.Subscription
	if j != nil {
		subscription = j.subscription
	}
	c.mu.Unlock()
	if subscription != nil {
		subscription.Leave()
	}
	return j != nil
}

// Send sends an answer to this reader alone.
func (c *Conn) Send(b []byte) { c.send(b) }

// SendFailure sends an error event.
func (c *Conn) SendFailure(f *wire.Failure, room chat.RoomID, key string) {
	c.send(c.framing.AppendFailure(nil, f, room, key))
}

func (c *Conn) send(b []byte) {
	if !c.outbox.Send(b) {
		c.finish(wire.FailureOf(chat.ErrTooSlow))
		return
	}
	c.sent()
}

func (c *Conn) sent() {
	if now := c.keepalive.now.Load(); c.sentAt.Load() != now { // most often it is the same tick
		c.sentAt.Store(now)
	}
}

// Begin says that a command is being carried out, whose answer is to reach the reader even if the
// connection ends meanwhile; Done, that it is answered.
func (c *Conn) Begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = true
}

// Done is the other half of [Conn.Begin].
func (c *Conn) Done() {
	c.mu.Lock()
	c.busy = false
	end := c.end
	c.mu.Unlock()
	if end != nil {
		c.finish(end)
	}
}

// End ends the connection with an error event and its closeFrame.
func (c *Conn) End(f *wire.Failure) {
	c.mu.Lock()
	if c.busy {
		if c.end == nil {
			c.end = f
		}
		c.mu.Unlock()
		return
	}
	c.mu.Unlock()
	c.finish(f)
}

func (c *Conn) finish(f *wire.Failure) {
	within := closeTimeout
	if f.Code == wire.CodeTooSlow {
		within = slowCloseTimeout
		c.keepalive.observer.TooSlow()
	}
	c.outbox.Finish(c.closeFrame(c.framing.AppendFailure(nil, f, "", ""), f), within)
	c.leaveAll()
}

// Quit ends the connection as asked: its members leave at once, and it closes with the closeFrame
// alone.
func (c *Conn) Quit() {
	f := wire.FailureOf(chat.ErrLeft)
	c.outbox.Finish(c.closeFrame(nil, f), closeTimeout)
	for _, s := range c.take() {
		s.Leave()
	}
}

// Finish ends the connection with a close frame that was made elsewhere, such as the answer to the
// peer's own.
func (c *Conn) Finish(closeFrame []byte) {
	c.outbox.Finish(closeFrame, closeTimeout)
	c.leaveAll()
}

// Close ends the connection at once: the peer is gone.
func (c *Conn) Close() { c.outbox.Close() }

// gone is called once, when the connection has ended.
func (c *Conn) gone() {
	c.leaveAll()
	if c.from != nil {
		c.keepalive.places.Leave(c.from.address)
	}
	c.mu.Lock()
	place := c.place
	c.mu.Unlock()
	c.keepalive.closed(c, place)
}

// Await has a reader told, once, when the peer has sent something or is gone; a nil one for a peer
// that has nothing to say: what it sends is thrown away, and when it is gone the connection is
// closed. It returns false where that can't be had: then somebody has to read and wait.
func (c *Conn) Await(r Reader) bool {
	socket := c.outbox.direct()
	if socket == nil {
		return false
	}
	w := c.keepalive.sockets()
	if w == nil {
		return false
	}
	c.mu.Lock()
	first := c.place == handle{}
	if first && c.ended { // nobody would take its place out again
		c.mu.Unlock()
		return false
	}
	if first {
		c.place, c.reader = w.add(told{c}), r
	}
	place := c.place
	c.mu.Unlock()
	return w.arm(place, socket.raw, first)
}

// CanAwait reports whether [Conn.Await] can be had for the connection while it is open.
func (c *Conn) CanAwait() bool { return c.outbox.direct() != nil && c.keepalive.sockets() != nil }

// told is a connection as the poller's reader: what the poller tells is nobody else's to call.
type told struct{ *Conn }

func (t told) Readable() {
	c := t.Conn
	c.mu.Lock()
	deaf := c.deaf
	c.mu.Unlock()
	switch {
	case deaf:
		c.Close()
	case c.reader != nil:
		c.reader.Readable()
	default:
		c.discardOnce()
	}
}

// discardOnce throws away what has come, and has the rest awaited.
func (c *Conn) discardOnce() {
	socket := c.outbox.direct()
	if socket == nil {
		c.Close()
		return
	}
	switch err := socket.discard(); {
	case err == io.EOF:
		c.PeerEnded()
	case err != nil || !c.Await(nil):
		c.Close()
	}
}

// leaveAll ends the subscriptions. The members are present for the grace time yet.
func (c *Conn) leaveAll() {
	for _, s := range c.take() {
		s.Close()
	}
}

// take marks the connection's end and returns the subscriptions it had.
func (c *Conn) take() []*chat.Subscription {
	c.mu.Lock()
	defer c.mu.Unlock()
	var taken []*chat.Subscription
	for _, j := range c.rooms {
		if j.subscription != nil {
			taken = append(taken, j.subscription)
		}
	}
	c.rooms = nil
	c.ended = true
	return taken
}

// Deliver implements [chat.Sink].
func (j *joined) Deliver(b *chat.Batch) {
	c := j.conn
	if !b.Replay {
		c.send(b.Encoded(c.framing))
		return
	}
	for _, e := range b.Events {
		c.outbox.SendReplay(e.Encoded(c.framing))
	}
	c.outbox.Flush()
	c.sent()
}
