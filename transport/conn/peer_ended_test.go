package conn

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/transport/wire"
)

// portable is a peer of which nothing can be had but its methods, as a TLS connection's are.
type portable struct{ net.Conn }

func TestAPeerThatSendsNoMoreIsWrittenTo(t *testing.T) {
	for name, as := range map[string]func(net.Conn) net.Conn{
		"a socket": Wrap, "another connection": func(c net.Conn) net.Conn { return portable{c} },
	} {
		for _, framing := range []wire.Framing{wire.NDJSON, wire.NDJSON.Chunked(), wire.Text(false).Chunked()} {
			t.Run(name, func(t *testing.T) {
				keepalive := NewKeepalive(time.Hour) // nothing else finds out
				t.Cleanup(func() { _ = keepalive.Close(t.Context()) })
				taken := make(chan *Conn, 1)
				server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					c := NewConn(keepalive, framing, plain, true)
					if c.TakeOver(hijackable{w, as}, []byte("hello\n")) == nil {
						taken <- c
					}
				}))
				server.Start()
				t.Cleanup(server.Close)
				peer, err := net.Dial("tcp", server.Listener.Addr().String())
				require.NoError(t, err)
				t.Cleanup(func() { _ = peer.Close() })
				require.NoError(t, peer.SetDeadline(testwait.Deadline()))
				_, err = io.WriteString(peer, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
				require.NoError(t, err)
				c := testwait.Receive(t, taken, "not taken over")
				require.NoError(t, peer.(*net.TCPConn).CloseWrite())
				testwait.Until(t, c.isDeaf, "the end of what it sends is not noticed")
				c.Send([]byte("news\n"))
				reader := bufio.NewReader(peer)
				for line := ""; line != "news\n"; {
					line, err = reader.ReadString('\n')
					require.NoError(t, err)
					if len(line) > 5 && line[len(line)-5:] == "news\n" { // after a leading zero
						break
					}
				}
				require.False(t, c.outbox.isClosed())
				require.NoError(t, peer.Close())
				c.Send([]byte("who is there?\n")) // it had been found to be there
				testwait.Until(t, func() bool { c.Send([]byte("anybody?\n")); return c.outbox.isClosed() }, "nobody is written to")
			})
		}
	}
}

func TestAPeerThatIsGoneIsFoundOut(t *testing.T) {
	for name, as := range map[string]func(net.Conn) net.Conn{
		"a socket": Wrap, "another connection": func(c net.Conn) net.Conn { return portable{c} },
	} {
		t.Run(name, func(t *testing.T) {
			keepalive := NewKeepalive(time.Hour)
			t.Cleanup(func() { _ = keepalive.Close(t.Context()) })
			server, peer := pair(t)
			c := NewConn(keepalive, wire.Text(false).Chunked(), plain, true)
			near := as(server)
			require.NoError(t, c.Open(near, nil))
			if !c.Await(nil) {
				go c.discard(near)
			}
			require.NoError(t, peer.Close())
			testwait.Until(t, c.outbox.isClosed, "it is still written to")
		})
	}
}

// hijackable is a response whose connection is taken as something else.
type hijackable struct {
	http.ResponseWriter
	as func(net.Conn) net.Conn
}

func (h hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	return h.as(c), rw, nil
}

func (c *Conn) isDeaf() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.deaf
}
