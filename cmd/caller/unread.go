package main

import (
	"context"
	"errors"
	"os"
	"syscall"
)

// whileRead is a context that ends with the program's, and when nobody reads any more what the
// program writes: who follows a room for head has to end with it, however long nothing is said. Its
// stop has to be called.
func (i *invocation) whileRead() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(i.ctx)
	out, ok := i.stdout.(*os.File)
	if !ok {
		return ctx, cancel
	}
	unwatch := watchReader(out, cancel)
	return ctx, func() {
		unwatch()
		cancel()
	}
}

// quietly is nil for a reader that has had enough, as head has.
func quietly(err error) error {
	if errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}
