package openapi

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/caller-chat/caller/transport/wire"
)

// API is a described API.
type API struct {
	// Document is OpenAPI 3.1, without its servers.
	Document map[string]any
	// Operations are those of the document, in the order in which they are to be read.
	Operations []Operation
	Tags       []Tag
	// Before are the commands after which those of the operations work, on a server at BASE.
	Before string
}

// Public is the API of the public port. It is made anew by each call.
func Public() (*API, error) { return load("public.yaml") }

// Admin is the API of the admin listener. It is made anew by each call.
func Admin() (*API, error) { return load("admin.yaml") }

func load(name string) (*API, error) {
	s, schemas, err := readSpec(name)
	if err != nil {
		return nil, err
	}
	maps.Copy(schemas, s.Schemas)
	if err := fillCodes(schemas); err != nil {
		return nil, err
	}
	api, paths := &API{Tags: s.Tags, Before: s.Before}, object{}
	err = s.each(func(path, method string, w written) error {
		o, err := s.operation(path, method, w)
		if err != nil {
			return err
		}
		item, ok := paths[path].(object)
		if !ok {
			item = object{}
			paths[path] = item
		}
		item[method] = o
		api.Operations = append(api.Operations, Operation{
			strings.ToUpper(method), path, w.ID, w.Tag, w.Summary, w.About, w.Curl, o,
		})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	tags := []any{}
	for _, t := range s.Tags {
		tags = append(tags, object{"name": t.Name, "description": t.Description})
	}
	api.Document = object{
		"openapi": "3.1.0", "info": s.Info, "tags": tags, "paths": paths,
		"security": s.security(),
		"components": object{
			"schemas":         reachable(schemas, paths),
			"headers":         headers(),
			"securitySchemes": s.Security,
		},
	}
	return api, nil
}

// fillCodes has the schema of codes name them all.
func fillCodes(schemas object) error {
	code, ok := schemas["Code"].(object)
	if !ok {
		return errors.New("schemas.yaml: there is no Code")
	}
	code["enum"] = anys(wire.Codes())
	return nil
}

// operation is an operation as OpenAPI has it.
func (s *spec) operation(path, method string, w written) (object, error) {
	o := object{"operationId": w.ID, "tags": []any{w.Tag}, "summary": w.Summary}
	if w.About != "" {
		o["description"] = w.About
	}
	if w.Open {
		o["security"] = []any{}
	}
	parameters, err := s.parameters(path, w)
	if err != nil {
		return nil, err
	}
	if len(parameters) > 0 {
		o["parameters"] = parameters
	}
	if w.Body != nil {
		o["requestBody"] = requestBody(w.Body)
	}
	codes, err := s.codes(w)
	if err != nil {
		return nil, err
	}
	if o["responses"], err = responses(w.Answers, codes); err != nil {
		return nil, err
	}
	var samples []any
	for _, e := range w.Curl {
		samples = append(samples, object{"lang": "Shell", "label": e.Say, "source": e.Run})
	}
	if samples != nil {
		o["x-codeSamples"] = samples
	}
	return o, nil
}

// parameters are those of the path, which all are needed, and those that the operation names.
func (s *spec) parameters(path string, w written) (all []any, err error) {
	var names []string
	for part := range strings.SplitSeq(path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			name = strings.TrimSuffix(name, "}")
			if name == "id" && strings.Contains(path, "/members/") {
				name = "member"
			}
			names = append(names, name)
		}
	}
	for _, name := range append(names, w.Params...) {
		known, ok := s.Parameters[name]
		if !ok {
			return nil, fmt.Errorf("there is no parameter %q", name)
		}
		p := maps.Clone(known)
		if p["name"] == nil {
			p["name"] = name
		}
		if p["in"] == "path" {
			p["required"] = true
		}
		all = append(all, p)
	}
	return all, nil
}

// media are the short names of media types.
func media(name string) string {
	switch name {
	case "json":
		return "application/json"
	case "merge":
		return "application/merge-patch+json"
	case "form":
		return "application/x-www-form-urlencoded"
	case "multipart":
		return "multipart/form-data"
	case "text":
		return "text/plain"
	case "html":
		return "text/html"
	case "css":
		return "text/css"
	case "js":
		return "text/javascript"
	case "sse":
		return "text/event-stream"
	case "ndjson":
		return "application/x-ndjson"
	case "tar":
		return "application/x-tar"
	case "offset":
		return "application/offset+octet-stream"
	case "any":
		return "*/*"
	}
	return ""
}

// content is what a body may be: a schema's name or a schema for what has one, else words.
func content(body object) object {
	all := object{}
	for name, value := range body {
		kind := media(name)
		if kind == "" {
			continue
		}
		var schema object
		switch text, isText := value.(string); {
		case !isText:
			schema = value.(object)
		case strings.Contains(" json merge form multipart ", " "+name+" "):
			schema = object{"$ref": "#/components/schemas/" + text}
		case name == "any":
			schema = object{"description": text}
		default:
			schema = object{"type": "string", "description": text}
		}
		all[kind] = object{"schema": schema}
	}
	if event, ok := body["events"].(string); ok {
		// OpenAPI 3.2 will say what a stream is made of by itemSchema. All of it is in asyncapi.json.
		events := object{
			"schema":       object{"type": "string", "description": "Events, each as the schema " + event + " has it."},
			"x-itemSchema": object{"$ref": "#/components/schemas/" + event},
		}
		for _, name := range []string{"sse", "ndjson"} {
			if only, ok := body["only"].(string); !ok || only == name {
				all[media(name)] = events
			}
		}
	}
	return all
}

func requestBody(body object) object {
	o := object{"content": content(body)}
	if body["required"] == true {
		o["required"] = true
	}
	return o
}

// responses are an operation's answers, and its problems by their status.
func responses(answers map[int]object, codes []string) (object, error) {
	all := object{}
	for status, answer := range answers {
		about, _ := answer["about"].(string)
		if about == "" {
			return nil, fmt.Errorf("answer %d: says nothing of itself", status)
		}
		r := object{"description": about}
		if c := content(answer); len(c) > 0 {
			r["content"] = c
		}
		named := object{}
		if list, ok := answer["headers"].([]any); ok {
			for _, name := range list {
				named[name.(string)] = object{"$ref": "#/components/headers/" + name.(string)}
			}
		}
		if len(named) > 0 {
			r["headers"] = named
		}
		all[strconv.Itoa(status)] = r
	}
	byStatus := map[int][]string{}
	for _, code := range codes {
		if !slices.Contains(wire.Codes(), wire.Code(code)) {
			return nil, fmt.Errorf("there is no code %q", code)
		}
		status := wire.Fail(wire.Code(code), "").Status()
		byStatus[status] = append(byStatus[status], code)
	}
	for status, codes := range byStatus {
		name := strconv.Itoa(status)
		schema := object{"$ref": "#/components/schemas/Problem", "properties": object{"code": object{"enum": anys(codes)}}}
		r := object{
			"description": http.StatusText(status) + ": `" + strings.Join(codes, "`, `") + "`.",
			"content":     object{"application/problem+json": object{"schema": schema}},
		}
		if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
			r["headers"] = object{"Retry-After": object{"$ref": "#/components/headers/Retry-After"}}
		}
		if answer, ok := all[name].(object); ok { // it is told in two ways
			kinds, _ := answer["content"].(object)
			maps.Copy(r["content"].(object), kinds)
			r["description"] = answer["description"].(string) + " Or " + r["description"].(string)
		}
		all[name] = r
	}
	return all, nil
}

