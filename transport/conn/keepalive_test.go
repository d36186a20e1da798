package conn

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
	"github.com/stretchr/testify/require"
)

// memory is a peer that keeps what is written, and when.
type memory struct {
	mu     sync.Mutex
	at     []time.Duration
	began  time.Time
	closed bool
	text   string // what was written last
}

func (m *memory) isClosed() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.closed
}

func (m *memory) last() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.text
}

func (m *memory) Write(b []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.text = string(b)
	if strings.Contains(string(b), `"type":"ping"`) {
		m.at = append(m.at, time.Since(m.began).Round(time.Second/4))
	}
	return len(b), nil
}

func (m *memory) SetWriteDeadline(time.Time) error { return nil }

func (m *memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}

func (m *memory) pings() []time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.at
}

func plain(dst []byte, _ *wire.Failure) []byte { return dst }

func TestPings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keepalive := NewKeepalive(15 * time.Second)
		quiet, busy := &memory{began: time.Now()}, &memory{began: time.Now()}
		quietConn := NewConn(keepalive, wire.NDJSON, plain, true)
		busyConn := NewConn(keepalive, wire.NDJSON, plain, true)
		require.NoError(t, quietConn.Open(quiet, nil))
		require.NoError(t, busyConn.Open(busy, nil))
		for range 60 {
			busyConn.Send([]byte("something\n"))
			time.Sleep(time.Second)
		}
		synctest.Wait()
		at := quiet.pings()
		require.Len(t, at, 4, "one for proof, then one every heartbeat: %v", at)
		require.GreaterOrEqual(t, at[0], time.Second)
		require.LessOrEqual(t, at[0], 1500*time.Millisecond)
		for i := 1; i < len(at); i++ {
			require.InDelta(t, 15, (at[i] - at[i-1]).Seconds(), 0.5)
		}
		require.Len(t, busy.pings(), 1, "one that is sent something else is pinged for proof only")
		busyConn.Close()
		quietConn.Close()
		require.NoError(t, keepalive.Close(t.Context()))
		require.True(t, quiet.closed)
	})
}

func TestTheHeartForgetsWhatHasClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keepalive := NewKeepalive(time.Second)
		for range 100 {
			c := NewConn(keepalive, wire.NDJSON, plain, true)
			require.NoError(t, c.Open(&memory{}, nil))
			c.Close()
		}
		time.Sleep(5 * time.Second)
		keepalive.mu.Lock()
		require.Empty(t, keepalive.open)
		require.Empty(t, keepalive.wheel)
		keepalive.mu.Unlock()
		require.NoError(t, keepalive.Close(t.Context()))
	})
}

func TestTheHeartEndsWhatDoesNotEndByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keepalive := NewKeepalive(time.Second)
		peer := &memory{}
		require.NoError(t, NewConn(keepalive, wire.NDJSON, plain, true).Open(peer, nil))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, keepalive.Close(ctx), context.DeadlineExceeded)
		require.True(t, peer.closed)
		require.Error(t, NewConn(keepalive, wire.NDJSON, plain, true).Open(&memory{}, nil), "none is taken any more")
	})
}

// Whoever's time is over is ended when it is, whatever is sent to it, and nobody else.
func TestTheHeartEndsWhoseTimeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keepalive := NewKeepalive(15 * time.Second)
		began := time.Now()
		open := func(who chat.Principal) (*Conn, *memory) {
			peer := &memory{began: began}
			c := NewConn(keepalive, wire.NDJSON, plain, true)
			require.NoError(t, c.JoinAll(t.Context(), nil, who, "ws", nil))
			require.NoError(t, c.Open(peer, nil))
			return c, peer
		}
		stays, _ := open(chat.Principal{})
		var ending []*memory
		for _, who := range []chat.Principal{{}, {Session: "eve@1"}} {
			who.Until = began.Add(40 * time.Second)
			busy, peer := open(who)
			ending = append(ending, peer)
			go func() {
				for range 50 {
					busy.Send([]byte("something\n"))
					time.Sleep(time.Second)
				}
			}()
		}
		time.Sleep(39 * time.Second)
		synctest.Wait()
		for _, peer := range ending {
			require.False(t, peer.isClosed())
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		for i, code := range []string{"session_invalid", "session_over"} {
			require.True(t, ending[i].isClosed())
			require.Contains(t, ending[i].last(), code)
		}
		time.Sleep(time.Minute)
		require.False(t, stays.outbox.isClosed())
		stays.Close()
		require.NoError(t, keepalive.Close(t.Context()))
	})
}
