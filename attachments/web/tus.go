package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/tus/tusd/v2/pkg/handler"
	"golang.org/x/exp/slog"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/attachments/filename"
	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// Resumable uploads are tus 1.0 (https://tus.io/protocols/resumable-upload), which package handler of
// tusd speaks. Here is what it keeps files in, and whose they are; its errors become problems
// (tus_answer.go).

// afterRequest is how long what tusd does for a request may outlast it. What has come is kept before
// the handler returns, so nothing has to.
const afterRequest = time.Millisecond

// newTus is tusd's part. Who may ask from where is the server's to say, so it has no CORS; its
// middleware would let a header change the method, so it is not used.
func newTus(store tusStore, maxSize int64) (*handler.UnroutedHandler, error) {
	composer := handler.NewStoreComposer()
	composer.UseCore(store)
	composer.UseTerminater(store)
	return handler.NewUnroutedHandler(handler.Config{
		StoreComposer: composer, BasePath: "/", MaxSize: maxSize, DisableDownload: true, DisableConcatenation: true,
		Cors: &handler.CorsConfig{Disable: true}, GracefulRequestCompletionTimeout: afterRequest,
		Logger: slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError + 1})),
	})
}

const tusVersion = "1.0.0"

// tusRequest is one request of tus: what its handlers pass each other through tusd.
type tusRequest struct {
	room     chat.RoomID
	who      chat.Principal
	length   int64  // what is to come in all, as the upload's beginning says; 0 where that is not known
	finishes bool   // what is whole is to be finished
	made     string // the id of the upload that it has begun; else empty
	body     *incoming
	err      error // what something has failed by
}

type tusKey struct{}

func tusOf(ctx context.Context) *tusRequest { return ctx.Value(tusKey{}).(*tusRequest) }

// tusOptions says what there is of tus: OPTIONS.
func (h *Handler) tusOptions(w http.ResponseWriter, _ *http.Request) {
	header := w.Header()
	header.Set("Tus-Resumable", tusVersion)
	header.Set("Tus-Version", tusVersion)
	header.Set("Tus-Extension", h.tus.SupportedExtensions())
	header.Set("Tus-Max-Size", strconv.FormatInt(h.files.FileSize(), 10))
	w.WriteHeader(http.StatusNoContent)
}

// tusCreate begins an upload: POST /rooms/{room}/uploads.
func (h *Handler) tusCreate(w http.ResponseWriter, r *http.Request) { h.serveTus(w, r, h.tus.PostFile) }

// tusHead says how much there is of an upload: HEAD /rooms/{room}/uploads/{id}.
func (h *Handler) tusHead(w http.ResponseWriter, r *http.Request) { h.serveTus(w, r, h.tus.HeadFile) }

// tusPatch adds to an upload: PATCH /rooms/{room}/uploads/{id}.
func (h *Handler) tusPatch(w http.ResponseWriter, r *http.Request) { h.serveTus(w, r, h.tus.PatchFile) }

// tusDelete gives an upload up: DELETE /rooms/{room}/uploads/{id}.
func (h *Handler) tusDelete(w http.ResponseWriter, r *http.Request) { h.serveTus(w, r, h.tus.DelFile) }

// serveTus has tusd serve a request of somebody who may send files. A guest would not be known again
// by the next one.
func (h *Handler) serveTus(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
	header := w.Header()
	header.Set("Tus-Resumable", tusVersion)
	room, who, err := h.sender(r)
	switch {
	case err != nil:
	case who.Guest:
		err = chat.ErrNotSignedIn
	case r.Method != http.MethodHead && r.Header.Get("Tus-Resumable") != tusVersion:
		header.Set("Tus-Version", tusVersion)
		err = wire.Fail(wire.CodeWrongProtocol, "want Tus-Resumable: "+tusVersion)
	}
	if err != nil {
		h.fail(w, r, err)
		return
	}
	// It waits for the end of its context, which those of the server's requests do not all have.
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	length, _ := strconv.ParseInt(r.Header.Get("Upload-Length"), 10, 64) // tusd refuses what is none
	request := &tusRequest{room: room, who: who, length: length, finishes: r.Method != http.MethodDelete, body: &incoming{r: r.Body}}
	inner := r.WithContext(context.WithValue(ctx, tusKey{}, request))
	inner.Body = struct {
		io.Reader
		io.Closer
	}{request.body, r.Body}
	path := *r.URL
	path.Path, path.RawPath = r.PathValue("id"), ""
	inner.URL = &path
	answer := &tusAnswer{ResponseWriter: w, uploads: h.options.BasePath + uploadsPath(room)}
	serve(answer, inner)
	if answer.failed != 0 {
		h.abandon(r, request)
		h.fail(w, r, answer.failure(request, h.files.FileSize()))
	}
}

