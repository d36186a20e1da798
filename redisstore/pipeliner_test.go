package redisstore

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
)

// occupy takes all that may be under way to the nodes at once, so that what comes waits until
// release.
func occupy(p *pipeliner, nodes ...*redis.Client) (release func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, node := range nodes {
		for q := p.queue(node); q.underWay < q.limit; {
			p.begin(q)
		}
	}
	return func() {
		for _, node := range nodes {
			p.mu.Lock()
			q := p.queue(node)
			p.mu.Unlock()
			for range q.limit {
				p.endAlone(q)
			}
		}
	}
}

// waiting is how many commands wait, for whatever node.
func waiting(p *pipeliner) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, q := range p.queues {
		if q.waiting != nil {
			n += len(q.waiting.commands)
		}
	}
	return n
}

// masters are the nodes that a store writes to.
func masters(t *testing.T, st *Store) (all []*redis.Client) {
	cluster, ok := st.client.(*redis.ClusterClient)
	if !ok {
		return []*redis.Client{st.client.(*redis.Client)}
	}
	var mu sync.Mutex
	require.NoError(t, cluster.ForEachMaster(ctx, func(_ context.Context, c *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, c)
		return nil
	}))
	return all
}

// answer is what a post got.
type answer struct {
	entry chat.Entry
	err   error
}

// postWaiting posts into each of the rooms and returns when all of the posts wait.
func postWaiting(t *testing.T, st *Store, ctx context.Context, rooms ...chat.RoomID) (answers func() []answer) {
	var wg sync.WaitGroup
	all, before := make([]answer, len(rooms)), waiting(st.pipeliner)
	for i, r := range rooms {
		wg.Go(func() { all[i].entry, _, all[i].err = st.Append(ctx, r, draft(fmt.Sprint("post ", i))) })
	}
	testwait.Until(t, func() bool { return waiting(st.pipeliner) == before+len(rooms) }, "the posts do not wait")
	return func() []answer {
		wg.Wait()
		return all
	}
}

// testTogether is part of the suite.
func testTogether(t *testing.T, s *server) {
	st := s.open(t, Options{})
	var pipelines, commands atomic.Int64
	together := st.pipeliner.together
	st.pipeliner.together = func(node *redis.Client, all []redis.Cmder) {
		pipelines.Add(1)
		commands.Add(int64(len(all)))
		together(node, all)
	}
	rooms := make([]chat.RoomID, pipelineSize-2)
	for i := range rooms {
		rooms[i] = room()
		if i%5 == 0 {
			require.NoError(t, s.client.RPush(ctx, st.key(rooms[i], "log"), "not ours").Err())
		}
	}
	nodes := masters(t, st)
	release := occupy(st.pipeliner, nodes...)
	answers := postWaiting(t, st, ctx, rooms...)
	gone, cancel := context.WithCancel(ctx)
	silent := room()
	given := postWaiting(t, st, gone, silent)
	cancel()
	err := given()[0].err
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, chat.ErrUnavailable)
	release()
	for i, a := range answers() {
		if i%5 == 0 {
			require.ErrorIs(t, a.err, ErrCorrupt)
			require.ErrorContains(t, a.err, st.key(rooms[i], "log"))
			continue
		}
		require.NoError(t, a.err)
		assert.Equal(t, fmt.Sprint("post ", i), a.entry.Text())
		assert.Equal(t, []chat.Entry{a.entry}, read(t, st, rooms[i]).Entries)
	}
	assert.EqualValues(t, len(rooms), commands.Load())
	assert.EqualValues(t, len(nodes), pipelines.Load())
	assert.Empty(t, read(t, st, silent).Entries, "who gave up while it waited has posted nothing")
}

// TestTogetherAfterFlush: a server that has lost its scripts when a pipeline comes is given them
// again.
func TestTogetherAfterFlush(t *testing.T) {
	s := startRedis(t)
	st, r := s.open(t, Options{}), room()
	release := occupy(st.pipeliner, masters(t, st)...)
	answers := postWaiting(t, st, ctx, r, r, r)
	require.NoError(t, s.client.ScriptFlush(ctx).Err())
	release()
	for _, a := range answers() {
		require.NoError(t, a.err)
	}
	assert.Len(t, read(t, st, r).Entries, 3)
}

