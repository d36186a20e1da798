package web

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/attachments/filename"
	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

const (
	// policy is of a file that a browser opens by itself: it shows what it is, runs nothing, and
	// has no origin.
	policy = "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
	// keeping is for how long a browser may show a file without asking again whether it is there.
	// The address of a file is always the same file's.
	keeping = "private, max-age=3600, immutable"
)

// find is the file that a request names, for who may read it.
func (h *Handler) find(r *http.Request) (attachments.Record, error) {
	room, who, err := httpapi.MemberInRoom(r)
	if err != nil {
		return attachments.Record{}, err
	}
	// Who may not read the room is told that, whatever there is, also of files of its own.
	if err := h.rooms.Authorize(r.Context(), who, room, chat.ActionDownload); err != nil {
		return attachments.Record{}, err
	}
	record, err := h.files.Get(r.Context(), room, r.PathValue("id"))
	if err == nil && !record.State.IsShown() && (who.Guest || record.Owner != who.ID) {
		err = attachments.ErrNotFound
	}
	return record, err
}

// describe says what is known of a file: GET /rooms/{room}/files/{id}.
func (h *Handler) describe(w http.ResponseWriter, r *http.Request) {
	record, err := h.find(r)
	if err == nil && record.State == chat.FileUploading {
		err = attachments.ErrIncomplete
	}
	if err != nil {
		h.fail(w, r, err)
		return
	}
	httpapi.WriteJSON(w, http.StatusOK, wire.FileOf(record.Room, record.File))
}

