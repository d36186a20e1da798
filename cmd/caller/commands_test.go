package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// call runs a command line to its end, and gives what it wrote and its exit code.
func call(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	t.Chdir(t.TempDir())
	var out, errs bytes.Buffer
	code = exitCode(run(t.Context(), args, nil, &out, &errs), &errs)
	return out.String(), errs.String(), code
}

func TestVersion(t *testing.T) {
	plain, _, code := call(t, "version")
	assert.Zero(t, code)
	flag, _, code := call(t, "--version")
	assert.Zero(t, code)
	assert.Equal(t, flag, plain)
	assert.Regexp(t, `^caller .*go1`, plain)
	whole, _, code := call(t, "version", "--json")
	assert.Zero(t, code)
	var b build
	require.NoError(t, json.Unmarshal([]byte(whole), &b))
	assert.NotEmpty(t, b.Version)
	assert.Contains(t, plain, b.Go)
}

// The texts of what is wrong with a command line name what can be done about it.
func TestWrongUsage(t *testing.T) {
	for want, args := range map[string][]string{
		"--link-previews (CALLER_LINK_PREVIEWS) needs a value: on|off":      {"--link-previews"},
		"--session-key (CALLER_SESSION_KEY) needs a value: KEY":             {"serve", "--session-key", "--addr", ":1"},
		"--redis-url (REDIS_URL) needs a value: URL":                        {"files", "check", "--redis-url"},
		`there is no command "nonsense"`:                                    {"nonsense"},
		"unexpected argument now":                                           {"serve", "now"},
		`flag --addr applies to the default command "serve", not "version"`: {"--addr", ":1", "version"},
		`"caller files check --help" says how it is used`:                   {"files", "check", "--colour"},
		"files check needs --files (CALLER_FILES), which is not mem://":     {"files", "check"},
	} {
		out, errs, code := call(t, args...)
		assert.Equal(t, exitUsage, code, args)
		assert.Contains(t, errs, want, args)
		assert.Empty(t, out)
	}
}

// unwritable is a standard output that fails.
type unwritable struct{ err error }

func (u unwritable) Write([]byte) (int, error) { return 0, u.err }

// A reader that has had enough is no fault, and a full disk is no wrong command line.
func TestWhatCannotBePrinted(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, args := range [][]string{
		{"--help"}, {"tail", "--help"}, {"--version"}, {"version"}, {"version", "--json"}, {"man"}, {"completion", "zsh"},
		{"complete", "--", ""}, {"verify", "--list"}, {"verify", "--list", "--json"},
	} {
		var errs bytes.Buffer
		code := exitCode(run(t.Context(), args, nil, unwritable{fmt.Errorf("write: %w", syscall.EPIPE)}, &errs), &errs)
		assert.Zero(t, code, args)
		assert.Empty(t, errs.String(), args)
		code = exitCode(run(t.Context(), args, nil, unwritable{syscall.ENOSPC}, &errs), &errs)
		assert.Equal(t, exitFailed, code, args)
		assert.Equal(t, "caller: no space left on device\n", errs.String(), args)
	}
	var errs bytes.Buffer
	code := exitCode(run(t.Context(), []string{"doctor", "--quick", "--at", "http://127.0.0.1:9"}, nil, unwritable{syscall.EPIPE}, &errs), &errs)
	assert.Equal(t, exitFailed, code, "what is wrong is wrong, whoever reads it")
}

// A setting of the server that is wrong in the environment is none of another command's business.
func TestOthersSettingsDoNotMatter(t *testing.T) {
	t.Chdir(t.TempDir())
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"version"}, []string{"CALLER_ADDR=wrong"}, &out, &out))
}

// TestFilesAreCompleted has the shell find them, also where they are no flag's.
func TestFilesAreCompleted(t *testing.T) {
	for _, words := range [][]string{{"export", ""}, {"export", "./"}, {"import", "b"}} {
		out, _, code := call(t, append([]string{"complete", "--"}, words...)...)
		assert.Zero(t, code)
		assert.Equal(t, ":files\n", out, words)
	}
}

// TestEveryCommandHasHelp asks each command for its help: what it does, its flags, and examples
// that begin with its name.
func TestEveryCommandHasHelp(t *testing.T) {
	parser, err := kong.New(&commands{}, kong.Vars{"version": ""}, kong.PostBuild(describe), kong.Name("caller"))
	require.NoError(t, err)
	whole, _, code := call(t, "--help")
	require.Zero(t, code)
	for _, command := range parser.Model.Leaves(true) {
		path := strings.Fields(command.FullPath())[1:]
		t.Run(strings.Join(path, " "), func(t *testing.T) {
			help, _, code := call(t, append(path, "--help")...)
			assert.Zero(t, code)
			assert.Contains(t, help, "Usage: caller "+strings.Join(path, " "))
			assert.Contains(t, strings.Join(strings.Fields(help), " "), strings.Join(strings.Fields(command.Help), " "))
			assert.Contains(t, whole, "  "+strings.Join(path, " ")+" ", "it is in the list of all")
			assert.Regexp(t, `^[A-Z].*\.$`, command.Help)
			for _, flag := range command.Flags {
				assert.Regexp(t, `^[A-Za-z].*[.]$`, flag.Help, "--"+flag.Name)
				if flag.Tag.Has("placeholder") { // then it takes a value, which help, manual and completions have to show
					assert.False(t, flag.IsBool(), "--"+flag.Name)
				}
			}
			if _, ok := command.Target.Addr().Interface().(adviser); ok {
				assert.Contains(t, help, "\nExamples:\n  #")
				assert.Contains(t, help, "\n  caller "+strings.Join(path, " "))
			}
		})
	}
}
