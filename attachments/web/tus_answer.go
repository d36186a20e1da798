package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/transport/wire"
)

// tusAnswer is an answer of tusd's: the address of what was made is put right, and errors are kept
// back, for a problem.
type tusAnswer struct {
	http.ResponseWriter
	uploads string // where they are
	failed  int    // the status of an error
	said    []byte // what it says
}

// WriteHeader implements http.ResponseWriter.
func (a *tusAnswer) WriteHeader(status int) {
	header := a.Header()
	if made := header.Get("Location"); made != "" {
		header.Set("Location", a.uploads+made[strings.LastIndexByte(made, '/')+1:])
	}
	if status >= http.StatusBadRequest {
		a.failed = status
		header.Del("Content-Length")
		header.Del("Content-Type")
		return
	}
	if header.Get("Cache-Control") == "" {
		header.Set("Cache-Control", "no-store")
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (a *tusAnswer) Write(b []byte) (int, error) {
	if a.failed != 0 {
		a.said = append(a.said, b...)
		return len(b), nil
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (a *tusAnswer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// failure is what the answer says, as this server says it.
func (a *tusAnswer) failure(request *tusRequest, maxSize int64) error {
	if err := request.body.broken(request.err); err != nil {
		return err
	}
	code, said, _ := strings.Cut(strings.TrimSpace(string(a.said)), ": ")
	switch {
	case code == "ERR_MAX_SIZE_EXCEEDED":
		return &attachments.SizeError{What: "file", Limit: maxSize, Size: max(request.length, maxSize+1)}
	case a.failed == http.StatusRequestEntityTooLarge: // more than the upload's own length
		f := wire.Fail(wire.CodeTooLarge, fmt.Sprintf("more than the %d bytes that Upload-Length has said", request.length))
		f.Limit = int(request.length)
		return f
	case a.failed == http.StatusConflict:
		return wire.Fail(wire.CodeConflict, "the file has another length by now: ask for it with HEAD")
	case a.failed == http.StatusNotFound:
		return notFound()
	case code == "ERR_INVALID_CONTENT_TYPE":
		return wire.Fail(wire.CodeUnsupported, "want Content-Type: application/offset+octet-stream")
	case a.failed < http.StatusInternalServerError:
		return wire.Fail(wire.CodeMalformed, said)
	case a.failed == http.StatusNotImplemented:
		return wire.Fail(wire.CodeMalformed, "Upload-Length has to be known from the beginning")
	}
	return errors.New("tus: " + string(a.said))
}
