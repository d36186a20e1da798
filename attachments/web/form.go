package web

import (
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/attachments/filename"
	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// maxParts is how many parts a form may have: files, fields, and what others put into it.
const maxParts = 100

// form takes the files of a form (RFC 7578) as they come, and reads its fields, which may stand
// before and after them.
func (u *upload) form(r *http.Request) error {
	_, its, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	boundary := its["boundary"]
	if err != nil || boundary == "" {
		return wire.Fail(wire.CodeMalformed, "the form says no boundary")
	}
	most := chat.MaxFiles*u.Handler.files.FileSize() + wire.MaxBody
	if r.ContentLength > most {
		return &http.MaxBytesError{Limit: most}
	}
	if r.ContentLength >= 0 {
		u.counted = true
		if err := u.Handler.files.Count(r.Context(), u.who, u.room, r.ContentLength); err != nil {
			return err
		}
	}
	fields, left, n := url.Values{}, int64(wire.MaxBody), 0
	// One that says no length has an end, too.
	err = partsOf(http.MaxBytesReader(nil, r.Body, most), boundary, &n, func(part *multipart.Part) error {
		return u.part(r, part, fields, &left, &n)
	})
	if err != nil {
		return err
	}
	return u.formEnded(fields)
}

// partsOf takes the parts of a form as they come, and counts them in n.
func partsOf(r io.Reader, boundary string, n *int, take func(*multipart.Part) error) error {
	head := &heads{r: r}
	body := &incoming{r: head}
	for parts := multipart.NewReader(body, boundary); ; *n++ {
		head.left = wire.MaxBody
		part, err := parts.NextPart()
		head.left = -1
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return body.broken(wire.Fail(wire.CodeMalformed, "the form can't be read"))
		case *n >= maxParts:
			return wire.Fail(wire.CodeMalformed, fmt.Sprintf("the form has more than %d parts", maxParts))
		}
		if err := take(part); err != nil {
			return body.broken(err)
		}
	}
}

// heads is a form of which so many bytes may come that are no part's content, any number of them when
// left is negative. Package multipart holds the whole head of a part, and takes 10 MB of it.
type heads struct {
	r    io.Reader
	left int64
}

// Read implements io.Reader.
func (h *heads) Read(p []byte) (int, error) {
	if h.left < 0 {
		return h.r.Read(p)
	}
	if h.left == 0 {
		return 0, &http.MaxBytesError{Limit: wire.MaxBody}
	}
	n, err := h.r.Read(p[:min(int64(len(p)), h.left)])
	h.left -= int64(n)
	return n, err
}

// isField reports whether a part of a form is none of its files, by its name. The last three are the
// next file's.
func isField(name string) bool {
	switch name {
	case "text", "key", "replyTo", "mentions", "name", "duration", "wave":
		return true
	}
	return false
}

// part takes one of a form's n parts: a field, for which so many bytes are left, a file, or several in
// one (RFC 2388 section 4.2), as curl -F file=@a,b sends them.
func (u *upload) part(r *http.Request, part *multipart.Part, fields url.Values, left *int64, n *int) error {
	field := part.FormName()
	media, its, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
	switch {
	case isField(field): // also one that curl read from a file
		return readField(part, field, fields, left)
	case media == "multipart/mixed" && its["boundary"] != "" && part.FileName() == "":
		return partsOf(part, its["boundary"], n, func(one *multipart.Part) error {
			return u.filePart(r, one, field, fields)
		})
	}
	return u.filePart(r, part, field, fields)
}

// filePart takes a file of a form's field.
func (u *upload) filePart(r *http.Request, part *multipart.Part, field string, fields url.Values) error {
	name, isFile := filename.FromForm(part.Header.Get("Content-Disposition"))
	switch {
	case !isFile && field != "file" && field != "files": // what is not known changes nothing
		if _, err := io.Copy(io.Discard, part); err != nil {
			return wire.Fail(wire.CodeMalformed, "the form can't be read")
		}
		return nil
	case len(u.ids) == chat.MaxFiles:
		return &chat.InvalidError{Field: "files", Limit: chat.MaxFiles, Reason: fmt.Sprintf("are more than %d", chat.MaxFiles)}
	}
	if given := fields.Get("name"); given != "" {
		name = given
	}
	if err := u.ask(r.Context(), fields, true); err != nil {
		return err
	}
	n := attachments.New{Name: filename.Clean(name), Type: part.Header.Get("Content-Type"), Length: -1, Counted: u.counted}
	err := u.keep(r.Context(), n, fields, part)
	for _, its := range []string{"name", "duration", "wave"} {
		fields.Del(its)
	}
	return err
}

func readField(part io.Reader, field string, fields url.Values, left *int64) error {
	value, err := io.ReadAll(io.LimitReader(part, *left+1))
	if err != nil {
		return wire.Fail(wire.CodeMalformed, "the form can't be read")
	}
	if *left -= int64(len(value)); *left < 0 {
		return &http.MaxBytesError{Limit: wire.MaxBody}
	}
	if fields.Has(field) && field != "mentions" {
		return wire.Fail(wire.CodeMalformed, fmt.Sprintf("the form has %s twice", field))
	}
	fields.Add(field, string(value))
	return nil
}

// formEnded takes what the form's fields say.
func (u *upload) formEnded(fields url.Values) error {
	if len(u.files) == 0 {
		return &chat.InvalidError{Field: "file", Reason: "is missing: curl -F file=@photo.jpg"}
	}
	said := httpapi.PostOfForm(fields)
	if fields.Has("text") {
		u.says, u.said.Text = true, said.Text
	}
	if u.said.Key == "" {
		u.said.Key = said.Key
	}
	if said.ReplyTo != "" {
		u.said.ReplyTo = said.ReplyTo
	}
	if said.Mentions != nil {
		u.said.Mentions = said.Mentions
	}
	return u.check()
}
