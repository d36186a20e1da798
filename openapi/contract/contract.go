// Package contract judges what a server answers, and what its streams say, by the documents of
// package openapi, to the letter: a status, a content type or a field that is not described is a
// fault. Clients are to be more lenient than that; it is for tests.
package contract

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/caller-chat/caller/openapi"
)

// Contract is an API's, ready to judge by. It may be used by any number of goroutines.
type Contract struct {
	operations []operation
	schemas    map[string]*jsonschema.Schema // by the pointer in the document
	first      map[string]bool               // the first parts of paths
}

type operation struct {
	method    string
	path      []string // "{}" for a parameter
	name      string   // as people know it
	responses map[string]any
	pointer   string
}

// Fault is what is not as it is described.
type Fault struct {
	// Operation is the method and the path as described, or as asked when none is described so.
	Operation string
	Status    int // 0 for an event
	// Pointer is the place in the body; empty for all of it.
	Pointer string
	What    string
}

func (f *Fault) Error() string {
	where := f.Operation
	if f.Status != 0 {
		where += fmt.Sprintf(": %d", f.Status)
	}
	if f.Pointer != "" {
		where += " at " + f.Pointer
	}
	return where + ": " + f.What
}

const resource = "caller://openapi.json"

// New makes the contract of an API.
func New(api *openapi.API) (*Contract, error) {
	document := strict(clone(api.Document)).(map[string]any)
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	if err := compiler.AddResource(resource, plain(document)); err != nil {
		return nil, err
	}
	c := &Contract{schemas: map[string]*jsonschema.Schema{}, first: map[string]bool{}}
	compile := func(pointer string) error {
		schema, err := compiler.Compile(resource + "#" + pointer)
		if err != nil {
			return fmt.Errorf("schema %s: %w", pointer, err)
		}
		c.schemas[pointer] = schema
		return nil
	}
	for name := range at(document, "components", "schemas") {
		if err := compile("/components/schemas/" + name); err != nil {
			return nil, err
		}
	}
	for path, item := range at(document, "paths") {
		for method, described := range item.(map[string]any) {
			o := operation{
				method: strings.ToUpper(method), name: strings.ToUpper(method) + " " + path, path: partsOf(path),
				responses: at(described, "responses"), pointer: "/paths/" + escaped(path) + "/" + method + "/responses/",
			}
			c.first[o.path[0]] = true
			c.operations = append(c.operations, o)
			for status, response := range o.responses {
				for media := range at(response, "content") {
					if err := compile(o.schemaPointer(status, media)); err != nil {
						return nil, err
					}
				}
			}
		}
	}
	slices.SortFunc(c.operations, func(a, b operation) int { return strings.Compare(a.name, b.name) }) // "{" comes after letters
	return c, nil
}

func (o operation) schemaPointer(status, media string) string {
	return o.pointer + status + "/content/" + escaped(media) + "/schema"
}

// Answer is an answer of a server.
type Answer struct {
	Method string
	URL    *url.URL
	Status int
	Header http.Header
	// Body is all of it. With Unread it is not looked at: it is a stream, or was not read.
	Body   []byte
	Unread bool
}

// Answer is nil when an answer is as described, or a [*Fault]. What is not described at all may be
// answered by a problem, or be one of the page's files.
func (c *Contract) Answer(a Answer) error {
	o := c.find(a.Method, a.URL.EscapedPath())
	name := a.Method + " " + a.URL.EscapedPath()
	media, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
	fault := func(what string, args ...any) error {
		return &Fault{Operation: name, Status: a.Status, What: fmt.Sprintf(what, args...)}
	}
	if o == nil {
		switch {
		case a.Status >= http.StatusBadRequest:
			return c.problem(name, a, media)
		case a.Method == http.MethodOptions && a.Header.Get("Access-Control-Allow-Methods") != "":
			return nil // CORS asks before it asks
		case a.Method == http.MethodGet || a.Method == http.MethodHead:
			if a.Header.Get("Etag") != "" && media != "application/json" {
				return nil
			}
		}
		return fault("it is not described")
	}
	name = o.name
	if a.Method == http.MethodOptions && a.Header.Get("Access-Control-Allow-Methods") != "" {
		return nil
	}
	status := strconv.Itoa(a.Status)
	described, ok := o.responses[status]
	if !ok {
		return fault("the status is not described; it says %.300q", a.Body)
	}
	content := at(described, "content")
	if len(content) == 0 {
		if len(a.Body) > 0 {
			return fault("it is described without a body, and says %.300q", a.Body)
		}
		return nil
	}
	if media == "" {
		return fault("it has no content type, and says %.300q", a.Body)
	}
	known := media
	if content[known] == nil {
		if known = "*/*"; content[known] == nil {
			return fault("the content type %s is not described", media)
		}
	}
	if a.Method == http.MethodHead || a.Unread || known != "application/json" && !strings.HasSuffix(known, "+json") {
		return nil
	}
	return c.body(name, a.Status, o.schemaPointer(status, known), a.Body)
}