// TestTogetherWithoutAnswer: when no answer comes in time each gets its own error in its own time,
// and nothing is sent again.
func TestTogetherWithoutAnswer(t *testing.T) {
	s := startRedis(t)
	st, patient, r := s.open(t, Options{Timeout: 5 * time.Second}), s.open(t, Options{}), room()
	post(t, st, r, "so that Redis has the script")
	ping := redis.NewStatusCmd(ctx, "ping") // which makes a connection for pipelines, too
	st.pipeliner.together(masters(t, st)[0], []redis.Cmder{ping})
	require.NoError(t, ping.Err())
	release := occupy(st.pipeliner, masters(t, st)...)
	answers := postWaiting(t, st, ctx, r, r, r)
	gone, cancel := context.WithCancel(ctx)
	impatient := postWaiting(t, st, gone, r)
	pid := process(t, s)
	require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
	release()
	require.Zero(t, waiting(st.pipeliner))
	cancel()
	err := impatient()[0].err
	require.ErrorIs(t, err, context.Canceled)
	for _, a := range answers() {
		require.ErrorIs(t, a.err, chat.ErrUnavailable)
		require.NotErrorIs(t, a.err, context.DeadlineExceeded, "it was not the caller's")
	}
	require.NoError(t, syscall.Kill(pid, syscall.SIGCONT))
	testwait.Until(t, func() bool { return len(read(t, patient, r).Entries) == 5 }, "what was under way is not stored")
	post(t, patient, r, "after")
	assert.Len(t, read(t, patient, r).Entries, 6, "each is stored once")
}

// process is a server's id.
func process(t *testing.T, s *server) (pid int) {
	_, text, _ := strings.Cut(s.client.Info(ctx, "server").Val(), "process_id:")
	_, err := fmt.Sscan(text, &pid)
	require.NoError(t, err)
	return pid
}

// move is a room's slot, the master that has it, and one that may be given it.
func move(t *testing.T, st *Store, r chat.RoomID) (slot int64, from, to *redis.Client) {
	from, err := st.master(ctx, st.key(r, "log"))
	require.NoError(t, err)
	nodes := masters(t, st)
	if to = nodes[0]; to == from {
		to = nodes[1]
	}
	return from.ClusterKeySlot(ctx, st.key(r, "log")).Val(), from, to
}

// setSlot gives a slot to the first of the nodes and tells the others.
func setSlot(t *testing.T, slot int64, to *redis.Client, others ...*redis.Client) {
	id := to.Do(ctx, "CLUSTER", "MYID").Val()
	for _, c := range append([]*redis.Client{to}, others...) {
		require.NoError(t, c.Do(ctx, "CLUSTER", "SETSLOT", slot, "NODE", id).Err())
	}
}

// TestPostsWhileASlotMoves: whoever posts while a slot is moved as an operator moves it, keys and
// all, waits.
func TestPostsWhileASlotMoves(t *testing.T) {
	st, r := startCluster(t).open(t, Options{HistoryLimit: 1 << 20}), room()
	slot, from, to := move(t, st, r)
	var posting sync.WaitGroup
	var count atomic.Int64
	stored, stop := make([][]chat.Entry, 3), make(chan struct{})
	for i := range stored {
		posting.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				e, _, err := st.Append(ctx, r, draft("x"))
				if !assert.NoError(t, err) {
					return
				}
				stored[i] = append(stored[i], e)
				count.Add(1)
			}
		})
	}
	finish := sync.OnceFunc(func() {
		close(stop)
		posting.Wait()
	})
	defer finish()
	more := func(when string) {
		enough := count.Load() + 20
		testwait.Until(t, func() bool { return count.Load() >= enough || t.Failed() }, "nothing is posted "+when)
	}
	setState := func(c *redis.Client, state string, other *redis.Client) {
		require.NoError(t, c.Do(ctx, "CLUSTER", "SETSLOT", slot, state, other.Do(ctx, "CLUSTER", "MYID").Val()).Err())
	}

	more("before the move")
	setState(to, "IMPORTING", from)
	setState(from, "MIGRATING", to)
	// From here on posts wait: Redis does not run a script while some of its keys may be there and
	// some here.
	host, port, err := net.SplitHostPort(to.Options().Addr)
	require.NoError(t, err)
	require.NoError(t, from.Migrate(ctx, host, port, st.key(r, "log"), 0, 10*time.Second).Err())
	setSlot(t, slot, to, from)
	more("after the move")
	finish()
	all := slices.Concat(stored...)
	slices.SortFunc(all, func(a, b chat.Entry) int { return cmp.Compare(a.ID.Seq, b.ID.Seq) })
	require.Equal(t, all, read(t, st, r).Entries, "nothing is lost and nothing doubled")
}

