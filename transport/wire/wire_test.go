package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/caller-chat/caller/calls/incall"
	"github.com/caller-chat/caller/chat"
	"github.com/stretchr/testify/require"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	parsed, err := time.Parse(time.RFC3339Nano, text)
	require.NoError(t, err)
	return parsed
}

// examples are the events of testdata as the core has them.
func examples(t *testing.T) map[string]*chat.Event {
	ann := chat.Member{ID: "0b0d8a0e-7a54-4f0e-9a47-0d9f0b6f2b11", Name: "Ann", Transport: "ws", JoinedAt: at(t, "2026-11-24T12:04:30.120Z")}
	bob := chat.Member{ID: "c1f2a3b4-0000-4000-8000-000000000002", Name: "Bob", Transport: "sse", JoinedAt: at(t, "2026-11-24T12:05:00Z")}
	guest := chat.Member{ID: "5f1c7a55-55a1-4a52-8f9f-0c8f8f5b2c7e", Name: "guest-5f1c", Guest: true, Transport: "text", JoinedAt: at(t, "2026-11-24T12:05:01Z")}
	script := guest
	script.Name, script.Look = "ci", "0gKxq3fZ7b1e"
	other := chat.Member{ID: "c1f2a3b4-0000-4000-8000-000000000003", Name: "\u0410nn", Transport: "ws",
		JoinedAt: at(t, "2026-11-24T12:05:01Z"), LooksLike: ann.ID}
	calling := bob
	began := at(t, "2026-11-24T12:06:02.417Z")
	calling.Attributes = chat.Attributes{incall.Key: incall.Value(began)}
	bodies := map[string]chat.Body{
		"welcome": chat.Welcome{You: ann, Stream: "s-9f2c41d0", Heartbeat: 15 * time.Second,
			Roster: chat.RosterEvent{Members: []chat.Member{ann}, Count: 1, Version: 1795522470120}},
		"welcome-large-room": chat.Welcome{You: ann, Stream: "s-9f2c41d0", Resumed: true, Heartbeat: 15 * time.Second,
			Roster: chat.RosterEvent{Count: 1204, Version: 1795522471324}},
		"reset": chat.Reset{Reason: chat.Expired},
		"message": chat.Appended{Entry: chat.Entry{ID: chat.Cursor{Seq: 42, Tag: 0x7f3a9c12},
			From: ann.Author(), Payload: chat.Message{Text: "hello"}, Key: "k-1", Time: at(t, "2026-11-24T12:04:31.005Z")}},
		"message-guest": chat.Appended{Entry: chat.Entry{ID: chat.Cursor{Seq: 43, Tag: 0x00c0ffee},
			From: script.Author(), Payload: chat.Message{Text: "from curl"}, Time: at(t, "2026-11-24T12:04:32.31Z")}},
		"live":               chat.Live{Cursor: chat.Cursor{Seq: 43, Tag: 0x00c0ffee}},
		"live-empty":         chat.Live{},
		"joined":             chat.Joined{Member: bob, Version: 1795522470121},
		"joined-lookalike":   chat.Joined{Member: other, Version: 1795522470123},
		"left":               chat.Left{Member: bob, Version: 1795522470122},
		"members":            chat.RosterEvent{Members: []chat.Member{guest}, Count: 1, Version: 1795522470123},
		"members-large-room": chat.RosterEvent{Count: 1205, Version: 1795522471330},
		"typing":             chat.Typing{Member: bob},
		"joined-call":        chat.Joined{Member: calling, Version: 1795522470124, Known: true},
		"members-call": chat.RosterEvent{Members: []chat.Member{calling}, Count: 1, Version: 1795522470124,
			Attributes: chat.AttributeCounts{incall.Key: {Count: 1, Least: incall.Value(began)}}},
		"members-large-room-call": chat.RosterEvent{Count: 1205, Version: 1795522471331,
			Attributes: chat.AttributeCounts{incall.Key: {Count: 2, Least: incall.Value(began)}}},
		"call-started": chat.AttributeChanged{Key: incall.Key, Present: true, Least: incall.Value(began)},
		"read":         chat.ReadMark{Cursor: chat.Cursor{Seq: 42, Tag: 0x7f3a9c12}, Unread: 3, Mentions: 1},
		"call-ended":   chat.AttributeChanged{Key: incall.Key, Time: at(t, "2026-11-24T12:31:07.08Z")},
	}
	for name, entry := range entryExamples(t, ann.Author(), bob.Author()) {
		bodies[name] = chat.Appended{Entry: entry}
	}
	events := map[string]*chat.Event{}
	for name, body := range bodies {
		events[name] = &chat.Event{Room: "lobby", Body: body}
	}
	return events
}

