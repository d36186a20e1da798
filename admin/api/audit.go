package api

import (
	"net/http"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// Bounds of a page of the audit log.
const (
	usualAudit = 100
	maxAudit   = 1000
)

type actor struct {
	ID   chat.MemberID `json:"id,omitempty"`
	Name string        `json:"name,omitempty"`
	Via  chat.Via      `json:"via,omitempty"`
	Role chat.Role     `json:"role,omitempty"`
}

// target is whom something was done to, or what.
type target struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

type auditEntry struct {
	ID     string      `json:"id"`
	At     stamp       `json:"at"`
	Actor  actor       `json:"actor"`
	Action string      `json:"action"`
	Room   chat.RoomID `json:"room,omitempty"`
	Target *target     `json:"target,omitempty"`
	Detail string      `json:"detail,omitempty"`
	Node   string      `json:"node"`
}

type auditReply struct {
	Entries []auditEntry `json:"entries"`
	// Next is what to go on before; left out at the end.
	Next string `json:"next,omitempty"`
}

// audit is GET /api/audit.
func (a *API) audit(_ http.ResponseWriter, r *http.Request) (answer, error) {
	query, err := httpapi.KnownQuery(r, "before", "limit", "room", "actor", "action")
	if err != nil {
		return answer{}, err
	}
	limit, err := limitOf(query, usualAudit, maxAudit)
	if err != nil {
		return answer{}, err
	}
	var room chat.RoomID
	if name := query.Get("room"); name != "" {
		if room, err = wire.ParseRoomID(name); err != nil {
			return answer{}, err
		}
	}
	by, action := query.Get("actor"), query.Get("action")
	entries, next, err := a.store.AuditLog(r.Context(), query.Get("before"), limit, func(e chat.AuditEntry) bool {
		return (room == "" || e.Room == room) && (by == "" || string(e.Actor.ID) == by || e.Actor.Name == by) && (action == "" || e.Action == action)
	})
	if err != nil {
		return answer{}, err
	}
	reply := auditReply{Entries: make([]auditEntry, 0, len(entries)), Next: next}
	for _, e := range entries {
		told := auditEntry{ID: e.ID, At: stamp(e.At), Actor: actor(e.Actor), Action: e.Action, Room: e.Room, Detail: e.Detail, Node: e.Node}
		if e.Target != "" || e.TargetName != "" {
			told.Target = &target{e.Target, e.TargetName}
		}
		reply.Entries = append(reply.Entries, told)
	}
	return ok(reply), nil
}

// LoggedIn keeps in the audit log that a browser has logged in.
func (a *API) LoggedIn(r *http.Request) {
	a.record(r.Context(), chat.AuditEntry{Action: chat.AuditLogin, Detail: "from " + httpapi.PeerOf(r)})
}

// Denied keeps in the audit log that somebody came with a wrong token.
func (a *API) Denied(r *http.Request) {
	a.node.Record(r.Context(), chat.Principal{Name: "nobody"}, "", chat.AuditEntry{
		Action: chat.AuditLoginDenied, Detail: "from " + httpapi.PeerOf(r),
	})
}
