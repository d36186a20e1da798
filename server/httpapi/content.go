package httpapi

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"

	"github.com/caller-chat/caller/transport/wire"
)

// content is a request's body and what the request says of it.
type content struct {
	media      string // the media type; empty when none is given
	parameters map[string]string
	zipped     bool
	charset    string            // its name; empty for UTF-8
	encoding   encoding.Encoding // of the charset; nil for UTF-8

	body []byte // without its coding and its byte order mark; set by read
}

const formType = "application/x-www-form-urlencoded"

// contentOf reads what a request says of its body, and nothing of the body: what can't be used is
// refused before it is sent. Errors are a [*wire.Failure], or wrap one.
func contentOf(r *http.Request) (*content, error) {
	c := &content{}
	if given := r.Header.Get("Content-Type"); given != "" {
		var err error
		if c.media, c.parameters, err = mime.ParseMediaType(given); err != nil {
			return nil, wire.Fail(wire.CodeUnsupported, "the content type can't be read")
		}
	}
	switch coding := strings.ToLower(strings.Join(r.Header.Values("Content-Encoding"), ",")); coding {
	case "", "identity":
	case "gzip", "x-gzip":
		c.zipped = true
	default:
		return nil, codingError{wire.Fail(wire.CodeUnsupported, "a body may be coded with gzip, and with nothing else")}
	}
	return c, c.setCharset(c.parameters["charset"])
}

// setCharset takes a charset's name, by any of its labels (WHATWG Encoding).
func (c *content) setCharset(name string) error {
	name = strings.ToLower(name)
	switch name {
	case "", "utf-8", "utf8", "us-ascii", "ascii": // ASCII is UTF-8 too
		return nil
	}
	enc, err := htmlindex.Get(name)
	if err == nil && enc == encoding.Replacement {
		err = errors.New("it is not safe to read")
	}
	if err != nil {
		return wire.Fail(wire.CodeUnsupported, "the charset is not one that is known here: send UTF-8")
	}
	c.charset, c.encoding = name, enc
	return nil
}

// codingError is the refusal of a content coding; the answer says which can be used.
type codingError struct{ failure *wire.Failure }

func (e codingError) Error() string { return e.failure.Error() }
func (e codingError) Unwrap() error { return e.failure }

// gzipMagic is what begins a gzip file with the one method that there is (RFC 1952 section 2.3.1).
// No text in UTF-8 begins so.
var gzipMagic = []byte{0x1f, 0x8b, 8}

// byteOrderMarks are what a text may begin with to say how it is written. They go before what the
// content type says (WHATWG Encoding, section 6).
var byteOrderMarks = []struct {
	mark     string
	charset  string
	encoding encoding.Encoding
}{
	{"\xef\xbb\xbf", "", nil},
	{"\xff\xfe", "utf-16le", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
	{"\xfe\xff", "utf-16be", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
}

// read reads the whole body. What was compressed is bounded like what was not. Errors: a
// [*wire.Failure], or an [*http.MaxBytesError] for one with more than [wire.MaxBody] bytes.
func (c *content) read(r *http.Request) error {
	body, err := readAll(r)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return err
	case err != nil:
		return wire.Fail(wire.CodeMalformed, "the body broke off")
	case len(body) > wire.MaxBody:
		return &http.MaxBytesError{Limit: wire.MaxBody}
	}
	if c.zipped || bytes.HasPrefix(body, gzipMagic) {
		if body, err = unzip(body); err != nil {
			return err
		}
	}
	for _, b := range byteOrderMarks {
		if rest, marked := bytes.CutPrefix(body, []byte(b.mark)); marked {
			body, c.charset, c.encoding = rest, b.charset, b.encoding
			break
		}
	}
	c.body = body
	return nil
}

func unzip(packed []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	var body []byte
	if err == nil {
		body, err = io.ReadAll(io.LimitReader(z, wire.MaxBody+1))
	}
	switch {
	case len(body) > wire.MaxBody:
		return nil, &http.MaxBytesError{Limit: wire.MaxBody}
	case err != nil:
		return nil, wire.Fail(wire.CodeMalformed, "the body is not in gzip, or broke off")
	}
	return body, nil
}

// text is the body as text.
func (c *content) text() (string, error) { return c.decode(c.body) }

// utf8 is the body in UTF-8.
func (c *content) utf8() ([]byte, error) { return c.inUTF8(c.body) }

// decode is a text in the body's charset.
func (c *content) decode(text []byte) (string, error) {
	text, err := c.inUTF8(text)
	return string(text), err
}

// inUTF8 is a text of the body's charset in UTF-8. What can't be read is refused, since it would be
// replaced by signs that say nothing.
func (c *content) inUTF8(text []byte) ([]byte, error) {
	if c.encoding == nil {
		if !utf8.Valid(text) {
			return nil, wire.Fail(wire.CodeInvalidUTF8, "")
		}
		return text, nil
	}
	notInIt := wire.Fail(wire.CodeMalformed, "the body is not in the charset that it says: "+c.charset)
	decoded, err := c.encoding.NewDecoder().Bytes(text)
	if err != nil {
		return nil, notInIt
	}
	if bytes.ContainsRune(decoded, utf8.RuneError) { // it may be a part of the text
		again, err := c.encoding.NewEncoder().Bytes(decoded)
		if err != nil || !bytes.Equal(again, text) {
			return nil, notInIt
		}
	}
	return decoded, nil
}

// isForm reports whether the body says that it is a form, as "curl -d" says of everything.
func (c *content) isForm() bool { return c.media == formType }

// usualBody is what most bodies have at most, in bytes.
const usualBody = 2 << 10

// readAll reads a body to its end. One that is longer than usual gets its memory as it comes:
// whoever announces a long one may send nothing.
func readAll(r *http.Request) ([]byte, error) {
	if r.ContentLength < 0 || r.ContentLength > usualBody {
		return io.ReadAll(io.LimitReader(r.Body, wire.MaxBody+1))
	}
	// A byte more than will come, to see its end: HTTP/2 may say that in a frame of its own.
	body := make([]byte, r.ContentLength+1)
	n, err := io.ReadFull(r.Body, body)
	if int64(n) == r.ContentLength && (err == io.EOF || err == io.ErrUnexpectedEOF) {
		err = nil
	}
	return body[:n], err
}