// entryExamples are the examples of all that was done about one message.
func entryExamples(t *testing.T, ann, bob chat.Author) map[string]chat.Entry {
	message := chat.Cursor{Seq: 42, Tag: 0x7f3a9c12}
	second := func(n int) time.Time { return at(t, fmt.Sprintf("2026-11-24T12:05:%02dZ", n)) }
	said := chat.Entry{ID: message, From: ann, Key: "k-1", Time: at(t, "2026-11-24T12:04:31.005Z")}
	amended, deleted := said, said
	amended.Payload = chat.Message{Text: "hello all", Changes: &chat.Changes{
		Last: chat.Cursor{Seq: 49, Tag: 0x1337c0de}, EditedAt: at(t, "2026-11-24T12:05:02.5Z"),
		Reactions: []chat.Reactions{{Emoji: "👍", By: []chat.MemberID{bob.ID, ann.ID}}, {Emoji: "🎉", By: []chat.MemberID{bob.ID}}},
	}}
	deleted.Payload = chat.Message{Changes: &chat.Changes{Last: chat.Cursor{Seq: 50, Tag: 0x600df00d}, Deleted: true}}
	return map[string]chat.Entry{
		"message-amended": amended,
		"message-deleted": deleted,
		"message-reply": {ID: chat.Cursor{Seq: 44, Tag: 0x5ca1ab1e}, From: bob, Key: "k-2", Time: at(t, "2026-11-24T12:04:40Z"),
			Payload: chat.Message{Text: "@Ann tea?", ReplyTo: &chat.Quote{ID: message, From: ann, Excerpt: "hello"}, Mentions: []chat.MemberID{ann.ID}}},
		"message-files": {ID: chat.Cursor{Seq: 45, Tag: 0x0ddba11e}, From: bob, Time: at(t, "2026-11-24T12:04:50Z"),
			Payload: chat.Message{Text: "look", Files: []chat.File{{
				ID: "f-9f2c41d0", Name: "cat.png", Type: "image/png", Size: 48213, Width: 640, Height: 480,
				SHA256: "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae", Preview: "data:image/webp;base64,UklGRg==",
			}}}},
		"edit": {ID: chat.Cursor{Seq: 46, Tag: 0xdecafbad}, Target: message, From: ann, Key: "k-3",
			Time: at(t, "2026-11-24T12:05:02.5Z"), Payload: chat.Edit{Text: "hello all"}},
		"void": {ID: chat.Cursor{Seq: 46, Tag: 0xdecafbad}, Target: message, From: ann,
			Time: at(t, "2026-11-24T12:05:02.5Z"), Payload: chat.Void{}},
		"reaction": {ID: chat.Cursor{Seq: 47, Tag: 0x0badcafe}, Target: message, From: bob, Time: second(3),
			Payload: chat.Reaction{Emoji: "👍", On: true}},
		"reaction-off": {ID: chat.Cursor{Seq: 48, Tag: 0xdeadc0de}, Target: message, From: bob, Time: second(4),
			Payload: chat.Reaction{Emoji: "👍"}},
		"delete": {ID: chat.Cursor{Seq: 50, Tag: 0x600df00d}, Target: message, From: ann, Time: second(5), Payload: chat.Delete{}},
		"notice": {ID: chat.Cursor{Seq: 51, Tag: 0xc001d00d}, From: ann, Time: second(6),
			Payload: chat.RoomNotice{What: "topic", Fields: json.RawMessage(`{"topic":"tea"}`)}},
		"unknown-entry": {ID: chat.Cursor{Seq: 52, Tag: 0xf005ba11}, Target: chat.Cursor{Seq: 44, Tag: 0x5ca1ab1e}, From: ann, Time: second(7),
			Payload: chat.Unknown{Name: "pin", Fields: json.RawMessage(`{"place":1}`)}},
	}
}

func example(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", filepath.FromSlash(path)))
	require.NoError(t, err)
	return strings.TrimSpace(string(content))
}

