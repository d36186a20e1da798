package wire

import (
	"unicode/utf8"

	"github.com/caller-chat/caller/chat"
)

// AppendKept appends the newest of a room's entries, as far as they fit into a limit in bytes, as
// JSON for a page: {"roomId","cursor","messages"}, with "more" when there are older ones. A reader
// that goes on after the cursor gets what came since. The JSON can stand in HTML: nothing in it can
// end an element or be markup.
func AppendKept(dst []byte, room chat.RoomID, kept chat.Kept, limit int) []byte {
	first, size := len(kept.Entries), 0
	encoded := make([][]byte, len(kept.Entries))
	for first > 0 {
		one := appendForHTML(nil, EntryOf(room, kept.Entries[first-1]).appendTo(nil))
		if size += len(one) + 1; size > limit {
			break
		}
		first--
		encoded[first] = one
	}
	dst = appendForHTML(append(dst, `{"roomId":`...), appendString(nil, string(room)))
	dst = append(kept.Last().Append(append(dst, `,"cursor":"`...)), '"')
	if first > 0 {
		dst = append(dst, `,"more":true`...)
	}
	dst = append(dst, `,"messages":[`...)
	for i, one := range encoded[first:] {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, one...)
	}
	return append(dst, "]}"...)
}

// appendForHTML appends JSON with the characters escaped that mean something in HTML, and the two
// line ends that JavaScript once knew as such. They stand only inside strings, so the JSON says the
// same.
func appendForHTML(dst, object []byte) []byte {
	plain := 0 // what comes from here on is copied as it is
	for i := 0; i < len(object); {
		c := object[i]
		size, r := 1, rune(c)
		if c >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(object[i:])
		}
		switch r {
		case '<', '>', '&', 0x2028, 0x2029:
			dst = appendEscaped(append(dst, object[plain:i]...), r)
			plain = i + size
		}
		i += size
	}
	return append(dst, object[plain:]...)
}
