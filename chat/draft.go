package chat

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits on what people send: in characters (Unicode code points) where nothing else is said.
const (
	MaxText = 4000
	MaxName = 40
	MaxKey  = 64
	// MaxExcerpt is how much of a message is quoted in a reply to it.
	MaxExcerpt = 100
	// MaxFiles and MaxMentions are how many of them a message may have.
	MaxFiles    = 10
	MaxMentions = 50
	// MaxEmoji is how many bytes an emoji may have: families and flags of several parts fit.
	MaxEmoji = 64
	// MaxReactions is how many different emoji there may be under one message, and MaxReactors how
	// many reactions in all: each is an id that is written again with the next one, so it is also
	// what one message can cost the store.
	MaxReactions = 20
	MaxReactors  = 1000
	// MaxNotice is how many bytes a notice's fields may have.
	MaxNotice = 4 << 10
	// maxMember is how many bytes a member's id may have in a mention.
	maxMember = 128
)

// Validate checks a draft by its kind. The error is an [*InvalidError], for "text", "key",
// "target", "replyTo", "files", "mentions", "emoji", "what" or "type".
func (d Draft) Validate() error {
	if err := validKey(d.Key); err != nil {
		return err
	}
	amends := true
	var err error
	switch p := d.Payload.(type) {
	case Message:
		amends, err = false, p.validate()
	case RoomNotice:
		amends, err = false, p.validate()
	case Edit:
		if err = validText(p.Text, true); err == nil { // a message with files needs no text: see Changes
			err = validMentions(p.Mentions)
		}
	case Reaction:
		err = validEmoji(p.Emoji)
	case Delete:
	default:
		return &InvalidError{Field: "type", Reason: "is not one that can be posted"}
	}
	if err == nil && amends != !d.Target.IsZero() {
		reason := "is missing: name the message's id"
		if !amends {
			reason = "can't be given with what amends nothing"
		}
		err = &InvalidError{Field: "target", Reason: reason}
	}
	return err
}

func validKey(key string) error {
	if len(key) > MaxKey {
		return tooLong("key", len(key), MaxKey)
	}
	if !isPlain(key) {
		reason := "may have printable ASCII characters only, and no spaces"
		return &InvalidError{Field: "key", Limit: MaxKey, Reason: reason}
	}
	return nil
}

func tooLong(field string, n, limit int) error {
	reason := fmt.Sprintf("has %d characters, more than %d", n, limit)
	return &InvalidError{Field: field, Limit: limit, Reason: reason}
}

func validText(text string, mayBeEmpty bool) error {
	switch n := utf8.RuneCountInString(text); {
	case !utf8.ValidString(text):
		return &InvalidError{Field: "text", Reason: "is not valid UTF-8"}
	case n > MaxText:
		return tooLong("text", n, MaxText)
	case !mayBeEmpty && isBlank(text):
		return EmptyText()
	}
	return nil
}

func (m Message) validate() error {
	if err := validText(m.Text, len(m.Files) > 0); err != nil {
		return err
	}
	switch {
	case m.Changes != nil:
		return &InvalidError{Field: "type", Reason: "is a message that has been amended already"}
	case m.ReplyTo != nil && m.ReplyTo.ID.IsZero():
		return &InvalidError{Field: "replyTo", Reason: "names no message"}
	}
	if err := validFiles(m.Files); err != nil {
		return err
	}
	return validMentions(m.Mentions)
}

func tooMany(field string, n, limit int) error {
	reason := fmt.Sprintf("are %d, more than %d", n, limit)
	return &InvalidError{Field: field, Limit: limit, Reason: reason}
}

func validMentions(mentions []MemberID) error {
	if len(mentions) > MaxMentions {
		return tooMany("mentions", len(mentions), MaxMentions)
	}
	for _, id := range mentions {
		switch {
		case id == "" || !utf8.ValidString(string(id)):
			return &InvalidError{Field: "mentions", Reason: "have an id that is none"}
		case len(id) > maxMember:
			return tooLong("mentions", len(id), maxMember)
		}
	}
	return nil
}

// validate holds to what the wire puts beside a notice's own fields.
func (n RoomNotice) validate() error {
	if n.What == "" {
		return &InvalidError{Field: "what", Reason: "is empty"}
	}
	if len(n.Fields) == 0 {
		return nil
	}
	var fields map[string]json.RawMessage
	err := json.Unmarshal(n.Fields, &fields)
	if err != nil || fields == nil {
		return &InvalidError{Field: "what", Reason: "has fields that are no JSON object"}
	}
	if len(n.Fields) > MaxNotice {
		return tooLong("what", len(n.Fields), MaxNotice)
	}
	for _, taken := range []string{"type", "roomId", "id", "from", "time", "key", "target", "what", "kind"} {
		if _, has := fields[taken]; has {
			return &InvalidError{Field: "what", Reason: fmt.Sprintf("can't have the field %q", taken)}
		}
	}
	return nil
}

// validEmoji takes one symbol, or another character that is shown as one, with what is joined to
// it: marks, variation selectors, skin tones, a flag's second letter, further symbols after zero
// width joiners. The keycaps are the exception: a digit, '#' or '*' with its frame.
func validEmoji(emoji string) error {
	invalid := func(reason string) error {
		return &InvalidError{Field: "emoji", Limit: MaxEmoji, Reason: reason}
	}
	switch {
	case emoji == "":
		return invalid("is empty")
	case len(emoji) > MaxEmoji:
		return invalid(fmt.Sprintf("has %d bytes, more than %d", len(emoji), MaxEmoji))
	case !utf8.ValidString(emoji):
		return invalid("is not valid UTF-8")
	}
	const joiner, keycap = 0x200d, 0x20e3
	isFlagLetter := func(r rune) bool { return r >= 0x1f1e6 && r <= 0x1f1ff }
	var before rune // 0 at the beginning
	letters := 0    // of a flag, one after the other
	for i, r := range emoji {
		extends := unicode.IsMark(r) || r == joiner || // variation selectors and the keycap are marks
			r >= 0x1f3fb && r <= 0x1f3ff || // skin tones
			r >= 0xe0020 && r <= 0xe007f // tags: the flags of England, Scotland and Wales
		if isFlagLetter(r) {
			letters++
		} else {
			letters = 0
		}
		switch {
		case unicode.IsSpace(r), !Printable(r):
			return invalid(fmt.Sprintf("has the character %U", r))
		case extends && before == 0 && unicode.IsMark(r), before == 0 && r == joiner:
			return invalid("begins with what belongs to a character before it")
		case extends, letters == 2:
		case (before == 0 || before == joiner) && r >= utf8.RuneSelf && !isSymbol(r) &&
			!strings.HasPrefix(emoji[i+utf8.RuneLen(r):], "\ufe0f"):
			return invalid("is no emoji")
		case before == 0, before == joiner:
		default:
			return invalid("is more than one character")
		}
		before = r
	}
	if emoji[0] < utf8.RuneSelf && !(strings.ContainsRune("0123456789#*", rune(emoji[0])) && before == keycap) {
		return invalid("is no emoji")
	}
	return nil
}

// isSymbol reports whether a character is a symbol: also one that Unicode has added to the blocks
// of pictographs since the tables of this program's Go were made.
func isSymbol(r rune) bool {
	return unicode.IsSymbol(r) || r >= 0x1f000 && r <= 0x1fbff
}
