// Package redisstore is chat's storage on Redis: standalone, Sentinel, Cluster, or one inside this
// process. A [Store] has the four roles that package chat asks for: chat.Log, chat.Feed,
// chat.Roster and chat.Marks. It knows nothing of sessions, HTTP or delivery inside a node; rules
// such as "who may post" are none of its business.
//
// # Keys
//
// A room belongs to one of 256 partitions, by a hash of its id, and the partition is the hash tag
// of all its keys. So one Lua script can touch all of them in a Cluster, and one sharded
// subscription connection serves many rooms. With the default prefix the room "lobby" has
//
//	caller:{p211}:lobby:log         list    the kept messages and notices, oldest first
//	caller:{p211}:lobby:amendments  list    the kept edits, deletions and reactions, oldest first
//	caller:{p211}:lobby:key:HASH    string  what a client's key was used for, for chat.KeyLife: an id, a time and a hash
//	caller:{p211}:lobby:members     hash    member id → record
//	caller:{p211}:lobby:leases      zset    NODE:MEMBER → when the lease runs out, ms of Redis's clock
//	caller:{p211}:lobby:holds       hash    member id → how many nodes hold it, so how many leases it has
//	caller:{p211}:lobby:version     string  the roster's version
//	caller:{p211}:lobby:invites     hash    id → an invite; so are :tokens and :reports
//	caller:{p211}:lobby:rules       hash    who may do what: see rules.go; none for a room nobody owns
//	caller:{p211}:lobby:grants      hash    session that was let in → when, ms
//	caller:{p211}:lobby:arrivals    hash    session → after which entry it first came, when, and when it came last, ms
//	caller:{p211}:lobby:slow:HASH   string  that somebody said something, for as long as slow mode has them wait
//	caller:{p211}:lobby:files       hash    id → what is known of a file: "REVISION TIME COST JSON"; "#bytes" → the costs' sum
//	caller:{p211}:lobby:hooks       hash    what is kept of the room's webhooks: see hooks.go
//	caller:{p211}:lobby:outbox      stream  what they are to be told: type, ref, at, hooks
//	caller:{p211}:hooks-due         zset    "ROOM HOOK" that has something to send → when, or until when it is claimed, ms of Redis's clock
//	caller:{p211}:hooks-dead        zset    "ROOM HOOK ID" of a dead letter → when it died, ms
//	caller:hook-partitions          set     the partitions in which rooms have had webhooks
//	caller:hooks-off                hash    a node's webhook that is told no more → since when, ms
//	caller:{p211}:lobby:feed        channel
//	caller:{p211}:files             zset    room with files → when they are to be looked at, ms of Redis's clock
//	caller:{p211}:node:NODE         channel by which a node checks that its subscription lives
//	caller:{p007}marks:SESSION      hash    room → how far the session has read: SEQ-TAG, a blank, the time, ms
//	caller:link:HASH                string  the session that a code of this hash is a link to, for two minutes
//	caller:push-key                 string  the key that signs pushes
//	caller:push:MEMBER              list    by what a member is reached: "ID SUBSCRIPTION", the newest last
//	caller:push-at:ID               string  the member whose subscription it is
//	caller:bucket:HASH              string  what is left of a limit: a level, a time, what nodes hold of it and until when
//	caller:turn:WHAT                string  the node whose turn it is to do what one of all does
//	caller:owned                    zset    room that somebody owns → when it is counted no more, ms of Redis's clock
//	caller:nodes                    hash    node → what it says of itself: JSON
//	caller:audit                    stream  what moderators and the operator did: "entry", JSON
//	caller:secret                   string  the key that signs sessions
//	caller:revoked                  zset    id of a session that was signed out → when, ms of Redis's clock
//
// Sessions' marks are in the first 16 partitions, by a hash of the session, so that one call asks
// for those of everybody who comes to a room, and in a Cluster 16 at most.
//
// HASH is made from the client and its key (see [Store.Append]), so that no choice of either can
// name another key or leave the hash tag. Its value says nothing of what was said: "SEQ-TAG TIME
// HASH", where HASH tells another request under the same key from a repeat. The node ids are 16
// random hexadecimal digits, made new in each [Open]. Keep maxmemory-policy at noeviction: what
// Redis evicts by itself leaves rosters that do not add up.
//
// # What is in them
//
// An element of the log is text that Lua can take apart at the first blanks:
//
//	SEQ-TAG PREVTAG TIME {"kind":"message","from":{"id":"…","name":"Ann"},"text":"hello","key":"k1"}
//
// The next SEQ is the greater of the two lists' last ones plus one: there is no counter that could
// disagree with them. The lists have one expiry, and lua/amend.lua rewrites what a message is in
// its place. What holds for the two together is in package chat's doc.
//
// A member's record is its time of joining, who it is, and after a line break, which JSON never
// has, its transport, with the hash of its network after a space where that is known:
//
//	1767225600000 {"id":"…","name":"Ann"}⏎ws
//
// Each of its attributes has a line of its own after that: its key, a space and its value.
//
// A record, such as an invite, is "HASH EXPIRES USES USED DATA": the SHA-256 of its secret, or a
// hyphen; when it expires, ms of Redis's clock; how often it can be used (0: not counted) and was;
// and JSON.
//
// What is published has one letter before it: A element; J or L, the roster's version and a record;
// T record; V {"member","stream"}; R the rules' version; M {"session","at","gone"}; P milliseconds. Nodes pass over
// letters they do not know.
//
// Versions are microseconds of Redis's clock at the time the room opened, plus one for each change
// since. Changes can't come faster than that, so a reopened room's versions are always beyond its
// older ones.
//
// # Example: Ann says hello in an empty room
//
//	RPUSH   caller:{p211}:lobby:log "1-7f3a9c12 00000000 1767225600000 {…}"
//	LTRIM   caller:{p211}:lobby:log -100 -1
//	PEXPIRE caller:{p211}:lobby:log 86400000
//	SET     caller:{p211}:lobby:key:HASH "1-7f3a9c12 1767225600000 5d41402abc4b2a76" PX 600000
//	PUBLISH caller:{p211}:lobby:feed "A1-7f3a9c12 00000000 …"
//
// all inside lua/append.lua, so it happens whole or not at all.
//
// # Asking once
//
// A script is sent at most once: an answer that got lost is an error (chat.ErrUnavailable), and it
// is the client, with its key, that asks again. The client library's own retries are off, for they
// could append twice where there is no key. That holds for appends that go together ([pipeliner]),
// too: only those that Redis answers it has not done go again, each by itself.
//
// # Who owns what
//
// [Store.Close] stops everything that Open started and waits for it. The feed has one
// [subscriberConn] for each subscription connection (one for all rooms, in a Cluster one for each
// partition in use). A subscriberConn's goroutine owns the connection, is the only one that reads
// it and the only one that calls listeners; a second one, which it starts and awaits, writes to it.
// feed.mu guards what they share, and is never held while a listener or Redis is called. Appends
// that wait for each other are sent by goroutines of [pipeliner], which run while there are any, a
// timeout at most for each exchange.
package redisstore
