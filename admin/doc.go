// Package admin is the second listener's handler: what whoever runs the server asks it, and nobody
// else may. [New] makes it of parts, each of which is a set of routes: metrics, the API, the page.
//
// The package is the guard of them all. Every request must ask by a host that nobody else can make
// lead here (DNS rebinding), must not come from another site's page, and must have the token, as a
// bearer's or as the cookie that POST /login gives a browser for it. Only what a part calls Open, the
// page's own files, is given to anybody. Wrong tokens are counted and refused.
//
// It knows nothing of rooms, the store or what the parts do; package admin/api has the calls.
package admin