// TestTogetherWhenASlotMoves: those of a pipeline that come to the wrong node go to the right one.
func TestTogetherWhenASlotMoves(t *testing.T) {
	s := startCluster(t)
	st, r := s.open(t, Options{}), room()
	nodes := masters(t, st)
	slot, from, to := move(t, st, r)
	rooms := []chat.RoomID{r, r}
	for len(rooms) < 5 { // of the same node, but not of the slot
		other := room()
		if node, err := st.master(ctx, st.key(other, "log")); err == nil && node == from && partition(other) != partition(r) {
			rooms = append(rooms, other)
		}
	}
	release := occupy(st.pipeliner, nodes...)
	answers := postWaiting(t, st, ctx, rooms...)
	setSlot(t, slot, to, from)
	release()
	for i, a := range answers() {
		require.NoError(t, a.err)
		assert.Contains(t, read(t, st, rooms[i]).Entries, a.entry)
	}
	assert.Len(t, read(t, st, r).Entries, 2)
}

// heldPipeliner tells of each exchange how many commands it has, and ends one for each proceed.
func heldPipeliner(limit int) (p *pipeliner, sent chan int, proceed chan struct{}) {
	sent, proceed = make(chan int, 10), make(chan struct{})
	return &pipeliner{
		limit: limit,
		alone: func(context.Context, *redis.Client, redis.Cmder) error {
			sent <- 1
			<-proceed
			return nil
		},
		together: func(_ *redis.Client, commands []redis.Cmder) {
			sent <- len(commands)
			<-proceed
		},
		queues: map[string]*queue{},
	}, sent, proceed
}

func TestPipeliner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, sent, proceed := heldPipeliner(1)
		slow := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
		other := redis.NewClient(&redis.Options{Addr: "127.0.0.1:2"})
		defer func() { require.NoError(t, slow.Close()); require.NoError(t, other.Close()) }()
		results := make(chan error, 2*pipelineSize)
		begin := func(ctx context.Context, node *redis.Client, n int) {
			for range n {
				go func() { results <- p.process(ctx, node, redis.NewCmd(ctx)) }()
			}
			synctest.Wait()
		}
		gone, cancel := context.WithCancel(ctx)

		begin(ctx, slow, 1)
		begin(ctx, slow, 2)
		begin(gone, slow, 1)
		assert.Equal(t, 1, <-sent, "the first goes at once")
		assert.Empty(t, sent, "the next ones wait")
		begin(ctx, other, 1)
		assert.Equal(t, 1, <-sent, "another node is not waited for")

		proceed <- struct{}{}
		proceed <- struct{}{}
		require.NoError(t, <-results)
		require.NoError(t, <-results)
		synctest.Wait()
		assert.Equal(t, 3, <-sent, "they go together")
		cancel()
		require.ErrorIs(t, <-results, context.Canceled, "who gives up need not wait for the others")
		synctest.Wait()
		assert.Empty(t, results)

		begin(gone, slow, 1)
		require.ErrorIs(t, <-results, context.Canceled)
		begin(ctx, slow, pipelineSize)
		assert.Equal(t, pipelineSize, <-sent, "a full pipeline is not kept waiting, and has only those who still want it")
		begin(ctx, slow, 1)
		assert.Empty(t, sent, "the next one is not full")

		closed := make(chan struct{})
		go func() {
			p.close()
			close(closed)
		}()
		synctest.Wait()
		require.ErrorIs(t, p.process(ctx, slow, redis.NewCmd(ctx)), redis.ErrClosed)
		select {
		case <-closed:
			require.Fail(t, "it does not wait for what is under way")
		default:
		}
		close(proceed)
		<-closed
		for range 2 + pipelineSize + 1 {
			require.NoError(t, <-results)
		}
		assert.Equal(t, 1, <-sent, "who waited is not forgotten")
		assert.Empty(t, sent)
	})
}

