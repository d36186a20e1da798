package ws_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/transport/internal/transporttest"
	"github.com/caller-chat/caller/transport/wire"
	"github.com/caller-chat/caller/transport/ws"
	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { testwait.Main(m) }

// event has what these tests look at.
type event struct {
	Type, Code, Key, Text, RoomID, ID string
}

type peer struct {
	*websocket.Conn
	t *testing.T
}

func dial(t *testing.T, h *ws.Handler, dialer *websocket.Dialer) peer {
	t.Helper()
	return dialTo(t, transporttest.InLobby(h.Room), dialer)
}

func dialTo(t *testing.T, h http.Handler, dialer *websocket.Dialer) peer {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	c, _, err := dialer.Dial("ws"+strings.TrimPrefix(server.URL, "http")+"?name=Ann", nil)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return peer{c, t}
}

// ReadMessage gives each message its time, whatever time went before.
func (p peer) ReadMessage() (kind int, frame []byte, err error) {
	p.t.Helper()
	require.NoError(p.t, p.SetReadDeadline(testwait.Deadline()))
	return p.Conn.ReadMessage()
}

// next reads on to an event of a type.
func (p peer) next(eventType string) event {
	p.t.Helper()
	for {
		kind, frame, err := p.ReadMessage()
		require.NoError(p.t, err, "before an event %q", eventType)
		require.Equal(p.t, websocket.TextMessage, kind)
		var e event
		require.NoError(p.t, json.Unmarshal(frame, &e))
		if e.Type == eventType {
			return e
		}
	}
}

func (p peer) send(kind int, frame string) {
	p.t.Helper()
	require.NoError(p.t, p.WriteMessage(kind, []byte(frame)))
}

// closed reads on to the end and returns its code.
func (p peer) closed() int {
	p.t.Helper()
	for {
		if _, _, err := p.ReadMessage(); err != nil {
			var end *websocket.CloseError
			require.ErrorAs(p.t, err, &end)
			return end.Code
		}
	}
}

func handler(t testing.TB) (*transporttest.Fixture, *ws.Handler) {
	t.Helper()
	r := transporttest.New(t)
	return r, ws.New(r.Node, transporttest.Who, r.Keepalive, ws.Options{})
}

func TestPostIsAcknowledgedAndComes(t *testing.T) {
	_, h := handler(t)
	p := dial(t, h, websocket.DefaultDialer)
	p.next("live")
	p.send(websocket.TextMessage, `{"type":"post","key":"k-1","text":"hello"}`)
	seen := map[string]event{}
	for len(seen) < 2 { // in either order
		_, frame, err := p.ReadMessage()
		require.NoError(t, err)
		var e event
		require.NoError(t, json.Unmarshal(frame, &e))
		if e.Key == "k-1" {
			seen[e.Type] = e
		}
	}
	require.Equal(t, seen["ack"].ID, seen["message"].ID)
	require.Equal(t, "hello", seen["message"].Text)
}

// A connection for several rooms need not begin with any, and outlives those it had: its client can
// join others.
func TestAConnectionWithoutRoomsStays(t *testing.T) {
	r, h := handler(t)
	p := dialTo(t, http.HandlerFunc(h.Rooms), websocket.DefaultDialer)
	p.send(websocket.TextMessage, `{"type":"ping"}`)
	kind, frame, err := p.ReadMessage()
	require.NoError(t, err)
	require.Equal(t, websocket.TextMessage, kind)
	require.JSONEq(t, `{"type":"pong"}`, string(frame), "nothing is said of rooms")
	for _, room := range []string{"lobby", "kitchen"} {
		p.send(websocket.TextMessage, `{"type":"join","roomId":"`+room+`"}`)
		require.Equal(t, room, p.next("live").RoomID)
		require.NoError(t, r.Node.Leave(t.Context(), transporttest.Session("Ann"), chat.RoomID(room), ""))
		require.Equal(t, event{Type: "error", Code: "left", RoomID: room}, p.next("error"))
	}
	p.send(websocket.TextMessage, `{"type":"ping"}`)
	p.next("pong")
}

