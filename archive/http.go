package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/redisstore"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// stall is how long the other side may take nothing, or send nothing, before it is given up.
const stall = time.Minute

// Handler serves an archive to whoever runs the server:
//
//	GET /api/export?room=lobby&after=ROOM&files=off&format=ndjson
//	POST /api/import?replace=true&room=lobby&as=copy
//
// Both are streams without a bound. An export that fails on the way ends without the tar's end, and
// the connection breaks off. Who may ask is not looked at here.
type Handler struct {
	Archive *Archive
	// Program is written into archives, for people.
	Program string
	// Did is told of each export and import that has ended: of what is for the audit log. Nil for
	// nobody.
	Did func(r *http.Request, action string, room chat.RoomID, detail string)
	// Logger is told what goes wrong.
	Logger *slog.Logger
}

// Routes are the handler's by net/http's patterns.
func (h *Handler) Routes() map[string]http.Handler {
	return map[string]http.Handler{
		"GET /api/export":  http.HandlerFunc(h.export),
		"POST /api/import": http.HandlerFunc(h.restore),
	}
}

func (h *Handler) did(r *http.Request, action string, room chat.RoomID, detail string) {
	if h.Did != nil {
		h.Did(r, action, room, detail)
	}
}

// fields reads a query, which has no other fields than these.
func fields(r *http.Request, known ...string) (url.Values, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, wire.Fail(wire.CodeMalformed, "the query can't be read")
	}
	for name := range query {
		found := false
		for _, k := range known {
			found = found || k == name
		}
		if !found {
			return nil, &chat.InvalidError{Field: name, Reason: fmt.Sprintf("is not one of %v", known)}
		}
	}
	return query, nil
}

// roomField is a room that a query names; empty for none.
func roomField(query url.Values, name string) (chat.RoomID, error) {
	if !query.Has(name) {
		return "", nil
	}
	room, err := wire.ParseRoomID(query.Get(name))
	if invalid := (*chat.InvalidError)(nil); errors.As(err, &invalid) {
		invalid.Field = name
	}
	return room, err
}

// oneOf is a query's field that has one of two values; the first is the default.
func oneOf(query url.Values, name, first, second string) (isSecond bool, err error) {
	switch value := query.Get(name); value {
	case "", first:
		return false, nil
	case second:
		return true, nil
	}
	return false, &chat.InvalidError{Field: name, Reason: fmt.Sprintf("is neither %s nor %s", first, second)}
}

