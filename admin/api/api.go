package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/caller-chat/caller/admin"
	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// Node is what the calls ask of the core; [*chat.Node] has it.
type Node interface {
	Reading
	Ordering
	// Post stores what is said.
	Post(ctx context.Context, who chat.Principal, room chat.RoomID, d chat.Draft) (e chat.Entry, repeated bool, err error)
	// Record keeps what was done in the audit log.
	Record(ctx context.Context, who chat.Principal, role chat.Role, e chat.AuditEntry)
	// End ends the streams that sessions have on this node.
	End(ids []chat.MemberID, why error, until time.Time)
}

// Reading is what is asked of the core about a room.
type Reading interface {
	History(ctx context.Context, who chat.Principal, room chat.RoomID) (chat.Kept, error)
	Members(ctx context.Context, who chat.Principal, room chat.RoomID) (chat.RosterSnapshot, error)
	Settings(ctx context.Context, who chat.Principal, room chat.RoomID) (chat.RoomSettings, error)
	Bans(ctx context.Context, who chat.Principal, room chat.RoomID) (bans, mutes []chat.Ban, err error)
	Subscribe(ctx context.Context, who chat.Principal, id chat.RoomID, start chat.Start, sink chat.Sink) (*chat.Subscription, error)
}

// Ordering is what the operator does about a room and those in it.
type Ordering interface {
	ChangeSettings(ctx context.Context, who chat.Principal, room chat.RoomID, patch chat.SettingsPatch, ifVersion *int64) (
		chat.RoomSettings, error)
	Moderate(ctx context.Context, who chat.Principal, room chat.RoomID, m chat.Moderation) (chat.Entry, error)
	Clear(ctx context.Context, who chat.Principal, room chat.RoomID) (chat.Entry, error)
	CloseRoom(ctx context.Context, who chat.Principal, room chat.RoomID) error
}

// Store is what the calls ask of the store, which knows all rooms and nodes. Errors wrap
// [chat.ErrUnavailable].
type Store interface {
	Overview
	Clients
	// Nodes are the nodes of this store that live, NodeID is which of them this one is.
	Nodes(ctx context.Context) ([]chat.NodeInfo, error)
	NodeID() string
	// AuditLog are the newest entries before one, or of all for "", that are wanted, and what to go
	// on before.
	AuditLog(ctx context.Context, before string, limit int, want func(chat.AuditEntry) bool) (
		entries []chat.AuditEntry, next string, err error)
}

// Overview is what the store knows of all rooms.
type Overview interface {
	// RoomIDs are all rooms of which there is something, in order.
	RoomIDs(ctx context.Context) ([]chat.RoomID, error)
	// Summaries are rooms in numbers; inCall is the attribute of those who are in a call.
	Summaries(ctx context.Context, rooms []chat.RoomID, inCall string) ([]chat.RoomSummary, error)
	// Rules are a room's.
	Rules(ctx context.Context, room chat.RoomID) (*chat.Rules, error)
	// Holders are the nodes that hold each of a room's members.
	Holders(ctx context.Context, room chat.RoomID) (map[chat.MemberID][]string, error)
	CountRevoked(ctx context.Context) (int, error)
}

// Clients is what the store knows of sessions.
type Clients interface {
	// Read is all that is kept of a room.
	Read(ctx context.Context, room chat.RoomID) (chat.Kept, error)
	MarksOf(ctx context.Context, session chat.MemberID) ([]chat.Mark, error)
	ClientRooms(ctx context.Context, id chat.MemberID, rooms []chat.RoomID) ([]chat.ClientRoom, error)
	IsRevoked(ctx context.Context, id chat.MemberID) (bool, error)
	Revoke(ctx context.Context, id chat.MemberID, keep time.Duration, most int) error
}

// Options are the calls' settings.
type Options struct {
	// Operator is who the core is asked as.
	Operator chat.Principal
	// SessionLife is for how long an ended session has to be remembered.
	SessionLife time.Duration
	// InCall is the attribute of members who are in a call; empty for no calls.
	InCall string
	// Logger is told of internal errors; nil for nothing.
	Logger *slog.Logger
}

// API has the calls. Make it with [New].
type API struct {
	node    Node
	store   Store
	options Options
	all     *overview
	done    context.Context // ends with the API
	stop    context.CancelFunc
}

// New makes the calls on a node and its store. Close it in the end.
func New(node Node, store Store, o Options) *API {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	a := &API{node: node, store: store, options: o, all: newOverview(store, o.InCall)}
	a.done, a.stop = context.WithCancel(context.Background())
	return a
}

// Close ends what the calls still do, and waits for it.
func (a *API) Close() {
	a.stop()
	a.all.close()
}

