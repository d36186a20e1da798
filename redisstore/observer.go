package redisstore

// Observer is told what goes wrong with Redis, so that somebody can count it. Its methods are called
// at the same time by many, and must not block.
type Observer interface {
	// Failed says that an exchange with Redis has failed: the error wraps [chat.ErrUnavailable],
	// [chat.ErrFull], or [context.DeadlineExceeded] for a time-out. One that its caller has given up
	// is not told.
	Failed(err error)
	// Broke says that a connection that brings what is published has broken. It is made anew; tries
	// that fail are not told here.
	Broke(err error)
}

// ignored is the observer where nobody is told.
type ignored struct{}

func (ignored) Failed(error) {}
func (ignored) Broke(error)  {}

// Connections are those to Redis, but for the ones that bring what is published: all, and those that
// are used just now.
func (s *Store) Connections() (all, used int) {
	pool := s.client.PoolStats()
	return int(pool.TotalConns), int(pool.TotalConns - min(pool.IdleConns, pool.TotalConns))
}
