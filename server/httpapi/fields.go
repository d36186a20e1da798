package httpapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// Fields are those of a body that is one JSON object or a form.
type Fields struct {
	values map[string]json.RawMessage
	form   bool // the values are texts, whatever they stand for
}

// FieldsOf reads a body of such fields: a JSON object, whatever its content type (curl says of all
// that it is a form), a form, or nothing. A field that is not known is refused, so that nobody
// believes that it counts; without any names all are known.
//
// Errors are as those of [PostOf], and an [*chat.InvalidError] that names the field.
func FieldsOf(r *http.Request, known ...string) (Fields, error) {
	text, c, err := readText(r)
	if err != nil {
		return Fields{}, err
	}
	f := Fields{}
	switch {
	case strings.TrimSpace(text) == "":
	case looksLikeObject(text):
		err = readObject(text, &f.values)
	case c.media == "" || c.isForm():
		f.form = true
		f.values, err = formFieldsOf(text)
	default:
		err = wire.Fail(wire.CodeMalformed, "want a JSON object")
	}
	if err != nil || len(known) == 0 {
		return f, err
	}
	for _, name := range slices.Sorted(maps.Keys(f.values)) {
		if !slices.Contains(known, name) {
			return Fields{}, &chat.InvalidError{
				Field:  chat.Excerpt(strings.ToValidUTF8(name, "?")),
				Reason: "is not known here: there is " + strings.Join(known, ", "),
			}
		}
	}
	return f, nil
}

// formFieldsOf reads a form, in which no field stands twice.
func formFieldsOf(text string) (map[string]json.RawMessage, error) {
	form, err := url.ParseQuery(text)
	if err != nil || !strings.Contains(text, "=") {
		return nil, wire.Fail(wire.CodeMalformed, "want a JSON object or a form")
	}
	values := map[string]json.RawMessage{}
	for name, given := range form {
		if len(given) > 1 {
			return nil, wire.Fail(wire.CodeMalformed, fmt.Sprintf("the form has %.40q twice", name))
		}
		values[name], _ = json.Marshal(given[0]) // can't fail: a text
	}
	return values, nil
}

// Has reports whether there is such a field.
func (f Fields) Has(name string) bool { return f.values[name] != nil }

// Text is a field's text; empty when it is not there, or null. The error is an [*chat.InvalidError].
func (f Fields) Text(name string) (text string, err error) {
	if f.Has(name) && json.Unmarshal(f.values[name], &text) != nil {
		return "", &chat.InvalidError{Field: name, Reason: "is not a text"}
	}
	return text, nil
}

// Texts are a field's texts: a list, or one text with commas between them. The error is an
// [*chat.InvalidError].
func (f Fields) Texts(name string) (texts []string, err error) {
	if !f.Has(name) || json.Unmarshal(f.values[name], &texts) == nil {
		return texts, nil
	}
	text, err := f.Text(name)
	if err != nil {
		return nil, &chat.InvalidError{Field: name, Reason: "is not a list of texts"}
	}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			texts = append(texts, part)
		}
	}
	return texts, nil
}

// Message is the id of a message in a field. The error is an [*chat.InvalidError].
func (f Fields) Message(name string) (chat.Cursor, error) {
	text, err := f.Text(name)
	if err != nil {
		return chat.Cursor{}, err
	}
	id, err := chat.ParseCursor(text)
	if err != nil || id.IsZero() {
		return chat.Cursor{}, &chat.InvalidError{Field: name, Reason: "is not the id of a message, such as 42-7f3a9c12"}
	}
	return id, nil
}

// Number is a field's whole number of 0 or more; 0 when it is not there, or null. The error is an
// [*chat.InvalidError].
func (f Fields) Number(name string) (int, error) {
	var value float64
	if f.Has(name) && json.Unmarshal(f.plain(name), &value) != nil || value != math.Trunc(value) || value < 0 || value > math.MaxInt32 {
		return 0, &chat.InvalidError{Field: name, Limit: math.MaxInt32, Reason: "is not a whole number of 0 or more"}
	}
	return int(value), nil
}

// Flag is whether a field is true; usual when it is not there, or null. The error is an
// [*chat.InvalidError].
func (f Fields) Flag(name string, usual bool) (bool, error) {
	value := usual
	if f.Has(name) && json.Unmarshal(f.plain(name), &value) != nil {
		return false, &chat.InvalidError{Field: name, Reason: "is neither true nor false"}
	}
	return value, nil
}

// plain is a field's value as JSON has a number or a flag; what can't be one stays a text.
func (f Fields) plain(name string) json.RawMessage {
	raw := f.values[name]
	var text string
	if f.form && json.Unmarshal(raw, &text) == nil && json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	return raw
}

// textSettings are the settings whose values are texts.
var textSettings = []string{"title", "topic", "password", "posting", "history", "newcomers"}

// SettingsOf reads a patch of a room's settings: a JSON merge patch (RFC 7396), or a form with the
// same fields, in which an empty one is null. Which there are is package chat's to say. Errors are as
// those of [PostOf].
func SettingsOf(r *http.Request) (map[string]json.RawMessage, error) {
	f, err := FieldsOf(r)
	if err != nil {
		return nil, err
	}
	patch := map[string]json.RawMessage{}
	for name, value := range f.values {
		switch {
		case f.form && string(value) == `""`:
			value = json.RawMessage("null")
		case !slices.Contains(textSettings, name):
			value = f.plain(name)
		}
		patch[name] = value
	}
	if f.values == nil {
		return nil, wire.Fail(wire.CodeMalformed, `want a JSON object of settings, such as {"topic":"tea"}`)
	}
	return patch, nil
}

// IfMatchOf is the version that a request's If-Match names (RFC 9110 section 13.1.1); given is false
// when it names none, or any. One that can't be ours is a version that no room has.
func IfMatchOf(r *http.Request) (version int64, given bool) {
	value := strings.TrimSpace(strings.Join(r.Header.Values("If-Match"), ","))
	if value == "" || value == "*" {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 64)
	if err != nil || n < 0 {
		return -1, true
	}
	return n, true
}

// SetETag says which version an answer is.
func SetETag(w http.ResponseWriter, version int64) {
	w.Header().Set("ETag", `"`+strconv.FormatInt(version, 10)+`"`)
}
