package server

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
	"github.com/labstack/echo/v4"
)

// routes has every address of docs/protocol.md, and the page's files.
func (s *Server) routes() http.Handler {
	e := echo.New()
	e.HTTPErrorHandler = s.notRouted
	t := &s.transports

	get(e, "/", writeDeadline(s.home))
	get(e, "/rooms/:room", s.room) // bounds itself: it may be a stream
	post(e, "/rooms", writeDeadline(s.postRoom))

	e.GET("/rooms/:room/ws", handle(t.ws))
	e.GET("/rooms/:room/sse", handle(t.events))
	e.GET("/rooms/:room/ndjson", handle(t.ndjson))
	e.GET("/rooms/:room/text", handle(t.text))
	e.GET("/stream/ws", handle(t.manyWS))
	e.GET("/stream/sse", handle(t.manyEvents))
	e.GET("/stream/ndjson", handle(t.manyNDJSON))

	get(e, "/rooms/:room/messages", writeDeadline(t.messages))
	get(e, "/stream/messages", writeDeadline(t.many))
	post(e, "/rooms/:room/messages", writeDeadline(t.post))
	post(e, "/rooms/:room", writeDeadline(t.post))
	for _, path := range []string{"/rooms/:room/messages", "/rooms/:room"} { // curl -T - sends what it reads so
		e.PUT(path, handle(writeDeadline(t.post)))
	}
	get(e, "/rooms/:room/messages/:id", writeDeadline(s.message))
	e.PATCH("/rooms/:room/messages/:id", handle(writeDeadline(t.edit)))
	e.DELETE("/rooms/:room/messages/:id", handle(writeDeadline(t.remove)))
	e.PUT("/rooms/:room/messages/:id/reactions/:emoji", handle(writeDeadline(t.react)))
	e.DELETE("/rooms/:room/messages/:id/reactions/:emoji", handle(writeDeadline(t.react)))

	get(e, "/rooms/:room/members", writeDeadline(s.members))
	post(e, "/rooms/:room/typing", writeDeadline(s.typing))
	post(e, "/rooms/:room/leave", writeDeadline(s.leave))
	get(e, "/rooms/:room/read", writeDeadline(s.readMark))
	post(e, "/rooms/:room/read", writeDeadline(s.read))

	post(e, "/rooms/:room/own", writeDeadline(s.own))
	post(e, "/rooms/:room/owner-link", writeDeadline(s.ownerLink))
	get(e, "/rooms/:room/settings", writeDeadline(s.getSettings))
	e.PATCH("/rooms/:room/settings", handle(writeDeadline(s.patchSettings)))
	post(e, "/rooms/:room/enter", writeDeadline(s.enter))
	for what, read := range map[string]httpapi.Moderation{
		"remove": httpapi.Removal, "ban": httpapi.Ban, "mute": httpapi.Mute, "role": httpapi.SetRole,
	} {
		post(e, "/rooms/:room/members/:id/"+what, writeDeadline(s.moderate(read)))
	}
	e.DELETE("/rooms/:room/members/:id/mute", handle(writeDeadline(s.moderate(httpapi.Unmute))))
	get(e, "/rooms/:room/bans", writeDeadline(s.getBans))
	e.DELETE("/rooms/:room/bans/:id", handle(writeDeadline(s.moderate(httpapi.Unban))))
	e.DELETE("/rooms/:room/messages", handle(writeDeadline(s.clearRoom)))
	e.DELETE("/rooms/:room", handle(writeDeadline(s.closeRoom)))
	post(e, "/rooms/:room/invites", writeDeadline(s.postInvite))
	get(e, "/rooms/:room/invites", writeDeadline(s.getInvites))
	e.DELETE("/rooms/:room/invites/:id", handle(writeDeadline(s.deleteInvite)))
	post(e, "/rooms/:room/tokens", writeDeadline(s.postToken))
	get(e, "/rooms/:room/tokens", writeDeadline(s.getTokens))
	e.DELETE("/rooms/:room/tokens/:id", handle(writeDeadline(s.deleteToken)))
	post(e, "/rooms/:room/reports", writeDeadline(s.postReport))
	get(e, "/rooms/:room/reports", writeDeadline(s.getReports))
	e.DELETE("/rooms/:room/reports/:id", handle(writeDeadline(s.deleteReport)))

	for _, f := range s.features {
		for route, h := range f.routes(s.base) {
			method, path, _ := strings.Cut(route, " ")
			e.Add(method, path, handle(writeDeadline(h.ServeHTTP)))
		}
		for route, h := range f.Transfers {
			method, path, _ := strings.Cut(route, " ")
			e.Add(method, path, routed(s.transfers.serve(h)))
		}
	}

	get(e, "/session", writeDeadline(s.getSession))
	post(e, "/session", writeDeadline(s.postSession))
	e.DELETE("/session", handle(writeDeadline(s.deleteSession)))
	post(e, "/session/link", writeDeadline(s.postLink))
	post(e, "/session/claim", writeDeadline(s.postClaim))

	get(e, "/session/rooms", writeDeadline(s.sessionRooms))
	e.DELETE("/session/rooms/:room", handle(writeDeadline(s.forgetRoom)))

	get(e, "/healthz", writeDeadline(s.healthz))
	get(e, "/readyz", writeDeadline(s.readyz))

	for _, route := range e.Routes() {
		s.described = append(s.described, route.Method+" "+route.Path)
	}
	for path, serve := range s.page.files() {
		get(e, path, writeDeadline(serve))
	}
	return e
}

