package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"unicode/utf8"
)

// printJSON prints a JSON text on a line of its own. Characters that a terminal could act on stand in
// strings alone, so they can be written as JSON writes them.
func (i *invocation) printJSON(text json.RawMessage) error {
	var line bytes.Buffer
	if err := json.Compact(&line, text); err != nil {
		return err
	}
	var safe bytes.Buffer
	for _, r := range line.String() {
		if r >= 0x7f && r <= 0x9f || r == utf8.RuneError {
			fmt.Fprintf(&safe, "\\u%04x", r)
		} else {
			safe.WriteRune(r)
		}
	}
	safe.WriteByte('\n')
	_, err := i.stdout.Write(safe.Bytes())
	return err
}

// colours reports whether what is written may be coloured: by a terminal's user who has not asked
// for none (no-color.org).
func (i *invocation) colours() bool {
	if value, _ := i.from.lookup("NO_COLOR"); value != "" {
		return false
	}
	if value, _ := i.from.lookup("TERM"); value == "dumb" || value == "" {
		return false
	}
	return isTerminal(i.stdout)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
