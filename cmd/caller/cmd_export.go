package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"time"

	"github.com/caller-chat/caller/archive"
	"github.com/caller-chat/caller/chat"
)

// exportCommand is "caller export".
type exportCommand struct {
	File string `arg:"" optional:"" placeholder:"FILE" help:"Where to write; - or nothing for standard output. It is complete when it is there: until then it is FILE.part, and the same command goes on with that."`

	Room   roomName `short:"r" placeholder:"ROOM" help:"This room only."`
	Files  bool     `default:"true" negatable:"" help:"With the files that people have sent."`
	NDJSON bool     `name:"ndjson" help:"A room's entries as lines of JSON, and nothing else."`

	adminFlags
}

func (*exportCommand) examples() string {
	return `
# All rooms with their files, while people talk.
caller export backup.tar
# One room's entries, for jq.
caller export --room lobby --ndjson | jq -r .entry.text`
}

// exportTries is how often in a row an export that has begun and breaks off without a further room
// is gone on with.
const exportTries = 6

// Run implements the command. Exit codes are those of all commands.
func (e *exportCommand) Run(i *invocation) error {
	if e.NDJSON && e.Room == "" {
		return i.misuse(errors.New("--ndjson needs --room: it is one room's entries"))
	}
	if e.File == "" || e.File == "-" {
		return e.stream(i, "", i.stdout)
	}
	part := e.File + ".part"
	f, err := openAlone(part)
	if err != nil {
		return err
	}
	werr := e.write(i, f)
	size, serr := f.Seek(0, io.SeekEnd)
	switch err := errors.Join(werr, serr, f.Sync(), f.Close()); {
	case err != nil && size == 0:
		return errors.Join(err, os.Remove(part))
	case err != nil:
		return fmt.Errorf("%w\n%s has what was written: the same command goes on with it", err, part)
	}
	return os.Rename(part, e.File)
}

// openAlone opens a file that no other export writes at the same time.
func openAlone(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600) // it has all that people have said
	if err != nil {
		return nil, err
	}
	taken, err := lock(f)
	if err == nil && !taken { // the one that had it may have given it its name meanwhile
		var opened, there os.FileInfo
		opened, err = f.Stat()
		if err == nil {
			there, err = os.Stat(name)
		}
		taken = errors.Is(err, os.ErrNotExist) || err == nil && !os.SameFile(opened, there)
	}
	if taken {
		err = fmt.Errorf("another export writes %s", name)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// write writes the archive, or the rest of it, and goes on with it when it breaks off.
func (e *exportCommand) write(i *invocation, f *os.File) error {
	if e.NDJSON {
		if err := f.Truncate(0); err != nil {
			return err
		}
		return e.stream(i, "", f)
	}
	before, wait, begun := chat.RoomID(""), time.Second, false
	for tries := 0; ; tries++ {
		after, size, whole, err := archive.Tail(f, archive.Options{Room: chat.RoomID(e.Room), NoFiles: !e.Files})
		if err != nil {
			return err
		}
		if whole {
			return nil
		}
		if after != before {
			before, tries, wait = after, 0, time.Second
		}
		if e.Room != "" { // which can't be begun in the middle
			after, size = "", 0
		}
		if err := f.Truncate(size); err != nil {
			return err
		}
		if _, err := f.Seek(size, io.SeekStart); err != nil {
			return err
		}
		err = e.stream(i, after, f)
		end, serr := f.Seek(0, io.SeekEnd)
		begun = begun || end > size
		var coded *codedError
		if serr != nil || !errors.As(err, &coded) || coded.code != exitUnavailable || !begun || tries >= exportTries {
			return errors.Join(err, serr)
		}
		fmt.Fprintf(i.stderr, "caller: %v; going on\n", err)
		if err := sleep(i.ctx, wait/2+rand.N(wait/2)); err != nil {
			return &codedError{exitInterrupted, errors.New("interrupted")}
		}
		wait = min(2*wait, 30*time.Second)
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// stream writes what the server sends, once.
func (e *exportCommand) stream(i *invocation, after chat.RoomID, to io.Writer) error {
	query := url.Values{}
	for name, value := range map[string]string{"room": string(e.Room), "after": string(after)} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if !e.Files {
		query.Set("files", "off")
	}
	if e.NDJSON {
		query.Set("format", "ndjson")
	}
	answer, err := e.ask(i, "GET", "/api/export?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }() // it was read
	told := &failingWriter{to: to}
	if _, err := io.Copy(told, answer.Body); err != nil {
		switch {
		case told.err != nil:
			return told.err
		case i.ctx.Err() != nil:
			return &codedError{exitInterrupted, errors.New("interrupted")}
		}
		return &codedError{exitUnavailable, fmt.Errorf("the export broke off: %w", err)}
	}
	return nil
}

// failingWriter remembers that it was the writer that failed.
type failingWriter struct {
	to  io.Writer
	err error
}

// Write implements io.Writer.
func (f *failingWriter) Write(b []byte) (n int, err error) {
	n, err = f.to.Write(b)
	f.err = err
	return n, err
}

// importCommand is "caller import".
type importCommand struct {
	File string `arg:"" placeholder:"FILE" help:"An archive that caller export has written; - for standard input."`

	Room    roomName `short:"r" placeholder:"ROOM" help:"This room only."`
	As      roomName `placeholder:"ROOM" help:"What that room is called then."`
	Replace bool     `help:"Put rooms in place of other ones of their names. By default those stay, and the exit code is 1."`

	adminFlags
}

func (*importCommand) examples() string {
	return `
# All rooms. What is there already stays: the same command again does the rest after an interruption.
caller import backup.tar
# Look into one of them without touching it.
caller import backup.tar --room lobby --as lobby-of-may`
}

// Run implements the command.
func (m *importCommand) Run(i *invocation) error {
	if m.As != "" && m.Room == "" {
		return i.misuse(errors.New("--as needs --room: one room can have another name, not all"))
	}
	from := i.stdin
	if m.File != "-" {
		f, err := os.Open(m.File)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }() // it was only read
		from = f
	}
	query := url.Values{}
	for name, value := range map[string]string{"room": string(m.Room), "as": string(m.As)} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if m.Replace {
		query.Set("replace", "true")
	}
	answer, err := m.ask(i, "POST", "/api/import?"+query.Encode(), io.NopCloser(from))
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }() // it was read
	var report archive.Report
	if err := json.NewDecoder(answer.Body).Decode(&report); err != nil {
		return &codedError{exitUnavailable, fmt.Errorf("the admin listener's answer: %w", err)}
	}
	fmt.Fprintf(i.stdout, "%d rooms put back with %d entries and %d files, %d were there already\n",
		report.Restored, report.Entries, report.Files, report.Same)
	for _, missing := range report.Missing {
		fmt.Fprintf(i.stdout, "file %s in room %q was gone when the archive was written\n", missing.File, missing.Room)
	}
	for _, room := range report.Kept {
		fmt.Fprintf(i.stdout, "room %q: there is another one, which stays; --replace puts this one in its place\n", room)
	}
	if report.Others > 0 {
		return fmt.Errorf("%d rooms were not put back", report.Others)
	}
	return nil
}
