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
	"sync/atomic"
	"testing"

	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/server"
	"github.com/caller-chat/caller/transport/conn/socket"
	"github.com/caller-chat/caller/transport/internal/transporttest"
	"github.com/caller-chat/caller/transport/poll"
	"github.com/stretchr/testify/require"
)

// serve is a real server, which counts the connections it has given up.
func serve(t *testing.T, h http.Handler) (addr string, hijacked *atomic.Int64) {
	t.Helper()
	s := server.HTTP(h, slog.New(slog.DiscardHandler))
	hijacked = new(atomic.Int64)
	s.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateHijacked {
			hijacked.Add(1)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(socket.Listen(l)) // as the program does, until it is closed
	}()
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		<-done
	})
	return l.Addr().String(), hijacked
}

// client is one connection.
type client struct {
	net.Conn
	r *bufio.Reader
}

// patient gives each read its time, whatever time went before.
type patient struct{ net.Conn }

func (p patient) Read(b []byte) (int, error) {
	if err := p.SetReadDeadline(testwait.Deadline()); err != nil {
		return 0, err
	}
	return p.Conn.Read(b)
}

func dial(t *testing.T, addr string) *client {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return &client{c, bufio.NewReader(patient{c})}
}

func (c *client) ask(t *testing.T, query string) {
	t.Helper()
	_, err := fmt.Fprintf(c, "GET /?%s HTTP/1.1\r\nHost: x\r\n\r\n", query)
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
	r := transporttest.New(t)
	addr, hijacked := serve(t, transporttest.InLobby(poll.New(r.Node, transporttest.Who, r.Keepalive).Messages))
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
		parked := hijacked.Load()
		r.Say(t, fmt.Sprint(i))
		if i%3 == 0 { // else while some are between two polls
			testwait.Until(t, func() bool { return hijacked.Load() > parked }, "no poll is parked")
		}
	}
	group.Wait()
}

// What ends a poll that waits ends one that is parked in the same way.
func TestAParkedPollAnswers(t *testing.T) {
	r := transporttest.New(t)
	h := poll.New(r.Node, transporttest.Who, r.Keepalive)
	addr, hijacked := serve(t, transporttest.InLobby(h.Messages))
	c := dial(t, addr)
	ask := func(query string) {
		parked := hijacked.Load()
		c.ask(t, query)
		testwait.Until(t, func() bool { return hijacked.Load() > parked }, "the poll is not parked")
	}
	ask("name=Ann&wait=60&after=0-0&stream=s-1")
	e := r.Say(t, "hello")
	response, p := c.mustAnswer(t)
	require.Equal(t, "application/json", response.Header.Get("Content-Type"))
	require.Equal(t, "hello", p.Messages[0].Text)
	require.Equal(t, e.ID.String(), p.Cursor)
	require.Equal(t, "poll", p.Members[0].Transport)

	ask(fmt.Sprintf("name=Ann&wait=60&after=%s&roster=%d", p.Cursor, p.Version))
	other := dial(t, addr)
	other.ask(t, "name=Bob&wait=0")
	other.mustAnswer(t)
	_, p = c.mustAnswer(t)
	require.Empty(t, p.Messages)
	require.Len(t, p.Members, 2)

	ask("name=Ann&wait=0.05&after=" + p.Cursor)
	_, empty := c.mustAnswer(t)
	require.Empty(t, empty.Messages)
	require.Equal(t, p.Cursor, empty.Cursor)

	ask("name=Ann&wait=60&stream=s-2&after=" + p.Cursor)
	require.NoError(t, r.Node.Leave(t.Context(), transporttest.Session("Ann"), "lobby", "s-2"))
	response, p = c.mustAnswer(t)
	require.Equal(t, http.StatusConflict, response.StatusCode)
	require.Equal(t, "left", p.Code)

	ask("wait=60&after=" + empty.Cursor)
	require.NoError(t, r.Node.Close(t.Context()))
	response, _ = c.mustAnswer(t)
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.True(t, response.Close, "the next poll is another node's")
}

func TestParkedPollsOfSeveralRooms(t *testing.T) {
	r := transporttest.New(t)
	addr, hijacked := serve(t, http.HandlerFunc(poll.New(r.Node, transporttest.Who, r.Keepalive).Many))
	c := dial(t, addr)
	c.ask(t, "room=kitchen@0-0&room=lobby@0-0&wait=60")
	testwait.Until(t, func() bool { return hijacked.Load() == 1 }, "the poll is not parked")
	r.Say(t, "hello")
	response, err := http.ReadResponse(c.r, nil)
	require.NoError(t, err)
	var got struct {
		Rooms []struct {
			RoomID   string
			Messages []struct{ Text string }
		}
	}
	require.NoError(t, json.NewDecoder(response.Body).Decode(&got))
	require.Len(t, got.Rooms, 2)
	require.Equal(t, "kitchen", got.Rooms[0].RoomID)
	require.Empty(t, got.Rooms[0].Messages)
	require.Equal(t, "lobby", got.Rooms[1].RoomID)
	require.Equal(t, "hello", got.Rooms[1].Messages[0].Text)
}
