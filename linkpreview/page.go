package linkpreview

import (
	"bytes"
	"io"
	"net/url"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"
)

// How many characters of a page are told.
const (
	maxTitle = 200
	maxText  = 400
	maxSite  = 80
	// maxToken is how long one tag or text of a page may be, in bytes.
	maxToken = 64 << 10
)

// page is what a page says of itself.
type page struct {
	title, text, site string
	picture           *url.URL // nil for none
}

// readPage reads the head of a page. It never fails: a broken page says what it has said so far.
func readPage(body []byte, kind string, at *url.URL) page {
	var decoded io.Reader = bytes.NewReader(body)
	if r, err := charset.NewReader(bytes.NewReader(body), kind); err == nil {
		decoded = r
	}
	tokens := html.NewTokenizer(decoded)
	tokens.SetMaxBuf(maxToken)
	said := map[string]string{}
	inTitle := false
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return pageOf(said, at)
		case html.TextToken:
			if inTitle {
				said["title"] += string(tokens.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := tokens.TagName()
			switch atom.Lookup(name) {
			case atom.Title:
				inTitle = said["title"] == "" // an SVG within has titles, too
			case atom.Meta:
				if more {
					take(tokens, said)
				}
			case atom.Body:
				return pageOf(said, at)
			}
		case html.EndTagToken:
			if name, _ := tokens.TagName(); atom.Lookup(name) == atom.Title {
				inTitle = false
			}
		}
	}
}

// take takes what a meta element says, the first time that it is said.
func take(tokens *html.Tokenizer, said map[string]string) {
	what, content := "", ""
	for {
		key, value, more := tokens.TagAttr()
		switch string(key) {
		case "name", "property":
			what = strings.ToLower(strings.TrimSpace(string(value)))
		case "content":
			content = string(value)
		}
		if !more {
			break
		}
	}
	switch what {
	case "description", "og:title", "og:description", "og:site_name", "og:image", "og:image:url", "og:image:secure_url",
		"twitter:title", "twitter:description", "twitter:image":
		if said[what] == "" {
			said[what] = content
		}
	}
}

// pageOf is what was said, the better word first.
func pageOf(said map[string]string, at *url.URL) page {
	first := func(names ...string) string {
		for _, name := range names {
			if text := strings.TrimSpace(said[name]); text != "" {
				return text
			}
		}
		return ""
	}
	p := page{
		title: plain(first("og:title", "twitter:title", "title"), maxTitle),
		text:  plain(first("og:description", "twitter:description", "description"), maxText),
		site:  plain(first("og:site_name"), maxSite),
	}
	if picture := first("og:image:secure_url", "og:image", "og:image:url", "twitter:image"); picture != "" {
		if u, err := at.Parse(picture); err == nil && checkURL(u) == nil {
			p.picture = u
		}
	}
	if p.text == p.title {
		p.text = ""
	}
	return p
}

// plain is a text on one line, of so many characters at most, without what turns text around or is
// not seen.
func plain(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == unicode.ReplacementChar, unicode.Is(unicode.Bidi_Control, r), r == '\u200b', r == '\ufeff':
			return -1
		case unicode.IsControl(r):
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > most {
		text = strings.TrimSpace(string(runes[:most-1])) + "…"
	}
	return text
}
