package httpapi

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// Post is what a request says: a message, or the new text of one.
type Post struct {
	Text     string          `json:"text"`
	Key      string          `json:"key"` // the client's idempotency key; may be empty
	ReplyTo  wire.Reference  `json:"replyTo"`
	Mentions []chat.MemberID `json:"mentions"`
}

// PostOf reads a post out of a request's body, in any of the forms that it may have: JSON, a form,
// or the text itself. The header Idempotency-Key goes before a key in the body. The server has to
// bound the body.
//
// Errors are the client's fault: a [*wire.Failure], or an [*http.MaxBytesError] from the bound.
func PostOf(r *http.Request) (Post, error) {
	form, err := formOf(r)
	if err != nil {
		return Post{}, err
	}
	body, err := readBody(r)
	if err != nil {
		return Post{}, onText(err)
	}
	post, err := form(r, body)
	if err != nil {
		return Post{}, err
	}
	if !utf8.ValidString(post.Text) { // forms can spell any byte
		return Post{}, onText(wire.Fail(wire.CodeInvalidUTF8, ""))
	}
	if key := KeyOf(r); key != "" {
		post.Key = key
	}
	return post, nil
}

// onText says of bytes that are no UTF-8 that they are the text's.
func onText(err error) error {
	if failure, ok := err.(*wire.Failure); ok && failure.Code == wire.CodeInvalidUTF8 {
		failure.Field = "text"
	}
	return err
}

// parse reads a body of one form.
type parse func(r *http.Request, body []byte) (Post, error)

// formOf is how to read a body by its content type: JSON, a form, or anything that is text as it
// is.
func formOf(r *http.Request) (parse, error) {
	media, parameters, err := mediaType(r)
	if err != nil {
		return nil, err
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
	case media == "", strings.HasPrefix(media, "text/"):
		return plain, nil
	}
	return nil, wire.Fail(wire.CodeUnsupported, "send JSON, a form, or text")
}

func fromJSON(_ *http.Request, body []byte) (post Post, err error) {
	if err := json.Unmarshal(body, &post); err != nil {
		return Post{}, wire.FailJSON(err, `want a JSON object such as {"text":"hello","key":"k-1"}`)
	}
	return post, nil
}

// urlencoded is a form when it has a text field, and else the text itself: `curl -d hello` sends
// one so.
func urlencoded(_ *http.Request, body []byte) (Post, error) {
	fields, err := url.ParseQuery(string(body))
	switch said := string(body); {
	case err != nil && (strings.HasPrefix(said, "text=") || strings.Contains(said, "&text=")):
		return Post{}, wire.Fail(wire.CodeMalformed, "the form can't be read")
	case err != nil || !fields.Has("text"):
		return plain(nil, body)
	}
	return postOf(fields), nil
}

// postOf is a form's post.
func postOf(fields url.Values) Post {
	post := Post{Text: fields.Get("text"), Key: fields.Get("key"), ReplyTo: wire.Reference(fields.Get("replyTo"))}
	for _, id := range fields["mentions"] {
		post.Mentions = append(post.Mentions, chat.MemberID(id))
	}
	return post
}

func multipart(r *http.Request, body []byte) (Post, error) {
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	if err := r.ParseMultipartForm(wire.MaxBody); err != nil {
		return Post{}, wire.Fail(wire.CodeMalformed, "the form can't be read")
	}
	return postOf(r.PostForm), nil
}

// plain is a body that is the text itself, but for the line break that ends most files.
func plain(_ *http.Request, body []byte) (Post, error) {
	return Post{Text: strings.TrimRight(string(body), "\r\n")}, nil
}
