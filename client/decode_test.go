package client

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// examples are the wire's, which docs/protocol.md shows and every client's tests read.
func examples(t testing.TB, folder string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("../transport/wire/testdata/" + folder + "/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	all := map[string][]byte{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		all[strings.TrimSuffix(filepath.Base(file), ".json")] = text
	}
	return all
}

func TestEventsOfTheWire(t *testing.T) {
	kinds := map[Kind]int{}
	for name, object := range examples(t, "events") {
		t.Run(name, func(t *testing.T) {
			var fields map[string]any
			require.NoError(t, json.Unmarshal(object, &fields))
			event, ok := decodeEvent(object)
			require.True(t, ok)
			assert.Equal(t, fields["type"], event.Type)
			if room, ok := fields["roomId"]; ok {
				assert.Equal(t, room, event.Room)
			}
			assert.JSONEq(t, string(object), string(event.Raw))
			id, _ := fields["id"].(string)
			switch {
			case event.Type == EventAck:
				assert.Equal(t, id, event.AckID)
				assert.Equal(t, fields["key"], event.Key)
				assert.Nil(t, event.Entry)
				return
			case event.Type == EventError:
				assert.Equal(t, fields["code"], event.Problem.Code)
				if after, ok := fields["retryAfter"].(float64); ok {
					assert.Equal(t, time.Duration(after*float64(time.Second)), event.Problem.RetryAfter)
				}
				return
			case event.Type == string(Reset):
				assert.Equal(t, fields["reason"], event.Entry.Reason)
				return
			case id == "":
				assert.Nil(t, event.Entry)
				if member, ok := fields["member"].(map[string]any); ok {
					assert.Equal(t, member["id"], event.Member.ID)
					assert.Equal(t, member["name"], event.Member.Name)
					assert.False(t, event.Member.JoinedAt.IsZero())
				}
				return
			}
			entry := event.Entry
			require.NotNil(t, entry)
			kinds[entry.Kind]++
			assert.Equal(t, id, entry.ID)
			for field, value := range map[string]string{
				"text": entry.Text, "key": entry.Key, "target": entry.Target, "emoji": entry.Emoji, "what": entry.What, "amended": entry.Amended,
			} {
				want, _ := fields[field].(string)
				assert.Equal(t, want, value, field)
			}
			from, _ := fields["from"].(map[string]any)
			assert.Equal(t, from["id"], entry.From.ID)
			assert.False(t, entry.Time.IsZero())
			if reactions, ok := fields["reactions"].([]any); ok {
				assert.Len(t, entry.Reactions, len(reactions))
				assert.NotEmpty(t, entry.Reactions[0].By)
			}
			if files, ok := fields["files"].([]any); ok {
				assert.Len(t, entry.Files, len(files))
				assert.NotEmpty(t, entry.Files[0].SHA256)
			}
		})
	}
	for _, kind := range []Kind{Message, Edit, Delete, Reaction, Void, Notice} {
		assert.Positive(t, kinds[kind], kind)
	}
}

func TestWhatIsNoEvent(t *testing.T) {
	for _, text := range []string{
		``, `null`, `[]`, `"message"`, `{}`, `{"type":7}`, `{"type":""}`, `{"type":"message"}`, `{"type":"message","id":"x","text":"a"}`,
		`{"type":"message","id":"1-0badcafe","text":7}`, `{"type":"live"}`, `{"type":"live","cursor":"yesterday"}`, `{"type":"joined"}`,
		`{"type":"ack","id":"1-0badcafe"}`, `{"type":"error"}`, `{"type":"welcome","members":7}`,
	} {
		_, ok := decodeEvent([]byte(text))
		assert.False(t, ok, text)
	}
	// What is not known moves the cursor all the same; a welcome without a heartbeat has the usual one.
	event, ok := decodeEvent([]byte(`{"type":"pin","id":"52-f005ba11","text":{"not":"a text"}}`))
	require.True(t, ok)
	assert.Equal(t, "52-f005ba11", event.Entry.ID)
	event, ok = decodeEvent([]byte(`{"type":"welcome","clientId":"a","memberCount":301,"members":null}`))
	require.True(t, ok)
	assert.Equal(t, defaultHeartbeat, event.Heartbeat)
	assert.Equal(t, 301, event.Roster.Count)
}

func FuzzDecodeEvent(f *testing.F) {
	for _, object := range examples(f, "events") {
		f.Add(object)
	}
	f.Fuzz(func(t *testing.T, object []byte) {
		event, ok := decodeEvent(object)
		if ok && event.Entry != nil && event.Entry.Kind != Reset && !isCursor(event.Entry.ID) {
			t.Errorf("an entry with the id %q", event.Entry.ID)
		}
	})
}
