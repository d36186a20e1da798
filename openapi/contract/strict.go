package contract

import (
	"maps"
	"slices"
	"strings"
)

// strict makes a document's schemas say what they mean to the letter: an object has the properties
// that are described and no others, and what is one of several by its type is judged by that one,
// so that what is wrong with it is told.
func strict(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			value[name] = strict(inner)
		}
		if _, composed := value["$ref"]; !composed && isSchemaOfObject(value) {
			value["unevaluatedProperties"] = false
		}
		byType(value)
	case []any:
		for i, inner := range value {
			value[i] = strict(inner)
		}
	}
	return value
}

func isSchemaOfObject(value map[string]any) bool {
	properties, ok := value["properties"].(map[string]any)
	_, open := value["additionalProperties"]
	if !ok || open {
		return false
	}
	for _, p := range properties {
		if _, ok := p.(map[string]any); !ok {
			return false
		}
	}
	return value["type"] == "object"
}

// byType replaces the branches of a oneOf that are told apart by their name: each is a reference.
func byType(value map[string]any) {
	branches, ok := value["oneOf"].([]any)
	d, told := value["discriminator"].(map[string]any)
	if !ok || !told {
		return
	}
	mapping := d["mapping"].(map[string]any)
	property := d["propertyName"].(string)
	names := slices.Sorted(maps.Keys(mapping))
	var all, known []any
	for _, name := range names {
		known = append(known, name)
		all = append(all, map[string]any{
			"if":   map[string]any{"properties": map[string]any{property: map[string]any{"const": name}}},
			"then": map[string]any{"$ref": mapping[name]},
		})
	}
	if len(all) != len(branches) {
		return
	}
	delete(value, "oneOf")
	value["type"], value["required"] = "object", []any{property}
	value["properties"] = map[string]any{property: map[string]any{"enum": known}}
	value["allOf"] = all
}

// clone is a document of its own.
func clone(value any) any {
	switch value := value.(type) {
	case map[string]any:
		copied := make(map[string]any, len(value))
		for name, inner := range value {
			copied[name] = clone(inner)
		}
		return copied
	case []any:
		copied := make([]any, len(value))
		for i, inner := range value {
			copied[i] = clone(inner)
		}
		return copied
	}
	return value
}

// plain is a document with the numbers that package jsonschema knows.
func plain(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			value[name] = plain(inner)
		}
	case []any:
		for i, inner := range value {
			value[i] = plain(inner)
		}
	case int:
		return float64(value)
	}
	return value
}

// at is the object under names in a document; nil where there is none.
func at(value any, names ...string) map[string]any {
	for _, name := range names {
		in, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = in[name]
	}
	in, _ := value.(map[string]any)
	return in
}

// escaped is a name in a JSON pointer.
func escaped(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
