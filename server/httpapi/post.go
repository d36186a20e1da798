package httpapi

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// Post is what a request says: a message, or the new text of one.
type Post struct {
	Text     string          `json:"text"`
	Key      string          `json:"key"` // the client's idempotency key; may be empty
	ReplyTo  wire.Reference  `json:"replyTo"`
	Mentions []chat.MemberID `json:"mentions"`
	// Files are the ids of files that have been uploaded.
	Files []wire.Reference `json:"files"`
}

// Message is the post as a message. The error is a [*chat.InvalidError] for "replyTo".
func (p Post) Message() (chat.Message, error) {
	return wire.MessageOf(p.Text, p.ReplyTo, p.Mentions, p.Files)
}

// PostOf reads a post out of a request's body, in any of the forms that it may have: JSON, a form,
// or the text itself. The header Idempotency-Key goes before a key in the body. The server has to
// bound the body.
//
// Errors are the client's fault: a [*wire.Failure], or an [*http.MaxBytesError] from the bound.
func PostOf(r *http.Request) (Post, error) {
	c, err := contentOf(r)
	if err != nil {
		return Post{}, err
	}
	form, err := c.postForm()
	if err != nil {
		return Post{}, err
	}
	if err := c.read(r); err != nil {
		return Post{}, err
	}
	post, err := form(r, c)
	if err != nil {
		return Post{}, onText(err)
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
type parse func(r *http.Request, c *content) (Post, error)

// postForm is how to read a body by its content type: JSON, a form, or anything that is text as it
// is.
func (c *content) postForm() (parse, error) {
	switch media := c.media; {
	case media == "application/json", strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json"):
		return fromJSON, nil
	case media == formType:
		return urlencoded, nil
	case media == "multipart/form-data":
		return multipart, nil
	case media == "", strings.HasPrefix(media, "text/"):
		return plain, nil
	}
	return nil, wire.Fail(wire.CodeUnsupported, "send JSON, a form, or text")
}

func fromJSON(_ *http.Request, c *content) (post Post, err error) {
	object, err := c.utf8()
	if err != nil {
		return Post{}, err
	}
	if err := json.Unmarshal(object, &post); err != nil {
		return Post{}, wire.FailJSON(err, `want a JSON object such as {"text":"hello","key":"k-1"}`)
	}
	return post, nil
}

// postFields are the fields of a post's form.
var postFields = formFields{main: "text", others: []string{"key", "replyTo", "mentions", "files"}, lists: []string{"mentions", "files"}}

// urlencoded is what says that it is a form, and may be the text itself: `curl -d hello` sends one
// so.
func urlencoded(_ *http.Request, c *content) (Post, error) {
	form, isForm, text, err := c.formOf(postFields)
	switch {
	case err != nil:
		return Post{}, err
	case isForm:
		return PostOfForm(form), nil
	}
	return Post{Text: withoutLastBreak(text)}, nil
}

// PostOfForm is what the fields of a form, or of a query, say.
func PostOfForm(fields url.Values) Post {
	post := Post{Text: fields.Get("text"), Key: fields.Get("key"), ReplyTo: wire.Reference(fields.Get("replyTo"))}
	for _, id := range fields["mentions"] {
		post.Mentions = append(post.Mentions, chat.MemberID(id))
	}
	for _, id := range fields["files"] {
		post.Files = append(post.Files, wire.Reference(id))
	}
	return post
}

// multipart is a form of parts. Each of its values is the bytes that were given, so fields that are
// not known change nothing.
func multipart(r *http.Request, c *content) (Post, error) {
	r.Body = io.NopCloser(bytes.NewReader(c.body))
	if err := r.ParseMultipartForm(wire.MaxBody); err != nil {
		return Post{}, wire.Fail(wire.CodeMalformed, "the form can't be read")
	}
	if len(r.MultipartForm.File) > 0 {
		return Post{}, wire.Fail(wire.CodeUnsupported, "a file is sent to /rooms/ROOM/files, with its text")
	}
	if len(r.PostForm[postFields.main]) > 1 {
		return Post{}, wire.Fail(wire.CodeMalformed, "the form has text twice")
	}
	post := PostOfForm(r.PostForm)
	var err error
	post.Text, err = c.decode([]byte(post.Text))
	return post, err
}

// plain is a body that is the text itself.
func plain(_ *http.Request, c *content) (Post, error) {
	text, err := c.text()
	return Post{Text: withoutLastBreak(text)}, err
}

// withoutLastBreak is a text without the line break that ends most files.
func withoutLastBreak(text string) string { return strings.TrimRight(text, "\r\n") }