// headers are those that answers may be said to have.
func headers() object {
	about := map[string]string{
		"Location": "The address of what was made, or where to go.", "ETag": "The version, for If-Match and If-None-Match.",
		"Retry-After": "In how many seconds to come back.", "Set-Cookie": "The session's cookie.", "Content-Range": "Which bytes.",
		"Upload-Offset": "How much is there, in bytes.", "Upload-Length": "How long the file is, in bytes.",
		"Tus-Resumable": "The version of tus.", "Tus-Version": "The versions of tus.", "Tus-Extension": "The extensions of tus.",
		"Tus-Max-Size": "How long a file may be, in bytes.",
	}
	all := object{}
	for name, text := range about {
		all[name] = object{"description": text, "schema": object{"type": "string"}}
	}
	return all
}

// reachable are the schemas that a part of a document names, and those that they name.
func reachable(schemas object, from any) object {
	found := object{}
	var walk func(any)
	walk = func(value any) {
		switch value := value.(type) {
		case object:
			if ref, ok := value["$ref"].(string); ok {
				name, is := strings.CutPrefix(ref, "#/components/schemas/")
				if is && found[name] == nil && schemas[name] != nil {
					found[name] = schemas[name]
					walk(schemas[name])
				}
			}
			for _, inner := range value {
				walk(inner)
			}
		case []any:
			for _, inner := range value {
				walk(inner)
			}
		}
	}
	walk(from)
	return found
}

func anys[T ~string](texts []T) []any {
	all := make([]any, 0, len(texts))
	for _, text := range texts {
		all = append(all, string(text))
	}
	return all
}
