package main

import (
	"embed"
	"errors"
	"fmt"
	"strings"
)

// completionCommand is "caller completion".
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"The shell: bash, zsh or fish."`
}

func (*completionCommand) examples() string {
	return `
# For bash, in ~/.bashrc: bash has a builtin of this name, which the first of these puts away.
enable -n caller; source <(caller completion bash)
# For zsh, in ~/.zshrc after compinit.
source <(caller completion zsh)
# For fish.
caller completion fish > ~/.config/fish/completions/caller.fish`
}

// completions are scripts that ask "caller complete" how to go on.
//
//go:embed completion
var completions embed.FS

// Run implements the command.
func (c *completionCommand) Run(i *invocation) error {
	script, err := completions.ReadFile("completion/caller." + c.Shell)
	if err != nil {
		return err
	}
	_, err = i.stdout.Write(script)
	return quietly(err)
}

// completeCommand is what those scripts ask. It prints a line for each way to go on: the word, a
// tab, and what it is; ":files" alone asks for a file.
type completeCommand struct {
	Words []string `arg:"" optional:"" sep:"none" passthrough:"" help:"The command line after caller, up to the word that is being typed."`
}

// Run implements the command.
func (c *completeCommand) Run(i *invocation) error {
	words := c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	if len(words) == 0 {
		return i.misuse(errors.New("needs the words of a command line"))
	}
	answers, files := complete(i.parsed.Model, words)
	var out strings.Builder
	if files {
		out.WriteString(":files\n")
	}
	for _, a := range answers {
		help, _, _ := strings.Cut(a.help, ". ")
		fmt.Fprintf(&out, "%s\t%s\n", a.word, strings.TrimSuffix(help, "."))
	}
	_, err := fmt.Fprint(i.stdout, out.String())
	return quietly(err)
}
