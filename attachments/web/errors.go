package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// problem is an error of package attachments as clients see it. Others stay what they are.
func problem(err error) error {
	var size *attachments.SizeError
	switch {
	case errors.As(err, &size):
		code := wire.CodeTooLarge
		if size.What == "room" {
			code = wire.CodeFilesFull
		}
		f := wire.Fail(code, size.Error())
		f.Limit = int(size.Limit)
		if size.What == "picture" {
			f.Field = "pixels" // what the limit is of
		}
		return f
	case errors.Is(err, chat.ErrUnavailable):
		return err
	case errors.Is(err, attachments.ErrUnavailable):
		return wire.Fail(wire.CodeFilesUnavailable, "the rest of the chat goes on")
	case errors.Is(err, attachments.ErrBusy):
		return wire.Fail(wire.CodeBusy, "too many files are being sent at once")
	case errors.Is(err, attachments.ErrNotFound):
		return notFound()
	case errors.Is(err, attachments.ErrGone):
		return wire.Fail(wire.CodeGone, "the file has been removed")
	case errors.Is(err, attachments.ErrOffset):
		return wire.Fail(wire.CodeConflict, "the file has another length by now: ask for it with HEAD")
	case errors.Is(err, attachments.ErrIncomplete):
		return wire.Fail(wire.CodeConflict, "the file is not whole yet")
	case errors.Is(err, attachments.ErrPosted):
		return wire.Fail(wire.CodeConflict, "the file is in a message, and goes with it")
	case errors.Is(err, attachments.ErrInfected):
		return wire.Fail(wire.CodeInfected, "the scanner refuses it")
	}
	return err
}

func notFound() error { return wire.Fail(wire.CodeNotFound, "there is no such file") }

// incoming is a body that remembers by what error it ended.
type incoming struct {
	r   io.Reader
	err error
}

func (b *incoming) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// broken is what to answer with when something failed while a body was read: what the body failed
// by, if it did.
func (b *incoming) broken(err error) error {
	var failure *wire.Failure
	var tooLarge *http.MaxBytesError
	switch {
	case b.err == nil:
		return err
	case errors.As(b.err, &failure), errors.As(b.err, &tooLarge):
		return b.err
	}
	return fmt.Errorf("%w (%w)", wire.Fail(wire.CodeMalformed, "the body broke off"), b.err)
}