// Operation is the operation that a request asks for, as "GET /rooms/{room}"; empty for one that is
// not described.
func (c *Contract) Operation(method string, at *url.URL) string {
	if o := c.find(method, at.EscapedPath()); o != nil {
		return o.name
	}
	return ""
}

// problem judges a problem where nothing more is described.
func (c *Contract) problem(name string, a Answer, media string) error {
	if media != "application/problem+json" {
		return &Fault{Operation: name, Status: a.Status, What: "it is no problem, but " + media}
	}
	if a.Method == http.MethodHead || a.Unread {
		return nil
	}
	return c.body(name, a.Status, "/components/schemas/Problem", a.Body)
}

// Event is nil when an object is an event as described, or a [*Fault].
func (c *Contract) Event(object []byte) error {
	return c.body("an event", 0, "/components/schemas/Event", object)
}

// Schema is nil when an object is as a schema of the document has it, or a [*Fault].
func (c *Contract) Schema(name string, object []byte) error {
	return c.body(name, 0, "/components/schemas/"+name, object)
}

func (c *Contract) body(name string, status int, pointer string, body []byte) error {
	schema := c.schemas[pointer]
	if schema == nil {
		return &Fault{name, status, "", "there is no schema " + pointer}
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return &Fault{name, status, "", fmt.Sprintf("it is not JSON: %.300q", body)}
	}
	var invalid *jsonschema.ValidationError
	if err := schema.Validate(value); errors.As(err, &invalid) {
		leaf := leafOf(invalid)
		where := ""
		for _, part := range leaf.InstanceLocation {
			where += "/" + escaped(part)
		}
		return &Fault{name, status, where, fmt.Sprintf("%s; it says %.600s", strings.Join(strings.Fields(leaf.Error()), " "), body)}
	} else if err != nil {
		return &Fault{name, status, "", err.Error()}
	}
	return nil
}

// leafOf is the cause that is deepest in the body.
func leafOf(e *jsonschema.ValidationError) *jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return e
	}
	var deepest *jsonschema.ValidationError
	for _, cause := range e.Causes {
		leaf := leafOf(cause)
		if deepest == nil || len(leaf.InstanceLocation) > len(deepest.InstanceLocation) {
			deepest = leaf
		}
	}
	return deepest
}

// find is the operation of a request; nil where none is described. HEAD is GET's where it is not
// described itself. A server may stand below a base path.
func (c *Contract) find(method, path string) *operation {
	asked := partsOf(path)
	for len(asked) > 1 && !c.first[asked[0]] {
		asked = asked[1:]
	}
	methods := []string{method}
	if method == http.MethodHead {
		methods = append(methods, http.MethodGet)
	}
	for _, method := range methods {
		for i, o := range c.operations {
			if o.method == method && fits(o.path, asked) {
				return &c.operations[i]
			}
		}
	}
	return nil
}

func fits(described, asked []string) bool {
	if len(described) != len(asked) {
		return false
	}
	for i, part := range described {
		if part != asked[i] && (part != "{}" || asked[i] == "") {
			return false
		}
	}
	return true
}

// partsOf are the parts of a path, as described or as asked. A slash at the end counts for nothing.
func partsOf(path string) []string {
	parts := strings.Split(strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/"), "/")
	for i, part := range parts {
		if strings.HasPrefix(part, "{") {
			parts[i] = "{}"
		}
	}
	return parts
}
