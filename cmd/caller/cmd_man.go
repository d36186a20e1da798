package main

import (
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/cpuguy83/go-md2man/v2/md2man"

	"github.com/caller-chat/caller/chat/limits"
)

// manCommand is "caller man".
type manCommand struct{}

func (*manCommand) examples() string {
	return `
# Read the manual.
caller man | man -l -
# Put it where man finds it.
caller man > /usr/local/share/man/man1/caller.1`
}

// Run implements the command.
func (*manCommand) Run(i *invocation) error {
	var out strings.Builder
	for _, r := range string(md2man.Render([]byte(manual(i.parsed.Model, built())))) {
		switch {
		case r == '…':
			out.WriteString("...")
		case r > 0x7e:
			fmt.Fprintf(&out, `\[u%04X]`, r) // any troff can read it
		default:
			out.WriteRune(r)
		}
	}
	_, err := io.WriteString(i.stdout, out.String())
	return quietly(err)
}

// built is the day of the commit that this program is of, or today.
func built() string {
	if day, _, ok := strings.Cut(buildOf(debug.ReadBuildInfo()).Time, "T"); ok {
		return day
	}
	return time.Now().Format(time.DateOnly)
}

// manual is the manual in Markdown, made of the grammar.
func manual(app *kong.Application, day string) string {
	var b strings.Builder
	b.WriteString("% CALLER 1 \"" + day + "\" \"Caller\" \"User Commands\"\n\n# NAME\n\ncaller - a rooms chat that works on any network\n\n# SYNOPSIS\n\n" +
		"**caller** [*COMMAND*] [*FLAGS*]\n\n# DESCRIPTION\n\n" + escapeMarkdown(app.Help) + "\n\n# COMMANDS\n\n")
	for _, command := range app.Leaves(true) {
		fmt.Fprintf(&b, "## %s\n\n%s\n\n", escapeMarkdown(command.Summary()), escapeMarkdown(command.Help))
		for _, argument := range command.Positional {
			fmt.Fprintf(&b, "**%s**\n: %s\n\n", escapeMarkdown(argument.Summary()), escapeMarkdown(argument.Help))
		}
		for _, flag := range command.Flags {
			if !flag.Hidden && (command == app.DefaultCmd || !takesSettings(app, command) || !isSetting(app, flag)) {
				manFlag(&b, flag)
			}
		}
		if command != app.DefaultCmd && takesSettings(app, command) {
			b.WriteString("It takes the settings of **caller serve** as well.\n\n")
		}
		if a, ok := command.Target.Addr().Interface().(adviser); ok {
			b.WriteString("Examples:\n\n```\n" + strings.TrimSpace(a.examples()) + "\n```\n\n")
		}
	}
	b.WriteString("# LIMITS\n\nWhat **--limits** can change, as BURST/RATE: so many at once, and so many more each second (or minute, or hour).\n\n")
	for _, l := range limits.All() {
		fmt.Fprintf(&b, "**%s=%s**\n: %s: %s.\n\n", escapeMarkdown(l.Name), escapeMarkdown(limits.Format(l.Bucket)), escapeMarkdown(l.What), escapeMarkdown(l.Why))
	}
	b.WriteString("# EXIT STATUS\n\n")
	for _, status := range exitStatuses {
		fmt.Fprintf(&b, "**%d**\n: %s\n\n", status.code, status.what)
	}
	b.WriteString("# NOTES\n\nBash has a builtin of the same name. **enable -n caller**, in a script or in *~/.bashrc*, puts it away.\n\n")
	b.WriteString("# FILES\n\n**.env**\n: In the working directory: lines as CALLER\\_ADDR=:8080, for what neither a flag nor the environment says.\n")
	return b.String()
}

func manFlag(b *strings.Builder, flag *kong.Flag) {
	b.WriteString("**")
	if flag.Short != 0 {
		fmt.Fprintf(b, "-%c**, **", flag.Short)
	}
	fmt.Fprintf(b, "--%s**", escapeMarkdown(flag.Name))
	if !flag.IsBool() {
		fmt.Fprintf(b, "=*%s*", escapeMarkdown(strings.Trim(flag.FormatPlaceHolder(), `"`)))
	}
	fmt.Fprintf(b, "\n: %s", escapeMarkdown(flag.Help))
	if variable := flag.Tag.Get(variableTag); variable != "" {
		fmt.Fprintf(b, " (%s)", escapeMarkdown(variable))
	}
	b.WriteString("\n\n")
}

// isSetting reports whether a flag is one of the server's settings.
func isSetting(app *kong.Application, flag *kong.Flag) bool {
	for _, setting := range app.DefaultCmd.Flags {
		if setting.Name == flag.Name && setting.Tag.Get(variableTag) == flag.Tag.Get(variableTag) {
			return true
		}
	}
	return false
}

// takesSettings reports whether a command takes those that matter most.
func takesSettings(app *kong.Application, command *kong.Node) bool {
	for _, flag := range command.Flags {
		if flag.Name == "redis-url" && isSetting(app, flag) {
			return true
		}
	}
	return false
}

var markdown = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "<", `\<`, ">", `\>`, "[", `\[`, "]", `\]`, "|", `\|`, "#", `\#`, "~", `\~`, "&", `\&`)

func escapeMarkdown(text string) string { return markdown.Replace(text) }
