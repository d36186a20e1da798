// Package api has the calls of the admin listener: what docs/admin.md describes. It asks the core
// as the operator, and the store for what no node knows by itself: which rooms there are, who is
// where, which nodes run. It knows no Redis; who may call it, is package admin's to say.
package api
