package openapi

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/caller-chat/caller/server/static"
)

//go:embed page
var pageFiles embed.FS

// here stands on the page where the server's address goes, there where its path goes. Both are as they
// are in HTML and in its addresses.
const here, there = "http://here.invalid", "/there.invalid"

// page is what docs.html shows.
type page struct {
	Title     string
	About     [][]span
	Assets    string
	Documents []link
	Before    *command
	Sections  []section
	Events    []described
	Commands  []described
	Schemas   []described
}

type link struct{ Name, URL string }

type command struct {
	Say, Run, Label string
	Stream          bool
}

type section struct {
	Name, Anchor, About string
	Operations          []shown
}

// shown is one operation.
type shown struct {
	ID, Method, Path, Summary, Find string
	About                           [][]span
	Curl                            []command
	Parameters, Bodies              []field
	Answers                         []answer
}

type answer struct {
	Status string
	About  []span
	Bodies []shape
}

type field struct {
	Name, Where string
	Required    bool
	Shape       shape
	About       []span
}

// described is an object that has a name.
type described struct {
	Name, Find string
	About      []span
	Shape      shape
	Fields     []field
	Examples   []command
}

func anchor(name string) string {
	return "about-" + strings.ReplaceAll(strings.ToLower(name), " ", "-")
}

// render is the page of an API, with the streams' where there are any.
func render(api *API, streams map[string]any, documents ...link) ([]byte, error) {
	info := api.Document["info"].(object)
	p := page{
		Title: text(info, "title"), About: paragraphsOf(text(info, "description")), Assets: there + "/docs", Documents: documents,
	}
	if api.Before != "" {
		p.Before = &command{Run: placed(api.Before), Label: "Commands to begin with"}
	}
	for _, t := range api.Tags {
		s := section{Name: t.Name, Anchor: anchor(t.Name), About: t.Description}
		for _, o := range api.Operations {
			if o.Tag == t.Name {
				s.Operations = append(s.Operations, shownOf(o))
			}
		}
		if len(s.Operations) > 0 {
			p.Sections = append(p.Sections, s)
		}
	}
	schemas := maps.Clone(api.Document["components"].(object)["schemas"].(object))
	if streams != nil {
		more := streams["components"].(object)["schemas"].(object)
		for _, name := range slices.Sorted(maps.Keys(more)) {
			schema := more[name].(object)
			kind := constantType(schema)
			switch {
			case strings.HasSuffix(name, "Command"):
				p.Commands = append(p.Commands, describedOf(name, schema))
			case kind != "":
				p.Events = append(p.Events, describedOf(name, schema))
			default:
				continue
			}
			delete(schemas, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		p.Schemas = append(p.Schemas, describedOf(name, schemas[name].(object)))
	}
	parsed, err := template.ParseFS(pageFiles, "page/docs.html")
	if err != nil {
		return nil, err
	}
	var html bytes.Buffer
	err = parsed.Execute(&html, p)
	return html.Bytes(), err
}

func placed(run string) string { return strings.ReplaceAll(run, "BASE", here) }

// constantType is the type by which an object is told from others; empty for none.
func constantType(schema object) string {
	properties, _ := schema["properties"].(object)
	kind, _ := properties["type"].(object)
	return text(kind, "const")
}

func text(in object, name string) string {
	value, _ := in[name].(string)
	return value
}

func shownOf(o Operation) shown {
	s := shown{
		ID: o.ID, Method: o.Method, Path: o.Path, Summary: o.Summary, About: paragraphsOf(o.About),
		Find: strings.ToLower(strings.Join([]string{o.ID, o.Method, o.Path, o.Summary, o.Tag, o.About}, " ")),
	}
	for _, e := range o.Curl {
		s.Curl = append(s.Curl, command{Say: e.Say, Run: placed(e.Run), Label: "Command: " + o.Summary, Stream: e.Stream})
	}
	parameters, _ := o.object["parameters"].([]any)
	for _, one := range parameters {
		p := one.(object)
		schema, _ := p["schema"].(object)
		s.Parameters = append(s.Parameters, field{
			Name: text(p, "name"), Where: text(p, "in"), Required: p["required"] == true, Shape: shapeOf(schema),
			About: proseOf(text(p, "description")),
		})
	}
	if body, ok := o.object["requestBody"].(object); ok {
		for _, b := range bodiesOf(body) {
			s.Bodies = append(s.Bodies, field{Name: b.Media, Required: body["required"] == true, Shape: shape{Before: b.Before, Ref: b.Ref, Text: b.Text}})
		}
	}
	responses := o.object["responses"].(object)
	for _, status := range slices.Sorted(maps.Keys(responses)) {
		r := responses[status].(object)
		a := answer{Status: status, About: proseOf(text(r, "description"))}
		if status < "400" {
			a.Bodies = bodiesOf(r)
		}
		s.Find += " " + strings.ToLower(text(r, "description"))
		s.Answers = append(s.Answers, a)
	}
	return s
}

// bodiesOf are what a body may be.
func bodiesOf(of object) (all []shape) {
	kinds, _ := of["content"].(object)
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		schema, _ := kinds[kind].(object)["schema"].(object)
		s := shapeOf(schema)
		if about := text(schema, "description"); about != "" && s.Ref == "" {
			s.Text = about
		}
		s.Media = kind
		all = append(all, s)
	}
	return all
}

func describedOf(name string, schema object) described {
	d := described{Name: name, About: proseOf(text(schema, "description"))}
	if text(schema, "description") == "" {
		d.About = nil
	}
	d.Find = strings.ToLower(name + " " + text(schema, "description"))
	needed, _ := schema["required"].([]any)
	properties, _ := schema["properties"].(object)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		p := properties[name].(object)
		f := field{Name: name, Required: slices.Contains(needed, any(name)), Shape: shapeOf(p)}
		if about := text(p, "description"); about != "" {
			f.About = proseOf(about)
		}
		d.Fields = append(d.Fields, f)
		d.Find += " " + strings.ToLower(name)
	}
	slices.SortStableFunc(d.Fields, func(a, b field) int { return boolOrder(b.Required) - boolOrder(a.Required) })
	if branches, ok := schema["oneOf"].([]any); ok && properties == nil {
		d.Shape.Text = "one of " + names(branches)
	} else if properties == nil {
		d.Shape = shapeOf(schema)
	}
	examples, _ := schema["examples"].([]any)
	for _, example := range examples {
		if text, err := json.MarshalIndent(example, "", "  "); err == nil && properties != nil {
			d.Examples = append(d.Examples, command{Run: string(text), Label: "Example: " + name})
		}
	}
	return d
}

func boolOrder(is bool) int {
	if is {
		return 1
	}
	return 0
}

func names(branches []any) string {
	var all []string
	for _, branch := range branches {
		if s := shapeOf(branch.(object)); s.Ref != "" {
			all = append(all, s.Ref)
		}
	}
	return strings.Join(all, ", ")
}

// asset serves one of the page's files.
func asset(name string) http.Handler {
	content, err := pageFiles.ReadFile("page/" + name)
	if err != nil {
		return http.NotFoundHandler() // it is embedded
	}
	return static.New(name, content)
}
