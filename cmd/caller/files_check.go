package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/redisstore"
)

// filesCommand is the first argument of what is done about files from the command line.
const filesCommand = "files"

// errDisagree says that a check has found something, so that the exit code says so too.
var errDisagree = errors.New("the bucket and Redis disagree: caller files check --fix mends that")

// runFiles is "caller files check [--fix]", with the program's own settings behind it.
func runFiles(ctx context.Context, args, env []string, stdout, stderr io.Writer) error {
	if len(args) == 0 || args[0] != "check" {
		return &settingError{errors.New("files: there is one command, caller files check [--fix]")}
	}
	args = args[1:]
	fix := slices.Contains(args, "--fix")
	args = slices.DeleteFunc(slices.Clone(args), func(arg string) bool { return arg == "--fix" })
	c, answered, err := readSettings(args, env, stdout)
	if err != nil || answered {
		return err
	}
	switch {
	case c.Files == "" || c.Files == noFiles:
		return &settingError{errors.New("files check needs --files (CALLER_FILES): without, files are in a folder of the running program")}
	case c.redis == "":
		return &settingError{errors.New("files check needs --redis-url (REDIS_URL): without, what is known of files is in the running program")}
	}
	return checkFiles(ctx, c, fix, c.logger(stderr), stdout)
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
