package api

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// sessionRoom is what is known of a session in one room.
type sessionRoom struct {
	Room    chat.RoomID `json:"room"`
	Present bool        `json:"present"`
	// Transport and JoinedAt are of one that is there.
	Transport string    `json:"transport,omitempty"`
	JoinedAt  *stamp    `json:"joinedAt,omitempty"`
	Role      chat.Role `json:"role,omitempty"`
	// CameAt is when it first came into a room that somebody owns.
	CameAt *stamp `json:"cameAt,omitempty"`
	// Read is how far it has read, ReadAt when it last did.
	Read   string `json:"read,omitempty"`
	ReadAt *stamp `json:"readAt,omitempty"`
	// Messages are how many of its messages are kept.
	Messages int `json:"messages"`
}

type sessionReply struct {
	ID        chat.MemberID `json:"id"`
	Name      string        `json:"name,omitempty"`
	Guest     bool          `json:"guest,omitempty"`
	Via       chat.Via      `json:"via,omitempty"`
	Rooms     []sessionRoom `json:"rooms"`
	SignedOut bool          `json:"signedOut"`
}

// maxSession is more than any session's id has, in bytes.
const maxSession = 128

func sessionOf(r *http.Request) (chat.MemberID, error) {
	id := r.PathValue("id")
	odd := func(c rune) bool { return unicode.IsControl(c) || unicode.IsSpace(c) }
	if id == "" || len(id) > maxSession || !utf8.ValidString(id) || slices.ContainsFunc([]rune(id), odd) {
		return "", &chat.InvalidError{Field: "id", Limit: maxSession, Reason: "is not one that a session can have"}
	}
	return chat.MemberID(id), nil
}

// session is GET /api/sessions/{id}: all rooms in which something is known of a session, or of a
// guest who is there.
func (a *API) session(_ http.ResponseWriter, r *http.Request) (answer, error) {
	id, err := sessionOf(r)
	if err != nil {
		return answer{}, err
	}
	found, err := a.find(r.Context(), id)
	if err != nil {
		return answer{}, err
	}
	if len(found.Rooms) == 0 && !found.SignedOut {
		return answer{}, wire.Fail(wire.CodeNotFound, "nothing is known of that session")
	}
	return ok(found), nil
}

// find is what is known of a session.
func (a *API) find(ctx context.Context, id chat.MemberID) (sessionReply, error) {
	reply := sessionReply{ID: id, Rooms: []sessionRoom{}}
	var err error
	if reply.SignedOut, err = a.store.IsRevoked(ctx, id); err != nil {
		return reply, err
	}
	rooms, err := a.store.RoomIDs(ctx)
	if err != nil {
		return reply, err
	}
	known, err := a.store.ClientRooms(ctx, id, rooms)
	if err != nil {
		return reply, err
	}
	of := map[chat.RoomID]*sessionRoom{}
	for _, k := range known {
		s := &sessionRoom{Room: k.Room, Role: k.Role}
		if k.Present != nil {
			s.Present, s.Transport, s.JoinedAt = true, k.Present.Transport, stampOf(k.Present.JoinedAt)
			reply.Name, reply.Guest, reply.Via = k.Present.Name, k.Present.Guest, k.Present.Via
		}
		if k.Came != nil {
			s.CameAt = stampOf(k.Came.Time)
		}
		of[k.Room] = s
	}
	marks, err := a.store.MarksOf(ctx, id)
	if err != nil {
		return reply, err
	}
	for _, m := range marks {
		if of[m.Room] == nil {
			of[m.Room] = &sessionRoom{Room: m.Room}
		}
		of[m.Room].Read, of[m.Room].ReadAt = m.At.String(), stampOf(m.Time)
	}
	for room, s := range of {
		kept, err := a.store.Read(ctx, room)
		if err != nil {
			return reply, err
		}
		for _, e := range kept.Entries {
			if e.From.ID != id || e.Kind() != chat.KindMessage {
				continue
			}
			s.Messages++
			if !s.Present && reply.Name == "" {
				reply.Name, reply.Guest, reply.Via = e.From.Name, e.From.Guest, e.From.Via
			}
		}
		reply.Rooms = append(reply.Rooms, *s)
	}
	slices.SortFunc(reply.Rooms, func(a, b sessionRoom) int { return cmp.Compare(a.Room, b.Room) })
	return reply, nil
}

// revoke is DELETE /api/sessions/{id}: the session is good no more, and its streams end on all
// nodes, which ask for such news twice a second.
func (a *API) revoke(_ http.ResponseWriter, r *http.Request) (answer, error) {
	id, err := sessionOf(r)
	if err != nil {
		return answer{}, err
	}
	if err := a.store.Revoke(r.Context(), id, a.options.SessionLife, 0); err != nil {
		return answer{}, err
	}
	a.node.End([]chat.MemberID{id}, chat.ErrSessionOver, time.Now().Add(a.options.SessionLife))
	a.record(r.Context(), chat.AuditEntry{Action: chat.AuditRevokeSession, Target: string(id)})
	return done, nil
}

// data is GET /api/sessions/{id}/data: what a session has said that is kept, in all rooms, and how
// far it has read, as lines of JSON. The last line says that nothing is missing.
func (a *API) data(w http.ResponseWriter, r *http.Request) {
	id, err := sessionOf(r)
	if err == nil {
		_, err = httpapi.KnownQuery(r)
	}
	var found sessionReply
	if err == nil {
		found, err = a.find(r.Context(), id)
	}
	var rooms []chat.RoomID
	if err == nil {
		rooms, err = a.store.RoomIDs(r.Context())
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.record(r.Context(), chat.AuditEntry{Action: chat.AuditReadSession, Target: string(id), TargetName: found.Name})
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Content-Disposition", `attachment; filename="session.ndjson"`)
	lines := &ndjson{w: w, control: http.NewResponseController(w)}
	lines.write(struct {
		Type string `json:"type"`
		sessionReply
	}{"session", found})
	for _, room := range rooms {
		if lines.failed != nil || r.Context().Err() != nil {
			return // a reader that is gone
		}
		kept, err := a.store.Read(r.Context(), room)
		if err != nil {
			lines.write(map[string]any{"type": "error", "code": wire.CodeUnavailable, "room": room})
			return
		}
		for _, list := range [][]chat.Entry{kept.Entries, kept.Amendments} {
			for _, e := range list {
				if e.From.ID == id {
					lines.write(wire.EntryOf(room, e))
					lines.entries++
				}
			}
		}
	}
	lines.write(map[string]any{"type": "end", "entries": lines.entries})
}

// ndjson writes lines.
type ndjson struct {
	w       http.ResponseWriter
	control *http.ResponseController
	entries int
	failed  error
}

func (n *ndjson) write(object any) {
	if n.failed != nil {
		return
	}
	line, err := json.Marshal(object)
	if err == nil {
		// Where it can't be set (in tests without a connection), there is nothing to wait for.
		_ = n.control.SetWriteDeadline(time.Now().Add(writeTime))
		_, err = n.w.Write(append(line, '\n'))
	}
	n.failed = err
}
