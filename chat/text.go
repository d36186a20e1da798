package chat

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ParseName checks a display name and takes the white space around it off: 1 to [MaxName]
// characters, none of them a control character, one that turns the direction of the text around it,
// or one that nobody sees. The error is an [*InvalidError] for "name".
func ParseName(s string) (string, error) {
	invalid := func(reason string) (string, error) {
		return "", &InvalidError{Field: "name", Limit: MaxName, Reason: reason}
	}
	if !utf8.ValidString(s) {
		return invalid("is not valid UTF-8")
	}
	s = strings.TrimSpace(s)
	if isBlank(s) {
		return invalid("is empty")
	}
	if n := utf8.RuneCountInString(s); n > MaxName {
		return invalid(fmt.Sprintf("has %d characters, more than %d", n, MaxName))
	}
	for _, r := range s {
		if isNotOfALine(r) {
			return invalid(fmt.Sprintf("has the control character %U", r))
		}
	}
	if r, found := invisible(s); found {
		return invalid(fmt.Sprintf("has the invisible character %U", r))
	}
	return s, nil
}

// isNotOfALine reports whether a character can't stand in one line of text, as [Printable] has it.
func isNotOfALine(r rune) bool { return !Printable(r) || r == '\n' || r == '\t' }

// Printable reports whether a character can be written to a terminal as it is: line breaks and tabs
// can, other control characters and those that turn the direction of the text after them (UAX #9,
// explicit formatting) can't.
func Printable(r rune) bool {
	switch {
	case r == '\n', r == '\t':
		return true
	case unicode.IsControl(r):
		return false
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069: // embeddings, overrides, isolates
		return false
	case r == 0x2028, r == 0x2029: // line and paragraph separator
		return false
	}
	return true
}
