package server

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/caller-chat/caller/transport/wire"
)

// readBody is a request's whole body and its media type, which is empty when it gives none.
func readBody(r *http.Request) (body []byte, kind string, err error) {
	if given := r.Header.Get("Content-Type"); given != "" {
		if kind, _, err = mime.ParseMediaType(given); err != nil {
			return nil, "", wire.Fail(wire.CodeUnsupported, "the content type can't be read")
		}
	}
	if body, err = io.ReadAll(io.LimitReader(r.Body, wire.MaxBody+1)); err != nil {
		if failure := wire.FailureOf(err); failure.Code == wire.CodeTooLarge {
			return nil, "", err
		}
		return nil, "", wire.Fail(wire.CodeMalformed, "the body broke off")
	}
	if len(body) > wire.MaxBody {
		return nil, "", &http.MaxBytesError{Limit: wire.MaxBody}
	}
	if !utf8.Valid(body) { // encoding/json would replace what is not
		return nil, "", wire.Fail(wire.CodeInvalidUTF8, "")
	}
	return body, kind, nil
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
