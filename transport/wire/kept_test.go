package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/stretchr/testify/require"
)

type keptJSON struct {
	RoomID   chat.RoomID
	Cursor   string
	More     bool
	Messages []Entry
}

func keptOf(texts ...string) chat.Kept {
	var kept chat.Kept
	for i, text := range texts {
		kept.Entries = append(kept.Entries, chat.Entry{
			ID: chat.Cursor{Seq: uint64(i + 1), Tag: 7}, Prev: 7, From: chat.Author{ID: "ann", Name: "</script>"},
			Time: time.UnixMilli(0).UTC(), Payload: chat.Message{Text: text},
		})
	}
	return kept
}

func TestKeptCanStandInAPage(t *testing.T) {
	texts := []string{
		"</script><script>alert(1)</script>", "<!--<script>", "a & b &lt; c", "]]>", "\u2028\u2029\u0085", "\\u003c", "'\"`", "\x00\x1f\x7f", "ok 👍",
		"<\u2028>", "\u202eabc",
	}
	kept := keptOf(texts...)
	kept.Amendments = []chat.Entry{{ID: chat.Cursor{Seq: 20, Tag: 9}, Prev: 7, Target: chat.Cursor{Seq: 1, Tag: 7}, Payload: chat.Void{}}}
	object := AppendKept(nil, "lobby", kept, 64<<10)
	require.False(t, bytes.ContainsAny(object, "<>&\u2028\u2029"), string(object))
	var read keptJSON
	require.NoError(t, json.Unmarshal(object, &read))
	require.Equal(t, chat.RoomID("lobby"), read.RoomID)
	require.Equal(t, "20-00000009", read.Cursor)
	require.False(t, read.More)
	require.Len(t, read.Messages, len(texts))
	for i, text := range texts {
		require.Equal(t, text, read.Messages[i].Text())
		require.Equal(t, "</script>", read.Messages[i].From.Name)
	}
}

func TestKeptIsBounded(t *testing.T) {
	var texts []string
	for i := range 100 {
		texts = append(texts, fmt.Sprint(i)+strings.Repeat("<", 1000)) // six bytes each
	}
	const limit = 64 << 10
	object := AppendKept(nil, "lobby", keptOf(texts...), limit)
	require.Less(t, len(object), limit+200)
	require.Greater(t, len(object), limit-7000)
	var read keptJSON
	require.NoError(t, json.Unmarshal(object, &read))
	require.True(t, read.More)
	require.Equal(t, "100-00000007", read.Cursor)
	require.Equal(t, texts[len(texts)-len(read.Messages):], func() (got []string) {
		for _, m := range read.Messages {
			got = append(got, m.Text())
		}
		return got
	}())
	object = AppendKept(nil, "lobby", keptOf(strings.Repeat("x", 100)), 50)
	require.Equal(t, `{"roomId":"lobby","cursor":"1-00000007","more":true,"messages":[]}`, string(object))
	require.Equal(t, `{"roomId":"lobby","cursor":"0-0","messages":[]}`, string(AppendKept(nil, "lobby", chat.Kept{}, 50)))
}

func FuzzKeptCanStandInAPage(f *testing.F) {
	f.Add("</script>", "ann")
	f.Fuzz(func(t *testing.T, text, name string) {
		kept := keptOf(text)
		kept.Entries[0].From.Name = name
		object := AppendKept(nil, "lobby", kept, 1<<20)
		require.True(t, json.Valid(object))
		require.False(t, bytes.ContainsAny(object, "<>&\u2028\u2029"))
	})
}
