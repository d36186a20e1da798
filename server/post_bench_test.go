package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/chattest"
	"github.com/caller-chat/caller/server/auth"
	"github.com/caller-chat/caller/transport/conn"
)

// What a post costs from one end of a connection to the other, without the store and with a client
// that leaves no garbage: over HTTP into a room that nobody reads, over WebSocket by somebody who
// reads it. The feed may bring a post before its answer or after it; most often it comes after, and
// then wakes nobody.
func BenchmarkPost(b *testing.B) {
	text := strings.Repeat("x", 128)
	request := func(headers, body string) []byte {
		return fmt.Appendf(nil, "POST /rooms/lobby/messages HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: %d\r\n\r\n%s",
			headers, len(body), body)
	}
	b.Run("http/guest", func(b *testing.B) {
		benchPosts(b, request("Content-Type: text/plain\r\nX-Name: Ann\r\n", text), untilAnswered, new(numbering))
	})
	b.Run("http/session", func(b *testing.B) {
		headers := "Content-Type: application/json\r\nIdempotency-Key: k-1\r\nAuthorization: Bearer " +
			annsToken() + "\r\n"
		benchPosts(b, request(headers, `{"text":"`+text+`"}`), untilAnswered, new(numbering))
	})
	command := fmt.Appendf(nil, `{"type":"post","text":"%s"}`, text)
	frame := append([]byte{textFrame, 0x80 | 126, 0, byte(len(command)), 0, 0, 0, 0}, command...) // a mask of zeros
	b.Run("ws/answer-first", func(b *testing.B) { benchPosts(b, frame, untilAcked, new(numbering)) })
	b.Run("ws/feed-first", func(b *testing.B) { benchPosts(b, frame, untilAcked, &numbering{feedFirst: true}) })
}

const textFrame = 0x81 // all of a message (RFC 6455 section 5.2)

var benchKey = bytes.Repeat([]byte("s"), auth.MinKey)

// whole is a server with its transports, on a store that only numbers.
func whole(t testing.TB, store *numbering) *Server { return wholeBy(t, store, nil) }

// wholeBy is a whole server with a policy; nil for the one that allows everything.
func wholeBy(t testing.TB, store *numbering, policy chat.Policy) *Server {
	return wholeOn(t, store, policy)
}

// wholeOn is a whole server on a store.
func wholeOn(t testing.TB, store interface {
	chat.Log
	chat.Feed
	chat.Roster
}, policy chat.Policy) *Server {
	keepalive := conn.NewKeepalive(time.Minute)
	node := chat.NewNode(store, store, store, chattest.New(chattest.Options{}).Node("a"), chattest.New(chattest.Options{}).Node("a"), chat.Options{Policy: policy})
	t.Cleanup(func() {
		require.NoError(t, node.Close(context.Background()))
		_ = keepalive.Close(context.Background()) // readers that do not read are closed, which it reports
	})
	s, err := New(node, keepalive, &fakeStore{secret: benchKey}, dist(), Options{})
	require.NoError(t, err)
	return s
}

