// Package webhooks tells other programs what happens in rooms: it sends what the store has put into
// the rooms' outboxes, signed by the Standard Webhooks rules, in order for each room and hook, again
// and again until it was taken or is a dead letter. [Webhooks] has the work: a goroutine that claims
// hooks which have something to send, and one for each claim. A claim is good for a while and is
// made longer with all that is sent, so a node that dies loses it to another one.
//
// It knows no Redis, and asks no address that is not public unless it is told to.
package webhooks
