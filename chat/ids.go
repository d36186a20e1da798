package chat

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
)

// MaxRoomID is how many characters (Unicode code points) a room id may have.
const MaxRoomID = 64

// RoomID names a room: 1 to [MaxRoomID] letters, digits, '-', '_' and '.' of any script, in lower
// case.
type RoomID string

// ParseRoomID checks a room's name as a person gave it and brings it to the one form that names the
// room: [FoldRoomName]'s. The name must be in Unicode normal form C already: the standard library
// can't do that, package wire does.
//
// Marks (vowel signs, accents with no composed form) count as part of the letter before them,
// because many scripts can't be written without. Letters and marks that nobody sees are refused,
// and so are names of dots only: "." and ".." mean something else in a URL. The page has the same
// rule, and both are tested by the examples in chat/testdata/room-names.json.
//
// The error is an [*InvalidError] for the field "room".
func ParseRoomID(s string) (RoomID, error) {
	invalid := func(reason string) (RoomID, error) {
		return "", &InvalidError{Field: "room", Limit: MaxRoomID, Reason: reason}
	}
	if !utf8.ValidString(s) {
		return invalid("is not valid UTF-8")
	}
	s = FoldRoomName(s)
	if s == "" {
		return invalid("is empty")
	}
	if n := utf8.RuneCountInString(s); n > MaxRoomID {
		return invalid(fmt.Sprintf("has %d characters, more than %d", n, MaxRoomID))
	}
	afterLetter := false
	for _, r := range s {
		switch {
		case IsInvisible(r):
			return invalid(fmt.Sprintf("has the invisible character %U", r))
		case unicode.IsLetter(r):
			afterLetter = true
		case unicode.IsMark(r) && afterLetter:
		case unicode.IsDigit(r), r == '-', r == '_', r == '.':
			afterLetter = false
		default:
			return invalid(fmt.Sprintf("has the character %q: letters, digits, '-', '_' and '.' can be used", r))
		}
	}
	if strings.Trim(s, ".") == "" {
		return invalid("has dots only")
	}
	return RoomID(s), nil
}

// FoldRoomName is a room's name in lower case, in the same way wherever it is done: character by
// character; an i loses a dot that it gets as a letter of its own (from the Turkish capital); and a
// sigma is a final one where it ends a word, and no other.
func FoldRoomName(s string) string {
	s = strings.ReplaceAll(strings.ToLower(s), "i\u0307", "i")
	if !strings.ContainsAny(s, "σς") {
		return s
	}
	runes := []rune(s)
	afterLetter := false
	for i, r := range runes {
		if r == 'σ' || r == 'ς' {
			runes[i] = 'σ'
			if afterLetter && !leadsToLetter(runes[i+1:]) {
				runes[i] = 'ς'
			}
		}
		afterLetter = unicode.IsLetter(r) || unicode.IsMark(r) && afterLetter
	}
	return string(runes)
}

// leadsToLetter reports whether a letter comes next, marks aside.
func leadsToLetter(runes []rune) bool {
	for _, r := range runes {
		if !unicode.IsMark(r) {
			return unicode.IsLetter(r)
		}
	}
	return false
}

// NewRoomID makes up a room nobody has been in: a random UUID.
func NewRoomID() RoomID { return RoomID(uuid.NewString()) }

// MemberID is a session's id, or a guest's.
type MemberID string

// NewMemberID makes up an id for a new session or guest.
func NewMemberID() MemberID { return MemberID(uuid.NewString()) }

// Tag is the random half of an entry's id: it makes a cursor name that very entry and not just a
// number.
type Tag uint32

// String is the tag in eight hexadecimal digits.
func (t Tag) String() string { return string(t.append(nil)) }

func (t Tag) append(dst []byte) []byte {
	const digits = "0123456789abcdef"
	for shift := 28; shift >= 0; shift -= 4 {
		dst = append(dst, digits[t>>shift&0xf])
	}
	return dst
}

// ParseTag reads what [Tag.String] wrote.
func ParseTag(s string) (Tag, error) {
	if len(s) != 8 || strings.ToLower(s) != s {
		return 0, fmt.Errorf("tag %q: want eight lower-case hexadecimal digits", s)
	}
	n, err := strconv.ParseUint(s, 16, 32)
	if err != nil {
		return 0, fmt.Errorf("tag %q: %w", s, err)
	}
	return Tag(n), nil
}

// maxSeq keeps sequence numbers exact where they are kept as double-precision floats: in Lua and in
// JavaScript.
const maxSeq = 1<<53 - 1

// Cursor is an entry's id and with that a place in a room's log: right after that entry. The zero
// Cursor, "0-0", is the place before the first entry.
type Cursor struct {
	// Seq counts up by one in a room, from 1.
	Seq uint64
	// Tag is random and never 0 for an entry.
	Tag Tag
}

// IsZero reports whether c is the place before the first entry.
func (c Cursor) IsZero() bool { return c == Cursor{} }

// String is the cursor's one spelling, as in "42-7f3a9c12" and "0-0".
func (c Cursor) String() string {
	if c.IsZero() {
		return "0-0"
	}
	var b [29]byte // the longest: twenty digits, the hyphen, eight digits
	return string(c.Append(b[:0]))
}

// Append appends what [Cursor.String] returns.
func (c Cursor) Append(dst []byte) []byte {
	if c.IsZero() {
		return append(dst, "0-0"...)
	}
	return c.Tag.append(append(strconv.AppendUint(dst, c.Seq, 10), '-'))
}

// ParseCursor reads a cursor in the spelling of [Cursor.String] and no other. One with the tag 0, such
// as "42-00000000", is a cursor that no log has. The error is an [*InvalidError] for the field
// "after"; callers that read another field set it.
func ParseCursor(s string) (Cursor, error) {
	if s == "0-0" {
		return Cursor{}, nil
	}
	invalid := func() error { // made anew: callers change it
		return &InvalidError{Field: "after", Reason: `is not a cursor: want "0-0" or SEQ-TAG, as in "42-7f3a9c12"`}
	}
	seqText, tagText, found := strings.Cut(s, "-")
	if !found || seqText == "" || seqText[0] < '1' || seqText[0] > '9' {
		return Cursor{}, invalid()
	}
	seq, err := strconv.ParseUint(seqText, 10, 64)
	if err != nil || seq > maxSeq {
		return Cursor{}, invalid()
	}
	tag, err := ParseTag(tagText)
	if err != nil {
		return Cursor{}, invalid()
	}
	return Cursor{Seq: seq, Tag: tag}, nil
}
