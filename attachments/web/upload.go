package web

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/attachments/filename"
	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// upload is one request that sends files.
type upload struct {
	*Handler
	room chat.RoomID
	who  chat.Principal

	files []chat.File // those that are whole
	ids   []string    // of all that were begun
	said  httpapi.Post
	says  bool // a message is wanted, with a text or without

	asked   bool // whether a message may be posted
	waited  bool // asked whether slow mode has it wait
	counted bool // the limits have been asked for all that comes
}

// post takes files in a form, or one that is the body: POST /rooms/{room}/files.
func (h *Handler) post(w http.ResponseWriter, r *http.Request) {
	if isForm(r) {
		h.take(w, r, func(u *upload) error { return u.form(r) })
		return
	}
	h.take(w, r, func(u *upload) error { return u.body(r) })
}

// isForm reports whether a request says that it is a form, also when it does not say well of what kind:
// what was meant as a form is kept as no file.
func isForm(r *http.Request) bool {
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(media), "multipart/form-data") && r.Method == http.MethodPost
}

// put takes a file that is the body: PUT /rooms/{room}/files/{name}.
func (h *Handler) put(w http.ResponseWriter, r *http.Request) {
	h.take(w, r, func(u *upload) error { return u.body(r) })
}

// take has a request's files kept, and a message posted if one is wanted. It is all done or nothing:
// what was kept before something failed is removed.
func (h *Handler) take(w http.ResponseWriter, r *http.Request, read func(*upload) error) {
	u := &upload{Handler: h}
	entry, repeated, err := u.carryOut(r, read)
	if err != nil || repeated {
		u.undo(r, entry, err)
	}
	if err != nil {
		h.fail(w, r, err)
		return
	}
	u.answer(w, entry, repeated)
}

func (u *upload) carryOut(r *http.Request, read func(*upload) error) (entry chat.Entry, repeated bool, err error) {
	if u.room, u.who, err = u.sender(r); err != nil {
		return entry, false, err
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return entry, false, wire.Fail(wire.CodeUnsupported, "a file is sent as it is, without a content coding")
	}
	if err = u.query(r); err != nil {
		return entry, false, err
	}
	if err = read(u); err != nil {
		return entry, false, err
	}
	if !u.says && !u.who.Guest {
		return entry, false, nil
	}
	for _, f := range u.files {
		u.said.Files = append(u.said.Files, wire.Reference(f.ID))
	}
	message, err := u.said.Message()
	if err != nil {
		return entry, false, err
	}
	entry, repeated, err = u.rooms.Post(r.Context(), u.who, u.room, chat.Draft{Payload: message, Key: u.said.Key, Counted: u.asked})
	if m, is := entry.Payload.(chat.Message); err == nil && is && repeated {
		u.files = m.Files // those that were posted the first time
	}
	return entry, repeated, err
}

// query reads what a request says of its message beside its body.
func (u *upload) query(r *http.Request) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return wire.Fail(wire.CodeMalformed, "the query can't be read")
	}
	u.said = httpapi.PostOfForm(query)
	if u.said.Files != nil {
		return &chat.InvalidError{Field: "files", Reason: "are named by a message: POST /rooms/ROOM/messages"}
	}
	u.says = query.Has("text")
	if key := httpapi.KeyOf(r); key != "" {
		u.said.Key = key
	}
	if err := u.check(); err != nil {
		return err
	}
	return u.ask(r.Context(), query, !isForm(r))
}

// ask asks whether a message may be posted, before its files have come. That one is wanted, and its key,
// may also be said by a form's fields; all are known when there are none, or a file comes. What has a
// key may have been posted already: only the log knows whether slow mode has it wait.
func (u *upload) ask(ctx context.Context, fields url.Values, known bool) error {
	if !u.says && !u.who.Guest && !fields.Has("text") {
		return nil
	}
	if !u.asked {
		if err := u.rooms.MayPost(ctx, u.who, u.room); err != nil {
			return err
		}
		u.asked = true
	}
	if !known || u.waited || u.said.Key != "" || fields.Get("key") != "" {
		return nil
	}
	u.waited = true
	return u.rooms.HasToWait(ctx, u.who, u.room)
}

// check refuses a message that could not be posted, before its files have come.
func (u *upload) check() error {
	message, err := u.said.Message()
	if err != nil {
		return err
	}
	message.Files = []chat.File{{ID: "to-come"}}
	return chat.Draft{Payload: message, Key: u.said.Key}.Validate()
}

