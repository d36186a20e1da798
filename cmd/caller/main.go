package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // so that a second signal ends the process at once
	// A write to a pipe that nobody reads is an error, and each command's to judge; it would end the process.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	i := &invocation{ctx: ctx, args: os.Args[1:], env: os.Environ(), stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	os.Exit(exitCode(i.run(), os.Stderr))
}

// run is the whole program with nothing on its standard input: it returns when the command is done,
// or ctx has ended and all is stopped. A server says where it listens on stdout and logs to stderr.
func run(ctx context.Context, args, env []string, stdout, stderr io.Writer) error {
	return (&invocation{ctx: ctx, args: args, env: env, stdin: eof{}, stdout: stdout, stderr: stderr}).run()
}

// eof is an input in which there is nothing.
type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }
