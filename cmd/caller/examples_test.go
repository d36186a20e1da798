package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shellWord is a word of a line as a shell splits it, as far as examples go.
var shellWord = regexp.MustCompile(`'[^']*'|"[^"]*"|[^\s'"]+`)

// callsIn are the command lines of caller in a text: each without the name, up to a pipe.
func callsIn(text string) [][]string {
	var calls [][]string
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "      #")
		for _, part := range regexp.MustCompile(`\||;|<\(|\)`).Split(line, -1) {
			words := shellWord.FindAllString(part, -1)
			for len(words) > 0 && regexp.MustCompile(`^[A-Z_]+=`).MatchString(words[0]) {
				words = words[1:]
			}
			if len(words) == 0 || words[0] != "caller" {
				continue
			}
			call := []string{}
			for _, word := range words[1:] {
				if word == ">" || word == "2>&1" || strings.HasPrefix(word, "#") || word == "…" {
					break
				}
				call = append(call, strings.Trim(word, `'"`))
			}
			calls = append(calls, call)
		}
	}
	return calls
}

// TestExamplesAreRight has the grammar read every example of the help texts, and of docs/cli.md.
func TestExamplesAreRight(t *testing.T) {
	parser, err := kong.New(&commands{}, kong.Vars{"version": ""}, kong.PostBuild(describe), kong.Name("caller"))
	require.NoError(t, err)
	text := ""
	for _, command := range parser.Model.Leaves(true) {
		if a, ok := command.Target.Addr().Interface().(adviser); ok {
			require.NotEmpty(t, callsIn(a.examples()), command.FullPath())
			text += a.examples() + "\n"
		}
	}
	page, err := os.ReadFile("../../docs/cli.md")
	require.NoError(t, err)
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		text += block[1]
	}
	calls := callsIn(text)
	require.Greater(t, len(calls), 20)
	for _, call := range calls {
		t.Chdir(t.TempDir())
		i := &invocation{ctx: t.Context(), args: call, stdin: eof{}, stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}}
		_, err := i.parse(&commands{})
		assert.NoError(t, err, call)
	}
}
