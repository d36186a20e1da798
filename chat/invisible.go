package chat

import (
	"iter"
	"strings"
	"unicode"
)

// IsInvisible reports whether a character shows nothing by itself: one that is not shown where it
// is not understood (Default_Ignorable_Code_Point, as the Unicode standard derives it), or that has
// an empty shape. Joiners, selectors of a variant, soft hyphens and fillers are such characters;
// white space is not.
func IsInvisible(r rune) bool {
	switch {
	case r < 0xad:
		return false
	case r == 0x2800, r == 0x1d159: // a braille cell without dots, a note without a head
		return true
	case r >= 0xfff9 && r <= 0xfffc: // of annotations and objects, for which browsers draw nothing
		return true
	case r >= 0x13430 && r <= 0x13440, unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return false
	}
	return unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Cf, unicode.Variation_Selector)
}

// isBlank reports whether a text shows nothing at all.
func isBlank(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsSpace(r) && !IsInvisible(r) })
}

// invisible is the first character of a name that is invisible and does nothing where it stands; ok
// is false when there is none. Emoji, and scripts in which a joiner changes the letters beside it,
// can't do without them.
func invisible(name string) (found rune, ok bool) {
	for _, r := range idle([]rune(name)) {
		return r, true
	}
	return 0, false
}

// WithoutIdle is a text without the invisible characters that do nothing where they stand.
func WithoutIdle(text string) string {
	runes := []rune(text)
	kept := make([]rune, 0, len(runes))
	from := 0
	for i := range idle(runes) {
		kept = append(kept, runes[from:i]...)
		from = i + 1
	}
	return string(append(kept, runes[from:]...))
}

// idle are the invisible characters of a text that do nothing where they stand, by where that is.
func idle(runes []rune) iter.Seq2[int, rune] {
	at := func(i int) rune {
		if i < 0 || i >= len(runes) {
			return 0
		}
		return runes[i]
	}
	return func(yield func(int, rune) bool) {
		flag := false // in the tags of a flag, as of Scotland
		for i, r := range runes {
			before, after := at(i-1), at(i+1)
			if r == blackFlag || flag && !isTag(r) {
				flag = r == blackFlag
			}
			if IsInvisible(r) && !(flag && isTag(r)) && !hasEffect(before, r, after) && !yield(i, r) {
				return
			}
		}
	}
}

const (
	blackFlag = 0x1f3f4
	nonJoiner = 0x200c
	joiner    = 0x200d
	keycap    = 0x20e3
)

func isTag(r rune) bool { return r >= 0xe0020 && r <= 0xe007f }

// hasEffect reports whether an invisible character can change what is shown between its neighbours,
// of which 0 is none.
func hasEffect(before, r, after rune) bool {
	switch {
	case r == joiner && isEmojiPart(before) && unicode.Is(unicode.So, after):
		return true
	case r == joiner && unicode.IsMark(before) && isJoined(before): // a final consonant, as in Malayalam
		return true
	case r == joiner, r == nonJoiner:
		return isJoined(before) && isJoined(after)
	case r == 0xfe0e, r == 0xfe0f: // shown as text, or as emoji
		symbol := unicode.Is(unicode.So, before) || unicode.Is(unicode.Sm, before) && before > unicode.MaxLatin1 ||
			strings.ContainsRune("‼⁉ℹ〰", before)
		return symbol || after == keycap && strings.ContainsRune("0123456789#*", before)
	case r >= 0xe0100 && r <= 0xe01ef, r >= 0xfe00 && r <= 0xfe02:
		return unicode.Is(unicode.Han, before)
	case r >= 0x180b && r <= 0x180f:
		return unicode.Is(unicode.Mongolian, before)
	}
	return false
}

// isEmojiPart reports whether an emoji can be joined to what ends with a character: a picture, a
// skin tone, a selector.
func isEmojiPart(r rune) bool {
	return unicode.Is(unicode.So, r) || r >= 0x1f3fb && r <= 0x1f3ff || r == 0xfe0f
}

// isJoined reports whether a character is of a script whose letters look different when they are
// joined.
func isJoined(r rune) bool {
	return unicode.In(r, unicode.Arabic, unicode.Syriac, unicode.Mongolian, unicode.Nko, unicode.Mandaic,
		unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati, unicode.Oriya, unicode.Tamil,
		unicode.Telugu, unicode.Kannada, unicode.Malayalam, unicode.Sinhala, unicode.Khmer, unicode.Myanmar, unicode.Tibetan)
}
