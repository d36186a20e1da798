package wire

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/caller-chat/caller/chat"
)

// AppendEscaped appends JSON with the characters escaped that a terminal could act on: DEL, the C1
// controls, and those that turn the direction of text. encoding/json has escaped the C0 controls
// already. Such characters stand only inside strings, so the JSON says the same.
//
// It also writes '<', '>' and '&' as they are, which encoding/json escapes for HTML: the page
// parses JSON as JSON.
func AppendEscaped(dst, body []byte) []byte {
	for i := 0; i < len(body); {
		c := body[i]
		switch {
		case c == '\\' && bytes.HasPrefix(body[i:], []byte(`\u00`)) && i+6 <= len(body) && markup(body[i+4:i+6]) != 0:
			dst = append(dst, markup(body[i+4:i+6]))
			i += 6
		case c == '\\' && i+1 < len(body): // any other escape, with what it escapes
			dst = append(dst, c, body[i+1])
			i += 2
		case c < 0x7f:
			dst = append(dst, c)
			i++
		default:
			r, size := utf8.DecodeRune(body[i:])
			if chat.Printable(r) {
				dst = append(dst, body[i:i+size]...)
			} else {
				dst = fmt.Appendf(dst, `\u%04x`, r) // all of them are below U+10000
			}
			i += size
		}
	}
	return dst
}

// markup is the character that encoding/json escaped for HTML's sake, by the last two digits of its
// escape, else 0.
func markup(digits []byte) byte {
	switch string(digits) {
	case "3c":
		return '<'
	case "3e":
		return '>'
	case "26":
		return '&'
	}
	return 0
}

// appendPlain appends text for a terminal, on one line: control characters become their pictures
// (U+2400 and on), and what else could be acted on becomes U+FFFD.
func appendPlain(dst []byte, text string) []byte {
	for _, r := range text {
		switch {
		case r == '\n', r == 0x2028, r == 0x2029:
			r = 0x2424 // symbol for newline
		case r < 0x20:
			r += 0x2400
		case r == 0x7f:
			r = 0x2421
		case !chat.Printable(r):
			r = utf8.RuneError
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}
