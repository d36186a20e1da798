package chat

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Bounds on attributes: of one member, and of a key and a value in bytes.
const (
	MaxAttributes     = 8
	MaxAttributeKey   = 32
	MaxAttributeValue = 128
)

// Attributes are what optional features note about a member while it is present, such as that it is
// in a call. They are part of the roster: versioned, told, and gone with the member. Holding a
// member does not change them. The map is nil where there are none, and is not changed once it is a
// member's.
type Attributes map[string]string

// AttributeChange gives a member an attribute or, with an empty value, takes it away.
type AttributeChange struct {
	Member MemberID
	Key    string
	Value  string
}

// Validate checks a change: a key has lower-case letters, digits and hyphens, a value printable
// ASCII. A store keeps no others.
func (c AttributeChange) Validate() error {
	isKey := func(r rune) bool { return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' }
	isValue := func(r rune) bool { return r >= ' ' && r <= '~' }
	switch {
	case c.Key == "" || len(c.Key) > MaxAttributeKey || strings.ContainsFunc(c.Key, func(r rune) bool { return !isKey(r) }):
		return fmt.Errorf("%q can't be an attribute's name", c.Key)
	case len(c.Value) > MaxAttributeValue || strings.ContainsFunc(c.Value, func(r rune) bool { return !isValue(r) }):
		return fmt.Errorf("%q can't be the attribute %q", c.Value, c.Key)
	}
	return nil
}

// AttributeCount says how many members have an attribute, and the least of their values, as strings
// compare.
type AttributeCount struct {
	Count int
	Least string
}

// AttributeCounts has every attribute that a room's members have, by its key. It is nil when there
// are none, and is not changed once made.
type AttributeCounts map[string]AttributeCount

// CountAttributes counts the attributes of a roster.
func CountAttributes(members []Member) AttributeCounts {
	var counts AttributeCounts
	for i := range members {
		counts = counts.include(members[i].Attributes)
	}
	return counts
}

// include returns the counts with one more member's in them.
func (c AttributeCounts) include(a Attributes) AttributeCounts {
	if len(a) == 0 {
		return c
	}
	more := make(AttributeCounts, len(c)+len(a))
	maps.Copy(more, c)
	for key, value := range a {
		n := more[key]
		if n.Count == 0 || value < n.Least {
			n.Least = value
		}
		n.Count++
		more[key] = n
	}
	return more
}

// appendChanges appends what has changed since it was as before: which attributes somebody has now
// whom nobody had, and the other way round.
func (c AttributeCounts) appendChanges(told []Body, before AttributeCounts, now time.Time) []Body {
	if len(c) == 0 && len(before) == 0 {
		return told
	}
	for _, key := range slices.Sorted(maps.Keys(c)) {
		if before[key].Count == 0 {
			told = append(told, AttributeChanged{Key: key, Present: true, Least: c[key].Least, Time: now})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(before)) {
		if c[key].Count == 0 {
			told = append(told, AttributeChanged{Key: key, Time: now})
		}
	}
	return told
}