// abandon removes what a request has begun that failed then: nobody was told where it is.
func (h *Handler) abandon(r *http.Request, request *tusRequest) {
	if request.made == "" {
		return
	}
	ctx := context.WithoutCancel(r.Context())
	if err := h.files.Remove(ctx, request.room, request.made); err != nil {
		h.log.DebugContext(ctx, "an upload that failed stays for an hour", "room", request.room, "file", request.made, "err", err)
	}
}

func uploadsPath(room chat.RoomID) string {
	return "/rooms/" + filename.Escape(string(room)) + "/uploads/"
}

// tusStore is package attachments' store as tusd uses it, for the request of its context.
type tusStore struct{ *Handler }

// fail has a request answered with an error.
func (s tusStore) fail(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	tusOf(ctx).err = err
	return handler.NewError("ERR_FAILED", "", http.StatusInternalServerError)
}

// NewUpload implements handler.DataStore.
func (s tusStore) NewUpload(ctx context.Context, info handler.FileInfo) (handler.Upload, error) {
	request := tusOf(ctx)
	n := attachments.New{
		Room: request.room, By: request.who, Name: filename.Clean(firstOf(info.MetaData, "filename", "name")),
		Type: firstOf(info.MetaData, "filetype", "type"), Length: info.Size,
	}
	var err error
	if n.Duration, n.Wave, err = voiceOf(info.MetaData["duration"], info.MetaData["wave"]); err != nil {
		return nil, s.fail(ctx, err)
	}
	record, err := s.files.Create(ctx, n)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	request.made = record.ID
	return &tusUpload{s, record}, nil
}

func firstOf(meta handler.MetaData, names ...string) string {
	for _, name := range names {
		if value := meta[name]; value != "" {
			return value
		}
	}
	return ""
}

// GetUpload implements handler.DataStore. An upload is its sender's alone. One that is whole and was
// not finished, because something failed by then, is finished first.
func (s tusStore) GetUpload(ctx context.Context, id string) (handler.Upload, error) {
	request := tusOf(ctx)
	record, err := s.files.Get(ctx, request.room, id)
	if err == nil && record.Owner != request.who.ID {
		err = attachments.ErrNotFound
	}
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	request.length = record.Length
	upload := &tusUpload{s, record}
	if request.finishes && record.State == chat.FileUploading && record.Offset == record.Length {
		err = upload.FinishUpload(ctx)
	}
	return upload, err
}

// AsTerminatableUpload implements handler.TerminaterDataStore.
func (s tusStore) AsTerminatableUpload(u handler.Upload) handler.TerminatableUpload {
	return u.(*tusUpload)
}

// tusUpload is one file that is being sent.
type tusUpload struct {
	tusStore
	record attachments.Record
}

// GetInfo implements handler.Upload.
func (u *tusUpload) GetInfo(context.Context) (handler.FileInfo, error) {
	r := u.record
	info := handler.FileInfo{
		ID: r.ID, Size: r.Length, Offset: r.Offset, MetaData: handler.MetaData{"filename": r.Name, "filetype": r.Type},
	}
	if r.State != chat.FileUploading {
		info.Size, info.Offset = r.Sent, r.Sent
	}
	return info, nil
}

// WriteChunk implements handler.Upload. What has come of a body that breaks off is kept.
func (u *tusUpload) WriteChunk(ctx context.Context, offset int64, src io.Reader) (int64, error) {
	record, err := u.files.Write(ctx, u.record.Room, u.record.ID, offset, src)
	if err != nil {
		if record.Offset > offset {
			u.record = record
		}
		return max(record.Offset-offset, 0), u.fail(ctx, err)
	}
	u.record = record
	return record.Offset - offset, nil
}

// FinishUpload implements handler.Upload.
func (u *tusUpload) FinishUpload(ctx context.Context) error {
	_, err := u.files.Finish(ctx, u.record.Room, u.record.ID)
	if err != nil {
		return u.fail(ctx, err)
	}
	u.record.State, u.record.Sent = chat.FileReady, u.record.Offset
	return nil
}

// GetReader implements handler.Upload. Files are read at their own address.
func (u *tusUpload) GetReader(context.Context) (io.ReadCloser, error) {
	return nil, errors.New("an upload is not read")
}

// Terminate implements handler.TerminatableUpload.
func (u *tusUpload) Terminate(ctx context.Context) error {
	return u.fail(ctx, u.files.Remove(ctx, u.record.Room, u.record.ID))
}
