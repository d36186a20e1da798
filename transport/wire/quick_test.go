package wire

import (
	"encoding/json"
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
	return string(AppendHarmless(nil, body))
}

func TestQuickJSONIsTheUsualOne(t *testing.T) {
	for r := rune(0); r <= 0x10ffff; r++ {
		if text := "a" + string(r); r < 0x800 || r > 0x1fff && r < 0x2100 || r%251 == 0 || r > 0xd000 && r < 0x10000 {
			require.Equal(t, usual(t, text), string(appendString(nil, text)), "%U", r)
		}
	}
	at := stamp(time.Date(2026, 11, 24, 20, 0, 0, 7_000_000, time.FixedZone("", 3600)))
	for _, text := range []string{
		"", "plain", `"quoted" \ <b>&amp;</b>`, "line\nbreak\r\ttab\b\f\x00\x1b[31m\x7f\u0085", "\u202eturned\u2066\u2028\u2029",
		"grüße, привет, \U0001f642", "broken \xff\xc3( \xed\xa0\x80 \xe2\x80", "real \ufffd", `\u003c is not <`,
	} {
		room, id := chat.RoomID("r-"+text), "1-"+text
		for _, guest := range []bool{false, true} {
			m := Message{chat.KindMessage, room, id, author{chat.MemberID(text), text, guest}, text, at, text}
			require.Equal(t, usual(t, m), string(appendJSON(nil, m)))
		}
		a := ack{"ack", room, text, id, at}
		require.Equal(t, "before "+usual(t, a), string(appendJSON([]byte("before "), a)))
	}
}

func BenchmarkMessage(b *testing.B) {
	var object any = Message{
		Type: chat.KindMessage, RoomID: "lobby", ID: "1-00000001", From: author{"id", "Ann", true},
		Text: "hello, this is a message of an ordinary length, as people write them", Time: stamp(time.Now()),
	}
	b.Run("usual", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			body, _ := json.Marshal(object)
			_ = AppendHarmless(nil, body)
		}
	})
	b.Run("quick", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = appendJSON(nil, object)
		}
	})
}
