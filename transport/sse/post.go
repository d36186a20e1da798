package sse

import (
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

// post is what a request says.
type post struct {
	Text string `json:"text"`
	Key  string `json:"key"`
}

// Post stores what a request says in the room that the path value "room" names, and answers with the stored message:
// 201, or 200 for a repeated key. The request's body is the server's to bound, with an [http.MaxBytesReader].
func (h *Handler) Post(w http.ResponseWriter, r *http.Request) {
	room, err := wire.RoomOf(r)
	if err != nil {
		wire.WriteProblem(w, err)
		return
	}
	who, err := h.who(r)
	if err != nil {
		wire.WriteProblem(w, err)
		return
	}
	said, err := read(r)
	if err != nil {
		wire.WriteProblem(w, err)
		return
	}
	entry, repeated, err := h.node.Post(r.Context(), who, room, chat.Draft{Text: said.Text, Key: said.Key})
	if err != nil {
		wire.WriteProblem(w, err)
		return
	}
	status := http.StatusCreated
	if repeated {
		status = http.StatusOK
	}
	wire.WriteJSON(w, status, wire.MessageOf(room, entry))
}

// read takes a post out of a request's body, in any of the forms that it may have.
func read(r *http.Request) (post, error) {
	form, err := formOf(r.Header.Get("Content-Type"))
	if err != nil {
		return post{}, err
	}
	body, err := bodyOf(r)
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return post{}, err
		}
		return post{}, wire.Fail(wire.CodeMalformed, "the body broke off")
	}
	if !utf8.Valid(body) {
		return post{}, notUTF8()
	}
	said, err := form(r, body)
	if err != nil {
		return post{}, err
	}
	if !utf8.ValidString(said.Text) { // forms can spell any byte
		return post{}, notUTF8()
	}
	if key := r.Header.Get("Idempotency-Key"); key != "" {
		said.Key = key
	}
	return said, nil
}

// usualBody is what most posts have at most, in bytes.
const usualBody = 2 << 10

// bodyOf is a request's whole body. One that is longer than usual gets its memory as it comes: who says that much will come
// may send nothing.
func bodyOf(r *http.Request) ([]byte, error) {
	if r.ContentLength < 0 || r.ContentLength > usualBody {
		return io.ReadAll(r.Body)
	}
	// A byte more than will come, to see its end: HTTP/2 may say that in a frame of its own.
	body := make([]byte, r.ContentLength+1)
	n, err := io.ReadFull(r.Body, body)
	if int64(n) == r.ContentLength && (err == io.EOF || err == io.ErrUnexpectedEOF) {
		err = nil
	}
	return body[:n], err
}

func notUTF8() error {
	failure := wire.Fail(wire.CodeInvalidUTF8, "")
	failure.Field = "text"
	return failure
}

// parse reads a body of one form.
type parse func(r *http.Request, body []byte) (post, error)

// formOf is how to read a body by its content type: JSON, a form, or anything that is text as it is.
func formOf(contentType string) (parse, error) {
	if contentType == "" {
		return plain, nil
	}
	media, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, wire.Fail(wire.CodeUnsupported, "the content type can't be read")
	}
	switch charset := strings.ToLower(parameters["charset"]); charset {
	case "", "utf-8", "utf8", "us-ascii":
	default:
		return nil, wire.Fail(wire.CodeUnsupported, "text must be UTF-8")
	}
	switch {
	case media == "application/json", strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json"):
		return fromJSON, nil
	case media == "application/x-www-form-urlencoded":
		return urlencoded, nil
	case media == "multipart/form-data":
		return multipart, nil
	case strings.HasPrefix(media, "text/"):
		return plain, nil
	}
	return nil, wire.Fail(wire.CodeUnsupported, "send JSON, a form, or text")
}

func fromJSON(_ *http.Request, body []byte) (said post, err error) {
	if json.Unmarshal(body, &said) != nil {
		return post{}, wire.Fail(wire.CodeMalformed, `want a JSON object such as {"text":"hello","key":"k-1"}`)
	}
	return said, nil
}

// urlencoded is a form when it has a text field, and else the text itself: `curl -d hello` sends one so.
func urlencoded(_ *http.Request, body []byte) (post, error) {
	fields, err := url.ParseQuery(string(body))
	switch said := string(body); {
	case err != nil && (strings.HasPrefix(said, "text=") || strings.Contains(said, "&text=")):
		return post{}, wire.Fail(wire.CodeMalformed, "the form can't be read")
	case err != nil || !fields.Has("text"):
		return plain(nil, body)
	}
	return post{Text: fields.Get("text"), Key: fields.Get("key")}, nil
}

func multipart(r *http.Request, body []byte) (post, error) {
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	if err := r.ParseMultipartForm(wire.MaxBody); err != nil {
		return post{}, wire.Fail(wire.CodeMalformed, "the form can't be read")
	}
	return post{Text: r.PostFormValue("text"), Key: r.PostFormValue("key")}, nil
}

// plain is a body that is the text itself, but for the line break that ends most files.
func plain(_ *http.Request, body []byte) (post, error) {
	return post{Text: strings.TrimRight(string(body), "\r\n")}, nil
}
