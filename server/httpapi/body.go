package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// usualBody is what most bodies have at most, in bytes.
const usualBody = 2 << 10

// readBody is a request's whole body, which has to be UTF-8. Errors: a [*wire.Failure], or an
// [*http.MaxBytesError] for one with more than [wire.MaxBody] bytes.
func readBody(r *http.Request) ([]byte, error) {
	body, err := readAll(r)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, err
	case err != nil:
		return nil, wire.Fail(wire.CodeMalformed, "the body broke off")
	case len(body) > wire.MaxBody:
		return nil, &http.MaxBytesError{Limit: wire.MaxBody}
	case !utf8.Valid(body): // encoding/json would replace what is not
		return nil, wire.Fail(wire.CodeInvalidUTF8, "")
	}
	return body, nil
}

// readAll reads a body to its end. One that is longer than usual gets its memory as it comes:
// whoever announces a long one may send nothing.
func readAll(r *http.Request) ([]byte, error) {
	if r.ContentLength < 0 || r.ContentLength > usualBody {
		return io.ReadAll(io.LimitReader(r.Body, wire.MaxBody+1))
	}
	// A byte more than will come, to see its end: HTTP/2 may say that in a frame of its own.
	body := make([]byte, r.ContentLength+1)
	n, err := io.ReadFull(r.Body, body)
	if int64(n) == r.ContentLength && (err == io.EOF || err == io.ErrUnexpectedEOF) {
		err = nil
	}
	return body[:n], err
}

// mediaType is a request's media type; empty when it gives none.
func mediaType(r *http.Request) (media string, parameters map[string]string, err error) {
	given := r.Header.Get("Content-Type")
	if given == "" {
		return "", nil, nil
	}
	if media, parameters, err = mime.ParseMediaType(given); err != nil {
		return "", nil, wire.Fail(wire.CodeUnsupported, "the content type can't be read")
	}
	return media, parameters, nil
}

func looksLikeObject(body []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) }

// readObject reads a body that is one JSON object.
func readObject(body []byte, into any) error {
	if !looksLikeObject(body) {
		return wire.Fail(wire.CodeMalformed, "want a JSON object")
	}
	if err := json.Unmarshal(body, into); err != nil {
		return wire.Fail(wire.CodeMalformed, "the JSON can't be read: "+strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// formValue is one field of a form.
func formValue(body []byte, field string) (string, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return "", wire.Fail(wire.CodeMalformed, "the form can't be read")
	}
	value := form.Get(field)
	if !utf8.ValidString(value) {
		return "", wire.Fail(wire.CodeInvalidUTF8, "")
	}
	return value, nil
}

// NameOf reads the name in the body of POST /session: JSON or a form. What looks like an object is
// JSON whatever its content type says, because "curl -d" says that everything is a form. Errors are
// as those of [PostOf].
func NameOf(r *http.Request) (string, error) { return fieldOf(r, "name") }

// CodeOf reads the code in the body of POST /session/claim, as [NameOf] does a name.
func CodeOf(r *http.Request) (string, error) { return fieldOf(r, "code") }

// fieldOf reads one field of text out of a body.
func fieldOf(r *http.Request, field string) (string, error) {
	media, _, err := mediaType(r)
	if err != nil {
		return "", err
	}
	body, err := readBody(r)
	if err != nil {
		return "", err
	}
	const form = "application/x-www-form-urlencoded"
	switch {
	case media == form && !looksLikeObject(body):
		return formValue(body, field)
	case media == "", media == "application/json", media == form, media == "text/plain":
		var said map[string]json.RawMessage
		if err := readObject(body, &said); err != nil {
			return "", err
		}
		var value string
		if raw, given := said[field]; given && json.Unmarshal(raw, &value) != nil {
			return "", wire.Fail(wire.CodeMalformed, "want a text as "+field)
		}
		return value, nil
	default:
		return "", wire.Fail(wire.CodeUnsupported, "want application/json or a form")
	}
}

// ObjectOf reads a body that is one JSON object, whatever its content type: "curl -d" says that
// everything is a form. Errors are as those of [PostOf].
func ObjectOf(r *http.Request, into any) error {
	body, err := readBody(r)
	if err != nil {
		return err
	}
	return readObject(body, into)
}

// CursorOf reads the cursor in the body of POST …/read: JSON, a form, or the cursor itself. Errors
// are as those of [PostOf], and an [*chat.InvalidError] for what is no cursor.
func CursorOf(r *http.Request) (chat.Cursor, error) {
	if _, _, err := mediaType(r); err != nil {
		return chat.Cursor{}, err
	}
	body, err := readBody(r)
	if err != nil {
		return chat.Cursor{}, err
	}
	text := strings.TrimSpace(string(body))
	switch {
	case looksLikeObject(body):
		var said struct {
			Cursor string `json:"cursor"`
		}
		err = readObject(body, &said)
		text = said.Cursor
	case strings.Contains(text, "="):
		text, err = formValue([]byte(text), "cursor")
	}
	if err != nil {
		return chat.Cursor{}, err
	}
	return wire.ParseReadCursor(text)
}

// maxStream is more than a stream's name ever has, in bytes.
const maxStream = 64

// StreamOf reads the name of the stream that POST …/leave is to end; empty for all of them. The
// content type does not matter: pages send it as they close, with navigator.sendBeacon, which can't
// set one. Errors are as those of [PostOf].
func StreamOf(r *http.Request) (string, error) {
	if _, _, err := mediaType(r); err != nil {
		return "", err
	}
	body, err := readBody(r)
	if err != nil || len(body) == 0 {
		return "", err
	}
	var said struct {
		Stream string `json:"stream"`
	}
	if err := readObject(body, &said); err != nil {
		return "", err
	}
	if len(said.Stream) > maxStream {
		return "", wire.Fail(wire.CodeMalformed, "no stream has such a name")
	}
	return said.Stream, nil
}
