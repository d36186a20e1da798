package poll_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/caller-chat/caller/server"
	"github.com/caller-chat/caller/transport/internal/rig"
	"github.com/caller-chat/caller/transport/poll"
	"github.com/stretchr/testify/require"
)

// serve has polls of the room "lobby" on a real server, on a real connection.
func serve(t *testing.T, r *rig.Rig) (addr string) {
	t.Helper()
	s := server.HTTP(rig.InLobby(poll.New(r.Node, rig.Who, r.Heart).Messages), slog.New(slog.DiscardHandler))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l) // until it is closed
	}()
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		<-done
	})
	return l.Addr().String()
}

// client is one connection.
type client struct {
	net.Conn
	r *bufio.Reader
}

func dial(t *testing.T, addr string) *client {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	return &client{c, bufio.NewReader(c)}
}

func (c *client) ask(t *testing.T, query, header string) {
	t.Helper()
	_, err := fmt.Fprintf(c, "GET /?%s HTTP/1.1\r\nHost: x\r\n%s\r\n", query, header)
	require.NoError(t, err)
}

func (c *client) answer() (*http.Response, page, error) {
	var p page
	r, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return nil, p, err
	}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &p)
	}
	return r, p, err
}

func (c *client) mustAnswer(t *testing.T) (*http.Response, page) {
	t.Helper()
	r, p, err := c.answer()
	require.NoError(t, err)
	return r, p
}

// Many poll again and again over one connection each, and each of them hears each message once.
func TestParkedPollsHearAll(t *testing.T) {
	r := rig.New(t)
	addr := serve(t, r)
	const clients, messages = 200, 30
	var group sync.WaitGroup
	for range clients {
		c := dial(t, addr)
		group.Go(func() {
			cursor, heard := "0-0", 0
			for heard < messages {
				if _, err := fmt.Fprintf(c, "GET /?wait=60&after=%s HTTP/1.1\r\nHost: x\r\n\r\n", cursor); err != nil {
					t.Errorf("after %d messages: %v", heard, err)
					return
				}
				_, p, err := c.answer()
				if err != nil {
					t.Errorf("after %d messages: %v", heard, err)
					return
				}
				for _, m := range p.Messages {
					if m.Text != fmt.Sprint(heard) {
						t.Errorf("message %s after %d", m.Text, heard)
						return
					}
					heard++
				}
				cursor = p.Cursor
			}
		})
	}
	for i := range messages {
		r.Say(t, fmt.Sprint(i))
		time.Sleep(time.Duration(i%7) * 3 * time.Millisecond)
	}
	group.Wait()
}
