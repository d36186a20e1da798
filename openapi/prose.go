package openapi

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// span is a piece of text on the page.
type span struct {
	Text string
	Code bool
	URL  string // of a link
}

// proseOf reads the little of Markdown that descriptions have: code spans, and links.
func proseOf(text string) (all []span) {
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 {
			all = append(all, span{Text: part, Code: true})
			continue
		}
		before, rest, found := strings.Cut(part, "[")
		name, rest, isLink := strings.Cut(rest, "](")
		url, after, ends := strings.Cut(rest, ")")
		if !found || !isLink || !ends {
			all = append(all, span{Text: part})
			continue
		}
		all = append(all, span{Text: before}, span{Text: name, URL: url}, span{Text: after})
	}
	return all
}

func paragraphsOf(text string) (all [][]span) {
	if text == "" {
		return nil
	}
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		all = append(all, proseOf(paragraph))
	}
	return all
}

// shape says in a few words what a value is.
type shape struct {
	Media  string // of a body
	Before string // before what it is made of, as "list of "
	Ref    string // an object that has a name
	Text   string
}

// IsThere reports whether it says anything.
func (s shape) IsThere() bool { return s.Media+s.Before+s.Ref+s.Text != "" }

// Prose is its text, to be shown.
func (s shape) Prose() []span { return proseOf(s.Text) }

func shapeOf(schema object) shape {
	if ref, ok := schema["$ref"].(string); ok {
		return shape{Ref: ref[strings.LastIndexByte(ref, '/')+1:]}
	}
	if value, ok := schema["const"]; ok {
		return shape{Text: fmt.Sprintf("%q", fmt.Sprint(value))}
	}
	if values, ok := schema["enum"].([]any); ok {
		var texts []string
		for _, value := range values {
			texts = append(texts, fmt.Sprint(value))
		}
		return shape{Text: "one of " + strings.Join(texts, ", ")}
	}
	kind := ""
	switch named := schema["type"].(type) {
	case string:
		kind = named
	case []any:
		var texts []string
		for _, one := range named {
			texts = append(texts, fmt.Sprint(one))
		}
		kind = strings.Join(texts, " or ")
	}
	if items, ok := schema["items"].(object); ok {
		of := shapeOf(items)
		of.Before = "list of " + of.Before
		return of
	}
	if properties, ok := schema["properties"].(object); ok {
		return shape{Text: "object with " + strings.Join(slices.Sorted(maps.Keys(properties)), ", ")}
	}
	return shape{Text: kind + bounds(schema)}
}

// bounds are a value's, in words.
func bounds(schema object) (text string) {
	for _, bound := range []struct{ name, words string }{
		{"minimum", "from %v"}, {"maximum", "to %v"}, {"maxLength", "at most %v characters"}, {"default", "%v by default"},
	} {
		if value, ok := schema[bound.name]; ok {
			text += ", " + fmt.Sprintf(bound.words, value)
		}
	}
	return text
}