// payload takes a WebSocket frame apart.
func payload(t *testing.T, frame []byte) string {
	t.Helper()
	require.EqualValues(t, 0x81, frame[0])
	switch frame[1] {
	case 126:
		return string(frame[4:])
	case 127:
		return string(frame[10:])
	}
	return string(frame[2:])
}

func TestEveryExampleIsWhatGoesOverTheWire(t *testing.T) {
	made := map[string]string{}
	for name, e := range examples(t) {
		made[name] = payload(t, WebSocket.AppendEvent(nil, e))
	}
	made["ping"] = payload(t, WebSocket.AppendPing(nil, at(t, "2026-11-24T12:05:15Z")))
	made["pong"] = payload(t, AppendPong(nil))
	made["ack"] = payload(t, AppendAck(nil, "lobby", chat.Entry{ID: chat.Cursor{Seq: 42, Tag: 0x7f3a9c12}, Key: "k-1", Time: at(t, "2026-11-24T12:04:31.005Z")}))
	invalid := chat.Draft{Payload: chat.Message{Text: strings.Repeat("a", 4001)}}.Validate()
	made["error-command"] = payload(t, WebSocket.AppendFailure(nil, FailureOf(invalid), "lobby", "k-2"))
	going := FailureOf(chat.ErrGoingAway)
	going.RetryAfter = 2500 * time.Millisecond
	made["error-closing"] = payload(t, WebSocket.AppendFailure(nil, going, "", ""))

	files, err := filepath.Glob("testdata/events/*.json")
	require.NoError(t, err)
	require.Len(t, made, len(files), "each example is made here")
	for name, got := range made {
		require.Equal(t, example(t, "events/"+name+".json"), got)
	}
}

func TestSSE(t *testing.T) {
	events := examples(t)
	require.Equal(t, "id: 42-7f3a9c12\ndata: "+example(t, "events/message.json")+"\n\n",
		string(SSE.AppendEvent(nil, events["message"])), "onmessage sees log entries: they have no event field")
	require.Equal(t, "event: live\nid: 43-00c0ffee\ndata: "+example(t, "events/live.json")+"\n\n",
		string(SSE.AppendEvent(nil, events["live"])))
	require.Equal(t, "event: joined\ndata: "+example(t, "events/joined.json")+"\n\n",
		string(SSE.AppendEvent(nil, events["joined"])), "what is not in the log does not move the cursor")
}

// A node that goes away sends its readers back at different times, those too that no program of
// ours guides.
func TestSSEFailureSaysWhenToComeBack(t *testing.T) {
	going := FailureOf(chat.ErrGoingAway)
	going.RetryAfter = 2500 * time.Millisecond
	require.Equal(t, "retry: 2500\nevent: error\ndata: "+example(t, "events/error-closing.json")+"\n\n",
		string(SSE.AppendFailure(nil, going, "", "")))
	require.NotContains(t, string(SSE.AppendFailure(nil, Fail(CodeLeft, ""), "", "")), "retry")
	times := map[time.Duration]bool{}
	for range 100 {
		times[FailureOf(chat.ErrGoingAway).RetryAfter] = true
	}
	require.Greater(t, len(times), 90)
}

func TestChunks(t *testing.T) {
	const before = "before "
	now := at(t, "2026-11-24T12:05:15Z")
	failed := Fail(CodeLeft, "")
	chunk := func(body []byte) string { return fmt.Sprintf("%s%x\r\n%s\r\n", before, len(body), body) }
	seen := map[Framing]bool{}
	for _, f := range []Framing{SSE, NDJSON, Text(true), Text(false)} {
		inChunks := f.Chunked()
		require.Same(t, inChunks, f.Chunked(), "there is one, by which an event knows that it is encoded already")
		seen[f], seen[inChunks] = true, true
		for _, e := range examples(t) {
			if line := f.AppendEvent(nil, e); len(line) > 0 {
				require.Equal(t, chunk(line), string(inChunks.AppendEvent([]byte(before), e)))
			} else {
				require.Empty(t, inChunks.AppendEvent(nil, e), "it must not become the empty chunk, which ends the body")
			}
		}
		if line := f.AppendPing(nil, now); len(line) > 0 {
			require.Equal(t, chunk(line), string(inChunks.AppendPing([]byte(before), now)))
		}
		if f != Text(true) && f != Text(false) { // whose failures have the time
			require.Equal(t, chunk(f.AppendFailure(nil, failed, "lobby", "k-1")),
				string(inChunks.AppendFailure([]byte(before), failed, "lobby", "k-1")))
		}
	}
	require.Len(t, seen, 8)
	require.Empty(t, Text(false).Chunked().AppendEvent(nil, examples(t)["joined"]))
}

