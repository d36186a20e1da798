// Package incall says how a room's call stands in its roster: members who are in it have the
// attribute [Key], and its value says when the call began. Package calls writes it; transports show
// it as the protocol's inCall and call.
package incall

import (
	"strconv"
	"time"

	"github.com/caller-chat/caller/chat"
)

// Key is the attribute of members who are in their room's call.
const Key = "call"

// Call is a room's call, as its roster has it.
type Call struct {
	// Since is when it began, to the millisecond; zero when there is none.
	Since time.Time
	// Count is how many are in it.
	Count int
}

// Is reports whether a member is in its room's call.
func Is(m chat.Member) bool { return m.Attributes[Key] != "" }

// Value is the attribute's value for a call that began then: milliseconds since 1970. Values from
// 2001 to 2286 have thirteen digits, so that the least of them is the earliest.
func Value(since time.Time) string { return strconv.FormatInt(since.UnixMilli(), 10) }

// Of is the call that a room's members are in, by what its roster says of their attributes.
func Of(attributes chat.AttributeCounts) Call {
	in := attributes[Key]
	return Call{Since: Since(in.Least), Count: in.Count}
}

// Since is when a call began by an attribute's value; zero for what is none.
func Since(value string) time.Time {
	ms, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
