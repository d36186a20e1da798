package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/redisstore"
)

// filesCommands are what can be done about files from the command line.
type filesCommands struct {
	Check filesCheckCommand `cmd:"" help:"Compare the files that are kept with what is known of them."`
}

// filesCheckCommand is "caller files check".
type filesCheckCommand struct {
	Fix bool `help:"Delete what nothing is known of, and mark files as gone whose bytes are."`

	settings
}

func (*filesCheckCommand) examples() string {
	return `
# Say what disagrees. The exit code is 1 if something does.
caller files check --files file:///var/lib/caller/files --redis-url redis://localhost:6379
# Mend it.
caller files check --fix --files file:///var/lib/caller/files --redis-url redis://localhost:6379`
}

// errDisagree says that a check has found something, so that the exit code says so too.
var errDisagree = errors.New("the bucket and Redis disagree: caller files check --fix mends that")

// Run implements the command. The exit code is 1 when the bucket and Redis disagree.
func (f *filesCheckCommand) Run(i *invocation) error {
	c, err := i.config(&f.settings)
	if err != nil {
		return err
	}
	switch {
	case c.Files == "" || c.Files == noFiles || strings.HasPrefix(string(c.Files), "mem:"):
		return &settingError{errors.New("files check needs --files (CALLER_FILES), which is not mem://: such files are the running program's alone")}
	case c.redis == "":
		return &settingError{errors.New("files check needs --redis-url (REDIS_URL): without, what is known of files is in the running program")}
	}
	// A node makes the folder. Here, an empty one would mean that all files are lost.
	if u, err := url.Parse(string(c.Files)); err == nil && u.Scheme == "file" {
		if _, err := os.Stat(filepath.FromSlash(u.Path)); err != nil {
			return &settingError{fmt.Errorf("--files (CALLER_FILES): %w", err)}
		}
	}
	return checkFiles(i.ctx, c, f.Fix, c.logger(i.stderr), i.stdout)
}

func checkFiles(ctx context.Context, c config, fix bool, log *slog.Logger, stdout io.Writer) (err error) {
	redisstore.LogTo(log)
	store, err := open(ctx, c, log)
	if err != nil {
		return fmt.Errorf("--redis-url (REDIS_URL): %w", err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	bucket, err := attachments.OpenBucket(ctx, string(c.Files), log)
	if err != nil {
		return fmt.Errorf("--files (CALLER_FILES): %w", err)
	}
	files := attachments.NewStore(bucket, store, attachments.Options{Logger: log})
	defer func() { err = errors.Join(err, files.Close()) }()
	left := 0
	seen, err := files.Check(ctx, fix, func(p attachments.Problem) {
		about := p.Key
		if p.File != "" {
			about = fmt.Sprintf("file %s in room %q", p.File, p.Room)
			if p.Key != "" {
				about += ", object " + p.Key
			}
		}
		done := ""
		if p.Fixed {
			done = " (mended)"
		} else {
			left++
		}
		fmt.Fprintf(stdout, "%s: %s%s\n", about, p.What, done)
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%d rooms with %d files, %d objects with %d bytes: %d disagree\n",
		seen.Rooms, seen.Files, seen.Objects, seen.Bytes, seen.Problems)
	if left > 0 {
		return errDisagree
	}
	return nil
}
