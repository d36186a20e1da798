package httpapi

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// readText is a request's body as text. Errors are as those of [PostOf].
func readText(r *http.Request) (string, *content, error) {
	c, err := contentOf(r)
	if err == nil {
		err = c.read(r)
	}
	if err != nil {
		return "", nil, err
	}
	text, err := c.text()
	return text, c, err
}

func looksLikeObject(text string) bool { return strings.HasPrefix(strings.TrimSpace(text), "{") }

// readObject reads a body that is one JSON object.
func readObject(text string, into any) error {
	if !looksLikeObject(text) {
		return wire.Fail(wire.CodeMalformed, "want a JSON object")
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return wire.FailJSON(err, "the JSON can't be read: "+strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// formValue is the one field of a form; the text itself of what is none.
func (c *content) formValue(field string) (string, error) {
	form, isForm, text, err := c.formOf(formFields{main: field})
	if isForm {
		text = form.Get(field)
	}
	return text, err
}

// NameOf reads the name in the body of POST /session: JSON or a form. What looks like an object is
// JSON whatever its content type says, because "curl -d" says that everything is a form. Errors are
// as those of [PostOf].
func NameOf(r *http.Request) (string, error) { return fieldOf(r, "name") }

// CodeOf reads the code in the body of POST /session/claim, as [NameOf] does a name.
func CodeOf(r *http.Request) (string, error) { return fieldOf(r, "code") }

// fieldOf reads one field of text out of a body.
func fieldOf(r *http.Request, field string) (string, error) {
	c, err := contentOf(r)
	if err != nil {
		return "", err
	}
	switch c.media {
	case "", "application/json", formType, "text/plain":
	default:
		return "", wire.Fail(wire.CodeUnsupported, "want application/json or a form")
	}
	if err := c.read(r); err != nil {
		return "", err
	}
	text, err := c.text()
	switch {
	case c.isForm() && (err != nil || !looksLikeObject(text)):
		form, _, _, err := c.formOf(formFields{main: field})
		return form.Get(field), err
	case err != nil:
		return "", err
	}
	var said map[string]json.RawMessage
	if err := readObject(text, &said); err != nil {
		return "", err
	}
	var value string
	if raw, given := said[field]; given && json.Unmarshal(raw, &value) != nil {
		return "", wire.Fail(wire.CodeMalformed, "want a text as "+field)
	}
	return value, nil
}

// ObjectOf reads a body that is one JSON object, whatever its content type: "curl -d" says that
// everything is a form. Errors are as those of [PostOf].
func ObjectOf(r *http.Request, into any) error {
	text, _, err := readText(r)
	if err != nil {
		return err
	}
	return readObject(text, into)
}

// CursorOf reads the cursor in the body of POST …/read: JSON, a form, or the cursor itself. Errors
// are as those of [PostOf], and an [*chat.InvalidError] for what is no cursor.
func CursorOf(r *http.Request) (chat.Cursor, error) {
	text, c, err := readText(r)
	switch text = strings.TrimSpace(text); {
	case err != nil:
	case looksLikeObject(text):
		var said struct {
			Cursor string `json:"cursor"`
		}
		err = readObject(text, &said)
		text = said.Cursor
	case strings.Contains(text, "="):
		text, err = c.formValue("cursor")
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
	text, _, err := readText(r)
	if err != nil || text == "" {
		return "", err
	}
	var said struct {
		Stream string `json:"stream"`
	}
	if err := readObject(text, &said); err != nil {
		return "", err
	}
	if len(said.Stream) > maxStream {
		return "", wire.Fail(wire.CodeMalformed, "no stream has such a name")
	}
	return said.Stream, nil
}