// remove takes a file back that is in no message: DELETE /rooms/{room}/files/{id}.
func (h *Handler) remove(w http.ResponseWriter, r *http.Request) {
	room, who, err := httpapi.SessionInRoom(r)
	var record attachments.Record
	if err == nil {
		record, err = h.files.Get(r.Context(), room, r.PathValue("id"))
	}
	if err == nil && record.Owner != who.ID {
		err = attachments.ErrNotFound
	}
	if err == nil {
		err = h.files.Remove(r.Context(), room, record.ID)
	}
	if err != nil {
		h.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// download serves a file's bytes, or with ?preview=1 a smaller picture, where there is one: GET
// /rooms/{room}/files/{id}/{name}.
func (h *Handler) download(w http.ResponseWriter, r *http.Request) {
	record, err := h.find(r)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	kind, tag := record.Type, record.SHA256
	var content io.ReadSeekCloser
	smaller := r.URL.Query().Get("preview") == "1" && record.Thumb.Key != ""
	if smaller {
		kind, tag = record.ThumbType, tag+"-preview"
		content, err = h.files.OpenThumb(r.Context(), record)
	}
	if !smaller || errors.Is(err, attachments.ErrGone) { // the smaller one alone may be lost
		kind, tag = record.Type, record.SHA256
		_, content, err = h.files.Open(r.Context(), record.Room, record.ID)
	}
	if err != nil {
		h.fail(w, r, err)
		return
	}
	defer func() { _ = content.Close() }() // it was only read
	header := w.Header()
	shown, disposition := shownAs(kind, record.Name)
	header.Set("Content-Type", shown)
	header.Set("Content-Disposition", filename.Disposition(disposition, record.Name))
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cache-Control", keeping)
	header.Set("ETag", `"`+tag+`"`)
	h.serve(w, r, record, content)
}

// serve sends content as far as a request asks for it. What can't be read is told with a problem, or
// where something was sent already, by an answer that is cut off.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, record attachments.Record, content io.ReadSeeker) {
	body, answer := &outgoing{ReadSeeker: content}, &lateAnswer{ResponseWriter: w}
	if !asksForParts(r.Header.Get("Range")) {
		r = r.Clone(r.Context())
		r.Header.Del("Range")
	}
	http.ServeContent(answer, r, "", record.Created, body)
	h.files.Sent(body.read)
	switch {
	case body.err == nil && answer.refusesRange():
		w.Header().Del("Content-Disposition")
		h.fail(w, r, wire.Fail(wire.CodeNoSuchRange, rangeRefusal(w.Header().Get("Content-Range"))))
	case body.err == nil:
		answer.begin()
	case answer.begun:
		panic(http.ErrAbortHandler) // so that half of it does not look whole
	default:
		for _, name := range []string{
			"Accept-Ranges", "Cache-Control", "Content-Disposition", "Content-Length", "Content-Range", "Etag", "Last-Modified",
		} {
			w.Header().Del(name)
		}
		h.fail(w, r, body.err)
	}
}

// maxRanges is how many parts of a file one request is given: each of them is asked of the bucket.
const maxRanges = 16

// asksForParts reports whether a Range header is heeded. Other units are not (RFC 9110 section 14.2),
// and neither are more parts than anybody needs, or the last 0 bytes, of which net/http would send a
// Content-Range that ends before it begins: then all of the file is sent.
func asksForParts(ranges string) bool {
	return strings.HasPrefix(ranges, "bytes=") && ranges != "bytes=-0" && strings.Count(ranges, ",") < maxRanges
}

// rangeRefusal says why a part can't be had, by the Content-Range of that answer: how many bytes there are.
func rangeRefusal(contentRange string) string {
	if size, ok := strings.CutPrefix(contentRange, "bytes */"); ok {
		return "the file has " + size + " bytes"
	}
	return "the Range can't be read"
}

// outgoing is content that remembers by what error it could not be read.
type outgoing struct {
	io.ReadSeeker
	read int64 // bytes
	err  error
}

func (c *outgoing) Read(p []byte) (int, error) {
	n, err := c.ReadSeeker.Read(p)
	c.read += int64(n)
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}

func (c *outgoing) Seek(offset int64, whence int) (int64, error) {
	at, err := c.ReadSeeker.Seek(offset, whence)
	if err != nil {
		c.err = err
	}
	return at, err
}

// lateAnswer is an answer whose status is not sent before there is something to send. That there is no
// such part is not sent at all: it is told by a problem.
type lateAnswer struct {
	http.ResponseWriter
	status int
	begun  bool
}

// WriteHeader implements http.ResponseWriter.
func (a *lateAnswer) WriteHeader(status int) { a.status = status }

// Write implements io.Writer.
func (a *lateAnswer) Write(b []byte) (int, error) {
	if a.refusesRange() {
		return len(b), nil
	}
	a.begin()
	return a.ResponseWriter.Write(b)
}

func (a *lateAnswer) refusesRange() bool { return a.status == http.StatusRequestedRangeNotSatisfiable }

func (a *lateAnswer) begin() {
	if !a.begun && a.status != 0 {
		a.ResponseWriter.WriteHeader(a.status)
	}
	a.begun = true
}

// Unwrap is for http.ResponseController.
func (a *lateAnswer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// shownAs is the media type that a file of a type is sent as, and whether a browser may show it or
// has to save it. Only kinds in which nothing can run are shown. What is called a script or a page is
// saved, also where it does not begin like one.
func shownAs(kind, name string) (contentType, disposition string) {
	media, _, err := mime.ParseMediaType(kind)
	if err != nil {
		return "application/octet-stream", "attachment"
	}
	switch media {
	case "image/png", "image/jpeg", "image/gif", "image/webp", "video/mp4", "video/webm", "video/ogg",
		"audio/mp4", "audio/webm", "audio/ogg", "audio/mpeg", "audio/wav", "audio/wave", "audio/x-wav":
		return media, "inline"
	case "text/plain":
		if isCalledScript(name) {
			break
		}
		return "text/plain; charset=utf-8", "inline"
	case "application/pdf":
		return media, "attachment"
	}
	if strings.HasPrefix(media, "audio/") || strings.HasPrefix(media, "video/") {
		return media, "attachment"
	}
	return "application/octet-stream", "attachment"
}

// isCalledScript reports whether a name's ending is one of what browsers run, or show as a page.
func isCalledScript(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".htm", ".html", ".shtml", ".xht", ".xhtml", ".mht", ".mhtml", ".xml", ".xsl", ".xslt", ".svg", ".js", ".cjs", ".mjs", ".hta":
		return true
	}
	return false
}
