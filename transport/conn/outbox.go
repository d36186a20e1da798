package conn

import (
	"net"
	"sync"
	"time"
)

// MaxBacklog is how many bytes wait for a slow reader at most, its replay not counted.
const MaxBacklog = 256 << 10

const (
	// stallTime is how long a reader may take nothing at all while something waits for it.
	stallTime = 30 * time.Second
	// closeTimeout is how long a reader has to take what is left when its connection ends,
	// slowCloseTimeout one that is closed for being slow: it stands still just now, and is to learn
	// why when it moves again.
	closeTimeout     = 5 * time.Second
	slowCloseTimeout = 90 * time.Second
	// kernelBuffer is what the kernel may hold of a connection's output, in bytes (it takes it
	// twice for its own needs). By itself it would hold up to 4 MiB for a reader that stands still
	// (net.ipv4.tcp_wmem).
	kernelBuffer = 128 << 10
	// coalesce is how many bytes the flusher hands over at once: more makes a slow reader no
	// faster.
	coalesce = 64 << 10
)

// Peer is the far end of an outbox: a [net.Conn], or a response that is written to.
type Peer interface {
	Write(b []byte) (int, error)
	SetWriteDeadline(t time.Time) error
	Close() error
}

// Outbox is the writing side of one connection. Its methods may be called at the same time and
// never wait for the reader. What it is given is kept by reference and must not be changed
// afterwards. Each piece is written whole or, if the connection ends, not at all beyond where it
// was cut: pieces are events, or frames.
//
// The zero value keeps what it is given until it is opened.
type Outbox struct {
	mu       sync.Mutex // protects following
	flushing bool       // a flusher is running: it writes, nobody else
	ending   bool       // Finish was called: nothing more is taken
	closed   bool
	deaf     bool // the peer sends no more, so there is no answer to our end to wait for
	parting  bool // our last bytes are out, and the peer's end is waited for
	queue    []piece
	waiting  int       // bytes in the queue that count for the backlog; see waitsLocked
	peer     Peer      // nil until Open
	socket   *Socket   // the peer, where it can be written to without waiting; else nil
	load     *backlogs // what waits in all outboxes; nil where nobody counts
	onClose  func()    // called once, when the connection has ended, by whoever ended it; nil for nobody
}

// piece is something to write. Counted is how many of its bytes count for the backlog: none of a
// replay's do.
type piece struct {
	bytes   []byte
	counted int
}

// Open gives the outbox its connection, and writes first and then all that has gathered.
func (o *Outbox) Open(peer Peer, first []byte) {
	o.mu.Lock()
	if o.closed {
		o.mu.Unlock()
		_ = peer.Close() // the room has ended it before it began
		return
	}
	o.peer = peer
	if c, ok := peer.(net.Conn); ok {
		if o.socket, _ = Wrap(c).(*Socket); o.socket != nil {
			_ = o.socket.SetWriteBuffer(kernelBuffer) // a socket that is gone fails on its own
		}
	}
	if len(first) > 0 {
		o.queue = append([]piece{{bytes: first}}, o.queue...)
	}
	o.drainLocked()
	if o.ending {
		_ = peer.SetWriteDeadline(time.Now().Add(closeTimeout))
		o.startLocked()
	}
	o.unlock()
}

// Send takes a piece. It returns false when the backlog is full: the reader is too slow, and the
// piece is not taken.
func (o *Outbox) Send(b []byte) bool {
	if len(b) == 0 {
		return true
	}
	o.mu.Lock()
	defer o.unlock()
	switch {
	case o.closed || o.ending:
	case len(o.queue) == 0 && o.socket != nil:
		if n := o.writeLocked(b); n < len(b) && !o.closed {
			o.queueLocked(piece{b[n:], len(b) - n})
			if o.load != nil && o.load.behind != nil {
				o.load.behind()
			}
			o.startLocked()
		}
	case o.waiting+len(b) > MaxBacklog:
		return false
	default:
		o.queueLocked(piece{b, len(b)})
		if o.peer != nil {
			o.startLocked()
		}
	}
	return true
}

// SendReplay takes a piece that does not count for the backlog. It is written at the next Flush.
func (o *Outbox) SendReplay(b []byte) {
	o.mu.Lock()
	defer o.unlock()
	if len(b) > 0 && !o.closed && !o.ending {
		o.queueLocked(piece{bytes: b})
	}
}

// Flush writes what SendReplay has gathered.
func (o *Outbox) Flush() {
	o.mu.Lock()
	if o.peer != nil && !o.closed {
		o.drainLocked()
	}
	o.unlock()
}