func TestText(t *testing.T) {
	e := examples(t)["message"]
	require.Equal(t, "12:04:31 Ann: hello\n", string(Text(false).AppendEvent(nil, e)))
	require.Equal(t, "12:05:00 * Bob joined\n", string(Text(true).AppendEvent(nil, examples(t)["joined"])))
	require.Empty(t, Text(true).AppendEvent(nil, examples(t)["joined-call"]), "he has not joined the room again")
	require.Equal(t, "12:06:02 * call started\n", string(Text(true).AppendEvent(nil, examples(t)["call-started"])))
	require.Empty(t, Text(false).AppendEvent(nil, examples(t)["call-started"]))
	entry := e.Body.(chat.Appended).Entry
	entry.From.Name = "A\x1b]0;x\x07"
	entry.Payload = chat.Message{Text: "a\nb\r\x1b[2J\u009b31m\u202e\u2028\x7f\t."}
	require.Equal(t, "12:04:31 A␛]0;x␇: a␤b␍␛[2J\uFFFD31m\uFFFD␤␡␉.\n", string(AppendTextLine(nil, "lobby", entry, "")))
}

// What happens to a message is a line too, but for reactions, of which there are many.
func TestTextOfAmendments(t *testing.T) {
	for name, want := range map[string]string{
		"edit":         "12:05:02 * Ann edited 42-7f3a9c12: hello all\n",
		"delete":       "12:05:05 * Ann deleted 42-7f3a9c12\n",
		"reaction":     "12:05:03 * Bob reacted to 42-7f3a9c12 with 👍\n",
		"reaction-off": "12:05:04 * Bob took 👍 back from 42-7f3a9c12\n",
		"void":         "", "message-deleted": "",
		"message-amended": "12:04:31 Ann: hello all\n",
	} {
		e := examples(t)[name]
		require.Equal(t, want, string(Text(true).AppendEvent(nil, e)))
		if strings.HasPrefix(name, "reaction") {
			want = ""
		}
		require.Equal(t, want, string(Text(false).AppendEvent(nil, e)), name)
	}
	said := examples(t)["edit"]
	notice := said.Body.(chat.Appended)
	notice.Entry.Payload = chat.RoomNotice{What: chat.NoticeAnnouncement, Fields: []byte(`{"text":"back\nsoon"}`)}
	said.Body = notice
	for _, all := range []bool{true, false} {
		require.Equal(t, "12:05:02 * Ann announced: back␤soon\n", string(Text(all).AppendEvent(nil, said)), "what is said to all is for all")
	}
	notice.Entry.Payload = chat.RoomNotice{What: chat.NoticeCleared}
	said.Body = notice
	require.Equal(t, "12:05:02 * Ann: cleared\n", string(Text(true).AppendEvent(nil, said)))
	require.Empty(t, Text(false).AppendEvent(nil, said))
	edit := examples(t)["edit"].Body.(chat.Appended)
	edit.Entry.Payload = chat.Edit{Text: "a\n12:00:00 Bob: b\x1b[2J"}
	require.Equal(t, "12:05:02 * Ann edited 42-7f3a9c12: a␤12:00:00 Bob: b␛[2J\n",
		string(Text(false).AppendEvent(nil, &chat.Event{Body: edit})))
}

