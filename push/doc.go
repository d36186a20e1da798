// Package push tells people whose page is closed that somebody has mentioned them or answered them,
// by Web Push: RFC 8030, encrypted as RFC 8291 says, signed as RFC 8292 (VAPID) does. The browser's
// maker runs the push service that carries it. That service learns when and to which browser,
// and nothing of what is said.
//
// It is a feature of the server (routes.go); the core does not know it. What is said goes through
// [Push.Log], which is the store's log as the node has to use it: the node that has stored a
// message is the one that tells of it, and no other.
//
// # From a message to a browser
//
//  1. [Push.Log] sees a message with mentions, or an answer, and queues it. It never waits.
//  2. A worker leaves out who has a stream in the room, who may not read it, and who
//     wants nothing of it, and reads the message again: what was deleted is told to nobody.
//  3. What is left are deliveries, one for each browser. They are sent by so many workers, and sent
//     again while the push service asks for that, for [TTL] at most.
//
// All queues are bounded. What does not fit is dropped: who comes back sees the message anyhow.
//
// # Where it may go
//
// Whoever has a session names the address that its pushes go to. Only HTTPS is taken, and the
// dialer refuses every address that is not public at the moment of connecting, whatever a name
// resolved to before. No redirect is followed, and no proxy is used.
//
// # Who owns what
//
// A [Push] owns its workers: [Push.Start] begins them, [Push.Close] ends and awaits them. Its
// methods may be called at the same time.
package push
