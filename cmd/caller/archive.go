package main

import (
	"net/http"

	"github.com/caller-chat/caller/admin"
	"github.com/caller-chat/caller/archive"
	"github.com/caller-chat/caller/chat"
)

// archivePart is what the admin listener serves of exports and imports.
func (p *parts) archivePart() admin.Part {
	a := &archive.Archive{Rooms: p.store}
	if p.files != nil {
		a.Files = p.files
	}
	h := &archive.Handler{Archive: a, Program: version(), Logger: p.log}
	h.Did = func(r *http.Request, action string, room chat.RoomID, detail string) {
		p.operatorDid(r.Context(), chat.AuditEntry{Action: action, Room: room, Detail: detail})
	}
	return admin.Part{Name: "archive", Transfers: h.Routes()}
}
