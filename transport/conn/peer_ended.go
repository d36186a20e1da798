package conn

import "time"

// probeAgain is how long after the first write to a peer that sends no more the second one follows,
// where nobody is told that the connection has ended: a peer that is gone has answered the first by
// then, and the second fails.
const probeAgain = time.Second

// PeerEnded says that the peer sends no more. It may be gone, or it may have closed its sending
// side alone ("nc -N", shutdown(2)) and read on: the two look the same until something is written.
// So something is, at once, that changes nothing for a reader. The connection ends when that is
// refused, or when any later write fails.
func (c *Conn) PeerEnded() {
	if c.outbox.inputEnded() { // its last words are out already
		c.Close()
		return
	}
	c.probe()
	if !c.awaitEnd() {
		time.AfterFunc(probeAgain, c.probe)
	}
}

func (c *Conn) probe() { c.send(c.framing.AppendProbe(nil, time.Now())) }

// awaitEnd has the connection closed when the kernel learns that its peer is gone. It returns false
// where that can't be had.
func (c *Conn) awaitEnd() bool {
	c.mu.Lock()
	c.deaf = true
	place := c.place
	c.mu.Unlock()
	socket := c.outbox.direct()
	if socket == nil || place == (handle{}) {
		return false
	}
	w := c.keepalive.sockets()
	return w != nil && w.armForEnd(place, socket.raw)
}
