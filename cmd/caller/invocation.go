package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// invocation is one run of the program, and what its commands work with.
type invocation struct {
	ctx            context.Context // ends when the program is told to
	args, env      []string
	stdin          io.Reader
	stdout, stderr io.Writer

	from   *sources      // where flags that are not on the command line come from
	parsed *kong.Context // the command line
}

// run finds the command and runs it.
func (i *invocation) run() error {
	answered, err := i.parse(&commands{})
	if err != nil || answered {
		return err
	}
	return i.parsed.Run(i)
}

// parse reads flags, environment and .env. It has answered, and there is nothing more to do, when
// they asked for help or the version.
func (i *invocation) parse(into *commands) (answered bool, err error) {
	if i.from, err = newSources(i.env); err != nil {
		return false, &settingError{err}
	}
	var help bytes.Buffer // written at once, by us: what can't be written is no wrong command line
	parser, err := kong.New(into,
		kong.Name("caller"), kong.Description(description), kong.Vars{"version": version()}, kong.PostBuild(describe),
		kong.Writers(&help, io.Discard), kong.Exit(func(int) { answered = true }),
		kong.Resolvers(i.from), kong.ValueFormatter(withVariable),
		kong.ConfigureHelp(kong.HelpOptions{WrapUpperBound: 100}), kong.Help(helpPrinter))
	if err != nil {
		return false, fmt.Errorf("the commands' own definition: %w", err)
	}
	i.parsed, err = parser.Parse(joined(parser.Model, i.args))
	var wrong *kong.ParseError
	switch {
	case answered:
		_, err := i.stdout.Write(help.Bytes())
		return true, quietly(err)
	case errors.As(err, &wrong):
		return false, i.misused(wrong)
	}
	return false, err
}

// joined gives flags their values that are negative numbers: in "--heartbeat -1s" kong sees two flags,
// and would say that a value is missing, not which values are right.
func joined(app *kong.Application, args []string) []string {
	takes := map[string]bool{}
	for _, command := range app.Leaves(false) {
		for _, flag := range command.Flags {
			takes["--"+flag.Name] = !flag.IsBool()
		}
	}
	var all []string
	for at := 0; at < len(args); at++ {
		arg := args[at]
		if arg == "--" {
			return append(all, args[at:]...)
		}
		if takes[arg] && at+1 < len(args) && negative.MatchString(args[at+1]) {
			at++
			arg += "=" + args[at]
		}
		all = append(all, arg)
	}
	return all
}

var negative = regexp.MustCompile(`^-\.?[0-9]`)

// misused is what is wrong with a command line, or with a setting from elsewhere.
func (i *invocation) misused(wrong *kong.ParseError) error {
	flags, command := wrong.Context.Flags(), wrong.Context.Selected()
	if command == nil {
		command = wrong.Context.Model.DefaultCmd
		flags = append(flags, command.Flags...)
	}
	err := i.from.named(flags, i.args, wrong)
	for _, argument := range command.Positional {
		if rest, ok := strings.CutPrefix(err.Error(), argument.Summary()+": "); ok {
			err = errors.New(rest)
		}
	}
	if command == wrong.Context.Model.DefaultCmd {
		if what, ok := strings.CutPrefix(err.Error(), "unexpected argument "); ok && !slices.Contains(i.args, command.Name) {
			err = fmt.Errorf("there is no command %q", what)
		}
		return &settingError{err}
	}
	return &usageError{command: command.FullPath(), err: err}
}

// config is what the settings of a command come to.
func (i *invocation) config(s *settings) (config, error) {
	c := config{settings: *s, redis: string(s.RedisURL)}
	if c.RedisAddr != "" && i.from.rank(i.parsed, "redis-addr") > i.from.rank(i.parsed, "redis-url") {
		c.redis = "redis://" + string(c.RedisAddr)
	}
	if c.AdminAddr == "" { // in the environment it may be for the commands that ask a node's admin listener
		if i.from.rank(i.parsed, "admin-token") < fromCommandLine && c.AdminToken != "" {
			c.AdminToken, c.idleAdminToken = "", true
		}
		if i.from.rank(i.parsed, "admin-token-file") < fromCommandLine && c.AdminTokenFile != "" {
			c.AdminTokenFile, c.idleAdminToken = "", true
		}
	}
	err := c.fit()
	if err == nil {
		c.secrets, err = c.readSecrets()
	}
	if err != nil {
		return config{}, &settingError{err}
	}
	return c, nil
}

// settingError is a setting with a wrong value. Its text names flag and variable, and has no value
// that may be secret.
type settingError struct{ err error }

func (e *settingError) Error() string {
	return e.err.Error() + "\n\"caller --help\" lists all settings and commands"
}

func (e *settingError) Unwrap() error { return e.err }

// usageError is a command that was called in a way in which it can't be.
type usageError struct {
	command string // with "caller" before it
	err     error
}

func (e *usageError) Error() string {
	return fmt.Sprintf("%s: %v\n\"%s --help\" says how it is used", strings.TrimPrefix(e.command, "caller "), e.err, e.command)
}

func (e *usageError) Unwrap() error { return e.err }
