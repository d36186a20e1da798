package ws

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/conn"
	"github.com/caller-chat/caller/transport/wire"
	"github.com/gorilla/websocket"
)

// Options are the transport's settings.
type Options struct {
	// CheckOrigin reports whether a page of the request's origin may open a WebSocket. The default
	// allows pages of the same host, and programs, which send no Origin.
	CheckOrigin func(*http.Request) bool
}

// Rooms is what the transport asks of the core; [*chat.Node] has it.
type Rooms interface {
	conn.Subscriber
	Post(ctx context.Context, who chat.Principal, room chat.RoomID, d chat.Draft) (e chat.Entry, repeated bool, err error)
	Typing(ctx context.Context, who chat.Principal, room chat.RoomID) error
	Mark(ctx context.Context, who chat.Principal, room chat.RoomID, to chat.Cursor) (chat.ReadMark, error)
}

// Handler serves WebSocket connections.
type Handler struct {
	node      Rooms
	who       httpapi.Identify
	keepalive *conn.Keepalive
	options   Options
	upgrader  websocket.Upgrader
}

// transport is how members show that somebody comes by WebSocket.
const transport = "ws"

// Subprotocol is what a client may offer and then gets. Offering one is needed only beside one that
// carries a token (docs/protocol.md): a browser gives up a connection when none of those it offered
// is chosen.
const Subprotocol = "caller.v1"

// New makes the transport.
func New(node Rooms, who httpapi.Identify, keepalive *conn.Keepalive, o Options) *Handler {
	return &Handler{node: node, who: who, keepalive: keepalive, options: o, upgrader: websocket.Upgrader{
		HandshakeTimeout: 10 * time.Second,
		ReadBufferSize:   0, // it reads through what Hijack gives it
		Subprotocols:     []string{Subprotocol},
		WriteBufferPool:  &sync.Pool{}, // the library writes control frames only
		CheckOrigin:      o.CheckOrigin,
		Error: func(w http.ResponseWriter, _ *http.Request, status int, reason error) {
			code := wire.CodeMalformed
			if status == http.StatusForbidden {
				code = wire.CodeCrossOrigin
			}
			w.Header().Set("Sec-Websocket-Version", "13") // the one that there is (RFC 6455 section 4.2.2)
			httpapi.WriteProblem(w, wire.Fail(code, reason.Error()))
		},
	}}
}

// Room serves one room's stream; the path value "room" names it.
func (h *Handler) Room(w http.ResponseWriter, r *http.Request) {
	room, err := httpapi.RoomOf(r)
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	start, err := httpapi.StartOf(r)
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	h.serve(w, r, []wire.RoomStart{{Room: room, Start: start}}, false)
}

// Rooms serves the streams of several rooms on one connection: ?room=a@CURSOR&room=b.
func (h *Handler) Rooms(w http.ResponseWriter, r *http.Request) {
	rooms, err := httpapi.RoomStartsOf(r)
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	h.serve(w, r, rooms, true)
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request, rooms []wire.RoomStart, many bool) {
	if !websocket.IsWebSocketUpgrade(r) {
		if r.ProtoMajor == 1 { // in HTTP/2 there is no such thing, and clients refuse the answer for it (RFC 9113 section 8.2.2)
			w.Header().Set("Upgrade", "websocket")
			w.Header().Set("Connection", "Upgrade")
		}
		httpapi.WriteProblem(w, wire.Fail(wire.CodeUpgradeRequired, "open it as ws:// or wss://"))
		return
	}
	if h.options.CheckOrigin != nil && !h.options.CheckOrigin(r) {
		httpapi.WriteProblem(w, wire.Fail(wire.CodeCrossOrigin, ""))
		return
	}
	who, err := h.who(r)
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	trial := &rehearsal{ResponseWriter: w}
	if _, _ = h.upgrader.Upgrade(trial, r, nil); !trial.passed { // answered by the upgrader
		return
	}
	stream := conn.NewConn(h.keepalive, wire.WebSocket, closeFrame, many)
	// Nothing of the request is to stay with the connection.
	who.Name, who.LimitKey, who.NetworkKey = strings.Clone(who.Name), strings.Clone(who.LimitKey), strings.Clone(who.NetworkKey)
	if err := stream.JoinAll(r.Context(), h.node, who, transport, rooms); err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	upgrade := conn.NewUpgrade(w, stream)
	upgraded, err := h.upgrader.Upgrade(upgrade, r, w.Header()) // with what all answers have
	if err != nil {                                             // answered by the upgrader
		stream.Close()
		return
	}
	if upgrade.Open() != nil {
		return
	}
	s := &session{handler: h, conn: stream, socket: upgraded, input: upgrade.Input, who: who, many: many}
	if !many {
		s.room = chat.RoomID(strings.Clone(string(rooms[0].Room)))
	}
	upgraded.SetPingHandler(s.pinged)
	s.rest() // so that what the HTTP server holds for the request is let go
}

// closeFrame is a close frame.
func closeFrame(dst []byte, f *wire.Failure) []byte {
	return wire.AppendCloseFrame(dst, f.CloseCode(), string(f.Code))
}
