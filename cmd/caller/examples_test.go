package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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

// blocks are the examples of a page, and spans what stands in its sentences.
var (
	blocks = regexp.MustCompile("(?ms)^```[^\n]*\n(.*?)^```")
	spans  = regexp.MustCompile("`(caller [^`]*)`")
)

// TestExamplesAreRight has the grammar read every example of the help texts and of all pages. Of one that
// leaves something open ("…"), and of commands in sentences, the flags have to be there.
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
	pages, err := filepath.Glob("../../docs/*.md")
	require.NoError(t, err)
	sketches := ""
	for _, name := range append(pages, "../../README.md") {
		page, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, block := range blocks.FindAllStringSubmatch(string(page), -1) {
			for line := range strings.Lines(strings.ReplaceAll(block[1], "\\\n", " ")) {
				if strings.Contains(line, "…") {
					sketches += line
				} else {
					text += line
				}
			}
		}
		for _, span := range spans.FindAllStringSubmatch(blocks.ReplaceAllString(string(page), ""), -1) {
			sketches += strings.ReplaceAll(span[1], "\n", " ") + "\n"
		}
	}
	require.Greater(t, len(callsIn(sketches)), 20)
	for _, call := range callsIn(sketches) {
		node := parser.Model.Node
		for _, word := range call {
			if name, isFlag := strings.CutPrefix(word, "--"); isFlag {
				name, _, _ = strings.Cut(name, "=")
				assert.True(t, slices.ContainsFunc(flagsOf(node), func(f *kong.Flag) bool { return f.Name == name }), "--%s of %v", name, call)
			} else if at := slices.IndexFunc(node.Children, func(n *kong.Node) bool { return n.Name == word }); at >= 0 {
				node = node.Children[at]
			}
		}
	}
	calls := callsIn(text)
	require.Greater(t, len(calls), 40)
	programs := t.TempDir() // that examples name
	require.NoError(t, os.WriteFile(filepath.Join(programs, "clamdscan"), []byte("#!/bin/sh\n"), 0o700))
	t.Setenv("PATH", programs+":"+os.Getenv("PATH"))
	for _, call := range calls {
		t.Chdir(t.TempDir())
		i := &invocation{ctx: t.Context(), args: call, stdin: eof{}, stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}}
		_, err := i.parse(&commands{})
		assert.NoError(t, err, call)
	}
}

// flagsOf are the flags of a command; those of serve for none.
func flagsOf(node *kong.Node) []*kong.Flag {
	if node.DefaultCmd != nil {
		node = node.DefaultCmd
	}
	var flags []*kong.Flag
	for _, group := range node.AllFlags(false) {
		flags = append(flags, group...)
	}
	return flags
}
