package httpapi

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// A body that says it is a form may be none: "curl -d" says so of everything. What it is then is
// decided so that a text is stored as it was written, or not at all, and never a part of it
// (docs/decisions/0044-what-a-form-is.md):
//
//   - It is a form if it begins with one of its fields, or is encoded as forms are and has the field
//     that counts. Then all of it must be one: each field known, and given once.
//   - It is an encoded text if it is encoded as forms are, shows it by an escape, and has no fields.
//   - Else it is the text itself.

// formFields are the fields of a form: the one that counts, and the others.
type formFields struct {
	main   string
	others []string
	lists  []string // those of the others that may be given more than once
}

func (f formFields) known(name string) bool { return name == f.main || slices.Contains(f.others, name) }

// formOf reads a body that says that it is a form. isForm is false for one that is none; text is
// what it says then.
func (c *content) formOf(fields formFields) (form url.Values, isForm bool, text string, err error) {
	body := string(c.body)
	if c.encoding != nil && !isVisible(body) { // UTF-16 is no form
		body, err = c.text()
		if err != nil {
			return nil, false, "", err
		}
		c.body, c.encoding = []byte(body), nil
	}
	first, rest, named := strings.Cut(body, "=")
	begins := named && fields.known(first)
	encoded := isEncoded(body, formLetters)
	switch {
	case begins && isEncoded(body, ""), encoded && hasField(body, fields.main):
		form, err = c.fieldsOf(body, fields)
		return form, true, "", err
	case begins && first == fields.main && !strings.ContainsAny(rest, "&%+"):
		// Nothing in it has a meaning that depends on whether it was encoded.
		value, err := c.decode([]byte(rest))
		return url.Values{fields.main: {value}}, true, "", err
	case begins:
		return nil, false, "", notEncoded(fields.main)
	case encoded && strings.Contains(body, "%") && strings.ContainsAny(body, "=&"):
		return nil, false, "", &chat.InvalidError{Field: fields.main, Reason: "is missing: the form has other fields"}
	case encoded && strings.Contains(body, "%"):
		if body, err = url.QueryUnescape(body); err != nil {
			return nil, false, "", notEncoded(fields.main)
		}
	}
	text, err = c.decode([]byte(body))
	return nil, false, text, err
}

// notEncoded is the refusal of a form with something in it that can be meant in two ways.
func notEncoded(field string) error {
	return wire.Fail(wire.CodeMalformed, fmt.Sprintf(
		"the form is not encoded, so what it means is not certain: try curl --data-urlencode '%s=…', or send Content-Type: text/plain", field))
}

// fieldsOf takes an encoded form apart.
func (c *content) fieldsOf(body string, fields formFields) (url.Values, error) {
	form := url.Values{}
	for pair := range strings.SplitSeq(body, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		if strings.ContainsAny(value, "%+") && !isEncoded(value, valueLetters) {
			return nil, notEncoded(fields.main) // https://example.com/a%20b, 1+1=2
		}
		name, err := url.QueryUnescape(name)
		if err == nil {
			value, err = url.QueryUnescape(value)
		}
		switch {
		case err != nil:
			return nil, notEncoded(fields.main)
		case !fields.known(name):
			return nil, wire.Fail(wire.CodeMalformed, fmt.Sprintf(
				"the form has %.40q: if that is part of the %s, encode it: curl --data-urlencode '%[2]s=…'", name, fields.main))
		case form.Has(name) && !slices.Contains(fields.lists, name):
			return nil, wire.Fail(wire.CodeMalformed, fmt.Sprintf("the form has %s twice", name))
		}
		if value, err = c.decode([]byte(value)); err != nil {
			return nil, err
		}
		form.Add(name, value)
	}
	return form, nil
}

func hasField(body, field string) bool {
	return strings.HasPrefix(body, field+"=") || strings.Contains(body, "&"+field+"=")
}

// formLetters are the characters, besides ASCII letters and digits, that one or another encoder of
// forms leaves as they are (WHATWG URL, section 5.2; encodeURIComponent; RFC 3986's unreserved),
// and those that a form is made of.
const formLetters = "*-._~!'()+&="

// valueLetters are the characters, besides ASCII letters and digits, that encoders leave within a
// value, those too that encode no slashes and commas.
const valueLetters = "*-._~!'()+,/"

// isEncoded reports whether a text has nothing but letters, digits, the characters given and
// escapes; without any given, whatever is visible in ASCII.
func isEncoded(text, letters string) bool {
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case b == '%':
			if i+2 >= len(text) || !isHex(text[i+1]) || !isHex(text[i+2]) {
				return false
			}
		case b <= ' ' || b > '~':
			return false
		case letters == "", b >= '0' && b <= '9', b|0x20 >= 'a' && b|0x20 <= 'z', strings.IndexByte(letters, b) >= 0:
		default:
			return false
		}
	}
	return true
}

func isHex(b byte) bool { return b >= '0' && b <= '9' || b|0x20 >= 'a' && b|0x20 <= 'f' }

// isVisible reports whether a text has nothing but what is visible in ASCII, spaces and line ends.
func isVisible(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' || r > '~' })
}