// Finish ends the connection with some last bytes, in place of all that has not begun to be
// written. The reader has the time given to take them.
func (o *Outbox) Finish(last []byte, within time.Duration) {
	o.mu.Lock()
	defer o.unlock()
	if o.ending || o.closed {
		return
	}
	o.ending = true
	begun := 0
	if o.flushing && len(o.queue) > 0 {
		begun = 1 // the flusher is at it
	}
	for _, p := range o.queue[begun:] {
		o.waitsLocked(-p.counted)
	}
	clear(o.queue[begun:])
	o.queue = o.queue[:begun]
	if len(last) > 0 {
		o.queue = append(o.queue, piece{bytes: last})
	}
	if o.peer == nil {
		return // Open will write it
	}
	_ = o.peer.SetWriteDeadline(time.Now().Add(within)) // also of a write under way; a dead peer fails on its own
	o.startLocked()
}

// hurry gives a connection that is ending no more than the usual time for it.
func (o *Outbox) hurry() {
	o.mu.Lock()
	defer o.unlock()
	if o.ending && o.flushing && o.peer != nil {
		_ = o.peer.SetWriteDeadline(time.Now().Add(closeTimeout))
	}
}

// Close ends the connection at once.
func (o *Outbox) Close() {
	o.mu.Lock()
	o.closeLocked()
	o.unlock()
}

// inputEnded says that the peer sends no more. It reports whether that ends the connection: all has
// been written.
func (o *Outbox) inputEnded() (over bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.deaf = true
	return o.parting || o.closed
}

func (o *Outbox) isClosed() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.closed
}

// closeLocked marks the end; unlock does what follows from it.
func (o *Outbox) closeLocked() { o.closed = true }

// unlock gives mu back and, when the connection has ended meanwhile, closes the peer and says so
// once.
func (o *Outbox) unlock() {
	var peer Peer
	var onClose func()
	if o.closed {
		peer, onClose = o.peer, o.onClose
		o.peer, o.onClose, o.socket = nil, nil, nil
		o.waitsLocked(-o.waiting)
		o.load = nil // of a flusher that is still at it, nothing is counted any more
		if !o.flushing {
			o.queue = nil
		}
	}
	o.mu.Unlock()
	if peer != nil {
		_ = peer.Close() // nothing can be done about a connection that does not even close
	}
	if onClose != nil {
		onClose()
	}
}

func (o *Outbox) queueLocked(p piece) {
	o.queue = append(o.queue, p)
	o.waitsLocked(p.counted)
}

// waitsLocked counts so many bytes more as waiting, or fewer.
func (o *Outbox) waitsLocked(more int) {
	o.load.changed(o.waiting, o.waiting+more)
	o.waiting += more
}

// drainLocked writes what is queued as far as the kernel takes it, in one call where it is not
// much, and leaves the rest to a flusher.
func (o *Outbox) drainLocked() {
	if len(o.queue) == 0 || o.flushing {
		return
	}
	if o.socket == nil {
		o.startLocked()
		return
	}
	buffer := buffers.Get().(*[]byte)
	all := (*buffer)[:0]
	for i, p := range o.queue {
		if i > 0 && len(all)+len(p.bytes) > coalesce {
			break
		}
		all = append(all, p.bytes...)
	}
	o.takenLocked(o.writeLocked(all))
	*buffer = all
	buffers.Put(buffer)
	if len(o.queue) > 0 && !o.closed {
		o.startLocked()
	}
}

// takenLocked takes n bytes off the front of the queue.
func (o *Outbox) takenLocked(n int) {
	for n > 0 {
		p := &o.queue[0]
		taken := min(n, len(p.bytes))
		n -= taken
		p.bytes = p.bytes[taken:]
		left := min(p.counted, len(p.bytes))
		o.waitsLocked(left - p.counted)
		if p.counted = left; len(p.bytes) > 0 {
			return
		}
		o.queue[0] = piece{}
		if o.queue = o.queue[1:]; len(o.queue) == 0 {
			o.queue = nil
		}
	}
}

// writeLocked writes to the socket without waiting and returns how much it took. A connection that
// failed is closed.
func (o *Outbox) writeLocked(b []byte) int {
	n, err := o.socket.tryWrite(b)
	if err != nil {
		o.closeLocked()
		return 0
	}
	return n
}

// direct is the connection's socket while it is open; nil for a peer that is none.
func (o *Outbox) direct() *Socket {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.socket
}
