package wire

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
)

func withFiles(text string, files ...chat.File) chat.Entry {
	return chat.Entry{
		ID: chat.Cursor{Seq: 1, Tag: 2}, From: chat.Author{ID: "a", Name: "Ann"},
		Time: time.Date(2026, 11, 24, 12, 4, 31, 0, time.UTC), Payload: chat.Message{Text: text, Files: files},
	}
}

func TestFilesInLinesOfText(t *testing.T) {
	photo := chat.File{ID: "f1", Name: "photo.jpg", Size: 1_234_567}
	odd := chat.File{ID: "f2", Name: "a b&$(x)'\"ф\x1b].txt", Size: 5}
	for want, e := range map[string]chat.Entry{
		"look [photo.jpg 1.2 MB https://chat.example/c/rooms/%D1%87%D0%B0%D0%B9/files/f1/photo.jpg]": withFiles("look", photo),
		"[photo.jpg 1.2 MB https://chat.example/c/rooms/%D1%87%D0%B0%D0%B9/files/f1/photo.jpg]":      withFiles("", photo),
		"[a b&$(x)'\"ф␛].txt 5 B https://chat.example/c/rooms/%D1%87%D0%B0%D0%B9/files/f2/" +
			"a%20b%26%24%28x%29%27%22%D1%84%1B%5D.txt]": withFiles("", odd),
	} {
		line := string(AppendTextLine(nil, "чай", e, "https://chat.example/c"))
		assert.Equal(t, "12:04:31 Ann: "+want+"\n", line)
	}
	several := string(AppendTextLine(nil, "lobby", withFiles("x", photo, photo), ""))
	assert.Equal(t, "12:04:31 Ann: x [photo.jpg 1.2 MB /rooms/lobby/files/f1/photo.jpg] [photo.jpg 1.2 MB /rooms/lobby/files/f1/photo.jpg]\n", several)
}

func TestSizes(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 1: "1 B", 999: "999 B", 1000: "1.0 KB", 1_234: "1.2 KB", 9_949: "9.9 KB", 9_950: "10 KB", 12_345: "12 KB",
		999_499: "999 KB", 999_500: "1.0 MB", 104_857_600: "105 MB", 5_000_000_000: "5.0 GB", 7_000_000_000_000_000: "7000 TB",
	} {
		assert.Equal(t, want, string(appendSize(nil, n)), n)
	}
}

func TestFilesThereAndBack(t *testing.T) {
	files := []chat.File{
		{ID: "f", Name: "a/b.png", Type: "image/png", Size: 7, SHA256: "00", Width: 3, Height: 4, Preview: "data:,", Animated: true},
		{ID: "v", Name: "v.ogg", Type: "audio/ogg", Size: 9, SHA256: "01", Duration: 2.5, Wave: chat.Wave{0, 31}},
	}
	e := withFiles("", files...)
	object := AppendJSON(nil, EntryOf("lobby", e))
	assert.Contains(t, string(object), `"url":"/rooms/lobby/files/f/a%2Fb.png"`)
	assert.Contains(t, string(object), `"animated":true`)
	assert.Contains(t, string(object), `"duration":2.5,"wave":[0,31],"url":`)
	var back Entry
	require.NoError(t, back.UnmarshalJSON(object))
	assert.Equal(t, e.Payload, back.Payload)
}

func TestCommandsNameFiles(t *testing.T) {
	c, err := ParseCommand([]byte(`{"type":"post","key":"k","files":["f1",{"id":"f2","name":"x"}]}`))
	require.NoError(t, err)
	d, err := c.Draft()
	require.NoError(t, err)
	assert.Equal(t, chat.Message{Files: []chat.File{{ID: "f1"}, {ID: "f2"}}}, d.Payload)
	require.NoError(t, d.Validate(), "a text is not needed")
	_, err = ParseCommand([]byte(`{"type":"post","files":"f1"}`))
	require.Error(t, err)
}

func TestOneFramingForEachAddress(t *testing.T) {
	var texts Texts
	a := texts.For(false, "https://a.example")
	assert.Same(t, a, texts.For(false, "https://a.example"), "so that a batch is encoded once")
	assert.NotSame(t, a, texts.For(true, "https://a.example"))
	assert.Same(t, Text(true), texts.For(true, ""))
	event := &chat.Event{Room: "lobby", Body: chat.Appended{Entry: withFiles("", chat.File{ID: "f", Name: "n"})}}
	assert.Contains(t, string(a.AppendEvent(nil, event)), "[n 0 B https://a.example/rooms/lobby/files/f/n]")
	assert.Contains(t, string(a.Chunked().AppendEvent(nil, event)), "https://a.example/")

	var held []Framing
	for i := range 2 * maxTexts {
		held = append(held, texts.For(false, fmt.Sprintf("http://%d.example", i)))
	}
	assert.Same(t, Text(false), held[len(held)-1], "there is a bound")
	assert.Same(t, a, texts.For(false, "https://a.example"))
	runtime.KeepAlive(held)
	held = nil
	for deadline := testwait.Deadline(); ; { // those that nobody reads by make room
		runtime.GC()
		if f := texts.For(false, "http://new.example"); f != Text(false) {
			assert.Contains(t, string(f.AppendEvent(nil, event)), "http://new.example/")
			break
		}
		require.True(t, time.Now().Before(deadline), "no room was made")
	}
	runtime.KeepAlive(a)
}
