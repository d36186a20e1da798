// Package attachments keeps the files that people send: their bytes in a bucket (gocloud.dev/blob),
// and what is known of them in the store's records ([chat.FileRecords]). It is an optional feature
// of the server; the core knows it as [chat.Files], and the rest of the program does not.
//
// # Where a file is
//
// A file's bytes are in one object or several, each of [PartSize] bytes at most, in the order of the
// record's parts. An object's key is ROOM/ID/OFFSET-RANDOM, where ROOM is a hash: no text of anybody's
// is in a key. The record comes before the first object and goes after the last one, so that
// what is in the bucket has a record while the store keeps its data. A part counts when
// the record names it: of two nodes that append at the same offset, one finds the record changed and
// takes its object away again.
//
// # How long it is there
//
//	uploading, ready   an hour after it was last touched
//	attached           about to be posted; ready again if that does not happen
//	posted             while a message that is kept names it
//	gone               its bytes go at once; the record says "gone" for a day
//
// All nodes share the sweep ([sweeper]): a room with files is looked at twice a minute by one of
// them, and its log is read when it has changed. What has no record any more, since a node was killed
// or the store lost its data, is found by listing the bucket.
//
// # Memory
//
// Bytes are streamed. Where a bucket's client would hold a part in memory to send it again (S3), the
// part is spooled through a file.
//
// # Who owns what
//
// A [Store]'s methods may be called at the same time. [Store.Start] begins its goroutines,
// [Store.Close] ends and awaits them.
package attachments
