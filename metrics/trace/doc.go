// Package trace tells of the way of some posts by OpenTelemetry: of the request, the policy, the
// store, the feed, and the delivery on every node. It wraps what a post goes through, so that a
// program without it has nothing of it on the way.
//
// A trace's id is made of the post: of its room, who it is from and its key, by a hash. Every node that
// delivers an entry makes the same of it and so knows, without anything in the store or on the wire, to
// which trace its delivery belongs, and whether that is one of those that are told. A post without a
// key is followed on its own node only.
//
// Spans say neither which room it is nor who, nor anything of what is said.
package trace
