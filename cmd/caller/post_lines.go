package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/caller-chat/caller/chat"
)

// errBinary is for what somebody has piped in by mistake.
var errBinary = errors.New("what comes in is not text (there is a zero byte in it): a file is sent by curl -T FILE URL/rooms/ROOM/files/")

// lineReader reads lines of any length in pieces that a message can have.
type lineReader struct {
	in      *bufio.Reader
	checked bool
	piece   []rune
}

func newLineReader(in io.Reader) *lineReader {
	return &lineReader{in: bufio.NewReaderSize(in, 64<<10), piece: make([]rune, 0, chat.MaxText)}
}

// next is the next line, or as much of it as a message can have. What is no UTF-8 becomes U+FFFD.
// The error is io.EOF at the end.
func (l *lineReader) next() (string, error) {
	if !l.checked {
		_, err := l.in.Peek(1) // waits for something
		if err != nil {
			return "", err
		}
		begin, _ := l.in.Peek(l.in.Buffered()) // what there is
		if bytes.IndexByte(begin, 0) >= 0 {
			return "", errBinary
		}
		l.checked = true
	}
	for {
		r, _, err := l.in.ReadRune()
		switch {
		case err != nil && len(l.piece) > 0:
			return l.take(len(l.piece)), nil // the error comes again
		case err != nil:
			return "", err
		case r == '\n':
			return l.take(len(l.piece)), nil
		}
		if len(l.piece) == chat.MaxText {
			piece := l.take(l.cut())
			l.piece = append(l.piece, r)
			return piece, nil
		}
		l.piece = append(l.piece, r)
	}
}

// take takes the first n characters of what has been read.
func (l *lineReader) take(n int) string {
	text := string(l.piece[:n])
	l.piece = l.piece[:copy(l.piece, l.piece[n:])]
	return text
}

// cut is where a line that is too long is cut: after a space, if there is one near the end.
func (l *lineReader) cut() int {
	const near = 200
	for n := len(l.piece); n > len(l.piece)-near; n-- {
		if unicode.IsSpace(l.piece[n-1]) {
			return n
		}
	}
	return len(l.piece)
}

// escapes are the sequences by which programs colour what they write (ECMA-48: CSI, OSC and the
// short ones), which mean nothing in a message.
var escapes = regexp.MustCompile(`\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[ -/]*[0-Z\\^-~])`)

// plainLine is a line as it is posted.
func plainLine(line string) string {
	return escapes.ReplaceAllString(strings.TrimSuffix(line, "\r"), "")
}

// showsNothing reports whether a text has nothing to see in it, which no message may be.
func showsNothing(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsSpace(r) && !chat.IsInvisible(r) })
}

// line is a line of the input, or why there is no further one.
type line struct {
	text string
	err  error
}

// readLines reads ahead, a few lines: a program that writes faster than they are posted has to wait.
// It ends with ctx, or when a read that is under way then returns.
func readLines(ctx context.Context, in io.Reader, ahead int) <-chan line {
	lines := make(chan line, ahead)
	go func() {
		defer close(lines)
		reader := newLineReader(in)
		for {
			text, err := reader.next()
			select {
			case lines <- line{plainLine(text), err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return lines
}

// gather adds to a message the lines that wait already, as far as they fit into it. What does not,
// is the beginning of the next one.
func gather(first string, lines <-chan line) (message string, rest *line) {
	runes := utf8.RuneCountInString(first)
	var all strings.Builder
	all.WriteString(first)
	for {
		select {
		case next, ok := <-lines:
			if !ok {
				return all.String(), nil
			}
			runes += 1 + utf8.RuneCountInString(next.text)
			if next.err != nil || runes > chat.MaxText {
				return all.String(), &next
			}
			all.WriteByte('\n')
			all.WriteString(next.text)
		default:
			return all.String(), nil
		}
	}
}
