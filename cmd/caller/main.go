package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // so that a second signal ends the process at once
	os.Exit(exitCode(run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr), os.Stderr))
}

// run is the whole program: it returns when ctx has ended and all is stopped. It says where it
// listens on stdout and logs to stderr.
func run(ctx context.Context, args, env []string, stdout, stderr io.Writer) error {
	if len(args) > 0 && args[0] == filesCommand {
		return runFiles(ctx, args[1:], env, stdout, stderr)
	}
	c, answered, err := readSettings(args, env, stdout)
	if err != nil || answered {
		return err
	}
	return serve(ctx, c, c.logger(stderr), stdout)
}

// exitCode says on stderr what was wrong, if anything.
func exitCode(err error, stderr io.Writer) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "caller:", err)
	var wrong *settingError
	if errors.As(err, &wrong) {
		return 2
	}
	return 1
}
