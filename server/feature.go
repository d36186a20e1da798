package server

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/caller-chat/caller/server/httpapi"
)

// Feature is an optional part of the chat: the routes that it serves and what the page may do
// because of it. The program gives a server the features that are configured; the server knows none
// by itself.
type Feature struct {
	// Name tells the page that the feature is there, as <meta name="caller-NAME" content="on">. Empty
	// for what the page need not know.
	Name string
	// Routes are its handlers by method and path, as in "POST /rooms/:room/NAME". They come after
	// all middleware. A room is the path value "room".
	Routes map[string]http.Handler
	// Placed makes more such handlers, which have to know by which address a request knows this
	// server. Nil for none.
	Placed func(httpapi.Base) map[string]http.Handler
	// Transfers are such handlers too. Their requests' bodies and their answers may have any size and
	// take any time, as long as they move on: a body that stalls fails with a [*wire.Failure]. They
	// bound the size.
	Transfers map[string]http.Handler
	// Usage are lines that say to programs how it is used, for GET /. BASE stands for the server's
	// address. Empty for none.
	Usage string
	// Connect are the origins that the page connects to besides this server, as
	// "wss://media.example".
	Connect []string
	// Media are the sources that the page plays media from besides this server, and Images those that
	// it shows pictures from, as "blob:". Without any Media it plays nothing; with "'self'" what this
	// server has.
	Media, Images []string
	// Permissions are the browser's abilities that the page asks its user for, as "camera". One
	// that no feature names is off.
	Permissions []string
}

// permissions are the permissions that a feature may name, and so can be given and withheld.
func permissions() []string {
	return []string{"camera", "microphone", "display-capture", "speaker-selection"}
}

// policyWith is the page's Content-Security-Policy with what features need.
func policyWith(features []Feature) string {
	connect, images, media, plays := "connect-src 'self'", "img-src 'self' data:", "media-src 'self'", false
	add := func(to *string, sources []string) {
		for _, source := range sources {
			if !slices.Contains(strings.Fields(*to), source) {
				*to += " " + source
			}
		}
	}
	for _, f := range features {
		add(&connect, f.Connect)
		add(&images, f.Images)
		add(&media, f.Media)
		plays = plays || len(f.Media) > 0
	}
	p := strings.NewReplacer("connect-src 'self'", connect, "img-src 'self' data:", images).Replace(policy)
	if plays {
		p += "; " + media
	}
	return p
}

// permissionsWith is the page's Permissions-Policy: what is not used is off, so that nothing that
// got into it can use it.
func permissionsWith(features []Feature) string {
	var all []string
	for _, permission := range permissions() {
		value := "()"
		if slices.ContainsFunc(features, func(f Feature) bool { return slices.Contains(f.Permissions, permission) }) {
			value = "(self)"
		}
		all = append(all, permission+"="+value)
	}
	return strings.Join(append(all, "geolocation=()", "payment=()", "usb=()"), ", ")
}

// routes are the handlers whose requests and answers are bounded as the server's own.
func (f Feature) routes(base httpapi.Base) map[string]http.Handler {
	all := maps.Clone(f.Routes)
	if all == nil {
		all = map[string]http.Handler{}
	}
	if f.Placed != nil {
		maps.Copy(all, f.Placed(base))
	}
	return all
}

// check refuses a feature that would not do what it says.
func (f Feature) check() error {
	for _, routes := range []map[string]http.Handler{f.routes(nil), f.Transfers} {
		for route := range routes {
			method, path, _ := strings.Cut(route, " ")
			if method == "" || !strings.HasPrefix(path, "/") {
				return fmt.Errorf("feature %s: route %q: want one as \"POST /path\"", f.Name, route)
			}
		}
	}
	for _, permission := range f.Permissions {
		if !slices.Contains(permissions(), permission) {
			return fmt.Errorf("feature %s: permission %q is not one of %v", f.Name, permission, permissions())
		}
	}
	return nil
}
