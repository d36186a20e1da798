// Package lookalike says which names can't be told apart by eye: "Ann" with a Cyrillic А, or "Bill"
// with a capital I, is another name of the same shape. It knows names and nothing of members; the
// core asks it for shapes and compares them (chat.Options.Shape).
package lookalike

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/caller-chat/caller/chat"
)

//go:embed confusables.txt
var confusables string

// prototypes are the characters that stand for others of the same shape. They are read when they
// are first needed.
var prototypes = sync.OnceValue(func() map[rune]string {
	all := map[rune]string{}
	for line := range strings.Lines(confusables) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] == "#" {
			continue
		}
		from, ok := parseRune(fields[0])
		var to strings.Builder
		for _, field := range fields[1:] {
			r, good := parseRune(field)
			ok = ok && good
			to.WriteRune(r)
		}
		if ok {
			all[from] = to.String()
		}
	}
	return all
})

func parseRune(hex string) (rune, bool) {
	n, err := strconv.ParseUint(hex, 16, 21)
	return rune(n), err == nil
}

// Shape is how a name looks: the skeleton of Unicode Technical Standard 39, without what is
// invisible and with one space for many. Two names of one shape can't be told apart by eye. A shape
// is for comparing, and not to be shown.
func Shape(name string) string {
	standIn := prototypes()
	var shape strings.Builder
	shape.Grow(len(name) + 8)
	space := false
	for _, r := range norm.NFKD.String(name) {
		if chat.IsInvisible(r) {
			continue
		}
		if unicode.IsSpace(r) {
			space = true
			continue
		}
		if space && shape.Len() > 0 {
			shape.WriteByte(' ')
		}
		space = false
		if other, ok := standIn[r]; ok {
			shape.WriteString(other)
		} else {
			shape.WriteRune(r)
		}
	}
	return norm.NFD.String(shape.String())
}
