package conformance

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
)

// What is read is gorilla's, what is written is ours, and both are at work at the same time: a
// client that posts in fragments with pings between them, while the room is busy and the client's
// own buffer is small, gets whole frames, each pong with its ping's payload in the order of the
// pings, each entry once and in order, and one close frame.
func TestABusyConnection(t *testing.T) {
	t.Parallel()
	const rounds, posters, posts, ahead = 300, 3, 300, 20
	node := run.Node(t)
	p := join(t, node.Addr, "busy")
	require.NoError(t, p.conn.(*net.TCPConn).SetReadBuffer(16<<10)) // so that the server's writes are cut short

	at := func() string { return node.URL }
	var all sync.WaitGroup
	defer all.Wait()
	unread := make(chan struct{}, ahead) // so that nobody is further ahead than a backlog may be long
	done := make(chan struct{})
	defer close(done)
	mayPost := func() bool {
		select {
		case unread <- struct{}{}:
			return true
		case <-done:
			return false
		}
	}
	for i := range posters {
		all.Go(func() {
			for j := 0; j < posts && mayPost(); j++ {
				said := fmt.Sprintf("poster %d says %d %s", i, j, strings.Repeat("x", rand.IntN(3900)))
				if _, err := client.Guest(node.URL, "Poster").Insist(t.Context(), at, "busy", fmt.Sprintf("p-%d-%d", i, j), said); !assert.NoError(t, err) {
					return
				}
			}
		})
	}
	all.Go(func() {
		for i := 0; i < rounds && mayPost(); i++ {
			command := post(fmt.Sprint("k", i), fmt.Sprintf("in fragments %d %s", i, strings.Repeat("é", rand.IntN(1900))))
			parts := fragments(text(command), 1+rand.IntN(len(command)))
			var frames []frame
			for j, part := range parts {
				frames = append(frames, part)
				if j == 0 {
					frames = append(frames, ping(fmt.Sprint("ping ", i)), pong("nobody asked"))
				}
			}
			p.sendIn(1+rand.IntN(4096), frames...)
		}
	})

	var seq uint64
	pongs, acks, messages := 0, 0, 0
	for pongs < rounds || acks < rounds || messages < rounds+posters*posts {
		op, payload := p.read()
		if op == opPong {
			require.Equal(t, fmt.Sprint("ping ", pongs), string(payload))
			pongs++
			continue
		}
		require.Equal(t, byte(opText), op, "%q", payload)
		switch e := parse(payload); e.Type {
		case "ack":
			require.Equal(t, fmt.Sprint("k", acks), e.Key)
			acks++
		case "message":
			var this uint64
			_, err := fmt.Sscanf(e.ID, "%d-", &this)
			require.NoError(t, err)
			require.Equal(t, seq+1, this)
			seq = this
			messages++
			<-unread
		default:
			require.Contains(t, untold, e.Type, "%s", payload)
		}
	}
	all.Wait()
	p.bye()
}

// Each ping is answered, but not a flood of them: who sends one gets the answers to the first of
// them, and then is closed. Nobody else notices.
func TestABurstOfPings(t *testing.T) {
	t.Parallel()
	const burst, least, tooMuch = 20_000, 1000, 4013
	for _, size := range []int{8, 125} {
		t.Run(fmt.Sprint(size, " bytes"), func(t *testing.T) {
			node := run.Node(t)
			p, other := join(t, node.Addr, "burst"), join(t, node.Addr, "burst")
			payload := func(i int) string { return fmt.Sprintf("%0*d", size, i) }
			sent := 0
			for ; sent < burst; sent++ {
				if _, err := p.conn.Write(ping(payload(sent)).bytes()); err != nil {
					break // closed already
				}
			}
			pongs := 0
			for pongs < sent {
				op, got := p.next()
				if op == opText {
					require.Equal(t, "too_much", p.codeOf(got))
					continue
				}
				if op == opClose {
					require.Equal(t, uint16(tooMuch), codeOf(got))
					break
				}
				require.Equal(t, byte(opPong), op)
				require.Equal(t, payload(pongs), string(got))
				pongs++
			}
			t.Logf("of %d pings %d were sent, and %d answered", burst, sent, pongs)
			require.GreaterOrEqual(t, pongs, least)
			require.Less(t, pongs, burst)
			other.send(text(post("k", "still here")))
			require.Equal(t, "k", other.event("ack").Key)
			other.bye()
		})
	}
}

// codeOf wants an error event and returns its code.
func (p *peer) codeOf(payload []byte) string {
	p.t.Helper()
	e := parse(payload)
	require.Equal(p.t, "error", e.Type, "%s", payload)
	return e.Code
}