// Whoever is sent out of one of a connection's rooms stays in the others.
func TestARoomThatSendsSomebodyOutEndsAlone(t *testing.T) {
	r, h := handler(t)
	olga := transporttest.Session("Olga")
	_, _, err := r.Node.Own(t.Context(), olga, "club", chat.OwnRequest{New: true})
	require.NoError(t, err)
	p := dialTo(t, http.HandlerFunc(h.Rooms), websocket.DefaultDialer)
	for _, room := range []string{"lobby", "club"} {
		p.send(websocket.TextMessage, `{"type":"join","roomId":"`+room+`"}`)
		require.Equal(t, room, p.next("live").RoomID)
	}
	_, err = r.Node.Moderate(t.Context(), olga, "club", chat.BanMember{Member: "id-Ann"})
	require.NoError(t, err)
	require.Equal(t, event{Type: "error", Code: "banned", RoomID: "club"}, p.next("error"))
	p.send(websocket.TextMessage, `{"type":"post","roomId":"lobby","key":"k","text":"still here"}`)
	require.Equal(t, "lobby", p.next("message").RoomID)
	p.send(websocket.TextMessage, `{"type":"post","roomId":"club","key":"k-2","text":"here too"}`)
	require.Equal(t, "k-2", p.next("error").Key)
	p.send(websocket.TextMessage, `{"type":"join","roomId":"club"}`)
	require.Equal(t, event{Type: "error", Code: "banned", RoomID: "club"}, p.next("error"))
}

// A pong goes to who asked and nobody else, whatever else the command says, and before what is
// asked after it.
func TestPingIsAnsweredToItsConnectionAlone(t *testing.T) {
	r, h := handler(t)
	one, other := dial(t, h, websocket.DefaultDialer), dial(t, h, websocket.DefaultDialer)
	one.next("live")
	other.next("live")
	one.send(websocket.TextMessage, `{"type":"ping","roomId":"elsewhere"}`)
	require.Equal(t, event{Type: "pong"}, one.next("pong"))
	for range 20 {
		one.send(websocket.TextMessage, `{"type":"ping"}`)
	}
	one.send(websocket.TextMessage, `{"type":"post","key":"k","text":"after"}`)
	pongs := 0
	for e := (event{}); e.Type != "ack"; {
		_, frame, err := one.ReadMessage()
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(frame, &e))
		if e.Type == "pong" {
			require.JSONEq(t, `{"type":"pong"}`, string(frame))
			pongs++
		}
	}
	require.Equal(t, 20, pongs, "all of them before the answer to what was sent later")
	r.Say(t, "last")
	for e := (event{}); e.Text != "last"; {
		_, frame, err := other.ReadMessage()
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(frame, &e))
		require.NotEqual(t, "pong", e.Type)
	}
}

// A burst of pings is answered so far, whoever reads the answers, and then ends its own connection.
func TestAFloodOfPingsClosesItsOwnConnection(t *testing.T) {
	const flood = 20_000
	for name, ping := range map[string]func(peer) error{
		"of the protocol": func(p peer) error {
			return p.WriteControl(websocket.PingMessage, []byte("beat"), testwait.Deadline())
		},
		"the command": func(p peer) error { return p.WriteMessage(websocket.TextMessage, []byte(`{"type":"ping"}`)) },
	} {
		t.Run(name, func(t *testing.T) {
			_, h := handler(t)
			p, other := dial(t, h, websocket.DefaultDialer), dial(t, h, websocket.DefaultDialer)
			p.next("live")
			pongs := 0
			p.SetPongHandler(func(string) error { pongs++; return nil })
			require.NoError(t, p.SetWriteDeadline(testwait.Deadline()))
			go func() {
				for range flood {
					if ping(p) != nil { // it is closed
						return
					}
				}
			}()
			for code := ""; code == ""; {
				_, frame, err := p.ReadMessage()
				require.NoError(t, err)
				var e event
				require.NoError(t, json.Unmarshal(frame, &e))
				if e.Type == "pong" {
					pongs++
				}
				code = e.Code
			}
			require.Equal(t, wire.CloseTooMuch, p.closed())
			require.GreaterOrEqual(t, pongs, 1000)
			require.Less(t, pongs, flood)
			other.send(websocket.TextMessage, `{"type":"ping"}`)
			other.next("pong")
		})
	}
}

func TestABadFrameCostsItselfOnly(t *testing.T) {
	_, h := handler(t)
	p := dial(t, h, websocket.DefaultDialer)
	for _, bad := range []struct {
		kind  int
		frame string
		code  wire.Code
	}{
		{websocket.TextMessage, "{", wire.CodeMalformed},
		{websocket.TextMessage, `{"type":"shout"}`, wire.CodeUnknownCommand},
		{websocket.TextMessage, `{"type":"post","text":" "}`, wire.CodeInvalidField},
		{websocket.TextMessage, `{"type":"join","roomId":"b"}`, wire.CodeUnknownCommand},
		{websocket.TextMessage, `{"type":"post","roomId":"elsewhere","text":"a"}`, wire.CodeInvalidField},
		{websocket.TextMessage, `{"type":"leave","roomId":"elsewhere"}`, wire.CodeInvalidField},
		{websocket.BinaryMessage, "\x00", wire.CodeUnsupported},
	} {
		p.send(bad.kind, bad.frame)
		require.Equal(t, string(bad.code), p.next("error").Code, bad.frame)
	}
	p.send(websocket.TextMessage, `{"type":"post","key":"k","text":"still here"}`)
	p.next("ack")
}

