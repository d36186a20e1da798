package conn

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
func (k *Keepalive) Observe(o Observer) { k.observer, k.behind = o, o.Behind }
