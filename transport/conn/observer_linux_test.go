package conn

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/transport/wire"
)

// counting is an observer that counts what it is told.
type counting struct {
	mu   sync.Mutex
	told map[string]int
}

func (o *counting) add(what string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.told[what]++
}

func (o *counting) of(what string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.told[what]
}

func (o *counting) Opened(direct bool) {
	o.add(map[bool]string{true: "direct", false: "portable"}[direct])
}
func (o *counting) Behind()  { o.add("behind") }
func (o *counting) TooSlow() { o.add("too slow") }

func TestAnObserverIsToldOfConnections(t *testing.T) {
	k := NewKeepalive(time.Minute)
	seen := &counting{told: map[string]int{}}
	k.Observe(seen)
	closeFrame := func(dst []byte, _ *wire.Failure) []byte { return dst }

	lent, far := net.Pipe()
	go func() { _, _ = io.Copy(io.Discard, far) }() // until the pipe is closed
	over := NewConn(k, wire.NDJSON, closeFrame, true)
	require.NoError(t, over.Open(lent, nil))
	require.Equal(t, 1, seen.of("portable"))
	over.Close()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	defer client.Close()
	server, err := listener.Accept()
	require.NoError(t, err)
	slow := NewConn(k, wire.NDJSON, closeFrame, true)
	require.NoError(t, slow.Open(server, nil))
	for range 1000 { // far more than the kernel and the backlog take together, of which the client reads nothing
		slow.Send(make([]byte, 64<<10))
	}
	require.Equal(t, 1, seen.of("too slow"))
	require.Equal(t, 1, k.Load().Open)
	require.Positive(t, seen.of("behind"))
	require.Equal(t, 1, seen.of("direct")+seen.of("portable")-1)
	slow.Close()
	require.Equal(t, Load{}, k.Load(), "nothing waits for who has gone")
	require.NoError(t, k.Close(context.Background()))
}

func TestWhatWaitsForReadersIsCounted(t *testing.T) {
	k := NewKeepalive(time.Minute)
	closeFrame := func(dst []byte, _ *wire.Failure) []byte { return dst }
	reading, near := net.Pipe() // it takes nothing that is not read
	slow := NewConn(k, wire.NDJSON, closeFrame, true)
	require.NoError(t, slow.Open(near, nil))
	gone, near := net.Pipe()
	defer gone.Close()
	lost := NewConn(k, wire.NDJSON, closeFrame, true)
	require.NoError(t, lost.Open(near, nil))
	require.Equal(t, Load{Open: 2}, k.Load())

	for range 3 {
		slow.Send(make([]byte, 1000))
		lost.Send(make([]byte, 100))
	}
	require.Equal(t, Load{Open: 2, Behind: 2, Backlog: 3300}, k.Load())
	lost.Close()
	require.Equal(t, Load{Open: 1, Behind: 1, Backlog: 3000}, k.Load(), "nothing waits for who has gone")
	go func() { _, _ = io.Copy(io.Discard, reading) }() // until it is closed
	testwait.Until(t, func() bool { return k.Load() == Load{Open: 1} }, "all is taken, and something waits")
	slow.Close()
	require.Equal(t, Load{}, k.Load())
	require.NoError(t, k.Close(context.Background()))
}
