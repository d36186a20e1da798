package redisstore

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/caller-chat/caller/chat"
)

// format writes an element as append.lua does.
func format(t require.TestingT, e chat.Entry) string {
	b, err := encodeBody(chat.Draft{Kind: e.Kind, From: e.From, Text: e.Text, Key: e.Key})
	require.NoError(t, err)
	return fmt.Sprintf("%v %v %d %s", e.ID, e.Prev, e.Time.UnixMilli(), b)
}

func TestElementRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := chat.Entry{
			ID: chat.Cursor{
				Seq: rapid.Uint64Range(1, 1<<53-1).Draw(t, "seq"), Tag: chat.Tag(rapid.Uint32Min(1).Draw(t, "tag")),
			},
			Kind: chat.Kind(rapid.String().Draw(t, "kind")),
			From: chat.Author{
				ID: chat.MemberID(rapid.String().Draw(t, "id")), Name: rapid.String().Draw(t, "name"),
				Guest: rapid.Bool().Draw(t, "guest"),
			},
			Text: rapid.String().Draw(t, "text"), Key: rapid.String().Draw(t, "key"),
			Time: time.UnixMilli(rapid.Int64Range(0, maxMillis).Draw(t, "time")).UTC(),
		}
		if e.ID.Seq > 1 {
			e.Prev = chat.Tag(rapid.Uint32Min(1).Draw(t, "prev"))
		}
		text := format(t, e)
		require.NotContains(t, text, "\n")
		got, err := parseElement(text)
		require.NoError(t, err)
		require.Equal(t, e, got)
	})
}

func TestParseElementRefuses(t *testing.T) {
	for _, bad := range []string{
		"", "x", "1-00000001 00000000 5", "0-0 00000000 5 {}", "1-00000000 00000000 5 {}", "01-00000001 00000000 5 {}",
		"2-00000001 00000000 5 {}", "1-00000001 00000001 5 {}", "1-00000001 0 5 {}", "1-00000001 00000000 -5 {}",
		"1-00000001 00000000 1e12 {}", "1-00000001 00000000 253402300800000 {}", "1-00000001 00000000 5 {", "1-00000001 00000000 5 []",
		"99999999999999999999-00000001 00000002 5 {}", "1-00000001 00000000 5 {} {}",
	} {
		_, err := parseElement(bad)
		assert.Error(t, err, "%q", bad)
	}
}

func FuzzParseElement(f *testing.F) {
	f.Add(`1-7f3a9c12 00000000 1767225600000 {"kind":"message","from":{"id":"a","name":"Ann"},"text":"hello","key":"k1"}`)
	f.Add(`42-7f3a9c12 0000000f 0 {}`)
	f.Fuzz(func(t *testing.T, s string) {
		e, err := parseElement(s)
		if err != nil {
			return
		}
		again, err := parseElement(format(t, e))
		require.NoError(t, err)
		require.Equal(t, e, again)
	})
}

func FuzzParseNotice(f *testing.F) {
	for _, s := range []string{
		`A1-7f3a9c12 00000000 1767225600000 {"text":"hello"}`, "J7 5 {\"id\":\"a\"}\nws", "L7 5 {}\n", "T5 {}\nsse", "J7 5 {\"id\":\"a\"}\nws\n1767225600123",
		`V{"member":"a","stream":"s"}`, "P10000", "", "?",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := parseNotice(s)
		if err != nil {
			return
		}
		switch n := n.(type) {
		case chat.Typing, chat.Leaving:
			text, err := encodeSignal(n)
			require.NoError(t, err)
			again, err := parseNotice(text)
			require.NoError(t, err)
			require.Equal(t, n, again)
		case chat.Lapsing:
			require.GreaterOrEqual(t, n.In, time.Duration(0))
		}
	})
}