// Part has all calls but that of health, which is there before the store is.
func (a *API) Part() admin.Part {
	return admin.Part{
		Name: "api",
		Routes: map[string]http.Handler{
			"GET /api/nodes":     a.call(plain(a.nodes)),
			"GET /api/stats":     a.call(plain(a.getStats)),
			"GET /api/rooms":     a.call(a.rooms),
			"POST /api/announce": a.call(plain(a.announce)),
			"GET /api/audit":     a.call(a.audit),

			"GET /api/rooms/{room}":                      a.call(plain(a.room)),
			"GET /api/rooms/{room}/members":              a.call(plain(a.members)),
			"GET /api/rooms/{room}/members/{id}":         a.call(plain(a.member)),
			"GET /api/rooms/{room}/messages":             a.call(a.messages),
			"GET /api/rooms/{room}/settings":             a.call(plain(a.settings)),
			"GET /api/rooms/{room}/bans":                 a.call(plain(a.bans)),
			"PATCH /api/rooms/{room}/settings":           a.call(plain(a.patchSettings)),
			"POST /api/rooms/{room}/messages":            a.call(plain(a.post)),
			"DELETE /api/rooms/{room}/messages":          a.call(plain(a.clear)),
			"DELETE /api/rooms/{room}":                   a.call(plain(a.closeRoom)),
			"DELETE /api/rooms/{room}/bans/{id}":         a.call(plain(a.moderate(httpapi.Unban))),
			"POST /api/rooms/{room}/members/{id}/remove": a.call(plain(a.moderate(httpapi.Removal))),
			"POST /api/rooms/{room}/members/{id}/ban":    a.call(plain(a.moderate(httpapi.Ban))),
			"POST /api/rooms/{room}/members/{id}/mute":   a.call(plain(a.moderate(httpapi.Mute))),
			"POST /api/rooms/{room}/members/{id}/role":   a.call(plain(a.moderate(httpapi.SetRole))),
			"DELETE /api/rooms/{room}/members/{id}/mute": a.call(plain(a.moderate(httpapi.Unmute))),

			"GET /api/sessions/{id}":    a.call(plain(a.session)),
			"DELETE /api/sessions/{id}": a.call(plain(a.revoke)),
		},
		Transfers: map[string]http.Handler{
			"GET /api/rooms/{room}/stream": http.HandlerFunc(a.tail),
			"GET /api/stream":              http.HandlerFunc(a.stream),
			"GET /api/sessions/{id}/data":  http.HandlerFunc(a.data),
		},
	}
}

// answer is what a call comes to: a status and an object, or no object for none.
type answer struct {
	status int
	object any
}

func ok(object any) answer { return answer{http.StatusOK, object} }

var done = answer{status: http.StatusNoContent}

// call answers with what a function comes to.
func (a *API) call(f func(w http.ResponseWriter, r *http.Request) (answer, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		said, err := f(w, r)
		switch {
		case err != nil:
			a.fail(w, r, err)
		case said.object == nil:
			w.WriteHeader(said.status)
		default:
			httpapi.WriteJSON(w, said.status, said.object)
		}
	})
}

// plain is a call that takes nothing from the query.
func plain(f func(w http.ResponseWriter, r *http.Request) (answer, error)) func(http.ResponseWriter, *http.Request) (answer, error) {
	return func(w http.ResponseWriter, r *http.Request) (answer, error) {
		if _, err := httpapi.KnownQuery(r); err != nil {
			return answer{}, err
		}
		return f(w, r)
	}
}

// fail answers with a problem, and logs what is our own fault.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	if httpapi.FailureOf(err).Code == wire.CodeInternal {
		a.options.Logger.ErrorContext(r.Context(), "a call of the admin API failed", "method", r.Method, "path", r.URL.Path, "err", err)
	}
	httpapi.WriteProblem(w, err)
}

// record keeps what the operator did.
func (a *API) record(ctx context.Context, e chat.AuditEntry) {
	a.node.Record(ctx, a.options.Operator, chat.RoleOperator, e)
}

// limitOf is a query's limit.
func limitOf(query url.Values, usual, most int) (int, error) {
	text := query.Get("limit")
	if text == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, &chat.InvalidError{Field: "limit", Limit: most, Reason: fmt.Sprintf("must be a whole number from 1 to %d", most)}
	}
	return n, nil
}

// stamp is a time as the wire has it: RFC 3339 in UTC, with milliseconds.
type stamp time.Time

// MarshalText implements [encoding.TextMarshaler].
func (s stamp) MarshalText() ([]byte, error) {
	return []byte(time.Time(s).UTC().Format("2006-01-02T15:04:05.000Z")), nil
}

// stampOf is a time, or nothing for the zero one.
func stampOf(t time.Time) *stamp {
	if t.IsZero() {
		return nil
	}
	s := stamp(t)
	return &s
}
