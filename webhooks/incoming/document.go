package incoming

import (
	"bytes"
	"encoding/json"
	"math"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/caller-chat/caller/chat"
)

// maxDepth is how deep a document may be nested. The deepest of those that are read has some ten
// levels.
const maxDepth = 64

// object is a JSON object as somebody sent it. What is not of the type that is asked for is as if it
// were not there.
type object map[string]any

// parse reads a document; ok is false for what is no JSON object, or is nested too deep.
func parse(body []byte) (o object, ok bool) {
	if isDeep(body) {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if d.Decode(&o) != nil || o == nil {
		return nil, false
	}
	return o, !d.More()
}

// isDeep reports whether a document is nested too deep, without taking it apart.
func isDeep(body []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{', c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}', c == ']':
			depth--
		}
	}
	return false
}

// in is the object within the object, by its fields' names; nil for none.
func (o object) in(path ...string) object {
	for _, name := range path {
		inner, _ := o[name].(map[string]any)
		o = inner
	}
	return o
}

func (o object) has(name string) bool { return o[name] != nil }

// list are the objects of a list, the first ones, and how many there are in all.
func (o object) list(name string, most int) (first []object, all int) {
	elements, _ := o[name].([]any)
	for _, element := range elements {
		if inner, ok := element.(map[string]any); ok && len(first) < most {
			first = append(first, inner)
		}
	}
	return first, len(elements)
}

// raw is a text as it was sent.
func (o object) raw(name string) string {
	s, _ := o[name].(string)
	return s
}

func (o object) flag(name string) bool {
	b, _ := o[name].(bool)
	return b
}

// number is a whole number; 0 for what is none, or is below 0.
func (o object) number(name string) int {
	n, _ := o[name].(json.Number)
	f, err := n.Float64()
	if err != nil || f != math.Trunc(f) || f < 0 || f > math.MaxInt32 {
		return 0
	}
	return int(f)
}

// What a part of a message has at most, in characters.
const (
	maxName  = 80
	maxTitle = 200
	maxPart  = 500
)

// name, title and part are a text on one line, cut to what has a place.
func (o object) name(name string) string  { return line(o.raw(name), maxName) }
func (o object) title(name string) string { return line(o.raw(name), maxTitle) }

// link is an address of the web that can stand in a text; empty for anything else.
func (o object) link(name string) string { return webAddress(o.raw(name)) }

const maxLink = 1000

func webAddress(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || len(text) > maxLink {
		return ""
	}
	if clean(text) != text || strings.ContainsFunc(text, unicode.IsSpace) { // it would end in the middle, or read as another
		return ""
	}
	return u.String()
}

// line is a text on one line of so many characters.
func line(text string, most int) string {
	if len(text) > most*utf8.UTFMax*4 { // enough for all that is shown of it
		text = text[:most*utf8.UTFMax*4]
	}
	return cut(strings.Join(strings.Fields(clean(text)), " "), most)
}

// firstLine is the first line of a text that has something in it.
func firstLine(text string, most int) string {
	head, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line(head, most)
}

// clean is a text without what is not shown: control characters, and what turns the direction of
// writing or hides.
func clean(text string) string {
	text = strings.ToValidUTF8(text, "\ufffd")
	return chat.WithoutIdle(strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x2028, r == 0x2029:
			return ' '
		}
		return r
	}, text))
}

// cut is a text of at most so many characters.
func cut(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	end := 0
	for range most - 1 {
		_, size := utf8.DecodeRuneInString(text[end:])
		end += size
	}
	return strings.TrimRightFunc(text[:end], unicode.IsSpace) + "…"
}

// counted is a number with its word.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