func (h *Handler) export(w http.ResponseWriter, r *http.Request) {
	query, err := fields(r, "room", "after", "files", "format")
	o := Options{Program: h.Program}
	lines := false
	if err == nil {
		o.Room, err = roomField(query, "room")
	}
	if err == nil {
		o.After, err = roomField(query, "after")
	}
	if err == nil {
		o.NoFiles, err = oneOf(query, "files", "on", "off")
	}
	if err == nil {
		lines, err = oneOf(query, "format", "tar", "ndjson")
	}
	switch {
	case err == nil && lines && o.Room == "":
		err = &chat.InvalidError{Field: "room", Reason: "is missing: format=ndjson is one room's log"}
	case err == nil && o.Room != "" && o.After != "":
		err = &chat.InvalidError{Field: "after", Reason: "can't go together with room"}
	}
	if err == nil && o.Room != "" {
		err = h.isThere(r.Context(), o.Room)
	}
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	if lines {
		h.log(w, r, o.Room)
		return
	}
	name := "caller-" + time.Now().UTC().Format("2006-01-02")
	if o.Room != "" {
		name = string(o.Room)
	}
	w.Header().Set("Content-Type", "application/x-tar")
	w.Header().Set("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(name)+".tar")
	out := &patient{w: w, control: http.NewResponseController(w)}
	err = h.Archive.Export(r.Context(), out, o)
	h.did(r, chat.AuditExport, o.Room, outcome(err))
	if err == nil {
		return
	}
	h.Logger.WarnContext(r.Context(), "an export broke off", "err", err)
	if !out.begun {
		w.Header().Del("Content-Disposition")
		httpapi.WriteProblem(w, problem(err))
		return
	}
	panic(http.ErrAbortHandler) // by which the other side sees that it is not whole
}

// isThere is an error unless something is kept of a room.
func (h *Handler) isThere(ctx context.Context, room chat.RoomID) error {
	d, err := h.Archive.Rooms.DumpRoom(ctx, room)
	if err == nil && d.IsEmpty() {
		err = wire.Fail(wire.CodeNotFound, "nothing is kept of room "+string(room))
	}
	return err
}

func outcome(err error) string {
	if err != nil {
		return "failed: " + err.Error()
	}
	return "done"
}

// log answers with one room's entries.
func (h *Handler) log(w http.ResponseWriter, r *http.Request, room chat.RoomID) {
	d, err := h.Archive.Rooms.DumpRoom(r.Context(), room)
	var content []byte
	if err == nil {
		content, err = WriteLog(nil, d)
	}
	h.did(r, chat.AuditExport, room, outcome(err))
	if err != nil {
		httpapi.WriteProblem(w, problem(err))
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := &patient{w: w, control: http.NewResponseController(w)}
	_, _ = out.Write(content) // a client that is gone has no use for it
}

func (h *Handler) restore(w http.ResponseWriter, r *http.Request) {
	query, err := fields(r, "replace", "room", "as")
	var o Import
	if err == nil {
		o.Replace, err = oneOf(query, "replace", "false", "true")
	}
	if err == nil {
		o.Room, err = roomField(query, "room")
	}
	if err == nil {
		o.As, err = roomField(query, "as")
	}
	if err == nil && o.As != "" && o.Room == "" {
		err = &chat.InvalidError{Field: "as", Reason: "needs room: one room can have another name, not all"}
	}
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	report, err := h.Archive.Import(r.Context(), &patientReader{r: r.Body, control: http.NewResponseController(w)}, o)
	done := fmt.Sprintf("%d rooms put back, %d were so already, %d others stay", report.Restored, report.Same, report.Others)
	if err != nil {
		err = fmt.Errorf("%w (%s)", err, done)
		h.Logger.WarnContext(r.Context(), "an import broke off", "err", err)
	}
	detail := done
	if err != nil {
		detail = outcome(err)
	}
	h.did(r, chat.AuditImport, o.Room, detail)
	if err != nil {
		httpapi.WriteProblem(w, problem(err))
		return
	}
	httpapi.WriteJSON(w, http.StatusOK, report)
}

// problem is an error as it is answered. Whoever asks runs the server, and is told all of it.
func problem(err error) error {
	switch {
	case errors.Is(err, ErrBad), errors.Is(err, ErrShort), errors.Is(err, redisstore.ErrBadDump), errors.Is(err, attachments.ErrDiffers):
		return wire.Fail(wire.CodeMalformed, err.Error())
	case errors.Is(err, ErrNoRoom):
		return wire.Fail(wire.CodeNotFound, err.Error())
	case errors.Is(err, chat.ErrFileChanged):
		return wire.Fail(wire.CodeConflict, err.Error())
	case errors.Is(err, attachments.ErrUnavailable):
		return wire.Fail(wire.CodeFilesUnavailable, err.Error())
	}
	return err
}

// patient is an answer whose reader may take its time, as long as it goes on.
type patient struct {
	w       io.Writer
	control *http.ResponseController
	begun   bool
}

// Write implements io.Writer.
func (p *patient) Write(b []byte) (int, error) {
	p.begun = true
	_ = p.control.SetWriteDeadline(time.Now().Add(stall)) // in tests there may be no connection
	return p.w.Write(b)
}

// patientReader is the same for a body.
type patientReader struct {
	r       io.Reader
	control *http.ResponseController
}

// Read implements io.Reader.
func (p *patientReader) Read(b []byte) (int, error) {
	_ = p.control.SetReadDeadline(time.Now().Add(stall))
	return p.r.Read(b)
}
