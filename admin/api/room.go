package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// rulesInfo counts what a room's rules have.
type rulesInfo struct {
	Version    int64 `json:"version"`
	Owners     int   `json:"owners"`
	Moderators int   `json:"moderators"`
	Members    int   `json:"members"`
	Bans       int   `json:"bans"`
	Mutes      int   `json:"mutes"`
	// OwnerSeen is when an owner was last there; left out where that is not known.
	OwnerSeen *stamp `json:"ownerSeenAt,omitempty"`
	ClosedAt  *stamp `json:"closedAt,omitempty"`
}

type roomReply struct {
	roomInfo
	Settings chat.Settings `json:"settings"`
	Rules    rulesInfo     `json:"rules"`
}

func rulesInfoOf(r *chat.Rules) rulesInfo {
	info := rulesInfo{
		Version: r.Version.Number, Bans: len(r.Bans), Mutes: len(r.Mutes), OwnerSeen: stampOf(r.OwnerSeen), ClosedAt: stampOf(r.Closed),
	}
	for _, role := range r.Roles {
		switch role {
		case chat.RoleOwner:
			info.Owners++
		case chat.RoleModerator:
			info.Moderators++
		case chat.RoleMember:
			info.Members++
		}
	}
	return info
}

// room is GET /api/rooms/{room}.
func (a *API) room(_ http.ResponseWriter, r *http.Request) (answer, error) {
	room, err := httpapi.RoomOf(r)
	if err != nil {
		return answer{}, err
	}
	all, err := a.store.Summaries(r.Context(), []chat.RoomID{room}, a.options.InCall)
	if err != nil {
		return answer{}, err
	}
	rules, err := a.store.Rules(r.Context(), room)
	if err != nil {
		return answer{}, err
	}
	if !all[0].IsThere() && rules.Closed.IsZero() {
		return answer{}, nothingOf(room)
	}
	return ok(roomReply{roomInfoOf(all[0]), rules.Settings, rulesInfoOf(rules)}), nil
}

// nothingOf is what is said of a room of which there is nothing.
func nothingOf(room chat.RoomID) error {
	return wire.Fail(wire.CodeNotFound, fmt.Sprintf("nobody is in the room %s, and nothing of it is kept", room))
}

// missing are those of some rooms of which there is nothing. One that was closed is not among them:
// the core says so of it.
func (a *API) missing(ctx context.Context, rooms ...chat.RoomID) ([]chat.RoomID, error) {
	all, err := a.store.Summaries(ctx, rooms, a.options.InCall)
	if err != nil {
		return nil, err
	}
	var missing []chat.RoomID
	for _, room := range all {
		if !room.IsThere() && !room.Closed {
			missing = append(missing, room.Room)
		}
	}
	return missing, nil
}

// knownRoom is the room of a request that does something about it. A name that is mistyped is told,
// and makes no room.
func (a *API) knownRoom(r *http.Request) (chat.RoomID, error) {
	room, err := httpapi.RoomOf(r)
	if err != nil {
		return "", err
	}
	missing, err := a.missing(r.Context(), room)
	if err == nil && len(missing) > 0 {
		err = nothingOf(room)
	}
	return room, err
}

// memberInfo is a member as the operator is told of it.
type memberInfo struct {
	wire.Member
	// Node is the first of the nodes that it is connected to; Nodes are all, where they are several.
	Node  string   `json:"node,omitempty"`
	Nodes []string `json:"nodes,omitempty"`
}

// membersOf are all members of a room.
func (a *API) membersOf(ctx context.Context, room chat.RoomID) ([]memberInfo, error) {
	roster, err := a.node.Members(ctx, a.options.Operator, room)
	if err != nil {
		return nil, err
	}
	holders, err := a.store.Holders(ctx, room)
	if err != nil {
		return nil, err
	}
	all := make([]memberInfo, 0, len(roster.Members))
	for _, m := range roster.Members {
		info := memberInfo{Member: wire.MemberOf(m)}
		if nodes := holders[m.ID]; len(nodes) > 0 {
			info.Node = nodes[0]
			if len(nodes) > 1 {
				info.Nodes = nodes
			}
		}
		all = append(all, info)
	}
	return all, nil
}

// members is GET /api/rooms/{room}/members.
func (a *API) members(_ http.ResponseWriter, r *http.Request) (answer, error) {
	room, err := httpapi.RoomOf(r)
	if err != nil {
		return answer{}, err
	}
	all, err := a.membersOf(r.Context(), room)
	return ok(map[string]any{"room": room, "members": all}), err
}

// member is GET /api/rooms/{room}/members/{id}: whether somebody is in the room.
func (a *API) member(_ http.ResponseWriter, r *http.Request) (answer, error) {
	room, err := httpapi.RoomOf(r)
	if err != nil {
		return answer{}, err
	}
	all, err := a.membersOf(r.Context(), room)
	if err != nil {
		return answer{}, err
	}
	reply := struct {
		Room    chat.RoomID `json:"room"`
		Present bool        `json:"present"`
		Member  *memberInfo `json:"member,omitempty"`
	}{Room: room}
	if i := slices.IndexFunc(all, func(m memberInfo) bool { return string(m.ID) == r.PathValue("id") }); i >= 0 {
		reply.Present, reply.Member = true, &all[i]
	}
	return ok(reply), nil
}

// Bounds of a page of messages.
const (
	usualMessages = 100
	maxMessages   = 1000
)

type messagesReply struct {
	Messages []wire.Entry `json:"messages"`
	// Cursor is where the log ends: what comes after it is live.
	Cursor string `json:"cursor"`
	// More says that there are others before these.
	More bool `json:"more"`
}

