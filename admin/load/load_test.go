package load

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
)

func TestMain(m *testing.M) { testwait.Main(m) }

func TestInfo(t *testing.T) {
	m := &Meter{}
	teller := &Teller{Meter: m, Rooms: func() int { return 7 }, About: chat.NodeInfo{Version: "v1", MaxMemory: 5}}
	before := m.counts()
	for range 30 {
		m.Posted("a", chat.KindMessage, false)
		m.Posted("a", chat.KindMessage, true)
		m.Delivered("a", 2, 10)
	}
	for range 99 {
		m.Called("append", time.Millisecond, nil)
	}
	m.Called("append", time.Second, nil)
	m.Called("append", 0, nil)
	m.Called("append", 1000*time.Hour, nil)
	m.Came("a", "ws", true)
	m.Came("a", "ws", true)
	m.Came("a", "carrier-pigeon", true)
	m.Came("a", "sse", false)
	m.Went("a", "sse", nil)
	after := m.counts()
	after.at = before.at.Add(10 * time.Second)
	if after.cpu >= 0 {
		after.cpu = before.cpu + 5
	}
	n := teller.info(before, after)
	assert.Equal(t, "v1", n.Version)
	assert.Equal(t, 7, n.Rooms)
	assert.EqualValues(t, 5, n.MaxMemory)
	assert.InDelta(t, 3, n.PostsPerSecond, 0)
	assert.InDelta(t, 60, n.DeliveriesPerSecond, 0)
	assert.Equal(t, map[string]int{"ws": 2, "other": 1}, n.Subscribers)
	assert.InDelta(t, 1, n.Store.LatencyP50, 0.2)
	assert.InDelta(t, 1000, n.Store.LatencyP99, 200)
	assert.Positive(t, n.Memory)
	assert.Positive(t, n.Goroutines)
	if after.cpu >= 0 {
		assert.InDelta(t, 0.5, n.CPU, 0)
	}
	assert.Zero(t, teller.info(after, after).PostsPerSecond, "no time has passed")
}

type told struct{ infos, gone chan struct{} }

func (s told) TellNode(context.Context, chat.NodeInfo) error {
	s.infos <- struct{}{}
	return chat.ErrUnavailable
}
func (s told) ForgetNode(ctx context.Context) error {
	s.gone <- struct{}{}
	return ctx.Err()
}

func TestTells(t *testing.T) {
	s := told{make(chan struct{}, 1), make(chan struct{}, 1)}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		(&Teller{Store: s, Meter: &Meter{}, Rooms: func() int { return 0 }}).Run(ctx)
	}()
	testwait.Receive(t, s.infos, "told at once")
	stop()
	testwait.Receive(t, s.gone, "forgotten in the end")
	testwait.Receive(t, ended, "the end")
	require.Empty(t, s.infos)
}
