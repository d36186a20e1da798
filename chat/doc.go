// Package chat is the core of Caller: rooms, their log, delivery inside a node, and presence.
//
// It knows no HTTP, no Redis and no WebSocket, and imports the standard library and google/uuid
// only (internal/archtest holds that). What it needs from storage are the interfaces in store.go,
// which package redisstore has; what it gives to transports are [Node]'s methods and the [Sink]
// interface.
//
// # The words
//
// A room is an append-only log of entries with a roster of members. An entry's id, SEQ-TAG, is the
// cursor: it names the point in the log right after that entry. A subscriber is one reader of one
// room; a member is a session (one person, however many tabs). A lease is what a node holds in the
// store for a member that is connected to it. A notice is what the store's feed tells a node about
// a room; an event is what a room tells its subscribers; a framing is how an event looks on one
// kind of wire.
//
// # One message's way
//
//	transport → Node.Post → Log.Append → (store) → Listener.Notice → room → Sink.Deliver
//
// # What a log is
//
// A message or a notice stands for itself; an edit, a deletion or a reaction amends a message, its
// target. All are numbered in one order. What is kept of them ([Kept]) are the last messages and
// notices, as they are now, and the last amendments. For every store, and for a room's tail, it
// holds that
//
//   - numbers grow, and an entry knows the tag of the one before it, also when that is no longer kept;
//   - a number is missing only where an amendment has been dropped, and so only before the oldest that is kept;
//   - a reader can go on from a cursor if nothing is missing after it, which counting tells; else it begins anew
//     ([ResetReason] Expired);
//   - a message has all amendments in it up to Changes.Last, and a reply quotes what its target says now;
//   - what an edit or a deletion has overtaken is nowhere: such amendments are void, and an event is never changed,
//     but replaced together with what was encoded of it.
//
// Kinds that this version does not know are passed on. One that amends something has the room read
// its log again, since only the store then knows what the target is now.
//
// # The layers
//
// Each layer calls those below it and none above. What a lower one has to say, it returns.
//
//	Node, Subscription    what others call: node.go, subscription.go, policy.go
//	room                  the worker of one room, which puts its parts together: room.go, joining.go, refresh.go
//	its parts             tail: what the log keeps. syncing: whether the room has all there is. rosterCache: who is
//	                      there. leases: whom this node holds, and the calls that they want made. subscribers: who
//	                      reads. gathering: the batch that is put together. typing. inbox: how others reach the worker
//	backend               what all rooms share: the store, the settings
//	values                entries, members, events, notices, errors
//
// # Who owns what
//
// Each room with local subscribers has one worker (room.work), which has a goroutine only while
// there is something to do. It alone touches the room's parts, so these have no lock, but for the
// inbox, by which others hand it commands and notices, and which starts its goroutine. It never
// waits for the store: calls to it run in goroutines of their own, at most one read of the log and
// one roster call for each room, and their results come back through the inbox. It never waits for
// a reader either: [Sink.Deliver] must not block.
//
// # Lock order
//
// Node.mu, then inbox.mu. Neither is held while a Sink or the store is called, but for the end of a
// subscription to the feed, which does not wait (Node.retire).
package chat