// body takes the file that a request's body is.
func (u *upload) body(r *http.Request) error {
	if part := r.Header.Get("Content-Range"); part != "" && part != fmt.Sprintf("bytes 0-%d/%d", r.ContentLength-1, r.ContentLength) {
		return wire.Fail(wire.CodeMalformed, "a part of a file is taken by tus alone: POST /rooms/ROOM/uploads")
	}
	name, named := nameOf(r)
	if r.ContentLength == 0 && !named {
		return &chat.InvalidError{Field: "file", Reason: "is empty, and has no name"}
	}
	kind := r.Header.Get("Content-Type")
	if media, _, err := mime.ParseMediaType(kind); err == nil && media == "application/x-www-form-urlencoded" {
		kind = "" // curl --data-binary says so of everything
	}
	query := r.URL.Query()
	return u.keep(r.Context(), attachments.New{Name: name, Type: kind, Length: r.ContentLength}, query, r.Body)
}

// nameOf is the name that a request gives its file, by its address or by a header. curl adds the one
// that the file has to the path, whatever the query says.
func nameOf(r *http.Request) (name string, given bool) {
	name = r.URL.Query().Get("filename")
	if name == "" {
		name = r.PathValue("filename")
	}
	if name == "" {
		name = filename.FromDisposition(r.Header.Get("Content-Disposition"))
	}
	if name == "" {
		name = filename.FromHeader(r.Header.Get("X-Filename"))
	}
	return filename.Clean(name), name != ""
}

// keep keeps one file, of which fields may say more.
func (u *upload) keep(ctx context.Context, n attachments.New, fields url.Values, r io.Reader) (err error) {
	n.Room, n.By = u.room, u.who
	if n.Duration, n.Wave, err = voiceOf(fields.Get("duration"), fields.Get("wave")); err != nil {
		return err
	}
	record, err := u.Handler.files.Create(ctx, n)
	if err != nil {
		return err
	}
	u.ids = append(u.ids, record.ID)
	coming := &counting{r: r}
	if !n.Counted && n.Length < 0 {
		coming.count = func() error { return u.Handler.files.Count(ctx, u.who, u.room, attachments.Megabyte) }
	}
	body := &incoming{r: coming}
	record, err = u.Handler.files.Write(ctx, u.room, record.ID, 0, body)
	if coming.refused != nil {
		return coming.refused
	}
	if err = body.broken(err); err != nil {
		return err
	}
	f, err := u.Handler.files.Finish(ctx, u.room, record.ID)
	if err != nil {
		return err
	}
	u.files = append(u.files, f)
	return nil
}

// counting is a body of a length that nobody has said: each megabyte of it that begins after the first
// one is counted as it comes.
type counting struct {
	r       io.Reader
	count   func() error // nil for a body that has been counted
	read    int64
	counted int64 // beside the first megabyte
	refused error
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.count == nil {
		return n, err
	}
	c.read += int64(n)
	for ; c.read > c.counted+attachments.Megabyte; c.counted += attachments.Megabyte {
		if c.refused = c.count(); c.refused != nil {
			return 0, c.refused
		}
	}
	return n, err
}

// undo removes what the request has brought and no message names. What can't be removed now is swept
// later.
func (u *upload) undo(r *http.Request, entry chat.Entry, failed error) {
	ctx := context.WithoutCancel(r.Context())
	remove := u.Handler.files.Discard // nobody else knows these ids
	if failed != nil && httpapi.FailureOf(failed).Status() >= http.StatusInternalServerError {
		remove = u.Handler.files.Remove // the message may be there
	}
	posted := entry.FileIDs() // its own, where it was the store that asked twice
	for _, id := range u.ids {
		if slices.Contains(posted, id) {
			continue
		}
		if err := remove(ctx, u.room, id); err != nil {
			u.log.DebugContext(ctx, "a file of an upload that failed stays for an hour", "room", u.room, "file", id, "err", err)
		}
	}
}

// reply is the answer to an upload: the first file's fields, and all files.
type reply struct {
	wire.File
	Files   []wire.File `json:"files"`
	Message *wire.Entry `json:"message,omitempty"`
}

func (u *upload) answer(w http.ResponseWriter, entry chat.Entry, repeated bool) {
	var answer reply
	for _, f := range u.files {
		answer.Files = append(answer.Files, wire.FileOf(u.room, f))
	}
	if len(answer.Files) > 0 { // else the message has been deleted since
		answer.File = answer.Files[0]
		w.Header().Set("Location", u.options.BasePath+answer.URL)
	}
	if !entry.ID.IsZero() {
		e := wire.EntryOf(u.room, entry)
		answer.Message = &e
	}
	status := http.StatusCreated
	if repeated {
		status = http.StatusOK
	}
	httpapi.WriteJSON(w, status, answer)
}
