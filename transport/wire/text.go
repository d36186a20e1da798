package wire

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/caller-chat/caller/calls/incall"
	"github.com/caller-chat/caller/chat"
)

// Text is one line for each message, edit and deletion, and with all set for what else happens;
// nothing in it can move a terminal's cursor. A line is "TIME NAME: text" or "TIME * news", and it
// says in one way only where a name ends: see [appendName] and [appendNamed]. Of files it has paths:
// [Texts] has addresses.
func Text(all bool) Framing {
	if all {
		return textOfAll
	}
	return textOfMessages
}

var textOfAll, textOfMessages = newText(true, ""), newText(false, "")

type textFraming struct {
	all     bool
	base    string // what comes before the path of a file
	chunked chunked
}

func newText(all bool, base string) *textFraming {
	f := &textFraming{all: all, base: base}
	f.chunked.inner = f
	return f
}

func (f *textFraming) Chunked() Framing { return &f.chunked }

func (f *textFraming) AppendEvent(dst []byte, e *chat.Event) []byte {
	switch b := e.Body.(type) {
	case chat.Appended:
		return f.appendEntry(dst, e.Room, b.Entry)
	case chat.Joined:
		if b.Known { // news of somebody who is here, such as a new name
			return dst
		}
		return f.note(dst, b.Member.JoinedAt, b.Member.Name, " joined")
	case chat.Left:
		return f.note(dst, time.Now(), b.Member.Name, " left")
	case chat.AttributeChanged:
		if b.Key == incall.Key {
			return f.note(dst, callTime(b), "", "call "+callState(b.Present))
		}
	case chat.Typing:
		return f.note(dst, time.Now(), b.Member.Name, " is typing")
	case chat.Welcome:
		return f.note(dst, time.Now(), b.You.Name, ": welcome to "+string(e.Room)+", "+headcount(b.Roster.Count))
	case chat.RosterEvent:
		return f.note(dst, time.Now(), "", headcount(b.Count))
	case chat.Reset:
		return f.note(dst, time.Now(), "", "reset: "+string(b.Reason))
	case chat.Live:
		return f.note(dst, time.Now(), "", "live at "+b.Cursor.String())
	}
	return dst
}

func headcount(n int) string { return strconv.Itoa(n) + " here" }

func (f *textFraming) note(dst []byte, at time.Time, name, what string) []byte {
	if !f.all {
		return dst
	}
	return appendNote(dst, at, name, what)
}

// appendNote appends a line of news; name is empty when it is about nobody.
func appendNote(dst []byte, at time.Time, name, what string) []byte {
	dst = append(at.UTC().AppendFormat(dst, time.TimeOnly), " * "...)
	return append(appendPlain(appendNamed(dst, name), what), '\n')
}

func (f *textFraming) AppendPing(dst []byte, now time.Time) []byte {
	return f.note(dst, now, "", "ping")
}

func (f *textFraming) AppendProbe(dst []byte, now time.Time) []byte { return f.AppendPing(dst, now) }

func (f *textFraming) AppendFailure(dst []byte, failed *Failure, _ chat.RoomID, _ string) []byte {
	return appendNote(dst, time.Now(), "", failed.Error())
}

// appendEntry shows a message and what has been done to one, and what is announced to all: reactions
// and other notices only with all, since they are many and say little.
func (f *textFraming) appendEntry(dst []byte, room chat.RoomID, e chat.Entry) []byte {
	switch p := e.Payload.(type) {
	case chat.Message:
		return AppendTextLine(dst, room, e, f.base)
	case chat.Edit:
		return appendNote(dst, e.Time, e.From.Name, " edited "+e.Target.String()+": "+p.Text)
	case chat.Delete:
		return appendNote(dst, e.Time, e.From.Name, " deleted "+e.Target.String())
	case chat.Reaction:
		if p.On {
			return f.note(dst, e.Time, e.From.Name, " reacted to "+e.Target.String()+" with "+p.Emoji)
		}
		return f.note(dst, e.Time, e.From.Name, " took "+p.Emoji+" back from "+e.Target.String())
	case chat.RoomNotice:
		if said := p.Announcement(); said != "" {
			return appendNote(dst, e.Time, e.From.Name, " announced: "+said)
		}
		return f.note(dst, e.Time, e.From.Name, ": "+p.What)
	}
	return dst
}

// AppendTextLine appends a message as a line of text; base comes before the paths of its files, as
// in "https://chat.example". Other entries, and messages that have been deleted, add nothing.
func AppendTextLine(dst []byte, room chat.RoomID, e chat.Entry, base string) []byte {
	m, ok := e.Payload.(chat.Message)
	if !ok || m.Changes != nil && m.Changes.Deleted {
		return dst
	}
	dst = append(e.Time.UTC().AppendFormat(dst, time.TimeOnly), ' ')
	dst = append(appendName(dst, e.From.Name), ": "...)
	dst = appendPlain(dst, m.Text)
	for i, of := range m.Files {
		if i > 0 || m.Text != "" {
			dst = append(dst, ' ')
		}
		dst = appendFile(dst, room, of, base)
	}
	return append(dst, '\n')
}

// space is what stands for a space in a name where one would end it.
const space = '\u2423' // open box

// appendName appends an author's name before ": ". What would look like the end of another name, or
// like the beginning of news, is shown: a space after a colon, or after a "*" at the beginning. So
// the first ": " of a line ends its name.
func appendName(dst []byte, name string) []byte {
	begins, ending := true, false // nothing has been seen yet; a space here would look like the end
	for _, r := range name {
		switch {
		case isColon(r), begins && isStar(r):
			ending = true
		case ending && isBlank(r):
			r = space
		case !isInvisible(r):
			ending = false
		}
		begins = begins && isInvisible(r)
		dst = appendPlain(dst, string(r))
	}
	return dst
}

// appendNamed appends a name before what its owner has done. One with spaces stands in quotation
// marks, so that nothing in it can be taken for that.
func appendNamed(dst []byte, name string) []byte {
	if !strings.ContainsFunc(name, func(r rune) bool { return r == '"' || isBlank(r) }) {
		return appendPlain(dst, name)
	}
	dst = appendPlain(append(dst, '"'), strings.ReplaceAll(name, `"`, "'"))
	return append(dst, '"')
}

// isColon reports whether a character looks like a colon (UTS #39, confusables).
func isColon(r rune) bool {
	return strings.ContainsRune(":\u02d0\u02f8\u0589\u05c3\u0703\u0704\u16ec\u1803\u1809\u205a\u2236\ua4fd\ua789\ufe13\ufe30\ufe55\uff1a", r)
}

// isStar reports whether a character looks like an asterisk.
func isStar(r rune) bool { return strings.ContainsRune("*\u066d\u204e\u2217\uff0a", r) }

// isBlank reports whether a character looks like a space. Those that are shown as symbols do not.
func isBlank(r rune) bool {
	return unicode.IsSpace(r) && !unicode.IsControl(r) && chat.Printable(r) || strings.ContainsRune("\u2800\u3164\u115f\u1160\uffa0", r) // Braille and Hangul
}

// isInvisible reports whether a character takes no room of its own.
func isInvisible(r rune) bool { return unicode.In(r, unicode.Cf, unicode.Mn) }