func TestWhatEndsAConnection(t *testing.T) {
	for name, end := range map[string]struct {
		kind  int
		frame string
		code  int
	}{
		"a frame over the limit":        {websocket.TextMessage, strings.Repeat("x", wire.MaxBody+1), websocket.CloseMessageTooBig},
		"a binary frame over the limit": {websocket.BinaryMessage, strings.Repeat("x", 1<<20), websocket.CloseMessageTooBig},
		"invalid UTF-8":                 {websocket.TextMessage, "\xff", websocket.CloseInvalidFramePayloadData},
		"leave":                         {websocket.TextMessage, `{"type":"leave"}`, websocket.CloseNormalClosure},
		"leave by the room's name":      {websocket.TextMessage, `{"type":"leave","roomId":"Lobby"}`, websocket.CloseNormalClosure},
	} {
		t.Run(name, func(t *testing.T) {
			_, h := handler(t)
			p := dial(t, h, websocket.DefaultDialer)
			p.next("live")
			p.send(end.kind, end.frame)
			require.Equal(t, end.code, p.closed())
		})
	}
}

// A length that is none (RFC 6455 section 5.2: its first bit is 0) leaves nothing to be read after it:
// the connection ends, in the middle of a message too.
func TestALengthThatIsNoneEndsTheConnection(t *testing.T) {
	for name, frame := range map[string]string{
		"of a message":  "\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00",
		"of a fragment": "\x01\x81\x00\x00\x00\x00{\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00",
	} {
		t.Run(name, func(t *testing.T) {
			_, h := handler(t)
			p := dial(t, h, websocket.DefaultDialer)
			p.next("live")
			_, err := p.NetConn().Write([]byte(frame))
			require.NoError(t, err)
			require.Equal(t, string(wire.CodeTooLarge), p.next("error").Code)
			require.Equal(t, websocket.CloseMessageTooBig, p.closed())
		})
	}
}

// The library answers pings with frames of its own: they must not cut into an event that is half
// written.
func TestPongsDoNotMixWithEvents(t *testing.T) {
	r, h := handler(t)
	dialer := &websocket.Dialer{NetDial: func(network, address string) (net.Conn, error) {
		c, err := net.Dial(network, address)
		if err == nil {
			err = c.(*net.TCPConn).SetReadBuffer(16 << 10) // so that writes are cut short
		}
		return c, err
	}}
	p := dial(t, h, dialer)
	p.next("live")
	pongs := 0
	p.SetPongHandler(func(data string) error { pongs++; require.Equal(t, "beat", data); return nil })
	go func() {
		for range 100 {
			_ = p.WriteControl(websocket.PingMessage, []byte("beat"), testwait.Deadline())
		}
	}()
	big := strings.Repeat("x", chat.MaxText)
	go func() {
		for range 40 {
			_, _, _ = r.Node.Post(t.Context(), transporttest.Session("Bob"), "lobby", chat.Draft{Payload: chat.Message{Text: big}})
		}
	}()
	for range 40 {
		require.Len(t, p.next("message").Text, chat.MaxText)
	}
}

func TestASlowReaderIsClosedWithItsCode(t *testing.T) {
	r, h := handler(t)
	p := dial(t, h, websocket.DefaultDialer)
	require.NoError(t, p.NetConn().(*net.TCPConn).SetReadBuffer(64<<10))
	p.next("live")
	big := strings.Repeat("x", chat.MaxText)
	var last chat.Entry
	for range 500 { // about 2 MB: more than the kernel holds for a connection, and the backlog
		last = r.Say(t, big)
	}
	seen := 0
	for {
		_, frame, err := p.ReadMessage()
		if err != nil {
			var end *websocket.CloseError
			require.ErrorAs(t, err, &end)
			require.Equal(t, wire.CloseTooSlow, end.Code)
			break
		}
		if strings.Contains(string(frame), `"type":"message"`) {
			seen++
		}
	}
	require.Less(t, seen, int(last.ID.Seq))
}

// gate is a listener of one connection whose writes wait while it is shut.
type gate struct {
	net.Listener
	mu    sync.RWMutex  // held for writing while it is shut
	reads atomic.Int32  // begun
	ended chan struct{} // is closed when the server closes the connection
}

