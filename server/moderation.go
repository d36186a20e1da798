package server

import (
	"context"
	"net/http"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// Moderating is what the server asks of the core about keeping order in rooms.
type Moderating interface {
	Moderate(ctx context.Context, who chat.Principal, room chat.RoomID, m chat.Moderation) (chat.Entry, error)
	Bans(ctx context.Context, who chat.Principal, room chat.RoomID) ([]chat.Ban, error)
	Clear(ctx context.Context, who chat.Principal, room chat.RoomID) (chat.Entry, error)
	CloseRoom(ctx context.Context, who chat.Principal, room chat.RoomID) error
}

// moderation reads what is to be done about a member.
type moderation func(r *http.Request, member chat.MemberID) (chat.Moderation, error)

// moderate does about somebody what a request says, and answers with the room's notice of it.
func (s *Server) moderate(read moderation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		room, who, err := httpapi.MemberInRoom(r)
		var what chat.Moderation
		if err == nil {
			what, err = read(r, chat.MemberID(r.PathValue("id")))
		}
		var notice chat.Entry
		if err == nil {
			notice, err = s.rooms.Moderate(r.Context(), who, room, what)
		}
		s.answerNotice(w, r, room, notice, err)
	}
}

func (s *Server) answerNotice(w http.ResponseWriter, r *http.Request, room chat.RoomID, notice chat.Entry, err error) {
	if err != nil {
		s.fail(w, r, err)
		return
	}
	httpapi.WriteJSON(w, http.StatusOK, wire.EntryOf(room, notice))
}

// reasonIn is the reason among a body's fields.
func reasonIn(f httpapi.Fields) (string, error) {
	reason, err := f.Text("reason")
	if err == nil {
		reason, err = chat.CheckReason(reason)
	}
	return reason, err
}

// seconds is a time among a body's fields.
func seconds(f httpapi.Fields, name string) (time.Duration, error) {
	n, err := f.Number(name)
	if err == nil && n > chat.MaxBanSeconds {
		err = &chat.InvalidError{Field: name, Limit: chat.MaxBanSeconds, Reason: "is longer than ten years, in seconds"}
	}
	return time.Duration(n) * time.Second, err
}

// removal is POST …/members/{id}/remove.
func removal(r *http.Request, member chat.MemberID) (chat.Moderation, error) {
	f, err := httpapi.FieldsOf(r, "reason")
	if err != nil {
		return nil, err
	}
	reason, err := reasonIn(f)
	return chat.RemoveMember{Member: member, Reason: reason}, err
}

// ban is POST …/members/{id}/ban.
func ban(r *http.Request, member chat.MemberID) (chat.Moderation, error) {
	f, err := httpapi.FieldsOf(r, "for", "reason", "deleteMessages")
	m := chat.BanMember{Member: member}
	if err == nil {
		m.Reason, err = reasonIn(f)
	}
	if err == nil {
		m.For, err = seconds(f, "for")
	}
	if err == nil {
		m.DeleteMessages, err = seconds(f, "deleteMessages")
	}
	return m, err
}

// mute is POST …/members/{id}/mute.
func mute(r *http.Request, member chat.MemberID) (chat.Moderation, error) {
	f, err := httpapi.FieldsOf(r, "for", "reason")
	m := chat.MuteMember{Member: member}
	if err == nil {
		m.Reason, err = reasonIn(f)
	}
	if err == nil {
		m.For, err = seconds(f, "for")
	}
	return m, err
}

// unmute is DELETE …/members/{id}/mute.
func unmute(_ *http.Request, member chat.MemberID) (chat.Moderation, error) {
	return chat.Unmute{Member: member}, nil
}

// setRole is POST …/members/{id}/role.
func setRole(r *http.Request, member chat.MemberID) (chat.Moderation, error) {
	f, err := httpapi.FieldsOf(r, "role")
	var role string
	if err == nil {
		role, err = f.Text("role")
	}
	if err == nil && role == "" {
		err = &chat.InvalidError{Field: "role", Reason: "is none of owner, moderator, member, guest"}
	}
	return chat.SetRole{Member: member, Role: wire.ParseRole(role)}, err
}

// unban is DELETE …/bans/{id}: the path names the ban, and nobody.
func unban(r *http.Request, _ chat.MemberID) (chat.Moderation, error) {
	return chat.Unban{ID: r.PathValue("id")}, nil
}

// getBans lists a room's bans: GET /rooms/{room}/bans.
func (s *Server) getBans(w http.ResponseWriter, r *http.Request) {
	room, who, err := httpapi.MemberInRoom(r)
	var all []chat.Ban
	if err == nil {
		all, err = s.rooms.Bans(r.Context(), who, room)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	httpapi.WriteJSON(w, http.StatusOK, wire.BansOf(all))
}

// clearRoom deletes all that was said: DELETE /rooms/{room}/messages.
func (s *Server) clearRoom(w http.ResponseWriter, r *http.Request) {
	room, who, err := httpapi.MemberInRoom(r)
	var notice chat.Entry
	if err == nil {
		notice, err = s.rooms.Clear(r.Context(), who, room)
	}
	s.answerNotice(w, r, room, notice, err)
}

// closeRoom ends a room for good: DELETE /rooms/{room}.
func (s *Server) closeRoom(w http.ResponseWriter, r *http.Request) {
	room, who, err := httpapi.MemberInRoom(r)
	if err == nil {
		err = s.rooms.CloseRoom(r.Context(), who, room)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
