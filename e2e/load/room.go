package main

// room is a room with those who read and post in it.
type room struct {
	id      string
	voices  []*voice
	readers []*reader
}

// voice is one of those who post in a room. It posts the next message when the one before has been
// answered, so its messages have one order.
type voice struct {
	number int // among all voices: it is in the messages
	slot   int // among the room's
	room   *room
	seq    uint32 // of the last one posted
	since  uint32 // the last one before what is measured
}

// tally is what all readers have got.
type tally struct {
	delivered int64
	lost      int64 // numbers that a reader has not got, though it got later ones, or none after them at the end
	disorder  int64 // numbers that came again or late
	closed    int64 // connections that the server ended
	latency   histogram
}

// faulty reports whether something has gone wrong that a reader notices.
func (t *tally) faulty() bool { return t.lost+t.disorder+t.closed > 0 }
