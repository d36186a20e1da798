package wire

import (
	"slices"
	"unicode/utf8"

	"github.com/caller-chat/caller/chat"
)

// Entries and acks are what a busy server writes all day, so their JSON is written here, field by
// field, in place of encoding/json and AppendEscaped: a fifth of the time and one piece of memory
// in place of ten. What comes out is the same to the byte, as a test holds.

func (a ack) appendTo(dst []byte) []byte {
	const punctuation = 120
	dst = slices.Grow(dst, punctuation+len(a.RoomID)+len(a.Key)+len(a.ID))
	dst = appendString(append(dst, `{"type":`...), a.Type)
	dst = appendString(append(dst, `,"roomId":`...), string(a.RoomID))
	if a.Key != "" {
		dst = appendString(append(dst, `,"key":`...), a.Key)
	}
	dst = appendString(append(dst, `,"id":`...), a.ID)
	return append(appendTimeAndKey(dst, a.Time, ""), '}')
}

func appendTimeAndKey(dst []byte, at timestamp, key string) []byte {
	dst = append(dst, `,"time":"`...)
	dst = append(at.appendTo(dst), '"')
	if key != "" {
		dst = appendString(append(dst, `,"key":`...), key)
	}
	return dst
}

// appendString appends a string as JSON, with what [AppendEscaped] escapes escaped.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	plain := 0 // what comes from here on is copied as it is
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < 0x7f && c != '"' && c != '\\' {
			i++
			continue
		}
		size := 1
		if c >= utf8.RuneSelf {
			var r rune
			r, size = utf8.DecodeRuneInString(s[i:])
			if chat.Printable(r) && (r != utf8.RuneError || size > 1) {
				i += size
				continue
			}
			dst = appendEscaped(append(dst, s[plain:i]...), r)
		} else {
			dst = append(dst, s[plain:i]...)
			switch c {
			case '"', '\\':
				dst = append(dst, '\\', c)
			case '\b':
				dst = append(dst, '\\', 'b')
			case '\f':
				dst = append(dst, '\\', 'f')
			case '\n':
				dst = append(dst, '\\', 'n')
			case '\r':
				dst = append(dst, '\\', 'r')
			case '\t':
				dst = append(dst, '\\', 't')
			default:
				dst = appendEscaped(dst, rune(c))
			}
		}
		i += size
		plain = i
	}
	return append(append(dst, s[plain:]...), '"')
}

// appendEscaped appends a character below U+10000 as \u and four digits.
func appendEscaped(dst []byte, r rune) []byte {
	const digits = "0123456789abcdef"
	return append(dst, '\\', 'u', digits[r>>12&0xf], digits[r>>8&0xf], digits[r>>4&0xf], digits[r&0xf])
}
