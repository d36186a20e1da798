package conn

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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
	require.Positive(t, seen.of("behind"))
	require.Equal(t, 1, seen.of("direct")+seen.of("portable")-1)
	slow.Close()
	require.NoError(t, k.Close(context.Background()))
}