// Routes are the methods and paths that are served, as "GET /rooms/:room", without the page's
// files: what the description of the API has to have.
func (s *Server) Routes() []string { return slices.Clone(s.described) }

// get adds an address that can be read, and asked about with HEAD: net/http keeps the body back.
func get(e *echo.Echo, path string, h http.HandlerFunc) {
	e.GET(path, handle(h))
	e.HEAD(path, handle(h))
}

func post(e *echo.Echo, path string, h http.HandlerFunc) { e.POST(path, handle(h)) }

// handle makes a handler echo's, and bounds the bodies that it reads.
func handle(h http.HandlerFunc) echo.HandlerFunc { return routed(limitBody(h)) }

// routed makes a handler echo's. What the path names (a room, a message, an emoji) becomes path
// values, as net/http's own router would have it.
func routed(h http.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		noteRoute(c)
		r := c.Request()
		values := c.ParamValues()
		for i, name := range c.ParamNames() {
			value := values[i]
			if r.URL.RawPath != "" { // echo then gives it as it stands in the path, else decoded
				decoded, err := url.PathUnescape(value)
				if err != nil {
					return wire.Fail(wire.CodeNotFound, "")
				}
				value = decoded
			}
			r.SetPathValue(name, value)
		}
		h(c.Response().Writer, r) // the writer that came, not echo's, which is used again for other requests
		return nil
	}
}

// notRouted answers what no handler was found for. Echo has set Allow where the address is right.
func (s *Server) notRouted(err error, c echo.Context) {
	var failure *wire.Failure
	var routing *echo.HTTPError
	switch {
	case errors.As(err, &failure):
	case c.Request().ContentLength > wire.MaxBody: // more than anything that is read so may have
		err = &http.MaxBytesError{Limit: wire.MaxBody}
	case errors.As(err, &routing) && routing.Code == http.StatusNotFound:
		err = wire.Fail(wire.CodeNotFound, "")
	case s.isRoomless(c.Request()):
		c.Response().Header().Del("Allow")
		http.Redirect(c.Response().Writer, c.Request(), s.basePath+"/", http.StatusFound)
		return
	case errors.As(err, &routing) && routing.Code == http.StatusMethodNotAllowed:
		err = wire.Fail(wire.CodeMethodNotAllowed, "")
	}
	s.fail(c.Response().Writer, c.Request(), err)
}

// isRoomless reports whether a person asks for /rooms/ without a room, which is also what browsers
// make of /rooms/. : they are shown where rooms are chosen.
func (s *Server) isRoomless(r *http.Request) bool {
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	return reads && r.URL.Path == "/rooms" && negotiate(r.Header.Values("Accept")) == formPage
}

// stripBase finds a request's address below the base path, and takes one slash at its end off:
// /rooms/lobby/ is the same room. A redirect would lose the body of "curl -d", and WebSocket
// clients follow none. Only DELETE …/messages/ is no other spelling: it is a message whose id is
// missing, and would be all of them.
func (s *Server) stripBase(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, raw := within(s.basePath, r.URL.Path), within(s.basePath, r.URL.RawPath)
		if r.Method == http.MethodDelete && strings.HasSuffix(r.URL.Path, "/messages/") {
			path += "/"
			if raw != "" {
				raw += "/"
			}
		}
		if path != r.URL.Path || raw != r.URL.RawPath {
			placed, address := *r, *r.URL
			address.Path, address.RawPath = path, raw
			placed.URL = &address
			r = &placed
		}
		next.ServeHTTP(w, r)
	})
}

// within is a path below the base path, without a slash at its end. One that is not below it is
// taken as it is.
func within(basePath, path string) string {
	if path == "" {
		return ""
	}
	if rest, ok := strings.CutPrefix(path, basePath); ok && (rest == "" || rest[0] == '/') {
		path = rest
	}
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	if path == "" {
		return "/"
	}
	return path
}
