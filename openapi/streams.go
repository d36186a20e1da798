package openapi

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
)

// streams is how the streams are written.
type streams struct {
	Info                               object
	Events, Answers, Commands, Joining map[string]string // schemas by the names of messages
	Channels                           map[string]channel
	Query                              object
}

type channel struct {
	Address, Title, About string
	Over                  string // ws or http
	Query                 []string
	Commands, Joining     bool
	Pages                 string // the schema of what a poll is answered by; empty for a stream
}

// Streams is the streams' document, AsyncAPI 3.0, without its servers. It is made anew by each call.
func Streams() (map[string]any, error) {
	var s streams
	var schemas object
	if err := readYAML("streams.yaml", &s); err != nil {
		return nil, err
	}
	if err := readYAML("schemas.yaml", &schemas); err != nil {
		return nil, err
	}
	if err := fillCodes(schemas); err != nil {
		return nil, err
	}
	channels, operations, messages := object{}, object{}, object{}
	for _, all := range []map[string]string{s.Events, s.Answers, s.Commands, s.Joining} {
		for name, schema := range all {
			messages[name] = message(name, schema, schemas)
		}
	}
	for name, c := range s.Channels {
		sent, received := slices.Sorted(maps.Keys(s.Events)), []string(nil)
		if c.Pages != "" {
			sent = []string{"page" + c.Pages}
			messages[sent[0]] = message(sent[0], c.Pages, schemas)
		}
		if c.Commands {
			sent = append(sent, slices.Sorted(maps.Keys(s.Answers))...)
			received = slices.Sorted(maps.Keys(s.Commands))
		}
		if c.Joining {
			received = append(received, slices.Sorted(maps.Keys(s.Joining))...)
		}
		described, err := s.channel(c, append(slices.Clone(sent), received...))
		if err != nil {
			return nil, fmt.Errorf("streams.yaml: %s: %w", name, err)
		}
		channels[name] = described
		operations["send."+name] = operationOn("send", name, c, sent)
		if received != nil {
			operations["receive."+name] = operationOn("receive", name, c, received)
		}
	}
	return object{
		"asyncapi": "3.0.0", "info": s.Info, "defaultContentType": "application/json",
		"channels": channels, "operations": operations,
		"components": object{"messages": messages, "schemas": withoutDialect(reachable(schemas, messages))},
	}, nil
}

func message(name, schema string, schemas object) object {
	m := object{"name": name, "payload": object{"$ref": "#/components/schemas/" + schema}}
	described, _ := schemas[schema].(object)
	if about, ok := described["description"].(string); ok {
		m["summary"] = about
	}
	if examples, ok := described["examples"].([]any); ok {
		var all []any
		for _, payload := range examples {
			all = append(all, object{"payload": payload})
		}
		m["examples"] = all
	}
	return m
}

func (s *streams) channel(c channel, names []string) (object, error) {
	messages := object{}
	for _, name := range names {
		messages[name] = object{"$ref": "#/components/messages/" + name}
	}
	described := object{"address": c.Address, "title": c.Title, "description": c.About, "messages": messages}
	if c.Address[1:6] == "rooms" {
		described["parameters"] = object{"room": object{"description": "The room.", "examples": []any{"lobby"}}}
	}
	query := object{}
	for _, name := range c.Query {
		if s.Query[name] == nil {
			return nil, fmt.Errorf("there is no %q in query", name)
		}
		query[name] = s.Query[name]
	}
	if c.Over == "ws" {
		described["bindings"] = object{"ws": object{"method": "GET", "query": object{"type": "object", "properties": query}}}
	}
	return described, nil
}

func operationOn(action, name string, c channel, names []string) object {
	var messages []any
	for _, m := range names {
		messages = append(messages, object{"$ref": "#/channels/" + name + "/messages/" + m})
	}
	o := object{"action": action, "channel": object{"$ref": "#/channels/" + name}, "messages": messages, "summary": c.Title}
	if c.Over == "http" {
		o["bindings"] = object{"http": object{"method": "GET"}}
	}
	return o
}

// withoutDialect makes schemas of JSON Schema 2020-12 such as AsyncAPI has them: a reference stands
// alone, and a discriminator is a name.
func withoutDialect(value any) any {
	switch value := value.(type) {
	case object:
		if ref, ok := value["$ref"].(string); ok {
			return object{"$ref": ref}
		}
		copied := object{}
		for name, inner := range value {
			if d, ok := inner.(object); ok && name == "discriminator" {
				inner = d["propertyName"]
			}
			copied[name] = withoutDialect(inner)
		}
		return copied
	case []any:
		copied := make([]any, 0, len(value))
		for _, inner := range value {
			copied = append(copied, withoutDialect(inner))
		}
		return copied
	}
	return value
}

// streamServers are the servers of the streams' document, by the address at which it is served.
func streamServers(base string) object {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return nil
	}
	socket := "ws"
	if u.Scheme == "https" {
		socket = "wss"
	}
	server := func(protocol string) object {
		s := object{"host": u.Host, "protocol": protocol}
		if u.Path != "" {
			s["pathname"] = u.Path
		}
		return s
	}
	return object{"webSocket": server(socket), "http": server(u.Scheme)}
}
