package wire

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

// usual is an object's JSON by encoding/json.
func usual(t *testing.T, object any) string {
	t.Helper()
	body, err := json.Marshal(object)
	require.NoError(t, err)
	return string(AppendEscaped(nil, body))
}

func TestAppendedJSONIsTheUsualOne(t *testing.T) {
	for r := rune(0); r <= 0x10ffff; r++ {
		if text := "a" + string(r); r < 0x800 || r > 0x1fff && r < 0x2100 || r%251 == 0 || r > 0xd000 && r < 0x10000 {
			require.Equal(t, usual(t, text), string(appendString(nil, text)), "%U", r)
		}
	}
	at := timestamp(time.Date(2026, 11, 24, 20, 0, 0, 7_000_000, time.FixedZone("", 3600)))
	for _, text := range []string{
		"", "plain", `"quoted" \ <b>&amp;</b>`, "line\nbreak\r\ttab\b\f\x00\x1b[31m\x7f\u0085", "\u202eturned\u2066\u2028\u2029",
		"grüße, привет, \U0001f642", "broken \xff\xc3( \xed\xa0\x80 \xe2\x80", "real \ufffd", `\u003c is not <`,
	} {
		room, id, target := chat.RoomID("r-"+text), chat.Cursor{Seq: 1 << 52, Tag: 7}, chat.Cursor{Seq: 3, Tag: 0xffffffff}
		for _, guest := range []bool{false, true} {
			e := chat.Entry{ID: id, From: chat.Author{ID: chat.MemberID(text), Name: text, Guest: guest}, Key: text, Time: time.Time(at)}
			fields := entryFields{RoomID: room, ID: id.String(), From: author(e.From), Time: at, Key: text}
			check := func(p chat.Payload, f entryFields) {
				e.Payload, f.Type = p, p.Kind()
				require.Equal(t, usual(t, f), string(AppendJSON(nil, EntryOf(room, e))))
			}
			e.Target = chat.Cursor{}
			says := fields
			says.Text = &text
			check(chat.Message{Text: text}, says)
			says.Mentions, says.Deleted, says.Amended = []chat.MemberID{chat.MemberID(text)}, true, target.String()
			check(chat.Message{Text: text, Mentions: says.Mentions, Changes: &chat.Changes{Last: target, Deleted: true}}, says)

			e.Target, fields.Target = target, target.String()
			check(chat.Delete{}, fields)
			check(chat.Void{}, fields)
			says = fields
			says.Text = &text
			check(chat.Edit{Text: text}, says)
			says.Mentions = []chat.MemberID{chat.MemberID(text)}
			check(chat.Edit{Text: text, Mentions: says.Mentions}, says)
			reacts := fields
			reacts.Emoji, reacts.On = "👍"+text, &guest
			check(chat.Reaction{Emoji: "👍" + text, On: guest}, reacts)
		}
		a := ack{"ack", room, text, id.String(), at}
		require.Equal(t, "before "+usual(t, a), string(AppendJSON([]byte("before "), a)))
	}
}

func TestAppendedTimesAreTheUsualOnes(t *testing.T) {
	const end = 253402300800000 // of the year 9999, in milliseconds since 1970
	check := func(at time.Time) {
		require.Equal(t, at.UTC().Format(TimeFormat), string(timestamp(at).appendTo(nil)))
	}
	check(time.Time{})
	check(time.UnixMilli(end - 1))
	check(time.Date(2024, 2, 29, 23, 59, 59, 999_999_999, time.FixedZone("", -3600)))
	random := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		check(time.UnixMilli(random.Int64N(end)).Add(time.Duration(random.IntN(1_000_000))))
	}
}

// A frame's header has two, four or ten bytes, by the length of what it carries.
func TestObjectsOfEveryLengthAreFramed(t *testing.T) {
	for _, length := range []int{1, 100, 124, 125, 126, 127, 1000, 1<<16 - 3, 1<<16 - 2, 1<<16 - 1, 1 << 16, 1 << 17} {
		text := strings.Repeat("x", length)
		framed := WebSocket.append([]byte("before "), "", "", text)
		require.Equal(t, string(AppendTextFrame([]byte("before "), []byte(`"`+text+`"`))), string(framed), "%d", length)
	}
}

// What goes around it finds room beside it: who encodes for a room's readers makes one piece of
// memory.
func TestAFramedMessageTakesNoMoreMemoryThanItsJSON(t *testing.T) {
	id := chat.Cursor{Seq: 1_000_000_000_000, Tag: 0x7f3a9c12}
	for _, length := range []int{0, 100, 1000, 4000} {
		var object any = EntryOf("lobby", chat.Entry{
			ID: id, From: chat.Author{ID: "0b0d8a0e-7a54-4f0e-9a47-0d9f0b6f2b11", Name: "Ann", Guest: true},
			Payload: chat.Message{Text: strings.Repeat("x", length)}, Time: time.Now(), Key: "k-1",
		})
		alone := testing.AllocsPerRun(100, func() { AppendJSON(nil, object) }) // with the race detector it is not one
		for _, f := range []*jsonFraming{WebSocket, SSE, NDJSON} {
			framed := testing.AllocsPerRun(100, func() { endChunk(f.append(nil, "", id.String(), object), 0) })
			require.Equal(t, alone, framed, "%d bytes, shape %d", length, f.shape)
		}
	}
}

func BenchmarkMessage(b *testing.B) {
	var object any = EntryOf("lobby", chat.Entry{
		ID: chat.Cursor{Seq: 1, Tag: 1}, From: chat.Author{ID: "id", Name: "Ann", Guest: true}, Time: time.Now(),
		Payload: chat.Message{Text: "hello, this is a message of an ordinary length, as people write them"},
	})
	b.Run("usual", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			body, _ := json.Marshal(object)
			_ = AppendEscaped(nil, body)
		}
	})
	b.Run("append", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = AppendJSON(nil, object)
		}
	})
}
