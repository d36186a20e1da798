package server

import (
	"context"
	"net/http"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// Reporting is what the server asks of the core about reports of messages.
type Reporting interface {
	Report(ctx context.Context, who chat.Principal, room chat.RoomID, message chat.Cursor, reason string) (
		report chat.Report, repeated bool, err error)
	Reports(ctx context.Context, who chat.Principal, room chat.RoomID) ([]chat.Report, error)
	DropReport(ctx context.Context, who chat.Principal, room chat.RoomID, id string) error
}

// reportReply is the answer of POST /rooms/{room}/reports.
type reportReply struct {
	ID string `json:"id"`
}

// postReport tells a room's moderators of a message: POST /rooms/{room}/reports.
func (s *Server) postReport(w http.ResponseWriter, r *http.Request) {
	room, who, err := httpapi.SessionInRoom(r)
	var f httpapi.Fields
	if err == nil {
		f, err = httpapi.FieldsOf(r, "message", "reason")
	}
	var message chat.Cursor
	if err == nil {
		message, err = f.Message("message")
	}
	var reason string
	if err == nil {
		reason, err = f.Text("reason")
	}
	var made chat.Report
	var repeated bool
	if err == nil {
		made, repeated, err = s.rooms.Report(r.Context(), who, room, message, reason)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	status := http.StatusCreated
	if repeated {
		status = http.StatusOK
	}
	httpapi.WriteJSON(w, status, reportReply{made.ID})
}

// getReports lists the reports with their messages: GET /rooms/{room}/reports.
func (s *Server) getReports(w http.ResponseWriter, r *http.Request) {
	room, who, err := httpapi.MemberInRoom(r)
	var all []chat.Report
	if err == nil {
		all, err = s.rooms.Reports(r.Context(), who, room)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	httpapi.WriteJSON(w, http.StatusOK, wire.ReportsOf(room, all))
}

// deleteReport puts one away: DELETE /rooms/{room}/reports/{id}.
func (s *Server) deleteReport(w http.ResponseWriter, r *http.Request) {
	s.dropped(w, r, s.rooms.DropReport)
}
