// Package oidc signs people in by OpenID Connect: the page sends somebody to the sign-in service,
// which sends them back to the room that they came from, with a session under the name that they
// have there.
//
// It is an optional feature: GET /signin, GET /signin/callback, POST /signout. The flow is the
// Authorization Code's with PKCE (RFC 7636), state and nonce. What a sign-in has to come back with
// is in a cookie of its own, for ten minutes, and nowhere on the server, so that any node finishes
// what another began and nobody can fill the server's memory with beginnings.
//
// The session itself is made by whoever makes all sessions, through [httpapi.Voucher]: this package
// knows neither keys nor stores. The person's id is made of issuer and subject. A session that a
// browser had before is left behind: one that somebody else has planted there becomes nobody.
//
// A [SignIn] starts no goroutines but to fetch the service's description, which ends in some
// seconds. Its methods may be called at the same time.
package oidc
