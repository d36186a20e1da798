package server

import (
	"context"
	"net/http"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// Ruling is what the server asks of the core about rooms' owners and settings.
type Ruling interface {
	Settings(ctx context.Context, who chat.Principal, room chat.RoomID) (chat.RoomSettings, error)
	ChangeSettings(ctx context.Context, who chat.Principal, room chat.RoomID, patch chat.SettingsPatch, ifVersion *int64) (
		chat.RoomSettings, error)
	Own(ctx context.Context, who chat.Principal, room chat.RoomID, o chat.OwnRequest) (s chat.RoomSettings, secret string, err error)
	OwnerLink(ctx context.Context, who chat.Principal, room chat.RoomID) (secret string, err error)
	Enter(ctx context.Context, who chat.Principal, room chat.RoomID, with chat.Credential) (chat.RoomSettings, error)
}

// ownerMark comes before the secret in the fragment of an owner's address, inviteMark before an
// invite's.
const (
	ownerMark  = "#o="
	inviteMark = "#i="
)

// roomURL is the address of a room's page on this server, with a secret in its fragment, which
// browsers send to no server and which so is in no log.
func (s *Server) roomURL(room chat.RoomID, mark, secret string) string {
	return s.basePath + "/rooms/" + string(room) + mark + secret
}

// roomReply is the answer of POST /rooms. Without an owner there is no OwnerURL.
type roomReply struct {
	RoomID   chat.RoomID `json:"roomId"`
	Path     string      `json:"path"`
	URL      string      `json:"url"`
	OwnerURL string      `json:"ownerUrl,omitempty"`
}

// postRoom makes up a room nobody has been in, and a session its owner: POST /rooms. Of a guest's
// nothing is stored: it is there once somebody is in it.
func (s *Server) postRoom(w http.ResponseWriter, r *http.Request) {
	who, err := httpapi.Principal(r)
	var title string
	if err == nil {
		var f httpapi.Fields
		if f, err = httpapi.FieldsOf(r, "title"); err == nil {
			title, err = f.Text("title")
		}
	}
	if err == nil && who.Guest && title != "" {
		err = chat.ErrNotSignedIn
	}
	id := chat.NewRoomID()
	reply := roomReply{RoomID: id, Path: s.roomURL(id, "", ""), URL: s.roomURL(id, "", "")}
	if err == nil && !who.Guest {
		var secret string
		_, secret, err = s.rooms.Own(r.Context(), who, id, chat.OwnRequest{Title: title, New: true})
		reply.OwnerURL = s.roomURL(id, ownerMark, secret)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Location", reply.Path)
	httpapi.WriteJSON(w, http.StatusCreated, reply)
}

// own makes a session the owner of a room in which nobody else is: POST /rooms/{room}/own.
func (s *Server) own(w http.ResponseWriter, r *http.Request) {
	room, who, err := httpapi.SessionInRoom(r)
	var settings chat.RoomSettings
	var secret string
	if err == nil {
		settings, secret, err = s.rooms.Own(r.Context(), who, room, chat.OwnRequest{})
	}
	s.answerSettings(w, r, room, settings, s.roomURL(room, ownerMark, secret), err)
}

// ownerLinkReply is the answer of POST …/owner-link.
type ownerLinkReply struct {
	OwnerURL string `json:"ownerUrl"`
}

// ownerLink makes a new address for owners: POST /rooms/{room}/owner-link.
func (s *Server) ownerLink(w http.ResponseWriter, r *http.Request) {
	room, who, err := httpapi.SessionInRoom(r)
	var secret string
	if err == nil {
		secret, err = s.rooms.OwnerLink(r.Context(), who, room)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	httpapi.WriteJSON(w, http.StatusCreated, ownerLinkReply{s.roomURL(room, ownerMark, secret)})
}

// getSettings tells a room's settings: GET /rooms/{room}/settings.
func (s *Server) getSettings(w http.ResponseWriter, r *http.Request) {
	room, who, err := httpapi.MemberInRoom(r)
	var settings chat.RoomSettings
	if err == nil {
		settings, err = s.rooms.Settings(r.Context(), who, room)
	}
	s.answerSettings(w, r, room, settings, "", err)
}

// patchSettings changes some: PATCH /rooms/{room}/settings.
func (s *Server) patchSettings(w http.ResponseWriter, r *http.Request) {
	room, who, err := httpapi.MemberInRoom(r)
	var patch chat.SettingsPatch
	if err == nil {
		patch, err = httpapi.SettingsOf(r)
	}
	var settings chat.RoomSettings
	if err == nil {
		var ifVersion *int64
		if version, given := httpapi.IfMatchOf(r); given {
			ifVersion = &version
		}
		settings, err = s.rooms.ChangeSettings(r.Context(), who, room, patch, ifVersion)
	}
	s.answerSettings(w, r, room, settings, "", err)
}

// enter lets a session into a room: POST /rooms/{room}/enter.
func (s *Server) enter(w http.ResponseWriter, r *http.Request) {
	room, who, err := httpapi.SessionInRoom(r)
	var with chat.Credential
	if err == nil {
		with, err = credentialOf(r)
	}
	var settings chat.RoomSettings
	if err == nil {
		settings, err = s.rooms.Enter(r.Context(), who, room, with)
	}
	s.answerSettings(w, r, room, settings, "", err)
}

// credentialOf reads what somebody comes in with: one thing.
func credentialOf(r *http.Request) (with chat.Credential, err error) {
	f, err := httpapi.FieldsOf(r, "password", "invite", "owner")
	if err == nil {
		with.Password, err = f.Text("password")
	}
	if err == nil {
		with.Invite, err = f.Text("invite")
	}
	if err == nil {
		with.Owner, err = f.Text("owner")
	}
	given := 0
	for _, secret := range []string{with.Password, with.Invite, with.Owner} {
		if secret != "" {
			given++
		}
	}
	if err == nil && given != 1 {
		err = &chat.InvalidError{Field: "password", Reason: "or invite or owner has to be given, and one of them only"}
	}
	return with, err
}

// answerSettings answers with a room's settings and their version.
func (s *Server) answerSettings(
	w http.ResponseWriter, r *http.Request, room chat.RoomID, settings chat.RoomSettings, ownerURL string, err error,
) {
	if err != nil {
		s.fail(w, r, err)
		return
	}
	httpapi.SetETag(w, settings.Version)
	reply := wire.RoomSettingsOf(room, settings)
	reply.OwnerURL = ownerURL
	httpapi.WriteJSON(w, http.StatusOK, reply)
}
