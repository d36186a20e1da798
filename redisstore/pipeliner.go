package redisstore

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/redis/go-redis/v9"
)

const (
	// pipelinesUnderWay is how many exchanges with one node are under way at once before further
	// commands wait for each other. With 2 each exchange is cheaper still, but 16 posters on a
	// Redis a millisecond away wait half as long again; with 8 they wait hardly longer, and 64 cost
	// a sixth less. Where the pool of connections is smaller, as a Cluster's node has it on one
	// core, with 5, there are fewer: see [pipeliner.queue].
	pipelinesUnderWay = 8
	// pipelineSize is how many commands wait for each other at most: Redis, which answers nobody
	// else meanwhile, is through with them in about a millisecond.
	pipelineSize = 64
)

// pipeliner sends commands of many callers to Redis, and those together, as one pipeline, that come
// while others are under way: the busier it is, the less each costs both ends. While it is quiet
// each goes at once and on its caller's goroutine. The one that fills a pipeline has it sent,
// however many are under way.
type pipeliner struct {
	limit    int // of exchanges with a node, at most
	alone    func(context.Context, *redis.Client, redis.Cmder) error
	together func(*redis.Client, []redis.Cmder)
	// underWay counts what has been sent and not answered, to all nodes.
	underWay sync.WaitGroup

	mu     sync.Mutex // guards what follows
	closed bool
	queues map[string]*queue // by the node's address, so that a slow one holds up no other
}

// queue is what goes to one node. pipeliner.mu guards it.
type queue struct {
	limit    int
	underWay int       // exchanges
	waiting  *pipeline // or nil; there is one only while the limit is reached
}

// pipeline is commands that go together.
type pipeline struct {
	node     *redis.Client
	commands []redis.Cmder // nobody's but the sender's once it is not waiting any more; until then pipeliner.mu guards it
	answered chan struct{} // closed when each of them has its reply or its error
}

func newPipeliner(s *Store) *pipeliner {
	return &pipeliner{
		limit: pipelinesUnderWay,
		alone: func(ctx context.Context, node *redis.Client, c redis.Cmder) error { return node.Process(ctx, c) },
		together: func(node *redis.Client, commands []redis.Cmder) {
			// None of the callers' contexts: each gives up for itself only.
			ctx, cancel := context.WithTimeout(context.Background(), s.opt.Timeout)
			defer cancel()
			p := node.Pipeline()
			_ = p.BatchProcess(ctx, commands...)
			_, err := p.Exec(ctx)
			for _, c := range commands {
				settle(c, err)
			}
		},
		queues: map[string]*queue{},
	}
}

// settle gives a command of a pipeline the error that is its own. Where a pipeline breaks off,
// go-redis gives its error to those too that have been answered before; where a new connection is
// refused by Redis, it gives none.
func settle(c redis.Cmder, err error) {
	reply, _ := c.(interface{ Val() any })
	switch answered := reply != nil && reply.Val() != nil; {
	case answered:
		c.SetErr(nil)
	case c.Err() == nil:
		c.SetErr(err)
	}
}

// notDone reports whether an error says that nothing was done of what was asked, but would be if
// the script came along or if it went to another node, as when a Cluster has changed.
func notDone(err error) bool {
	return redis.HasErrorPrefix(err, "NOSCRIPT") || redis.HasErrorPrefix(err, "MOVED") ||
		redis.HasErrorPrefix(err, "ASK") || redis.HasErrorPrefix(err, "READONLY") ||
		errors.Is(err, redis.ErrClosed)
}

// process has Redis run a command and returns its error. When ctx is done while the command waits
// it is never sent. Once it is under way with others they are not to suffer: the caller gets the
// context's error, and may not look at the command any more.
func (p *pipeliner) process(ctx context.Context, node *redis.Client, c redis.Cmder) error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return redis.ErrClosed
	}
	q := p.queue(node)
	if q.underWay < q.limit {
		p.begin(q)
		p.mu.Unlock()
		defer p.endAlone(q)
		return p.alone(ctx, node, c)
	}
	if q.waiting == nil {
		q.waiting = &pipeline{node: node, answered: make(chan struct{})}
	}
	w := q.waiting
	w.commands = append(w.commands, c)
	if len(w.commands) == pipelineSize {
		q.waiting = nil
		p.begin(q)
		go p.send(q, w)
	}
	p.mu.Unlock()
	select {
	case <-w.answered:
		return c.Err()
	case <-ctx.Done():
		p.mu.Lock()
		defer p.mu.Unlock()
		if q.waiting == w {
			w.commands = slices.DeleteFunc(w.commands, func(other redis.Cmder) bool { return other == c })
		}
		return ctx.Err()
	}
}

// queue is a node's. Its limit leaves a connection of the node's pool, if there are two, to what is
// no append. p.mu is held.
func (p *pipeliner) queue(node *redis.Client) *queue {
	q := p.queues[node.Options().Addr]
	if q == nil {
		q = &queue{limit: max(1, min(p.limit, node.Options().PoolSize-1))}
		p.queues[node.Options().Addr] = q
	}
	return q
}

// begin counts an exchange. p.mu is held.
func (p *pipeliner) begin(q *queue) {
	q.underWay++
	p.underWay.Add(1)
}

// end counts an exchange that is over, unless another one is to take its place: then it returns
// that. p.mu is held.
func (p *pipeliner) end(q *queue) (next *pipeline) {
	if q.waiting != nil && q.underWay <= q.limit {
		next, q.waiting = q.waiting, nil
		return next
	}
	q.underWay--
	p.underWay.Done()
	return nil
}

func (p *pipeliner) endAlone(q *queue) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if next := p.end(q); next != nil {
		go p.send(q, next) // its callers have deadlines, and this one its answer
	}
}

// send sends a pipeline, and then what has come meanwhile, until there is nothing.
func (p *pipeliner) send(q *queue, w *pipeline) {
	for w != nil {
		p.together(w.node, w.commands)
		close(w.answered)
		p.mu.Lock()
		w = p.end(q)
		p.mu.Unlock()
	}
}

// close waits for what is under way. Closing the connections first makes that soon.
func (p *pipeliner) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.underWay.Wait()
}