// benchPosts sends the same bytes again and again, and each time reads what comes of it.
func benchPosts(b *testing.B, post []byte, answered func(*bufio.Reader) error, store *numbering) {
	front := HTTP(whole(b, store), slog.New(slog.DiscardHandler))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	var serving sync.WaitGroup
	serving.Go(func() { _ = front.Serve(conn.Listen(listener)) })
	b.Cleanup(func() {
		require.NoError(b, front.Close())
		serving.Wait()
	})
	c, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(b, err)
	defer c.Close()
	in := bufio.NewReader(c)
	if post[0] == textFrame {
		_, err = io.WriteString(c, "GET /rooms/lobby/ws?name=Ann HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"+
			"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
		require.NoError(b, err)
		require.NoError(b, untilAnswered(in))
		for frame := []byte(nil); !bytes.HasPrefix(frame, []byte(`{"type":"live"`)); {
			frame, err = nextFrame(in)
			require.NoError(b, err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err = c.Write(post); err == nil {
			err = answered(in)
		}
		require.NoError(b, err)
		store.feed()
	}
}

// untilAnswered reads one answer, which says how long it is.
func untilAnswered(in *bufio.Reader) error {
	length := 0
	for {
		line, err := in.ReadSlice('\n')
		switch {
		case err != nil:
			return err
		case bytes.HasPrefix(line, []byte("HTTP/1.1 ")) && line[len("HTTP/1.1 ")] > '2':
			return fmt.Errorf("answered %s", line)
		case bytes.HasPrefix(line, []byte("Content-Length: ")):
			for _, digit := range bytes.TrimSpace(line[len("Content-Length: "):]) {
				length = 10*length + int(digit-'0')
			}
		case len(line) == len("\r\n"):
			_, err = in.Discard(length)
			return err
		}
	}
}

// untilAcked reads the ack of a post and its message, in whatever order.
func untilAcked(in *bufio.Reader) error {
	for acked, told := false, false; !acked || !told; {
		frame, err := nextFrame(in)
		if err != nil {
			return err
		}
		acked = acked || bytes.HasPrefix(frame, []byte(`{"type":"ack"`))
		told = told || bytes.HasPrefix(frame, []byte(`{"type":"message"`))
	}
	return nil
}

// nextFrame reads a frame of a server's that has less than 64 KiB. It is good until the next read.
func nextFrame(in *bufio.Reader) ([]byte, error) {
	head, err := in.Peek(2)
	if err != nil {
		return nil, err
	}
	size, begins := int(head[1]), 2
	if size == 126 {
		if head, err = in.Peek(4); err != nil {
			return nil, err
		}
		size, begins = int(binary.BigEndian.Uint16(head[2:])), 4
	}
	frame, err := in.Peek(begins + size)
	if err != nil {
		return nil, err
	}
	_, err = in.Discard(begins + size)
	return frame[begins:], err
}

// numbering is a store that only numbers what is posted and tells it to the room's node.
type numbering struct {
	feedFirst bool // it tells what is posted before it answers; else with feed

	mu     sync.Mutex // guards the following
	last   chat.Entry
	reader chat.Listener // nil for none
}

// Append implements [chat.Log].
func (n *numbering) Append(_ context.Context, _ chat.RoomID, d chat.Draft) (chat.Entry, bool, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	seq := n.last.ID.Seq + 1
	n.last = chat.Entry{
		ID: chat.Cursor{Seq: seq, Tag: chat.Tag(seq)}, Prev: n.last.ID.Tag, Payload: d.Payload, From: d.From,
		Key: d.Key, Time: start,
	}
	if n.feedFirst {
		n.tellLocked()
	}
	return n.last, false, nil
}

// feed tells what was posted last, unless that has been told.
func (n *numbering) feed() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.feedFirst {
		n.tellLocked()
	}
}

func (n *numbering) tellLocked() {
	if n.reader != nil {
		n.reader.Notice(chat.Appended{Entry: n.last})
	}
}

// Read implements [chat.Log].
func (*numbering) Read(context.Context, chat.RoomID) (chat.Kept, error) { return chat.Kept{}, nil }

// Follow implements [chat.Feed].
func (n *numbering) Follow(_ chat.RoomID, l chat.Listener) (unfollow func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.reader = l
	l.Notice(chat.Following{})
	return func() {}
}

// Signal implements [chat.Feed].
func (*numbering) Signal(context.Context, chat.RoomID, chat.Notice) error { return nil }

// Hold implements [chat.Roster].
func (*numbering) Hold(context.Context, chat.RoomID, []chat.Member, chat.Admission) (chat.RosterState, error) {
	return chat.RosterState{}, nil
}

// Release implements [chat.Roster].
func (*numbering) Release(context.Context, chat.RoomID, []chat.MemberID, time.Duration) (chat.RosterState, error) {
	return chat.RosterState{}, nil
}

// Members implements [chat.Roster].
func (*numbering) Members(context.Context, chat.RoomID) (chat.RosterSnapshot, error) {
	return chat.RosterSnapshot{}, nil
}
