package conformance

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

// event has what these tests look at.
type event struct {
	Type, Code, Key, Text, ID string
}

// untold are the events that come when they will: a conversation passes over them.
var untold = []string{"welcome", "live", "joined", "left", "members", "message", "typing", "ping"}

// peer is one WebSocket connection to a room, without a library.
type peer struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
}

// handshake asks for a WebSocket and returns the answer, whatever it is. More are lines of the
// request's header.
func handshake(t testing.TB, addr, path string, more ...string) (*peer, *http.Response) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(testwait.Deadline()))
	lines := append([]string{"GET " + path + " HTTP/1.1", "Host: " + addr}, more...)
	_, err = io.WriteString(conn, strings.Join(lines, "\r\n")+"\r\n\r\n")
	require.NoError(t, err)
	p := &peer{t: t, conn: conn, in: bufio.NewReader(conn)}
	answer, err := http.ReadResponse(p.in, nil)
	require.NoError(t, err)
	return p, answer
}

const (
	sampleKey = "dGhlIHNhbXBsZSBub25jZQ==" // RFC 6455 section 1.3
	guid      = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
)

var upgrade = []string{
	"Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + sampleKey,
}

// join opens a WebSocket to a room and waits until it is live.
func join(t testing.TB, addr, room string) *peer {
	t.Helper()
	p, answer := handshake(t, addr, "/rooms/"+room+"/ws", upgrade...)
	require.Equal(t, http.StatusSwitchingProtocols, answer.StatusCode)
	sum := sha1.Sum([]byte(sampleKey + guid))
	require.Equal(t, base64.StdEncoding.EncodeToString(sum[:]), answer.Header.Get("Sec-WebSocket-Accept"))
	for {
		if op, payload := p.read(); op == opText && parse(payload).Type == "live" {
			return p
		}
	}
}

// send writes frames in one piece.
func (p *peer) send(frames ...frame) { p.t.Helper(); p.sendIn(1<<30, frames...) }

// sendEach writes each frame by itself.
func (p *peer) sendEach(frames ...frame) {
	p.t.Helper()
	for _, f := range frames {
		p.send(f)
	}
}

// sendIn writes frames in pieces of size bytes.
func (p *peer) sendIn(size int, frames ...frame) {
	p.t.Helper()
	var all []byte
	for _, f := range frames {
		all = append(all, f.bytes()...)
	}
	for piece := range slices.Chunk(all, size) {
		// A server that has failed the connection may have closed it before the rest was sent.
		if _, err := p.conn.Write(piece); err != nil {
			return
		}
	}
}

func (p *peer) read() (op byte, payload []byte) {
	p.t.Helper()
	require.NoError(p.t, p.conn.SetDeadline(testwait.Deadline()))
	op, payload, err := readFrame(p.in)
	require.NoError(p.t, err)
	return op, payload
}

func parse(payload []byte) (e event) {
	_ = json.Unmarshal(payload, &e) // readFrame has seen that it is one
	return e
}

// next returns the next frame that is not an event of untold: what one gets for what one has sent.
func (p *peer) next() (op byte, payload []byte) {
	p.t.Helper()
	for {
		op, payload := p.read()
		if op == opPing {
			p.t.Fatal("the server sends no pings")
		}
		if op != opText || !slices.Contains(untold, parse(payload).Type) {
			return op, payload
		}
	}
}

// event wants an event that answers something.
func (p *peer) event(eventType string) event {
	p.t.Helper()
	op, payload := p.next()
	require.Equal(p.t, byte(opText), op, "%q instead of an event %s", payload, eventType)
	e := parse(payload)
	require.Equal(p.t, eventType, e.Type, "%s", payload)
	return e
}

// answered wants the answer to command.
func (p *peer) answered() { p.t.Helper(); p.event("pong") }

// refused wants an error event for a message that was received well and means nothing.
func (p *peer) refused(code string) {
	p.t.Helper()
	require.Equal(p.t, code, p.event("error").Code)
}

// pong wants a pong frame.
func (p *peer) pong(payload string) {
	p.t.Helper()
	op, got := p.next()
	require.Equal(p.t, byte(opPong), op, "%q", got)
	require.Equal(p.t, payload, string(got))
}

// closed wants a close frame with one of these codes, 0 for none, and then the end of the
// connection and nothing else. An error event may say the reason before.
func (p *peer) closed(codes ...uint16) {
	p.t.Helper()
	for {
		op, payload := p.next()
		if op == opText && parse(payload).Type == "error" {
			continue
		}
		require.Equal(p.t, byte(opClose), op, "%q instead of a close frame", payload)
		require.Contains(p.t, codes, codeOf(payload), "%q", payload)
		break
	}
	_, err := p.in.ReadByte()
	require.ErrorIs(p.t, err, io.EOF, "after the close frame")
}

// failed wants the connection to be failed for breaking the protocol: a close frame says so, and
// nothing is answered.
func (p *peer) failed() { p.t.Helper(); p.closed(1002) }

// bye closes the connection as one should.
func (p *peer) bye() {
	p.t.Helper()
	p.send(closing(1000, ""))
	p.closed(1000)
}

// command is a command of n bytes that is answered by the event "pong".
func command(n int) string {
	const shortest = `{"type":"ping"}`
	return shortest + strings.Repeat(" ", n-len(shortest))
}

// post is a command that is acknowledged with its key.
func post(key, text string) string {
	return fmt.Sprintf(`{"type":"post","key":%q,"text":%q}`, key, text)
}
