package incoming

import (
	"bytes"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// Accepted says what hooks take, for who sends something else.
const Accepted = `want JSON as Slack takes it ({"text":"…"}, with blocks and attachments), or a delivery of GitHub, Alertmanager or Grafana`

// Text is what a delivery says in a room, from somebody of that name: at most [chat.MaxText]
// characters, and empty for what says nothing to people. Errors are a [*wire.Failure].
func Text(h http.Header, body []byte, from string) (string, error) {
	doc, err := documentOf(h, body)
	if err != nil {
		return "", err
	}
	text := ""
	switch {
	case h.Get("X-Github-Event") != "":
		text = github(h.Get("X-Github-Event"), doc)
	case isAlerts(doc):
		text = alerts(doc)
	case doc.has("text") || doc.has("blocks") || doc.has("attachments"):
		if text = slack(doc); text == "" {
			return "", wire.Fail(wire.CodeMalformed, "it says nothing: "+Accepted)
		}
		if name := doc.name("username"); name != "" && !strings.EqualFold(name, from) {
			text = name + ": " + text
		}
	default:
		return "", wire.Fail(wire.CodeMalformed, Accepted)
	}
	return cut(strings.TrimSpace(text), chat.MaxText), nil
}

// documentOf reads a delivery: JSON, or a form with JSON in its field "payload".
func documentOf(h http.Header, body []byte) (object, error) {
	media, _, _ := mime.ParseMediaType(h.Get("Content-Type")) // what can't be read is taken for JSON
	if media == "application/x-www-form-urlencoded" && !strings.HasPrefix(strings.TrimSpace(string(body)), "{") {
		form, err := url.ParseQuery(string(body))
		if err != nil || !form.Has("payload") {
			return nil, wire.Fail(wire.CodeMalformed, "the form has no field payload: "+Accepted)
		}
		body = []byte(form.Get("payload"))
	}
	doc, ok := parse(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))) // .NET's clients begin with a byte order mark
	if !ok {
		return nil, wire.Fail(wire.CodeMalformed, "it is no JSON object, or one that is nested too deep: "+Accepted)
	}
	return doc, nil
}
