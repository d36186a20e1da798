package sse_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/internal/transporttest"
	"github.com/stretchr/testify/require"
)

// block is what stands between two empty lines. Some readers of event streams take each for an
// event (@microsoft/fetch-event-source, httpx-sse), unlike a browser, which passes over those that
// have no data.
type block struct{ event, id, data string }

// blocks reads a stream as those readers do, until the last one that is wanted.
func blocks(t *testing.T, lines *bufio.Scanner, until func(block) bool) (all []block) {
	t.Helper()
	var b block
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case lines.Text() == "":
			all = append(all, b)
			if until(b) {
				return all
			}
			b = block{}
		case field == "event":
			b.event = value
		case field == "id":
			b.id = value
		case field == "data":
			b.data += value
		}
	}
	return all
}

func TestEachBlockHasData(t *testing.T) {
	r, h := handler(t)
	r.Say(t, "kept")
	for name, serve := range map[string]http.HandlerFunc{"one room": transporttest.InLobby(h.Events).ServeHTTP, "several": h.ManyEvents} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(serve)
			t.Cleanup(server.Close)
			_, lines := open(t, server.Client(), server.URL+"?room=lobby&room=den&name=Ann")
			read := blocks(t, lines, func(b block) bool { return b.event == "ping" })
			require.Equal(t, "welcome", read[0].event)
			for _, b := range read {
				require.True(t, json.Valid([]byte(b.data)), "%+v", b)
			}
			require.Equal(t, "ping", read[len(read)-1].event)
		})
	}
}

// An EventSource connects anew by itself, also to what it has left.
func TestAnEventSourceStaysOut(t *testing.T) {
	r, h := handler(t)
	for name, serve := range map[string]http.HandlerFunc{"one room": transporttest.InLobby(h.Events).ServeHTTP, "several": h.ManyEvents} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(serve)
			t.Cleanup(server.Close)
			address := server.URL + "?room=lobby&name=Ann"
			_, lines := open(t, server.Client(), address)
			blocks(t, lines, func(b block) bool { return b.event == "live" })
			snapshot, err := r.Node.Members(t.Context(), chat.Principal{}, "lobby")
			require.NoError(t, err)
			require.Len(t, snapshot.Members, 1)
			require.NoError(t, r.Node.Leave(t.Context(), chat.Principal{ID: snapshot.Members[0].ID}, "lobby", ""))
			read := blocks(t, lines, func(block) bool { return false }) // to its end
			last := read[len(read)-1]
			require.Equal(t, "error", last.event)
			require.Contains(t, last.data, `"code":"left"`)

			again, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
			require.NoError(t, err)
			again.Header.Set("Last-Event-ID", last.id) // as it does
			answer, err := server.Client().Do(again)
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
			require.Equal(t, http.StatusNoContent, answer.StatusCode)
			snapshot, err = r.Node.Members(context.Background(), chat.Principal{}, "lobby")
			require.NoError(t, err)
			require.Empty(t, snapshot.Members)

			_, lines = open(t, server.Client(), address) // one that is opened anew
			blocks(t, lines, func(b block) bool { return b.event == "live" })
		})
	}
}
