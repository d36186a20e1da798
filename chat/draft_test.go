package chat_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

func TestDraftValidate(t *testing.T) {
	target := chat.Cursor{Seq: 7, Tag: 7}
	say := func(text, key string) chat.Draft { return chat.Draft{Key: key, Payload: chat.Message{Text: text}} }
	message := func(m chat.Message) chat.Draft { return chat.Draft{Payload: m} }
	edit := func(text string) chat.Draft { return chat.Draft{Target: target, Payload: chat.Edit{Text: text}} }
	react := func(emoji string) chat.Draft {
		return chat.Draft{Target: target, Payload: chat.Reaction{Emoji: emoji, On: true}}
	}
	notice := func(what, fields string) chat.Draft {
		return chat.Draft{Payload: chat.RoomNotice{What: what, Fields: json.RawMessage(fields)}}
	}
	long := strings.Repeat("я", chat.MaxText)
	many := func(n int) (ids []chat.MemberID) {
		for i := range n {
			ids = append(ids, chat.MemberID(fmt.Sprint(i)))
		}
		return ids
	}
	files := func(n int) (files []chat.File) {
		for i := range n {
			files = append(files, chat.File{ID: fmt.Sprint(i)})
		}
		return files
	}
	valid := []chat.Draft{
		say("a", ""), say(" a\n", ""), say(long, ""), say("a", strings.Repeat("k", 64)),
		say("\x1b[31m", ""), // kept as it is; the framings escape it
		message(chat.Message{Files: files(chat.MaxFiles)}),
		message(chat.Message{Text: "a", ReplyTo: &chat.Quote{ID: target}, Mentions: many(chat.MaxMentions)}),
		edit("a"), edit(" "), edit(long), {Target: target, Payload: chat.Delete{}},
		notice("locked", ""), notice("topic", `{"topic":"tea"}`),
	}
	for _, emoji := range []string{"👍", "❤️", "👍🏽", "👨‍👩‍👧‍👦", "🇺🇦", "1️⃣", "#️⃣", "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
		"ℹ️", "‼️", "㊗️", "™", "♾️", "🧑‍⚕️", "\U0001fae9", "\U0001faff"} {
		valid = append(valid, react(emoji))
	}
	for _, d := range valid {
		require.NoError(t, d.Validate(), "%+v", d)
	}
	for field, drafts := range map[string][]chat.Draft{
		"text": {say("", ""), say(" \n\t", ""), say(long+"я", ""), say("a\xff", ""), edit(long + "я")},
		"key":  {say("a", strings.Repeat("k", 65)), say("a", "a b"), say("a", "ключ"), say("a", "\n")},
		"type": {
			{}, {Target: target, Payload: chat.Void{}}, {Payload: chat.Unknown{Name: "pin"}},
			message(chat.Message{Text: "a", Changes: &chat.Changes{}}),
		},
		"target": {
			{Payload: chat.Edit{Text: "a"}}, {Payload: chat.Delete{}}, {Payload: chat.Reaction{Emoji: "👍"}},
			{Target: target, Payload: chat.Message{Text: "a"}}, {Target: target, Payload: chat.RoomNotice{What: "x"}},
		},
		"replyTo": {message(chat.Message{Text: "a", ReplyTo: &chat.Quote{}})},
		"files": {
			message(chat.Message{Files: files(chat.MaxFiles + 1)}), message(chat.Message{Files: []chat.File{{}}}),
			message(chat.Message{Files: []chat.File{{ID: "a b"}}}), message(chat.Message{Files: []chat.File{{ID: "a"}, {ID: "a"}}}),
		},
		"mentions": {
			message(chat.Message{Text: "a", Mentions: many(chat.MaxMentions + 1)}),
			message(chat.Message{Text: "a", Mentions: []chat.MemberID{""}}),
			message(chat.Message{Text: "a", Mentions: []chat.MemberID{"a\xff"}}),
			message(chat.Message{Text: "a", Mentions: []chat.MemberID{chat.MemberID(strings.Repeat("a", 129))}}),
		},
		"emoji": {
			react(""), react("a"), react("é"), react("я"), react("好"), react("…"), react("٣"), react("👍\u200dя"), react("1"), react("\xff"), react("👍👍"), react("👍a"), react("\u200d👍"), react("\u0301"),
			react("👍 "), react("👍\n"), react("👍\u202e"), react("🇺🇦🇺🇦"), react("👍" + strings.Repeat("\u200d👍", 9)),
		},
		"what": {
			notice("", ""), notice("topic", `"tea"`), notice("topic", `{`), notice("topic", `null`), notice("topic", `{"id":"1"}`),
			notice("topic", `{"topic":"`+strings.Repeat("x", chat.MaxNotice)+`"}`),
		},
	} {
		for _, d := range drafts {
			var invalid *chat.InvalidError
			require.ErrorAs(t, d.Validate(), &invalid, "%s: %+v", field, d)
			require.Equal(t, field, invalid.Field, "%+v", d)
		}
	}
}

func TestAnExcerptIsHowATextBegins(t *testing.T) {
	for _, text := range []string{"", "hello", strings.Repeat("a", 100), strings.Repeat("я", 100), strings.Repeat("🙂", 100)} {
		require.Equal(t, text, chat.Excerpt(text))
		require.Equal(t, 100, utf8.RuneCountInString(chat.Excerpt(text+strings.Repeat("ы", 100))))
	}
}
