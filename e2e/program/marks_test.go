package program

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
)

// TestMarks: how far somebody has read is one thing on two nodes and all transports.
func TestMarks(t *testing.T) {
	one, other, _ := twoNodes(t)
	bob := client.SignIn(t, one.URL, "Bob")
	first := bob.Post(t, "kitchen", "one")
	ann := client.SignIn(t, one.URL, "Ann")
	readers := map[string]*client.Reader{}
	for _, kind := range []client.Kind{client.WebSocket, client.SSE, client.NDJSON} {
		for _, node := range []string{one.URL, other.URL} {
			readers[string(kind)+" "+node] = ann.At(node).Read(t, kind, "kitchen", client.Options{})
		}
	}
	type mark struct {
		Type, RoomID, Cursor string
		Unread, Mentions     int
	}
	is := func(raw string, want mark) bool {
		var got mark
		return json.Unmarshal([]byte(raw), &got) == nil && got == want
	}
	told := func(want mark, readers map[string]*client.Reader) {
		t.Helper()
		want.Type, want.RoomID = "read", "kitchen"
		for name, r := range readers {
			r.WaitFor(t, fmt.Sprintf("%+v on %s", want, name), func(e client.Event) bool { return is(e.Raw, want) })
		}
		for _, node := range []string{one.URL, other.URL} {
			var page struct{ Read mark }
			polled := ann.At(node).Do(t, http.MethodGet, "/rooms/kitchen/messages?wait=0&after="+first.ID, "")
			require.NoError(t, json.Unmarshal([]byte(polled.Body), &page), polled.Body)
			assert.Equal(t, want, page.Read, "a poll")
			var rooms struct{ Rooms []mark }
			answer := ann.At(node).Do(t, http.MethodGet, "/session/rooms", "")
			require.NoError(t, json.Unmarshal([]byte(answer.Body), &rooms), answer.Body)
			require.Len(t, rooms.Rooms, 1)
			rooms.Rooms[0].Type = "read"
			assert.Equal(t, want, rooms.Rooms[0], "the list of rooms")
		}
	}
	told(mark{Cursor: first.ID}, nil) // a stream that comes to nothing unread is told no mark

	second := bob.Post(t, "kitchen", "two")
	third := bob.At(other.URL).Post(t, "kitchen", "three")
	answer := ann.At(other.URL).Do(t, http.MethodPost, "/rooms/kitchen/read", second.ID)
	require.Equal(t, http.StatusOK, answer.Status, answer.Body)
	told(mark{Cursor: second.ID, Unread: 1}, readers)

	readers["ws "+one.URL].Send(t, map[string]string{"type": "read", "cursor": third.ID})
	told(mark{Cursor: third.ID}, readers)
	answer = ann.Do(t, http.MethodPost, "/rooms/kitchen/read", first.ID)
	assert.Contains(t, answer.Body, third.ID, "it moves forward only")

	fourth := bob.Post(t, "kitchen", "four")
	last := bob.Post(t, "kitchen", "five")
	require.Equal(t, http.StatusOK, bob.Do(t, http.MethodDelete, "/rooms/kitchen/messages/"+fourth.ID, "").Status)
	told(mark{Cursor: third.ID, Unread: 1}, readers)

	again := ann.At(other.URL).Read(t, client.WebSocket, "kitchen", client.Options{After: last.ID})
	again.WaitFor(t, "what is unread", func(e client.Event) bool {
		return is(e.Raw, mark{"read", "kitchen", third.ID, 1, 0})
	})
	found := ann.Do(t, http.MethodGet, "/rooms/kitchen/messages?q=FIVE", "", "Accept", "text/plain")
	assert.Regexp(t, `^\d\d:\d\d:\d\d Bob: five\n$`, found.Body)
	assert.Equal(t, http.StatusForbidden, client.Guest(one.URL, "Eve").Do(t, http.MethodPost, "/rooms/kitchen/read", last.ID).Status)
}
