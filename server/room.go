package server

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/caller-chat/caller/server/httpapi"
)

// form is what GET / and GET /rooms/{room} can be answered with.
type form int

const (
	formShort  form = iota // whatever suits a program that did not say: the kept messages, and the end
	formPage               // text/html
	formEvents             // text/event-stream
	formNDJSON             // application/x-ndjson
	formText               // text/plain
)

// negotiate chooses by an Accept header (RFC 9110 section 12.5.1): the form asked for by name with
// the highest weight, the first of those that weigh the same. Ranges with an asterisk ask for no
// form by name: they stand for the short one, and win only when they weigh more. A header that asks
// for nothing there is here gets the short one too, rather than a 406 that would help nobody.
func negotiate(accept []string) form {
	best, weight := formShort, 0.0
	wildcard := 0.0
	for item := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		media, parameters, _ := strings.Cut(item, ";")
		q := httpapi.Weight(parameters)
		var f form
		switch strings.ToLower(strings.TrimSpace(media)) {
		case "text/html", "application/xhtml+xml":
			f = formPage
		case "text/event-stream":
			f = formEvents
		case "application/x-ndjson":
			f = formNDJSON
		case "text/plain":
			f = formText
		case "*/*", "text/*":
			wildcard = max(wildcard, q)
			continue
		default:
			continue
		}
		if q > weight {
			best, weight = f, q
		}
	}
	if wildcard > weight {
		return formShort
	}
	return best
}

// room is the one address of a room: the page, a stream, or what was said.
func (s *Server) room(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Accept")
	switch f := negotiate(r.Header.Values("Accept")); {
	case f == formPage:
		writeDeadline(s.roomPage)(w, r)
	case f == formShort:
		writeDeadline(s.transports.transcript)(w, r)
	case r.Method == http.MethodHead: // there is no end to a stream, but its kind can be told
		w.Header().Set("Content-Type", map[form]string{
			formEvents: "text/event-stream", formNDJSON: "application/x-ndjson", formText: "text/plain; charset=utf-8",
		}[f])
	case f == formEvents:
		s.transports.events(w, r)
	case f == formNDJSON:
		s.transports.ndjson(w, r)
	default:
		s.transports.text(w, r)
	}
}

// roomPage is the page of a room, at the one address that the room has: one that is spelled in
// another way leads there. Programs are not sent about, since "curl -d" and WebSocket clients
// follow nothing. What can't be a room's name is for the page to tell.
func (s *Server) roomPage(w http.ResponseWriter, r *http.Request) {
	room, err := httpapi.RoomOf(r)
	if err != nil || string(room) == r.PathValue("room") {
		s.pageWithKept(w, r)
		return
	}
	address := url.URL{Path: s.basePath + "/rooms/" + string(room), RawQuery: r.URL.RawQuery}
	w.Header().Set("Cache-Control", "no-cache")
	http.Redirect(w, r, address.String(), http.StatusPermanentRedirect)
}

// home is the page, or for programs how to use this place.
func (s *Server) home(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Accept")
	if negotiate(r.Header.Values("Accept")) == formPage {
		s.page.index(w, r)
		return
	}
	usage := ""
	for _, f := range s.features {
		usage += f.Usage
	}
	say(w, strings.ReplaceAll(`Caller, a chat of rooms. In a browser: BASE/

  curl -d 'hello' BASE/rooms/lobby              say something
  curl -N BASE/rooms/lobby/text                 listen, as text
  curl -N BASE/rooms/lobby/sse                  listen, as an event stream
  curl 'BASE/rooms/lobby/messages?limit=5'      what was said
`+usage+`
With a session: curl -c jar -d 'name=Ann' BASE/session
  curl -b jar -d 'hello' BASE/rooms/lobby       the answer has the message's ID
  curl -b jar -X PATCH -d 'hello again' BASE/rooms/lobby/messages/ID
  curl -b jar -X PUT BASE/rooms/lobby/messages/ID/reactions/👍
  curl -b jar -X DELETE BASE/rooms/lobby/messages/ID

A name for yourself: -H 'X-Name: Ann'
`, "BASE", s.base(r)))
}