type gatedConn struct {
	net.Conn
	gate *gate
	once sync.Once
}

func (g *gate) Accept() (net.Conn, error) {
	c, err := g.Listener.Accept()
	return &gatedConn{Conn: c, gate: g}, err
}

func (c *gatedConn) Write(b []byte) (int, error) {
	c.gate.mu.RLock()
	defer c.gate.mu.RUnlock()
	return c.Conn.Write(b)
}

func (c *gatedConn) Read(b []byte) (int, error) {
	c.gate.reads.Add(1)
	return c.Conn.Read(b)
}

func (c *gatedConn) CloseWrite() error { return c.Conn.(*net.TCPConn).CloseWrite() }

func (c *gatedConn) Close() error {
	c.once.Do(func() { close(c.gate.ended) })
	return c.Conn.Close()
}

// Who closes gets the answer, whatever it is behind with.
func TestACloseIsAnsweredToAReaderThatIsBehind(t *testing.T) {
	r, h := handler(t)
	server := httptest.NewUnstartedServer(transporttest.InLobby(h.Room))
	g := &gate{Listener: server.Listener, ended: make(chan struct{})}
	server.Listener = g
	server.Start()
	t.Cleanup(server.Close)
	c, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(server.URL, "http")+"?name=Ann", nil)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	p := peer{c, t}
	p.next("live")
	g.mu.Lock()
	for range 10 {
		r.Say(t, "what it is behind with")
	}
	reads := g.reads.Load()
	p.send(websocket.CloseMessage, string(websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")))
	testwait.Until(t, func() bool { // the server reads on, or has closed
		select {
		case <-g.ended:
			return true
		default:
			return g.reads.Load() > reads
		}
	}, "the close frame is not read")
	g.mu.Unlock()
	require.Equal(t, websocket.CloseNormalClosure, p.closed())
}

// TestSubprotocol: a browser gives up a connection when it offered subprotocols and none was
// chosen.
func TestSubprotocol(t *testing.T) {
	_, h := handler(t)
	offering := &websocket.Dialer{Subprotocols: []string{"caller.token.abc", ws.Subprotocol}}
	require.Equal(t, ws.Subprotocol, dial(t, h, offering).Subprotocol(), "and not the token, which an answer should not repeat")
	require.Empty(t, dial(t, h, websocket.DefaultDialer).Subprotocol())
}

// TestAClientThatDoesNotWaitForTheHandshake sends a command together with its request, and no
// other.
func TestAClientThatDoesNotWaitForTheHandshake(t *testing.T) {
	r := transporttest.New(t)
	server := httptest.NewServer(transporttest.InLobby(ws.New(r.Node, transporttest.Who, r.Keepalive, ws.Options{}).Room))
	t.Cleanup(server.Close)
	for _, text := range []string{`{"type":"ping"}`, `{"type":"ping","more":"` + strings.Repeat("x", 600) + `"}`} {
		c, err := net.Dial("tcp", server.Listener.Addr().String())
		require.NoError(t, err)
		defer c.Close()
		frame := []byte{0x81, 0x80 | byte(len(text))} // masked with zeros
		if len(text) > 125 {
			frame = []byte{0x81, 0x80 | 126, byte(len(text) >> 8), byte(len(text))}
		}
		frame = append(append(frame, 0, 0, 0, 0), text...)
		_, err = c.Write(append([]byte("GET /?name=Ann HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"), frame...))
		require.NoError(t, err)
		require.NoError(t, c.SetReadDeadline(testwait.Deadline()))
		got, buffer := "", make([]byte, 4096)
		for !strings.Contains(got, `"type":"pong"`) {
			n, err := c.Read(buffer)
			require.NoError(t, err, "before a pong: %q", got)
			got += string(buffer[:n])
		}
	}
}

// After a post the reader stays for a while. What comes then may take its time, and so may what
// comes after.
func TestPostsAtAnyPace(t *testing.T) {
	_, h := handler(t)
	p := dial(t, h, websocket.DefaultDialer)
	p.next("live")
	raw := p.NetConn()
	post := func(key string, pause time.Duration, at int) {
		t.Helper()
		frame := maskedText(`{"type":"post","text":"hello","key":"` + key + `"}`)
		for i, part := range [][]byte{frame[:at], frame[at:]} {
			if i > 0 {
				time.Sleep(pause) // what is tested
			}
			_, err := raw.Write(part)
			require.NoError(t, err)
		}
		require.Equal(t, key, p.next("ack").Key)
	}
	post("at-once", 0, 10)
	post("again", 0, 10)
	post("slowly", 2500*time.Millisecond, 10)
	post("slowly-in-the-header", 2500*time.Millisecond, 1)
	time.Sleep(2500 * time.Millisecond) // the reader has gone
	post("later", 0, 10)
	p.send(websocket.PingMessage, "") // not a command, and then the command is slow
	post("after-a-ping", 2500*time.Millisecond, 1)
}

// maskedText is a client's text frame of less than 126 bytes, with a mask of zeros.
func maskedText(text string) []byte {
	return append([]byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}, text...)
}

