package chat

import "unicode"

// isIgnorable reports whether a character is one that is not shown where it is not understood
// (Default_Ignorable_Code_Point, as the Unicode standard derives it), or has an empty shape: joiners,
// selectors of a variant, soft hyphens, fillers.
func isIgnorable(r rune) bool {
	switch {
	case r < 0xad:
		return false
	case r == 0x2800, r == 0x1d159: // a braille cell without dots, a note without a head
		return true
	case r >= 0xfff9 && r <= 0xfffb, r >= 0x13430 && r <= 0x13440, unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return false
	}
	return unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Cf, unicode.Variation_Selector)
}
