package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"
)

// adviser is a command with examples, which stand below its help and in the man page.
type adviser interface {
	// examples are command lines, and lines that begin with # and say what the next one does.
	examples() string
}

// describe gives the settings their help texts. As kong's own variables they would take a fiftieth
// of a second at each start: it looks for each of them in each other.
func describe(k *kong.Kong) error {
	texts := helpTexts()
	return kong.Visit(k.Model, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok && flag.Help == "" {
			flag.Help = texts["help_"+strings.ReplaceAll(flag.Name, "-", "_")]
			if flag.Help == "" {
				return fmt.Errorf("--%s has no help", flag.Name)
			}
		}
		return next(nil)
	})
}

// withVariable is a flag's help with the variable that has the same setting.
func withVariable(v *kong.Value) string {
	if variable := v.Tag.Get(variableTag); variable != "" {
		return v.Help + " ($" + variable + ")"
	}
	return v.Help
}

// helpPrinter prints the help of a command. That of the program is a list of its commands, and then
// all that the server can be told, which is what most ask for.
func helpPrinter(o kong.HelpOptions, ctx *kong.Context) error {
	command, serves := ctx.Selected(), ctx.Model.DefaultCmd
	if command == nil {
		if err := printCommands(ctx.Stdout, ctx.Model); err != nil {
			return err
		}
		command = serves
		of := *ctx
		of.Path = append(slices.Clone(ctx.Path), &kong.Path{Command: serves})
		ctx, o.NoAppSummary = &of, true
	}
	if err := kong.DefaultHelpPrinter(o, ctx); err != nil {
		return err
	}
	if a, ok := command.Target.Addr().Interface().(adviser); ok {
		fmt.Fprint(ctx.Stdout, "\nExamples:\n")
		for line := range strings.Lines(strings.TrimSpace(a.examples())) {
			fmt.Fprint(ctx.Stdout, "  ", line)
		}
		fmt.Fprintln(ctx.Stdout)
	}
	if command == serves {
		return printLimits(ctx.Stdout)
	}
	return nil
}

func printCommands(w io.Writer, app *kong.Application) error {
	fmt.Fprintf(w, "Usage: %s [COMMAND] [FLAGS]\n\n%s\n\nCommands:\n", app.Name, app.Help)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, command := range app.Leaves(true) {
		fmt.Fprintf(table, "  %s\t%s\n", strings.TrimPrefix(command.FullPath(), app.Name+" "), command.Help)
	}
	fmt.Fprintf(table, "\n\"%s COMMAND --help\" says more of one. This is what the first can be told:\n", app.Name)
	return table.Flush()
}
