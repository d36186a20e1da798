package linkpreview

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// Rooms is what the routes ask of the core; [*chat.Node] has it.
type Rooms interface {
	History(ctx context.Context, who chat.Principal, room chat.RoomID) (chat.Kept, error)
}

// Routes are the handlers by method and path as the server's router has them: GET
// /rooms/{room}/messages/{id}/link, and …/link/image. The server has found the principal.
func (p *Previews) Routes(rooms Rooms) map[string]http.Handler {
	link := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.getLink(w, r, rooms) })
	image := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.getImage(w, r, rooms) })
	return map[string]http.Handler{
		"GET /rooms/:room/messages/:id/link":        link,
		"HEAD /rooms/:room/messages/:id/link":       link,
		"GET /rooms/:room/messages/:id/link/image":  image,
		"HEAD /rooms/:room/messages/:id/link/image": image,
	}
}

// keeping is for how long a browser may show what it was told. Who may not read the room any more
// has read it.
const keeping = "private, max-age=600"

// linkReply is the answer of GET /rooms/{room}/messages/{id}/link.
type linkReply struct {
	URL   string `json:"url"`
	Title string `json:"title,omitempty"`
	Text  string `json:"text,omitempty"`
	Site  string `json:"site"`
	// Image is the address of a picture, Width and Height are its size in pixels.
	Image  string `json:"image,omitempty"`
	Width  int    `json:"width,omitempty"`
	Height int    `json:"height,omitempty"`
}

func (p *Previews) getLink(w http.ResponseWriter, r *http.Request, rooms Rooms) {
	at, f, err := p.find(r, rooms)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	reply := linkReply{URL: at.String(), Title: f.title, Text: f.text, Site: f.site}
	if f.picture != nil {
		reply.Image = p.options.BasePath + "/rooms/" + url.PathEscape(r.PathValue("room")) + "/messages/" + r.PathValue("id") + "/link/image"
		reply.Width, reply.Height = f.width, f.height
	}
	w.Header().Set("Cache-Control", keeping)
	httpapi.WriteJSON(w, http.StatusOK, reply)
}

func (p *Previews) getImage(w http.ResponseWriter, r *http.Request, rooms Rooms) {
	_, f, err := p.find(r, rooms)
	if err == nil && f.picture == nil {
		err = nothing()
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	sum := sha256.Sum256(f.picture)
	header := w.Header()
	header.Set("Content-Type", f.pictureType)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cache-Control", keeping)
	header.Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.picture))
}

// find is the first link of the message that a request names, and what is shown of it.
func (p *Previews) find(r *http.Request, rooms Rooms) (*url.URL, found, error) {
	room, who, err := httpapi.MemberInRoom(r)
	if err != nil {
		return nil, found{}, err
	}
	id, err := httpapi.MessageOf(r)
	if err != nil {
		return nil, found{}, err
	}
	history, err := rooms.History(r.Context(), who, room)
	if err != nil {
		return nil, found{}, err
	}
	for _, e := range history.Entries {
		m, ok := e.Payload.(chat.Message)
		if e.ID != id || !ok {
			continue
		}
		at := firstLink(m.Text)
		if at == nil {
			break
		}
		f, err := p.of(r.Context(), who, room, at)
		if err == nil && f.isNothing() {
			err = nothing()
		}
		return at, f, err
	}
	return nil, found{}, nothing()
}

func nothing() error {
	return wire.Fail(wire.CodeNotFound, "there is no such message, or nothing is shown of its link")
}

// fail answers with a problem, and logs what is our own fault.
func (p *Previews) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, errBusy) {
		err = wire.Fail(wire.CodeBusy, errBusy.Error())
	}
	if httpapi.FailureOf(err).Code == wire.CodeInternal {
		p.log.ErrorContext(r.Context(), "request failed", "method", r.Method, "path", r.URL.Path, "err", err)
	}
	httpapi.WriteProblem(w, err)
}