// TestPipelinesKeepToTheLimit: a full pipeline goes beyond the limit, and what waits then goes only
// when no more than the limit would be under way with it.
func TestPipelinesKeepToTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, sent, proceed := heldPipeliner(2)
		node := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
		defer func() { require.NoError(t, node.Close()) }()
		defer close(proceed)
		begin := func(n int) {
			for range n {
				go func() { _ = p.process(t.Context(), node, redis.NewCmd(ctx)) }()
			}
			synctest.Wait()
		}
		end := func() {
			proceed <- struct{}{}
			synctest.Wait()
		}
		went := func() (sizes []int) {
			for len(sent) > 0 {
				sizes = append(sizes, <-sent)
			}
			return sizes
		}

		begin(2)
		begin(pipelineSize)
		begin(3)
		require.Equal(t, []int{1, 1, pipelineSize}, went())
		end()
		require.Empty(t, went(), "two are under way without it")
		end()
		require.Equal(t, []int{3}, went(), "they take the place of the one that ended")
		end()
		end()
		begin(3)
		require.Equal(t, []int{1, 1}, went(), "all that ended has been counted")
	})
}

func TestPipelinesLeaveAConnectionOfThePool(t *testing.T) {
	for size, want := range map[int]int{1: 1, 2: 1, 5: 4, pipelinesUnderWay: pipelinesUnderWay - 1, 100: pipelinesUnderWay} {
		synctest.Test(t, func(t *testing.T) {
			p, sent, proceed := heldPipeliner(pipelinesUnderWay)
			node := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", PoolSize: size})
			defer func() { require.NoError(t, node.Close()) }()
			defer close(proceed)
			for range pipelinesUnderWay + 1 {
				go func() { _ = p.process(t.Context(), node, redis.NewCmd(ctx)) }()
			}
			synctest.Wait()
			require.Len(t, sent, want, "of a pool of %d", size)
		})
	}
}

// answering is a Redis that ends a connection with the answer to the first script, after answers to
// the greeting.
func answering(t *testing.T, greeting, script string) (addr string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	serve := func(c net.Conn) {
		defer func() { _ = c.Close() }()
		buffer := make([]byte, 4096)
		for {
			n, err := c.Read(buffer)
			if err != nil {
				return
			}
			said := string(buffer[:n])
			if strings.Contains(said, "evalsha") {
				_, _ = io.WriteString(c, script)
				return
			}
			_, _ = io.WriteString(c, strings.Repeat(greeting, strings.Count(said, "*"))) // each command is an array
		}
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serve(c)
		}
	}()
	return l.Addr().String()
}

// together has a store for an address send two commands as one pipeline.
func together(t *testing.T, url string) (first, second *redis.Cmd) {
	opt := Options{URL: url, Timeout: testwait.Limit}
	client, _, err := newClient(opt)
	require.NoError(t, err)
	defer func() { _ = client.Close() }()
	a, b := scriptCmd(t.Context(), "evalsha", "sha", []string{"a"}, nil), scriptCmd(t.Context(), "evalsha", "sha", []string{"b"}, nil)
	newPipeliner(&Store{opt: opt, client: client}).together(client.(*redis.Client), []redis.Cmder{a, b})
	return a.Cmd, b.Cmd
}

func TestWhatWasAnsweredBeforeAPipelineBrokeOff(t *testing.T) {
	first, second := together(t, "redis://"+answering(t, "-ERR unknown command\r\n", "*2\r\n$1\r\nx\r\n:0\r\n"))
	require.NoError(t, first.Err())
	require.Equal(t, []any{"x", int64(0)}, first.Val())
	require.Error(t, second.Err())
}

func TestARefusedConnectionIsEachCommandsError(t *testing.T) {
	first, second := together(t, "redis://:wrong@"+answering(t, "-WRONGPASS invalid\r\n", ""))
	require.ErrorContains(t, first.Err(), "WRONGPASS")
	require.ErrorContains(t, second.Err(), "WRONGPASS")
}
