package conn

import (
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// One message to connections on real sockets: encoded once, and one system call for each. What
// counts is µs/delivery: the time of an op includes that the readers, which are in this process
// too, have read all of it. Without waiting for them the connections would be closed for being
// slow, and closed ones cost nothing.
func BenchmarkFanOut(b *testing.B) {
	for _, readers := range []int{1, 1000} {
		b.Run(fmt.Sprintf("to=%d", readers), func(b *testing.B) { fanOut(b, readers) })
	}
}

func fanOut(b *testing.B, readers int) {
	keepalive := NewKeepalive(time.Minute)
	defer func() { require.NoError(b, keepalive.Close(b.Context())) }()
	var received atomic.Int64
	conns := make([]*Conn, 0, readers)
	for range readers {
		c := NewConn(keepalive, wire.WebSocket, plain, true) // one that stays though it has no rooms
		require.NoError(b, c.Open(dialed(b, &received), nil))
		defer c.Close()
		conns = append(conns, c)
	}
	entry := chat.Entry{
		ID: chat.Cursor{Seq: 1, Tag: 1}, Payload: chat.Message{Text: strings.Repeat("x", 128)}, Time: time.Now(),
	}
	var sent int64
	var sending time.Duration
	b.ReportAllocs()
	for b.Loop() {
		began := time.Now()
		batch := &chat.Batch{Events: []*chat.Event{{Room: "lobby", Body: chat.Appended{Entry: entry}}}}
		for _, c := range conns {
			c.send(batch.Encoded(wire.WebSocket))
		}
		sending += time.Since(began)
		sent += int64(len(batch.Encoded(wire.WebSocket)) * readers)
		for received.Load() < sent {
			runtime.Gosched()
		}
	}
	b.ReportMetric(float64(sending.Nanoseconds())/1000/float64(b.N)/float64(readers), "µs/delivery")
}

// dialed is a connection on loopback whose far end counts what it reads, until it is closed.
func dialed(b *testing.B, received *atomic.Int64) net.Conn {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	defer listener.Close()
	far, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(b, err)
	go func() {
		buffer := make([]byte, 4<<10)
		for {
			n, err := far.Read(buffer)
			received.Add(int64(n))
			if err != nil {
				_ = far.Close()
				return
			}
		}
	}()
	near, err := listener.Accept()
	require.NoError(b, err)
	return near
}
