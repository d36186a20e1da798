package conn

import (
	"sync"
	"time"
)

func (o *Outbox) startLocked() {
	if !o.flushing {
		o.flushing = true
		go o.flush(o.peer)
	}
}

// buffers hold what is handed over at once, for as long as the call takes.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, coalesce); return &b }}

// flush writes the queue to a reader that is behind, waiting as long as it must, and ends when the
// queue is empty.
func (o *Outbox) flush(peer Peer) {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	for {
		o.mu.Lock()
		if len(o.queue) == 0 || o.closed {
			o.flushing = false
			switch {
			case o.closed:
			case o.ending && o.deaf:
				o.closeLocked()
			case o.ending:
				o.parting = true
				o.unlock()
				o.lingeringClose(peer)
				return
			default:
				_ = peer.SetWriteDeadline(time.Time{}) // it is of this run; the next sets its own
			}
			o.unlock()
			return
		}
		chunk := o.chunkLocked(buffer)
		if !o.ending {
			_ = peer.SetWriteDeadline(time.Now().Add(stallTime)) // under mu: Finish sets a nearer one
		}
		o.mu.Unlock()
		n, err := peer.Write(chunk)
		o.mu.Lock()
		if err != nil {
			o.closeLocked()
		} else {
			o.takenLocked(n)
		}
		o.unlock()
	}
}

// chunkLocked returns what is written at once: the first piece, or as many as fit into the buffer,
// which then become the first piece: the one that has begun to be written (see Finish).
func (o *Outbox) chunkLocked(buffer *[]byte) []byte {
	if len(o.queue) == 1 || len(o.queue[0].bytes) >= coalesce {
		return o.queue[0].bytes
	}
	all := (*buffer)[:0]
	counted, count := 0, 0
	for _, p := range o.queue {
		if count > 0 && len(all)+len(p.bytes) > coalesce {
			break
		}
		all = append(all, p.bytes...)
		counted += p.counted
		count++
	}
	*buffer = all
	clear(o.queue[:count])
	o.queue = o.queue[count-1:]
	o.queue[0] = piece{all, counted}
	return all
}

// lingeringClose ends the writing side and gives the peer a moment to close its own: closing at
// once could take the last words back (RFC 9112 section 9.6). It is not called under mu, since TLS
// writes an alert.
func (o *Outbox) lingeringClose(peer Peer) {
	half, ok := peer.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		o.Close()
		return
	}
	time.AfterFunc(closeTimeout, o.Close) // whoever reads closes it before
}
