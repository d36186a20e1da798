package linkpreview

import (
	"net/url"
	"regexp"
	"strings"

	"mvdan.cc/xurls/v2"
)

// maxLink is how long a link may be, in bytes, that is looked up.
const maxLink = 2000

// links finds addresses of the web in a text.
var links = mustLinks()

// mustLinks compiles an expression that does not change.
func mustLinks() *regexp.Regexp {
	expression, err := xurls.StrictMatchingScheme("https?://")
	if err != nil {
		panic(err)
	}
	return expression
}

// firstLink is the first address of the web in a text; nil for none that is looked up.
func firstLink(text string) *url.URL {
	if !strings.Contains(text, "://") {
		return nil
	}
	found := links.FindString(text)
	if found == "" || len(found) > maxLink {
		return nil
	}
	u, err := url.Parse(found)
	if err != nil || checkURL(u) != nil {
		return nil
	}
	u.Fragment, u.RawFragment = "", "" // no server sees it
	return u
}
