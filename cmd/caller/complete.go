package main

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// answer is a way to go on with a command line.
type answer struct{ word, help string }

// completer follows a command line through the grammar, up to the word that is being typed.
type completer struct {
	app   *kong.Application
	node  *kong.Node
	after []*kong.Positional // arguments that are still to come
	plain bool               // a "--" has come: no flags any more
}

// complete is how a command line may go on; its last word is the one that is being typed, perhaps
// empty. It reports whether a file is wanted there, which the shell knows how to find.
func complete(app *kong.Application, words []string) (answers []answer, files bool) {
	c := &completer{app: app}
	c.enter(app.Node)
	words, typed := words[:len(words)-1], words[len(words)-1]
	for at := 0; at < len(words); at++ {
		word := words[at]
		name, _, has := strings.Cut(word, "=")
		flag := c.flag(name)
		switch {
		case c.plain || !strings.HasPrefix(word, "-") || word == "-":
			c.argument(word)
		case word == "--":
			c.plain = true
		case flag == nil || has || flag.IsBool():
		default: // its value is the next word; bash has the = between them as a word of its own
			at++
			if at < len(words) && words[at] == "=" {
				at++
			}
			if at < len(words) {
				continue
			}
			if typed == "=" {
				typed = ""
			}
			return values(flag.Value, flag.FormatPlaceHolder(), "", typed)
		}
	}
	if name, value, has := strings.Cut(typed, "="); has && !c.plain && strings.HasPrefix(typed, "-") {
		if flag := c.flag(name); flag != nil {
			return values(flag.Value, flag.FormatPlaceHolder(), name+"=", value)
		}
		return nil, false
	}
	return c.here(typed)
}

func (c *completer) enter(node *kong.Node) {
	c.node, c.after = node, slices.Clone(node.Positional)
}

// argument is a word that is no flag: a command, or what a command is about.
func (c *completer) argument(word string) {
	for _, child := range c.node.Children {
		if child.Name == word || slices.Contains(child.Aliases, word) {
			c.enter(child)
			return
		}
	}
	if len(c.after) > 0 && !c.after[0].IsCumulative() {
		c.after = c.after[1:]
	}
}

// flags are those that can be given here: without a command, the server's.
func (c *completer) flags() []*kong.Flag {
	node := c.node
	if node == c.app.Node {
		node = c.app.DefaultCmd
	}
	return slices.Concat(node.AllFlags(true)...)
}

// flag is the one that a word names, as --name, or as the last of some letters after a "-".
func (c *completer) flag(word string) *kong.Flag {
	for _, flag := range c.flags() {
		short := flag.Short != 0 && !strings.HasPrefix(word, "--") && strings.HasSuffix(word, string(flag.Short))
		if word == "--"+flag.Name || short {
			return flag
		}
	}
	return nil
}

// here are the commands, arguments and flags that begin as what is typed. Flags are told when
// somebody begins one, or when there is nothing else.
func (c *completer) here(typed string) (answers []answer, files bool) {
	if !strings.HasPrefix(typed, "-") || c.plain {
		for _, child := range c.node.Children {
			if !child.Hidden && strings.HasPrefix(child.Name, typed) {
				answers = append(answers, answer{child.Name, child.Help})
			}
		}
		if len(c.after) > 0 {
			found, wants := values(c.after[0], c.after[0].Tag.PlaceHolder, "", typed)
			answers, files = append(answers, found...), wants
		}
	}
	if c.plain || len(answers) > 0 || files || typed != "" && !strings.HasPrefix(typed, "-") {
		return answers, files
	}
	for _, flag := range c.flags() {
		if strings.HasPrefix("--"+flag.Name, typed) {
			answers = append(answers, answer{"--" + flag.Name, flag.Help})
		}
	}
	return answers, false
}

// values are those of an argument or a flag that begin as what is typed. Where they are words, its
// placeholder names them, as in text|json.
func values(of *kong.Value, placeholder, before, typed string) (answers []answer, files bool) {
	words := strings.Split(of.Enum, ",")
	if of.Enum == "" {
		words = strings.Split(strings.Trim(placeholder, `"`), "|")
	}
	for _, word := range words {
		if word != "" && word == strings.ToLower(word) && strings.HasPrefix(word, typed) && !strings.ContainsAny(word, ",…") {
			answers = append(answers, answer{before + word, ""})
		}
	}
	file := strings.Trim(placeholder, `"`)
	return answers, file == "FILE" || file == "DIR"
}