// Whoever does not get a connection has not been in the room.
func TestARefusedHandshakeJoinsNobody(t *testing.T) {
	r := transporttest.New(t)
	h := ws.New(r.Node, transporttest.Who, r.Keepalive, ws.Options{
		CheckOrigin: func(r *http.Request) bool { return r.Header.Get("Origin") == "" },
	})
	good := map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-Websocket-Version": "13",
		"Sec-Websocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
	}
	witness := dial(t, h, websocket.DefaultDialer)
	witness.next("live")
	server := httptest.NewServer(transporttest.InLobby(h.Room))
	t.Cleanup(server.Close)
	for name, c := range map[string]struct {
		header, value string
		status        int
	}{
		"an older version": {"Sec-Websocket-Version", "8", http.StatusBadRequest},
		"no version":       {"Sec-Websocket-Version", "", http.StatusBadRequest},
		"no key":           {"Sec-Websocket-Key", "", http.StatusBadRequest},
		"a short key":      {"Sec-Websocket-Key", "c2hvcnQ=", http.StatusBadRequest},
		"no upgrade":       {"Upgrade", "", http.StatusUpgradeRequired},
		"another origin":   {"Origin", "https://evil.example", http.StatusForbidden},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"?name=Ghost", nil)
		require.NoError(t, err)
		for header, value := range good {
			request.Header.Set(header, value)
		}
		if request.Header.Set(c.header, c.value); c.value == "" {
			request.Header.Del(c.header)
		}
		answer, err := server.Client().Do(request)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, c.status, answer.StatusCode, name)
		require.Equal(t, "application/problem+json", answer.Header.Get("Content-Type"), name)
		if answer.StatusCode == http.StatusBadRequest { // RFC 6455 section 4.4
			require.Equal(t, "13", answer.Header.Get("Sec-Websocket-Version"), name)
		}
	}
	r.Say(t, "hello")
	for {
		kind, frame, err := witness.ReadMessage()
		require.NoError(t, err)
		require.Equal(t, websocket.TextMessage, kind)
		require.NotContains(t, string(frame), "Ghost")
		if strings.Contains(string(frame), "hello") {
			break
		}
	}
}

// quiet lets nobody type.
type quiet struct{}

func (quiet) Decide(_ context.Context, _ chat.Principal, _ chat.RoomID, what chat.Action) error {
	if what == chat.ActionTyping {
		return chat.ErrNotAllowed
	}
	return nil
}

// HTTP/2 has no fields of a connection: curl and browsers refuse an answer that has one. In HTTP/1 the
// answer names what to upgrade to (RFC 9110 section 15.5.22).
func TestWhatIsNoHandshakeIsToldOf(t *testing.T) {
	for _, two := range []bool{false, true} {
		_, h := handler(t)
		web := httptest.NewUnstartedServer(transporttest.InLobby(h.Room))
		web.EnableHTTP2 = two
		web.StartTLS()
		t.Cleanup(web.Close)
		resp, err := web.Client().Get(web.URL)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, two, resp.ProtoMajor == 2)
		require.Equal(t, http.StatusUpgradeRequired, resp.StatusCode)
		require.Equal(t, two, resp.Header.Get("Upgrade") == "", resp.Header)
	}
}

// Whoever may not write goes on reading: that they type is passed over, and no error says that a
// room has ended.
func TestTypingOfWhoMayNotWriteIsPassedOver(t *testing.T) {
	f := transporttest.NewWith(t, chat.Options{Policy: quiet{}})
	p := dial(t, ws.New(f.Node, transporttest.Who, f.Keepalive, ws.Options{}), websocket.DefaultDialer)
	p.next("live")
	p.send(websocket.TextMessage, `{"type":"typing"}`)
	p.send(websocket.TextMessage, `{"type":"ping"}`)
	for {
		_, frame, err := p.ReadMessage()
		require.NoError(t, err)
		var e event
		require.NoError(t, json.Unmarshal(frame, &e))
		require.NotEqual(t, "error", e.Type)
		if e.Type == "pong" {
			return
		}
	}
}