// messages is GET /api/rooms/{room}/messages: the last of what is kept, or what is before a message.
func (a *API) messages(_ http.ResponseWriter, r *http.Request) (answer, error) {
	room, err := httpapi.RoomOf(r)
	if err != nil {
		return answer{}, err
	}
	query, err := httpapi.KnownQuery(r, "before", "limit")
	if err != nil {
		return answer{}, err
	}
	limit, err := limitOf(query, usualMessages, maxMessages)
	if err != nil {
		return answer{}, err
	}
	before, bounded, err := wire.ParseCursorField(query.Get("before"), "before")
	if err != nil {
		return answer{}, err
	}
	kept, err := a.node.History(r.Context(), a.options.Operator, room)
	if err != nil {
		return answer{}, err
	}
	entries := kept.Entries
	if bounded {
		i, _ := slices.BinarySearchFunc(entries, before.Seq, func(e chat.Entry, seq uint64) int { return cmp.Compare(e.ID.Seq, seq) })
		entries = entries[:i]
	}
	reply := messagesReply{Messages: []wire.Entry{}, Cursor: kept.Last().String(), More: len(entries) > limit}
	for _, e := range entries[max(0, len(entries)-limit):] {
		reply.Messages = append(reply.Messages, wire.EntryOf(room, e))
	}
	return ok(reply), nil
}

// settings is GET /api/rooms/{room}/settings.
func (a *API) settings(w http.ResponseWriter, r *http.Request) (answer, error) {
	room, err := httpapi.RoomOf(r)
	if err != nil {
		return answer{}, err
	}
	s, err := a.node.Settings(r.Context(), a.options.Operator, room)
	if err != nil {
		return answer{}, err
	}
	httpapi.SetETag(w, s.Version)
	return ok(wire.RoomSettingsOf(room, s)), nil
}

// patchSettings is PATCH /api/rooms/{room}/settings.
func (a *API) patchSettings(w http.ResponseWriter, r *http.Request) (answer, error) {
	room, err := a.knownRoom(r)
	if err != nil {
		return answer{}, err
	}
	patch, err := httpapi.SettingsOf(r)
	if err != nil {
		return answer{}, err
	}
	var ifVersion *int64
	if version, given := httpapi.IfMatchOf(r); given {
		ifVersion = &version
	}
	s, err := a.node.ChangeSettings(r.Context(), a.options.Operator, room, patch, ifVersion)
	if err != nil {
		return answer{}, err
	}
	a.all.forget()
	httpapi.SetETag(w, s.Version)
	return ok(wire.RoomSettingsOf(room, s)), nil
}

// bans is GET /api/rooms/{room}/bans. In a room nobody owns nobody can be banned.
func (a *API) bans(_ http.ResponseWriter, r *http.Request) (answer, error) {
	room, err := httpapi.RoomOf(r)
	if err != nil {
		return answer{}, err
	}
	bans, mutes, err := a.node.Bans(r.Context(), a.options.Operator, room)
	if err != nil && !errors.Is(err, chat.ErrNotOwned) {
		return answer{}, err
	}
	return ok(wire.BansOf(bans, mutes)), nil
}

// moderate does about somebody what a request says.
func (a *API) moderate(read httpapi.Moderation) func(http.ResponseWriter, *http.Request) (answer, error) {
	return func(_ http.ResponseWriter, r *http.Request) (answer, error) {
		room, err := a.knownRoom(r)
		if err != nil {
			return answer{}, err
		}
		what, err := read(r, chat.MemberID(r.PathValue("id")))
		if err != nil {
			return answer{}, err
		}
		notice, err := a.node.Moderate(r.Context(), a.options.Operator, room, what)
		if err != nil {
			return answer{}, err
		}
		a.all.forget()
		return ok(wire.EntryOf(room, notice)), nil
	}
}

// clear is DELETE /api/rooms/{room}/messages.
func (a *API) clear(_ http.ResponseWriter, r *http.Request) (answer, error) {
	room, err := a.knownRoom(r)
	if err != nil {
		return answer{}, err
	}
	notice, err := a.node.Clear(r.Context(), a.options.Operator, room)
	if err != nil {
		return answer{}, err
	}
	a.all.forget()
	return ok(wire.EntryOf(room, notice)), nil
}

// closeRoom is DELETE /api/rooms/{room}.
func (a *API) closeRoom(_ http.ResponseWriter, r *http.Request) (answer, error) {
	room, err := a.knownRoom(r)
	if err == nil {
		err = a.node.CloseRoom(r.Context(), a.options.Operator, room)
	}
	a.all.forget()
	return done, err
}

// post is POST /api/rooms/{room}/messages: the operator says something.
func (a *API) post(_ http.ResponseWriter, r *http.Request) (answer, error) {
	room, err := a.knownRoom(r)
	if err != nil {
		return answer{}, err
	}
	said, err := httpapi.PostOf(r)
	if err != nil {
		return answer{}, err
	}
	message, err := said.Message()
	if err != nil {
		return answer{}, err
	}
	entry, repeated, err := a.node.Post(r.Context(), a.options.Operator, room, chat.Draft{Payload: message, Key: said.Key})
	if err != nil {
		return answer{}, err
	}
	if repeated {
		return ok(wire.EntryOf(room, entry)), nil
	}
	a.record(r.Context(), chat.AuditEntry{Action: chat.AuditPost, Room: room, Target: entry.ID.String()})
	return answer{http.StatusCreated, wire.EntryOf(room, entry)}, nil
}