// Nobody takes a name by which a line looks like somebody else's, or like news.
func TestNamesInTextAreUnambiguous(t *testing.T) {
	for name, want := range map[string]string{
		"Ann": "Ann: hi", "Ann Smith": "Ann Smith: hi", "Dr. Who": "Dr. Who: hi", "Ann:": "Ann:: hi", "a:b c": "a:b c: hi",
		"Ann: hello": "Ann:␣hello: hi", "Ann:  hello": "Ann:␣␣hello: hi", "Ann:\u00a0hello": "Ann:␣hello: hi",
		"Ann:\u200b hello": "Ann:\u200b␣hello: hi", "Ann： hello": "Ann：␣hello: hi", "Ann:\u2800hello": "Ann:␣hello: hi",
		"*": "*: hi", "* Bob joined": "*␣Bob joined: hi", "\u200b* Bob joined": "\u200b*␣Bob joined: hi", "a * b": "a * b: hi",
	} {
		e := chat.Entry{From: chat.Author{Name: name}, Payload: chat.Message{Text: "hi"}}
		require.Equal(t, "00:00:00 "+want+"\n", string(AppendTextLine(nil, "lobby", e, "")), name)
	}
	for name, want := range map[string]string{
		"Ann": "Ann", "Ann:": "Ann:", "Ann Smith": `"Ann Smith"`, "Ann deleted 42-7f3a9c12": `"Ann deleted 42-7f3a9c12"`,
		"Ann\u00a0joined": "\"Ann\u00a0joined\"", `"Ann" joined and Bob`: `"'Ann' joined and Bob"`, `"`: `"'"`,
	} {
		e := &chat.Event{Body: chat.Joined{Member: chat.Member{Name: name}}}
		require.Equal(t, "00:00:00 * "+want+" joined\n", string(Text(true).AppendEvent(nil, e)), name)
	}
}

// No framing lets a character through that a terminal acts on, whatever people send.
func FuzzFramingsAreEscaped(f *testing.F) {
	f.Add("hello", "Ann")
	f.Add("a\nb\x1b[31m\u202e\u0085\u2028\\u001b\"<&>", "\x07\x7f")
	f.Fuzz(func(t *testing.T, text, name string) {
		if !utf8.ValidString(text) || !utf8.ValidString(name) {
			t.Skip()
		}
		e := &chat.Event{Room: "lobby", Body: chat.Appended{Entry: chat.Entry{ID: chat.Cursor{Seq: 1, Tag: 1},
			From: chat.Author{ID: "a", Name: name}, Payload: chat.Message{Text: text}}}}
		lines := NDJSON.AppendEvent(nil, e)
		require.Equal(t, 1, bytes.Count(lines, []byte("\n")))
		var got struct {
			Text string
			From struct{ Name string }
		}
		require.NoError(t, json.Unmarshal(lines, &got))
		require.Equal(t, text, got.Text)
		require.Equal(t, name, got.From.Name)
		shown := Text(true).AppendEvent(nil, e)
		require.Equal(t, 1, bytes.Count(shown, []byte("\n")))
		_, told, _ := strings.Cut(string(shown), " ")
		told, _, _ = strings.Cut(told, ": ")
		same := func(r rune) rune {
			if isBlank(r) || r == space {
				return ' '
			}
			return r
		}
		require.Equal(t, strings.Map(same, string(appendPlain(nil, name))), strings.Map(same, told), "the first \": \" ends it")
		require.False(t, strings.HasPrefix(string(shown[len("00:00:00"):]), " * "))
		for _, made := range [][]byte{lines, shown} {
			for _, r := range strings.TrimSuffix(string(made), "\n") {
				require.True(t, chat.Printable(r) && r != '\t' && r != '\n', "%U", r)
			}
		}
	})
}

func TestEscapingKeepsJSON(t *testing.T) {
	for given, want := range map[string]string{
		`{"a":"\u003cb\u003e \u0026 \\u003c"}`: `{"a":"<b> & \\u003c"}`,
		`"\u001b\n\u2028"`:                     `"\u001b\n\u2028"`,
		"\"\u009b\u202e\u007f\u2066\u0085é🙂\"": `"\u009b\u202e\u007f\u2066\u0085é🙂"`,
	} {
		require.Equal(t, want, string(AppendEscaped(nil, []byte(given))))
	}
}

