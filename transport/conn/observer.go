package conn

import "sync/atomic"

// Observer is told what becomes of connections, so that somebody can count it. Its methods are
// called at the same time by many, some of them in the middle of a delivery: they must not block.
type Observer interface {
	// Opened says that a connection carries events now. Direct says that its socket is written to;
	// else the events go through the HTTP server, by a goroutine that waits for the reader.
	Opened(direct bool)
	// Behind says that a reader has not taken all at once: the rest waits in its backlog.
	Behind()
	// TooSlow says that a reader's backlog was full, and that its connection is being ended.
	TooSlow()
}

// ignored is the observer where nobody is told.
type ignored struct{}

func (ignored) Opened(bool) {}
func (ignored) Behind()     {}
func (ignored) TooSlow()    {}

// Observe has an observer told from now on. It is for before the first connection.
func (k *Keepalive) Observe(o Observer) { k.observer, k.load.behind = o, o.Behind }

// Load is how much there is of connections, and what waits for their readers, at one time.
type Load struct {
	// Open are the connections that carry events.
	Open int
	// Behind are those whose backlog is not empty, Backlog the bytes in all backlogs.
	Behind, Backlog int64
}

// Load is what all connections have to carry now.
func (k *Keepalive) Load() Load {
	k.mu.Lock()
	open := len(k.open)
	k.mu.Unlock()
	return Load{Open: open, Behind: k.load.readers.Load(), Backlog: k.load.bytes.Load()}
}

// backlogs are what waits in all outboxes. An outbox that is not behind touches nothing of it.
type backlogs struct {
	behind         func() // the observer's; nil for nobody
	bytes, readers atomic.Int64
}

// changed counts that what waits for one reader has changed.
func (b *backlogs) changed(was, is int) {
	if b == nil || was == is {
		return
	}
	b.bytes.Add(int64(is - was))
	switch {
	case was == 0:
		b.readers.Add(1)
	case is == 0:
		b.readers.Add(-1)
	}
}
