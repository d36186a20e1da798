package filename

import (
	"mime"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Disposition is a Content-Disposition (RFC 6266) of that kind, "inline" or "attachment", for a
// file of that name. Programs that do not know RFC 8187 get the name in ASCII.
func Disposition(kind, name string) string {
	fields := map[string]string{"filename": ascii(name)}
	if fields["filename"] != name {
		fields["filename*"] = "UTF-8''" + Escape(name) // in this form it is a token, which stands as it is
	}
	return mime.FormatMediaType(kind, fields)
}

// ascii is a name with an underscore for each character that is none of ASCII, and for those that
// some programs read as the beginning of an escape, or can't read when escaped.
func ascii(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '%' || r == '"' || r == '\\' {
			return '_'
		}
		return r
	}, name)
}

// Escape is a text as it stands in an address or in a header: all but ASCII letters, digits and
// -_.~ is escaped, so that it means nothing in a shell either.
func Escape(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// FromDisposition is the name in a Content-Disposition as it came, not cleaned; empty for none. The
// name with a charset goes before the one without (RFC 6266 section 4.3), which is read as UTF-8
// where it is that, else as ISO 8859-1.
func FromDisposition(header string) string {
	_, fields, err := mime.ParseMediaType(header)
	if err != nil {
		// Only the name is of interest: "filename=x" alone, which programs send too.
		if _, fields, err = mime.ParseMediaType("attachment; " + header); err != nil {
			return ""
		}
	}
	return inUTF8(fields["filename"])
}

// FromForm is the name of a part of a form, from its Content-Disposition. Browsers escape what would
// end it, and nothing else (WHATWG HTML, "multipart/form-data").
func FromForm(header string) (name string, given bool) {
	_, fields, err := mime.ParseMediaType(header)
	if err != nil {
		return "", false
	}
	name, given = fields["filename"]
	return strings.NewReplacer("%22", `"`, "%0D", "", "%0A", "").Replace(inUTF8(name)), given
}

// FromHeader is the name that a header is, as it came or escaped as in an address.
func FromHeader(value string) string {
	if decoded, err := url.PathUnescape(value); err == nil {
		value = decoded
	}
	return inUTF8(value)
}

func inUTF8(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	decoded, err := charmap.ISO8859_1.NewDecoder().String(name)
	if err != nil {
		return strings.ToValidUTF8(name, "_")
	}
	return decoded
}
