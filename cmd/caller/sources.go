package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/joho/godotenv"
)

// variableTag is the field tag that names a setting's variable. It is not kong's "env", which reads
// the process's own environment whatever run was given, and puts values into its errors.
const variableTag = "from"

// envFile is read when it is there.
const envFile = ".env"

// sources are where settings come from besides flags. It is kong's Resolver: it is asked for those
// that no flag gave. Empty variables count as not set, since that is how one unsets a variable in a
// compose file.
type sources struct {
	env, file map[string]string
}

func newSources(env []string) (*sources, error) {
	s := &sources{env: make(map[string]string, len(env))}
	for _, line := range env {
		name, value, _ := strings.Cut(line, "=")
		s.env[name] = value
	}
	var err error
	if s.file, err = godotenv.Read(envFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		why, _, _ := strings.Cut(err.Error(), " near ") // what follows is the file's content, secrets and all
		return nil, fmt.Errorf("%s can't be read: %s", envFile, why)
	}
	return s, nil
}

// lookup is a variable's value and where it stands.
func (s *sources) lookup(variable string) (value, where string) {
	if value = s.env[variable]; value != "" {
		return value, "the environment"
	}
	if value = s.file[variable]; value != "" {
		return value, envFile
	}
	return "", ""
}

// Validate implements kong.Resolver.
func (s *sources) Validate(*kong.Application) error { return nil }

// Resolve implements kong.Resolver.
func (s *sources) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if value, _ := s.lookup(flag.Tag.Get(variableTag)); value != "" {
		return value, nil
	}
	return nil, nil // kong's way to say that there is none
}

// named adds to an error about a flag the variable with the same setting, and where its value came
// from.
func (s *sources) named(flags []*kong.Flag, args []string, err error) error {
	for _, flag := range flags {
		rest, ok := strings.CutPrefix(err.Error(), "--"+flag.Name)
		variable := flag.Tag.Get(variableTag)
		if !ok || !strings.HasPrefix(rest, ":") && !strings.HasPrefix(rest, " ") {
			continue
		}
		if strings.HasPrefix(rest, ": expected ") && strings.Contains(rest, " value but got ") { // kong's, of what follows the flag
			rest = " needs a value: " + strings.Trim(flag.FormatPlaceHolder(), `"`)
		}
		if variable == "" {
			return fmt.Errorf("--%s%s", flag.Name, rest)
		}
		given := slices.ContainsFunc(args, func(arg string) bool {
			name, _, _ := strings.Cut(arg, "=")
			return name == "--"+flag.Name
		})
		if _, where := s.lookup(variable); where != "" && !given {
			return fmt.Errorf("--%s (%s, in %s)%s", flag.Name, variable, where, rest)
		}
		return fmt.Errorf("--%s (%s)%s", flag.Name, variable, rest)
	}
	return err
}

// fromCommandLine is the rank of the strongest source.
const fromCommandLine = 3

// rank is how strong the source is that gave a flag its value: [fromCommandLine], 2 for the
// environment, 1 for .env, 0 when none did.
func (s *sources) rank(parsed *kong.Context, name string) int {
	for _, path := range parsed.Path {
		if path.Flag == nil || path.Flag.Name != name {
			continue
		}
		if !path.Resolved {
			return fromCommandLine
		}
		if _, where := s.lookup(path.Flag.Tag.Get(variableTag)); where == envFile {
			return 1
		}
		return 2
	}
	return 0
}
