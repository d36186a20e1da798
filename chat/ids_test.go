package chat_test

import (
	"strings"
	"testing"

	"github.com/caller-chat/caller/chat"
	"github.com/stretchr/testify/require"
)

func TestParseRoomID(t *testing.T) {
	for given, want := range map[string]chat.RoomID{
		"lobby":                 "lobby",
		"Lobby":                 "lobby",
		"a":                     "a",
		"v1.2_final-3":          "v1.2_final-3",
		"Кухня":                 "кухня",
		"café":                  "café",
		"हिन्दी":                "हिन्दी", // vowel signs and a virama are marks
		"東京":                    "東京",
		"٣":                     "٣",
		strings.Repeat("я", 64): chat.RoomID(strings.Repeat("я", 64)),
		"..a":                   "..a",
	} {
		got, err := chat.ParseRoomID(given)
		require.NoError(t, err, given)
		require.Equal(t, want, got)
	}
	for _, given := range []string{
		"", ".", "..", "...", "a b", "a/b", "a\\b", "a%2fb", "a\x00", "a\n", "a:b", "a{b}", "a*", "#a", "a?b", "a\u202eb",
		"\u0301a", "-\u0301", strings.Repeat("я", 65), "a\xff", "🙂", "<b>",
	} {
		_, err := chat.ParseRoomID(given)
		var invalid *chat.InvalidError
		require.ErrorAs(t, err, &invalid, "%q", given)
		require.Equal(t, "room", invalid.Field)
	}
}

func TestCursor(t *testing.T) {
	for text, want := range map[string]chat.Cursor{
		"0-0":                       {},
		"1-00000001":                {Seq: 1, Tag: 1},
		"42-7f3a9c12":               {Seq: 42, Tag: 0x7f3a9c12},
		"42-00000000":               {Seq: 42},
		"9007199254740991-ffffffff": {Seq: 1<<53 - 1, Tag: 0xffffffff},
	} {
		got, err := chat.ParseCursor(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got)
		require.Equal(t, text, got.String())
	}
	for _, text := range []string{
		"", "0", "-", "0-00000000", "0-7f3a9c12", "1-0", "01-7f3a9c12", "+1-7f3a9c12", "1-7F3A9C12",
		"1-7f3a9c1", "1-7f3a9c123", "9007199254740992-7f3a9c12", "99999999999999999999-7f3a9c12", "1-7f3a9c1g", "1 -7f3a9c12",
		"1-7f3a9c12-", "1_7f3a9c12", "1-+f3a9c12",
	} {
		_, err := chat.ParseCursor(text)
		var invalid *chat.InvalidError
		require.ErrorAs(t, err, &invalid, "%q", text)
	}
}

func FuzzParseCursor(f *testing.F) {
	f.Add("42-7f3a9c12")
	f.Add("0-0")
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := chat.ParseCursor(text); err == nil {
			require.Equal(t, text, c.String(), "a cursor has one spelling")
		}
	})
}

func FuzzParseRoomID(f *testing.F) {
	f.Add("lobby")
	f.Add("Кухня")
	f.Fuzz(func(t *testing.T, text string) {
		if id, err := chat.ParseRoomID(text); err == nil {
			again, err := chat.ParseRoomID(string(id))
			require.NoError(t, err)
			require.Equal(t, id, again, "a parsed id is the room's one form")
			require.NotContains(t, string(id), "/")
		}
	})
}

func TestParseName(t *testing.T) {
	for given, want := range map[string]string{
		"Ann": "Ann", "  Ann\t": "Ann", "Анна Мария": "Анна Мария", strings.Repeat("я", 40): strings.Repeat("я", 40), "👩‍👩‍👧": "👩‍👩‍👧",
	} {
		got, err := chat.ParseName(given)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, given := range []string{"", " ", strings.Repeat("я", 41), "a\x1b[2J", "a\nb", "a\tb", "a\u202eb", "a\u2028b", "a\x7fb", "a\u0085b", "a\xff"} {
		_, err := chat.ParseName(given)
		var invalid *chat.InvalidError
		require.ErrorAs(t, err, &invalid, "%q", given)
		require.Equal(t, "name", invalid.Field)
	}
}
