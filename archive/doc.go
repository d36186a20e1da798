// Package archive writes rooms into a tar, with all that is kept of them, and puts them back into
// the same store or another one.
//
// An archive is read and written as a stream: neither side has more of it in memory than one room
// without its files. In it are, in this order,
//
//	manifest.json                what it is: "format", "version", "createdAt", "program"
//	rooms/ROOM/room.json         the room's rules and records, as the store keeps them
//	rooms/ROOM/files/ID.json     what is known of a file that a message names
//	rooms/ROOM/files/ID.preview  its smaller picture, if there is one
//	rooms/ROOM/files/ID          its bytes
//	rooms/ROOM/log.ndjson        the entries, one on each line; the room is whole with it
//	…                            the next room; they are in order
//	end.json                     how much there was, and which files were not there any more
//
// A line of log.ndjson is an entry:
//
//	{"id":"1-7f3a9c12","prev":"00000000","at":"2026-01-01T00:00:00.000Z","entry":{"kind":"message","from":{"id":"…","name":"Ann"},"text":"hello"}}
//
// with "amends":true for an edit, a deletion or a reaction. What they have made of a message is in the
// message already.
//
// An export that breaks off can be gone on with: [Tail] finds the last room that is whole, and
// [Options.After] has those after it written. An import can be done again: a room that is there
// already as the archive has it is left alone.
//
// Of a room its rules, its log, and its files are read one after the other, the first two at one
// moment. A file that was deleted between them is in the archive's end, not in its room. What is not
// in an archive: who is in the rooms, read marks, sessions' keys, subscriptions to pushes, and what
// idempotency keys were used for.
package archive
