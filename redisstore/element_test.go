package redisstore

import (
	"encoding/json"
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
	b, err := encodeBody(e.From, e.Key, e.Target, e.Payload)
	require.NoError(t, err)
	return fmt.Sprintf("%v %v %d %s", e.ID, e.Prev, e.Time.UnixMilli(), b)
}

// payload is anything that an entry may say.
func payload() *rapid.Generator[chat.Payload] {
	cursor := rapid.Custom(func(t *rapid.T) chat.Cursor {
		return chat.Cursor{Seq: rapid.Uint64Range(1, 1<<53-1).Draw(t, "seq"), Tag: chat.Tag(rapid.Uint32Min(1).Draw(t, "tag"))}
	})
	ids := rapid.SliceOfN(rapid.Map(rapid.StringN(1, 9, -1), func(s string) chat.MemberID { return chat.MemberID(s) }), 1, 5)
	return rapid.Custom(func(t *rapid.T) chat.Payload {
		text := rapid.String().Draw(t, "text")
		switch rapid.IntRange(0, 7).Draw(t, "kind") {
		case 0:
			if rapid.Bool().Draw(t, "mentions") {
				return chat.Edit{Text: text, Mentions: ids.Draw(t, "of the edit")}
			}
			return chat.Edit{Text: text}
		case 1:
			return chat.Delete{}
		case 2:
			return chat.Reaction{Emoji: text, On: rapid.Bool().Draw(t, "on")}
		case 3:
			return chat.RoomNotice{What: text, Fields: json.RawMessage(`{"topic":"<tea>"}`)}
		case 4:
			return chat.Void{}
		case 5:
			return chat.Unknown{Name: "pin", Fields: json.RawMessage(`{"place":7,"text":"\u2028<b>"}`)}
		}
		m := chat.Message{Text: text}
		if rapid.Bool().Draw(t, "more") {
			m.Mentions = ids.Draw(t, "mentions")
			m.ReplyTo = &chat.Quote{ID: cursor.Draw(t, "replyTo"), From: chat.Author{ID: "b", Name: "Bob", Guest: true}, Excerpt: text}
			m.Files = []chat.File{{ID: "f", Name: text, Type: "image/png", Size: 1 << 40, SHA256: "00", Width: 3, Height: 4, Preview: "data:,"}}
		}
		if rapid.Bool().Draw(t, "changed") {
			m.Changes = &chat.Changes{Last: cursor.Draw(t, "last"), Deleted: rapid.Bool().Draw(t, "deleted")}
			if rapid.Bool().Draw(t, "edited") {
				m.Changes.EditedAt = time.UnixMilli(rapid.Int64Range(1, maxMillis).Draw(t, "at")).UTC()
			}
			for _, emoji := range []string{"\U0001f44d", "\u2764\ufe0f"} {
				if rapid.Bool().Draw(t, "reactions") {
					m.Changes.Reactions = append(m.Changes.Reactions, chat.Reactions{Emoji: emoji, By: ids.Draw(t, "by")})
				}
			}
		}
		return m
	})
}

func TestElementRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := chat.Entry{
			ID: chat.Cursor{
				Seq: rapid.Uint64Range(1, 1<<53-1).Draw(t, "seq"), Tag: chat.Tag(rapid.Uint32Min(1).Draw(t, "tag")),
			},
			From: chat.Author{
				ID: chat.MemberID(rapid.String().Draw(t, "id")), Name: rapid.String().Draw(t, "name"),
				Guest: rapid.Bool().Draw(t, "guest"),
			},
			Key: rapid.String().Draw(t, "key"), Payload: payload().Draw(t, "payload"),
			Time: time.UnixMilli(rapid.Int64Range(0, maxMillis).Draw(t, "time")).UTC(),
		}
		if rapid.Bool().Draw(t, "amends") {
			e.Target = chat.Cursor{Seq: 7, Tag: 8}
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
	for _, body := range []string{
		`{"kind":"message","from":{"id":"a"},"text":"x","replyTo":{"id":"1-7f3a9c12","from":{"id":"b"}},"mentions":["b"],"files":[{"id":"f"}]}`,
		`{"kind":"message","from":{},"amended":"9-7f3a9c12","editedAt":5,"deleted":true,"reactions":[{"emoji":"x","by":["a"]}]}`,
		`{"kind":"edit","from":{},"target":"1-7f3a9c12","text":"y"}`, `{"kind":"delete","target":"1-7f3a9c12"}`, `{"kind":"void"}`,
		`{"kind":"reaction","target":"1-7f3a9c12","emoji":"x","on":true}`, `{"kind":"notice","what":"topic","fields":{ "topic" : "tea" }}`,
		`{"kind":"pin","target":"1-7f3a9c12","where":{"x":[1]}}`,
	} {
		f.Add("42-7f3a9c12 0000000f 0 " + body)
	}
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
