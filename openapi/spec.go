package openapi

import (
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed spec
var specs embed.FS

// object is a JSON object.
type object = map[string]any

// spec is one file of operations, as it is written.
type spec struct {
	Info       object
	Before     string
	Security   object // schemes, any of which will do
	Anybody    bool   // without any will do too
	Tags       []Tag
	Sets       map[string][]string
	Parameters map[string]object
	Schemas    object
	Paths      yaml.Node // in the order in which they are written
}

// Tag is a group of operations.
type Tag struct{ Name, Description string }

// written is one operation, as it is written.
type written struct {
	ID, Tag, Summary, About string
	Open                    bool // nobody has to say who one is
	Params                  []string
	Body                    object
	Answers                 map[int]object
	Codes                   []string
	Curl                    []Example
}

// Example is a command that works as it stands, on a node at BASE.
type Example struct {
	Say, Run string
	// Stream says that it does not end by itself.
	Stream bool
}

// Operation is one operation of an API.
type Operation struct {
	Method, Path string
	ID, Tag      string
	Summary      string
	About        string // in Markdown's paragraphs and code spans
	Curl         []Example
	object       object // of the document
}

func readSpec(name string) (s spec, shared object, err error) {
	if err = readYAML(name, &s); err != nil {
		return s, nil, err
	}
	err = readYAML("schemas.yaml", &shared)
	return s, shared, err
}

func readYAML(name string, into any) error {
	text, err := specs.ReadFile("spec/" + name)
	if err == nil {
		err = yaml.Unmarshal(text, into)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// each calls do for each operation, in the order in which they are written.
func (s *spec) each(do func(path, method string, w written) error) error {
	for i := 0; i+1 < len(s.Paths.Content); i += 2 {
		path, methods := s.Paths.Content[i].Value, s.Paths.Content[i+1]
		for j := 0; j+1 < len(methods.Content); j += 2 {
			var w written
			method := methods.Content[j].Value
			err := methods.Content[j+1].Decode(&w)
			if err == nil {
				err = do(path, method, w)
			}
			if err != nil {
				return fmt.Errorf("%s %s: %w", strings.ToUpper(method), path, err)
			}
		}
	}
	return nil
}

// security are the ways in which one may say who one is.
func (s *spec) security() (ways []any) {
	if s.Anybody {
		ways = append(ways, object{})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Security)) {
		ways = append(ways, object{name: []any{}})
	}
	return ways
}

// codes are an operation's codes, with those of the sets that it names.
func (s *spec) codes(w written) (all []string, err error) {
	for _, name := range append([]string{"@every"}, w.Codes...) {
		set, isSet := strings.CutPrefix(name, "@")
		if !isSet {
			all = append(all, name)
			continue
		}
		codes, ok := s.Sets[set]
		if !ok {
			return nil, fmt.Errorf("there is no set of codes %q", set)
		}
		all = append(all, codes...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}
