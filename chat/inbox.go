package chat

import "sync"

// maxInbox is how many bytes of notices wait for a room's worker at most. Past that they are
// dropped and the worker reads on from the list: it holds about 100 times what a worker takes at
// once under full load.
const maxInbox = 1 << 20

// inbox is how others reach a room's worker: with commands, which run on the worker's goroutine,
// and with the feed's notices. All methods may be called at the same time.
//
// A worker has a goroutine only while there is something to do, and a moment longer: most rooms are
// at rest most of the time, and a parked goroutine's stack would be half of what such a room costs.
type inbox struct {
	wake chan struct{} // has an element when there is something to take
	work func()        // the worker, to be run when it is asleep

	mu       sync.Mutex // protects following
	commands []func()
	notices  []Notice
	size     int  // of notices, in bytes
	lost     bool // a notice was dropped
	asleep   bool // the worker has no goroutine
	closed   bool
}

func newInbox(work func()) *inbox { return &inbox{wake: make(chan struct{}, 1), work: work} }

// do has the worker run a command. It returns false when the worker has ended and never will.
func (b *inbox) do(command func()) bool {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return false
	}
	b.commands = append(b.commands, command)
	b.wakeAndUnlock()
	return true
}

// Notice implements [Listener].
func (b *inbox) Notice(n Notice) {
	b.mu.Lock()
	size := sizeOf(n)
	switch {
	case b.closed:
	case size > 0 && (b.lost || b.size+size > maxInbox):
		b.lost = true
	default:
		b.notices = append(b.notices, n)
		b.size += size
	}
	b.wakeAndUnlock()
}

// localEcho is an entry that this node has just stored. The feed brings it too, from a moment later
// on: what this spares is that moment, and with it the program's going to sleep and waking again
// between a post's answer and its delivery. So it is good for nothing but the next entry; when
// another one is on its way yet, it is dropped.
type localEcho struct{ entry Entry }

func (localEcho) notice() {}

// maxEchoInbox is how full the inbox may be for a local echo, in bytes: a worker that is further
// behind gains nothing by it, and the feed needs the room.
const maxEchoInbox = maxInbox / 8

// echo is Notice for what may be dropped without a loss.
func (b *inbox) echo(n localEcho) {
	b.mu.Lock()
	size := sizeOf(n)
	if b.closed || b.lost || b.size+size > maxEchoInbox {
		b.mu.Unlock()
		return
	}
	b.notices = append(b.notices, n)
	b.size += size
	b.wakeAndUnlock()
}

// sizeOf is what a notice counts in the inbox, in bytes; 0 for those that are never dropped because
// no read of the store can make up for them. A Leaving that is dropped is one that takes its
// reconnect grace.
func sizeOf(n Notice) int {
	const fixed = 256 // the structs and ids, about
	switch n := n.(type) {
	case Appended:
		return fixed + n.Entry.size()
	case localEcho:
		return fixed + n.entry.size()
	case Joined, Left, Typing, Leaving, Marked:
		return fixed
	default:
		return 0
	}
}

// wakeAndUnlock has the worker look at what has come.
func (b *inbox) wakeAndUnlock() {
	asleep := b.wakeLocked()
	b.mu.Unlock()
	if asleep {
		go b.work()
	}
}

// wakeLocked wakes a worker that has a goroutine. It returns true when there is none: the caller
// has to run it.
func (b *inbox) wakeLocked() (asleep bool) {
	if b.asleep {
		b.asleep = false
		return true
	}
	select {
	case b.wake <- struct{}{}:
	default: // it is awake already
	}
	return false
}

// tick is for the worker's timer: something is due.
func (b *inbox) tick() {
	b.mu.Lock()
	asleep := b.wakeLocked()
	b.mu.Unlock()
	if asleep {
		b.work()
	}
}

// sleep ends the worker's goroutine, unless there is something to do: then it returns false.
func (b *inbox) sleep() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.wake) > 0 {
		return false
	}
	b.asleep = true
	return true
}

// take returns all that has come, and whether notices were dropped after those.
func (b *inbox) take() (commands []func(), notices []Notice, lost bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	commands, notices, lost = b.commands, b.notices, b.lost
	b.commands, b.notices, b.size, b.lost = nil, nil, 0, false
	return commands, notices, lost
}

// closeIfEmpty ends the inbox, unless a command has come in the meantime.
func (b *inbox) closeIfEmpty() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.commands) > 0 {
		return false
	}
	b.closed = true
	b.notices = nil
	return true
}