func TestParseCommand(t *testing.T) {
	for file, want := range map[string]Command{
		"post":      {Type: "post", Key: "k-1", Text: "hello"},
		"post-room": {Type: "post", RoomID: "lobby", Key: "k-1", Text: "hello"},
		"typing":    {Type: "typing"},
		"leave":     {Type: "leave"},
		"join":      {Type: "join", RoomID: "kitchen", After: "7-0badcafe"},
		"ping":      {Type: "ping"},
		"post-reply": {Type: "post", Key: "k-2", Text: "@Ann tea?", ReplyTo: "42-7f3a9c12",
			Mentions: []chat.MemberID{"0b0d8a0e-7a54-4f0e-9a47-0d9f0b6f2b11"}},
		"edit":      {Type: "edit", Key: "k-3", Target: "42-7f3a9c12", Text: "hello all"},
		"delete":    {Type: "delete", Key: "k-4", Target: "42-7f3a9c12"},
		"react":     {Type: "react", Key: "k-5", Target: "42-7f3a9c12", Emoji: "👍", On: new(true)},
		"react-off": {Type: "react", RoomID: "lobby", Key: "k-6", Target: "42-7f3a9c12", Emoji: "👍", On: new(false)},
		"read":      {Type: "read", Cursor: "44-5ca1ab1e"},
	} {
		got, err := ParseCommand([]byte(example(t, "commands/"+file+".json")))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for frame, code := range map[string]Code{
		``: CodeMalformed, `{`: CodeMalformed, `[]`: CodeMalformed, `"post"`: CodeMalformed, `{"type":7}`: CodeMalformed,
		`{"type":"post","text":{}}`: CodeMalformed, `{"type":"post","mentions":[7]}`: CodeMalformed,
		`{"type":"post","replyTo":7}`: CodeMalformed, `{"type":"react","on":"yes"}`: CodeMalformed,
		`{}`: CodeUnknownCommand, `{"type":"shout"}`: CodeUnknownCommand, `null`: CodeUnknownCommand,
		"{\"type\":\"post\",\"text\":\"\xff\"}": CodeInvalidUTF8,
	} {
		_, err := ParseCommand([]byte(frame))
		require.Equal(t, code, FailureOf(err).Code, frame)
	}
	named, err := ParseCommand([]byte(`{"type":"shout","key":"k-9"}`))
	require.Error(t, err)
	require.Equal(t, "k-9", named.Key, "so that the answer can name it")
	named, err = ParseCommand([]byte(`{"type":"react","on":"yes","key":"k-9"}`))
	require.ErrorContains(t, err, `"on" can't be a JSON string`)
	require.Equal(t, "k-9", named.Key)
}

func TestDrafts(t *testing.T) {
	target := chat.Cursor{Seq: 42, Tag: 0x7f3a9c12}
	for command, want := range map[string]chat.Draft{
		`{"type":"post","key":"k","text":"a","mentions":[]}`:                  {Key: "k", Payload: chat.Message{Text: "a"}},
		`{"type":"post","text":"a","replyTo":"42-7f3a9c12"}`:                  {Payload: chat.Message{Text: "a", ReplyTo: &chat.Quote{ID: target}}},
		`{"type":"post","text":"a","replyTo":{"id":"42-7f3a9c12","from":{}}}`: {Payload: chat.Message{Text: "a", ReplyTo: &chat.Quote{ID: target}}},
		`{"type":"post","text":"a","replyTo":null,"mentions":["x"]}`:          {Payload: chat.Message{Text: "a", Mentions: []chat.MemberID{"x"}}},
		`{"type":"edit","key":"k","target":"42-7f3a9c12","text":"b"}`:         {Key: "k", Target: target, Payload: chat.Edit{Text: "b"}},
		`{"type":"edit","target":"42-7f3a9c12","text":"b","mentions":["x"]}`:  {Target: target, Payload: chat.Edit{Text: "b", Mentions: []chat.MemberID{"x"}}},
		`{"type":"delete","target":"42-7f3a9c12"}`:                            {Target: target, Payload: chat.Delete{}},
		`{"type":"react","target":"42-7f3a9c12","emoji":"👍"}`:                 {Target: target, Payload: chat.Reaction{Emoji: "👍", On: true}},
		`{"type":"react","target":"42-7f3a9c12","emoji":"👍","on":false}`:      {Target: target, Payload: chat.Reaction{Emoji: "👍"}},
	} {
		c, err := ParseCommand([]byte(command))
		require.NoError(t, err, command)
		got, err := c.Draft()
		require.NoError(t, err, command)
		require.Equal(t, want, got, command)
		require.NoError(t, got.Validate(), command)
	}
	for command, field := range map[string]string{
		`{"type":"post","text":"a","replyTo":"x"}`:                          "replyTo",
		`{"type":"post","text":"a","replyTo":{}}`:                           "replyTo",
		`{"type":"post","text":"a","replyTo":"0-0"}`:                        "replyTo",
		`{"type":"edit","target":"x","text":"a"}`:                           "target",
		`{"type":"edit","text":"a"}`:                                        "target",
		`{"type":"delete","target":"0-0"}`:                                  "target",
		`{"type":"react","emoji":"👍"}`:                                      "target",
		`{"type":"react","target":"42-7f3a9c12"}`:                           "emoji",
		`{"type":"edit","target":"42-7f3a9c12","text":"a","mentions":[""]}`: "mentions",
	} {
		c, err := ParseCommand([]byte(command))
		require.NoError(t, err, command)
		d, err := c.Draft()
		if err == nil {
			err = d.Validate()
		}
		var invalid *chat.InvalidError
		require.ErrorAs(t, err, &invalid, command)
		require.Equal(t, field, invalid.Field, command)
	}
}

func FuzzParseCommand(f *testing.F) {
	f.Add([]byte(`{"type":"post","key":"k-1","text":"hello"}`))
	f.Fuzz(func(t *testing.T, frame []byte) {
		c, err := ParseCommand(frame)
		if err == nil {
			require.True(t, utf8.ValidString(c.Text))
		}
	})
}

func TestEveryCodeHasAMeaning(t *testing.T) {
	for _, c := range []Code{
		CodeMalformed, CodeInvalidUTF8, CodeSessionInvalid, CodeSessionRequired, CodeCrossOrigin, CodeNotAllowed, CodeNotFound, CodeMethodNotAllowed,
		CodeTooLarge, CodeUnsupported, CodeInvalidField, CodeUnknownCommand, CodeUpgradeRequired, CodeTooMuch, CodeTooSlow, CodeLeft,
		CodeUnavailable, CodeGoingAway, CodeConflict, CodeKeyReused, CodeTokenInURL, CodeNameFixed, CodeBusy,
	} {
		require.NotEqual(t, 500, Fail(c, "").Status(), c)
		require.NotEqual(t, CloseInternal, Fail(c, "").CloseCode(), c)
	}
	require.Equal(t, CodeInternal, FailureOf(fmt.Errorf("secret detail")).Code)
	require.Empty(t, FailureOf(fmt.Errorf("secret detail")).Detail)
}

// What a policy says means the same for HTTP and for a WebSocket that ends by it.
func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		err           error
		code          Code
		status, close int
		retry         time.Duration
	}{
		{chat.ErrNotAllowed, CodeNotAllowed, 403, CloseNotAllowed, 0},
		{chat.ErrNotAuthor, CodeNotAllowed, 403, CloseNotAllowed, 0},
		{chat.ErrGuest, CodeNotAllowed, 403, CloseNotAllowed, 0},
		{chat.ErrNotFound, CodeNotFound, 404, CloseNotAllowed, 0},
		{chat.ErrConflict, CodeConflict, 409, CloseNotAllowed, 0},
		{chat.ErrKeyReused, CodeKeyReused, 422, CloseInvalidData, 0},
		{chat.ErrNotSignedIn, CodeSessionRequired, 401, CloseNotSignedIn, 0},
		{chat.ErrFull, CodeBusy, 503, CloseTooMuch, 10 * time.Second},
		{&chat.LimitError{RetryAfter: 3 * time.Second}, CodeTooMuch, 429, CloseTooMuch, 3 * time.Second},
	} {
		f := FailureOf(fmt.Errorf("post in lobby: %w", test.err))
		require.Equal(t, test.code, f.Code)
		require.Equal(t, test.status, f.Status())
		require.Equal(t, test.close, f.CloseCode())
		require.Equal(t, test.retry, f.RetryAfter)
		require.NotContains(t, f.Detail, "post in lobby", "what was going on inside is for the log")
	}
}

func TestFrameLengths(t *testing.T) {
	for _, n := range []int{0, 125, 126, 65535, 65536} {
		body := bytes.Repeat([]byte("a"), n)
		require.Equal(t, string(body), payload(t, AppendTextFrame(nil, body)), n)
	}
}

// A room has one id, whatever form and case its name came in: the id that is sent back is the same
// room.
func FuzzParseRoomIDOnce(f *testing.F) {
	f.Add("J\u030Crooms")
	f.Add("Cafe\u0301")
	f.Add("İstanbul")
	f.Fuzz(func(t *testing.T, name string) {
		id, err := ParseRoomID(name)
		if err != nil {
			return
		}
		again, err := ParseRoomID(string(id))
		require.NoError(t, err)
		require.Equal(t, id, again)
	})
}
