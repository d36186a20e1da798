// Package find looks for messages in what is kept of a room: by words, whatever their case, and by
// who said them. It knows neither where the entries come from nor where the findings go.
package find

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/caller-chat/caller/chat"
)

// MaxQuery is how many characters (Unicode code points) may be looked for, and MaxFrom how many
// bytes there may be of who has said it: the longest name has as many.
const (
	MaxQuery = 100
	MaxFrom  = 160
)

// maxTime bounds one search, whatever is kept: a hundred messages take some milliseconds at most.
const maxTime = time.Second

// Query is what is looked for; the zero value is everything.
type Query struct {
	text, from string
}

// Parse reads what to look for: words, each of which has to occur, and who said it, by id, by name in
// whatever case, or by a guest's look. Each may be empty. The error is a [*chat.InvalidError] for "q"
// or "from".
func Parse(text, from string) (Query, error) {
	switch n := utf8.RuneCountInString(text); {
	case !utf8.ValidString(text):
		return Query{}, &chat.InvalidError{Field: "q", Reason: "is not valid UTF-8"}
	case n > MaxQuery:
		return Query{}, &chat.InvalidError{Field: "q", Limit: MaxQuery, Reason: fmt.Sprintf("has %d characters, more than %d", n, MaxQuery)}
	case text != "" && strings.TrimSpace(text) == "":
		return Query{}, &chat.InvalidError{Field: "q", Limit: MaxQuery, Reason: "has no words"}
	case len(from) > MaxFrom:
		return Query{}, &chat.InvalidError{Field: "from", Limit: MaxFrom, Reason: fmt.Sprintf("has %d bytes, more than %d", len(from), MaxFrom)}
	}
	return Query{text, from}, nil
}

// IsEmpty reports whether everything is looked for.
func (q Query) IsEmpty() bool { return q == Query{} }

// In returns the last of the messages that are looked for, limit of them at most, in the order of
// the log. More says that there are others before them, or that there was no time to look. What has
// been deleted is not found.
func (q Query) In(ctx context.Context, entries []chat.Entry, limit int) (found []chat.Entry, more bool, err error) {
	// A caser has a state, so each search has its own.
	fold := cases.Fold()
	words := strings.Fields(folded(fold, q.text))
	name := folded(fold, strings.TrimSpace(q.from))
	until := time.Now().Add(maxTime)
	for i := len(entries) - 1; i >= 0; i-- {
		if err := ctx.Err(); err != nil {
			return nil, false, err
		}
		if !q.matches(fold, words, name, entries[i]) {
			if !time.Now().Before(until) {
				more = true
				break
			}
			continue
		}
		if len(found) == limit {
			more = true
			break
		}
		found = append(found, entries[i])
	}
	slices.Reverse(found)
	return found, more, nil
}

func (q Query) matches(fold cases.Caser, words []string, name string, e chat.Entry) bool {
	m, ok := e.Payload.(chat.Message)
	if !ok || m.Changes != nil && m.Changes.Deleted || !q.said(fold, name, e.From) {
		return false
	}
	text := m.Text
	for _, of := range m.Files {
		text += "\n" + of.Name
	}
	text = folded(fold, text)
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// said reports whether an author is the one who is looked for. A guest has an id for each request,
// and so is found by look or name only.
func (q Query) said(fold cases.Caser, name string, by chat.Author) bool {
	return q.from == "" || string(by.ID) == q.from || by.Look == q.from || folded(fold, by.Name) == name
}

// folded is a text in the one form of all that differ only by case, or by how accents are spelled. A
// Turkish İ is an i, as in rooms' names.
func folded(fold cases.Caser, text string) string {
	text = norm.NFC.String(fold.String(norm.NFC.String(text)))
	return strings.ReplaceAll(text, "i\u0307", "i")
}
