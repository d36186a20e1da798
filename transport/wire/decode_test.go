package wire

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

// encode is the opposite of DecodeEvent.
func encodeEvent(t testing.TB, e Event) string {
	t.Helper()
	object := func(framed []byte) string { return string(framed[:len(framed)-1]) } // without NDJSON's line break
	switch b := e.Body.(type) {
	case chat.Body:
		return object(NDJSON.AppendEvent(nil, &chat.Event{Room: e.Room, Body: b}))
	case Ping:
		return object(NDJSON.AppendPing(nil, b.Time))
	case Pong:
		return `{"type":"pong"}`
	case Ack:
		return object(NDJSON.append(nil, "", "", ack{"ack", e.Room, b.Key, b.ID.String(), timestamp(b.Time)}))
	case Failed:
		return object(NDJSON.AppendFailure(nil, b.Failure, e.Room, b.Key))
	case Other:
		return string(b.Object)
	}
	require.Failf(t, "unknown body", "%T", e.Body)
	return ""
}

// What a client reads is what the server wrote, for each of the examples.
func TestEveryExampleIsRead(t *testing.T) {
	files, err := filepath.Glob("testdata/events/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text := example(t, filepath.ToSlash(file[len("testdata/"):]))
		e, err := DecodeEvent([]byte(text))
		require.NoError(t, err, file)
		require.NotContains(t, []string{"", "Other"}, e.Type)
		require.Equal(t, text, encodeEvent(t, e), file)
	}
}

func TestEntriesAreReadAsTheyWereMade(t *testing.T) {
	for name, event := range examples(t) {
		want, ok := event.Body.(chat.Appended)
		if !ok {
			continue
		}
		got, err := DecodeEvent([]byte(example(t, "events/"+name+".json")))
		require.NoError(t, err, name)
		require.Equal(t, Event{Type: string(want.Entry.Kind()), Room: "lobby", Body: want}, got)
	}
}

// A request that has found nothing to do is answered by an entry that is none.
func TestAnAnswerMayNameNoEntry(t *testing.T) {
	answer := EntryOf("lobby", chat.Entry{
		Target: chat.Cursor{Seq: 1, Tag: 1}, Time: time.UnixMilli(0).UTC(), Payload: chat.Reaction{Emoji: "👍", On: true},
	})
	for _, payload := range []chat.Payload{chat.Reaction{Emoji: "👍", On: true}, chat.Delete{}} {
		answer.Payload = payload
		var got Entry
		require.NoError(t, json.Unmarshal(answer.appendTo(nil), &got))
		require.Equal(t, answer, got)
	}
	answer.Target, answer.Payload = chat.Cursor{}, chat.RoomNotice{What: chat.NoticeUnmuted} // of somebody who is not muted
	var got Entry
	require.NoError(t, json.Unmarshal(answer.appendTo(nil), &got))
	require.Equal(t, answer.ID, got.ID)
}

// Of many who react the first are told by id, and all are counted.
func TestReactionsOfManyAreCounted(t *testing.T) {
	by := []chat.MemberID{}
	for i := range 50 {
		by = append(by, chat.MemberID(rune('A'+i)))
	}
	e := EntryOf("lobby", chat.Entry{
		ID: chat.Cursor{Seq: 1, Tag: 1}, Time: time.UnixMilli(0).UTC(), Payload: chat.Message{
			Text: "?", Changes: &chat.Changes{Last: chat.Cursor{Seq: 60, Tag: 2}, Reactions: []chat.Reactions{{Emoji: "👍", By: by}}},
		},
	})
	object := e.appendTo(nil)
	require.Contains(t, string(object), `"count":50`)
	var got Entry
	require.NoError(t, json.Unmarshal(object, &got))
	require.Equal(t, []chat.Reactions{{Emoji: "👍", By: by[:20], More: 30}}, got.Payload.(chat.Message).Changes.Reactions)
	require.Equal(t, string(object), string(got.appendTo(nil)))
}

func TestDecodeEventRefuses(t *testing.T) {
	for _, object := range []string{
		``, `[]`, `"ping"`, `{}`, `{"type":7}`, `{"type":"message"}`, `{"type":"message","id":"0-0"}`, `{"type":"edit","id":"x"}`,
		`{"type":"reaction","id":"1-00000001","emoji":"👍"}`, `{"type":"message","id":"1-00000001","time":"now"}`,
		`{"type":"message","id":"1-00000001","time":"9999-12-31T23:59:59-01:00"}`,
		`{"type":"message","id":"1-00000001","replyTo":{"id":"2"}}`, `{"type":"message","id":"1-00000001","amended":"2"}`,
		`{"type":"message","id":"1-00000001","amended":"2-00000001","reactions":[{"emoji":"x","count":0,"by":["a"]}]}`,
		`{"type":"live","cursor":"1"}`, `{"type":"read","cursor":"1"}`, `{"type":"ack","id":""}`, "{\"type\":\"pong\xff\"}",
	} {
		_, err := DecodeEvent([]byte(object))
		require.Error(t, err, object)
	}
}

func TestOtherEventsArePassedOn(t *testing.T) {
	e, err := DecodeEvent([]byte(`{"type":"weather","roomId":"lobby","rain":true}`))
	require.NoError(t, err)
	require.Equal(t, Event{"weather", "lobby", Other{json.RawMessage(`{"type":"weather","roomId":"lobby","rain":true}`)}}, e)
}

// What can be read can be written, and is then read as the same.
func FuzzDecodeEvent(f *testing.F) {
	files, err := filepath.Glob("testdata/events/*.json")
	require.NoError(f, err)
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, object []byte) {
		e, err := DecodeEvent(object)
		if err != nil {
			return
		}
		text := encodeEvent(t, e)
		again, err := DecodeEvent([]byte(text))
		require.NoError(t, err)
		require.Equal(t, text, encodeEvent(t, again))
	})
}
