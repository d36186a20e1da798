// Package filename makes the names that people give files harmless, and carries them in headers.
//
// A name from outside goes into messages, terminals, headers, addresses and other people's file
// systems. [Clean] brings it to one form that does no harm in any of them; whatever keeps a name
// keeps that form. Headers have names as RFC 6266 and RFC 8187 say.
package filename

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/caller-chat/caller/chat"
)

const (
	// Max is how many bytes a name has at most: what most file systems take.
	Max = 255
	// maxExtension is how many bytes an ending may have that is kept when a name is shortened. What
	// is longer is none.
	maxExtension = 32
	// Unnamed is the name of a file that has none.
	Unnamed = "file"
)

// Clean is a file's name as it is kept: the last part of a path, in Unicode normal form C, of any
// script, with 1 to [Max] bytes. It has no control characters, none that turn the direction of
// text, none that nobody sees (but where a script or an emoji needs one), none that means
// something in a path or that Windows refuses, no blank at its ends and no two together. It begins
// with no dot, hyphen or tilde, ends with no dot, and is the name of no device. Cleaning it again
// changes nothing.
func Clean(name string) string {
	name = strings.TrimRight(name, `/\`)
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = shortened(strings.ToValidUTF8(name, "_"), 4*Max)
	for range maxRounds {
		before := name
		if name = cleaned(name); name == before {
			break
		}
	}
	return name
}

// maxRounds is how often a name is cleaned: what is taken out may bring together what then means
// something else. Twice is mostly enough.
const maxRounds = 20

func cleaned(name string) string {
	name = norm.NFC.String(chat.WithoutIdle(harmless(name)))
	name = strings.TrimRight(strings.TrimLeft(name, " "), ". ")
	switch {
	case name == "":
		return Unnamed
	case strings.ContainsRune(".-~", rune(name[0])), isDevice(name):
		name = "_" + name
	}
	return shortened(name, Max)
}

// harmless is a name with what does harm taken out or replaced, and single spaces for blanks.
func harmless(name string) string {
	var b strings.Builder
	blank := false
	for _, r := range name {
		switch {
		case unicode.IsSpace(r): // line breaks too
			blank = true
			continue
		case !chat.Printable(r), r == utf8.RuneError, isBidiMark(r), unicode.In(r, unicode.Co), isNoncharacter(r):
			continue
		case strings.ContainsRune(`<>:"/\|?*`, r):
			r = '_'
		}
		if blank {
			b.WriteByte(' ')
			blank = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// isBidiMark reports whether a character only turns the direction of those beside it.
func isBidiMark(r rune) bool { return r == 0x200e || r == 0x200f || r == 0x61c }

// isNoncharacter reports whether a code point is none of a character, and never will be.
func isNoncharacter(r rune) bool { return r&0xfffe == 0xfffe || r >= 0xfdd0 && r <= 0xfdef }

// isDevice reports whether Windows takes a name for a device's, whatever its ending.
func isDevice(name string) bool {
	base, _, _ := strings.Cut(strings.ToUpper(name), ".")
	switch base = strings.TrimRight(base, " "); base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$":
		return true
	}
	for _, port := range []string{"COM", "LPT"} {
		if number, is := strings.CutPrefix(base, port); is && utf8.RuneCountInString(number) == 1 &&
			strings.ContainsAny(number, "0123456789¹²³") {
			return true
		}
	}
	return false
}

// shortened is a name of at most so many bytes: its ending is kept, and no character is cut.
func shortened(name string, limit int) string {
	if len(name) <= limit {
		return name
	}
	extension := path.Ext(name)
	if len(extension) > maxExtension {
		extension = ""
	}
	end := limit - len(extension)
	for end > 0 && !isBoundary(name, end) {
		end--
	}
	if end == 0 { // marks upon marks
		end = limit - len(extension)
		for !utf8.RuneStart(name[end]) {
			end--
		}
	}
	return strings.TrimRight(name[:end], ". ") + extension
}

// isBoundary reports whether a character begins there, marks not counted: they belong to what is
// before them.
func isBoundary(text string, i int) bool {
	if !utf8.RuneStart(text[i]) {
		return false
	}
	r, _ := utf8.DecodeRuneInString(text[i:])
	return !unicode.IsMark(r) && !chat.IsInvisible(r)
}
