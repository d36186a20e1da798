// Package auth finds out who makes a request. Nothing else looks at cookies, tokens and names for
// that.
//
// [Auth.Middleware] goes around all routes. It finds a request's principal when somebody first asks
// for it, with [httpapi.Principal], and once: a session's owner, a user of the site that embeds
// Caller (site.go), a program with an access token, the operator, or a guest. What needs no
// principal, as a file of the page, does not wait for the store either.
//
// # Tokens
//
// A session is in its token alone: a JSON Web Token (RFC 7519), signed with HS256 by the node's
// key, which is a setting or a secret that all nodes of one store share. It comes as a bearer's, as
// a WebSocket's subprotocol, or as the cookie. Tokens of the format before that are read until they
// expire (legacy.go). A bearer's token that does not say that it is Caller's belongs to somebody
// else, such as a proxy in front, and is passed over.
//
// # Who says so
//
// A session that anybody can make says of itself who it is. Others vouch for theirs: the site that
// embeds Caller by its tokens, a sign-in service by package oidc through [httpapi.Voucher]. Such a
// person's id is made of the issuer and the subject, and so is the same after each sign-in; the
// session has an id of its own beside it, lasts as long as whoever vouches said, and keeps the name
// that they gave.
//
// # Revoking
//
// A session can be ended before its token expires ([Auth.SignOut]). The store remembers its id for
// as long as a token of it may be good. Every node holds these ids in memory and reads the new ones
// every [PollInterval] ([Auth.Run]), so no request waits for the store: within that time and one
// exchange with the store no node takes the session's tokens any more, and its open streams have
// ended. A node that can't reach the store learns of it when it can.
//
// # Links
//
// A session's owner can hand it to another device of theirs ([Auth.NewLink], [Auth.Claim]): by a
// code of 160 random bits that is good once and for [LinkLife]. The store has the session under
// the code's hash, so that what is read there opens nothing.
//
// # Who owns what
//
// An [Auth] starts no goroutines but to fetch a site's keys, which ends in some seconds; whoever makes it runs [Auth.Run]. Its methods may be called at
// the same time. Its locks are never held during a call to something else.
package auth
