package poll_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/internal/transporttest"
	"github.com/caller-chat/caller/transport/poll"
	"github.com/caller-chat/caller/transport/sse"
	"github.com/stretchr/testify/require"
)

func TestSearch(t *testing.T) {
	r := transporttest.New(t)
	h := transporttest.InLobby(poll.New(r.Node, transporttest.Who, nil).Messages)
	say := func(name, text string) chat.Entry {
		e, _, err := r.Node.Post(t.Context(), transporttest.Session(name), "lobby", chat.Draft{Payload: chat.Message{Text: text}})
		require.NoError(t, err)
		return e
	}
	say("Ann", "Tea?")
	second := say("Bob", "TEA, please")
	say("Ann", "coffee")
	gone := say("Bob", "tea with milk")
	say("Ann", "more tea")
	_, _, err := r.Node.Post(t.Context(), transporttest.Session("Bob"), "lobby", chat.Draft{Target: gone.ID, Payload: chat.Delete{}})
	require.NoError(t, err)
	search := func(query string) (texts []string, more bool) {
		t.Helper()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/?"+query, nil))
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		var p struct {
			Messages []struct{ ID, Text string }
			Cursor   string
			More     bool
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p))
		for _, m := range p.Messages {
			texts = append(texts, m.Text)
		}
		return texts, p.More
	}
	for _, c := range []struct {
		query string
		want  []string
		more  bool
	}{
		{"q=tea", []string{"Tea?", "TEA, please", "more tea"}, false},
		{"q=tea&limit=2", []string{"TEA, please", "more tea"}, true},
		{"q=tea&limit=2&before=" + second.ID.String(), []string{"Tea?"}, false},
		{"q=tea+more", []string{"more tea"}, false},
		{"q=tea&from=id-Bob", []string{"TEA, please"}, false},
		{"from=id-Ann", []string{"Tea?", "coffee", "more tea"}, false},
		{"q=milk", nil, false},
		{"q=&from=&limit=1", []string{"more tea"}, false},
	} {
		texts, more := search(c.query)
		require.Equal(t, c.want, texts, c.query)
		require.Equal(t, c.more, more, c.query)
	}
	request := httptest.NewRequest(http.MethodGet, "/?q=PLEASE", nil)
	request.Header.Set("Accept", "text/plain")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, request)
	require.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
	require.Regexp(t, `^\d\d:\d\d:\d\d Bob: TEA, please\n$`, w.Body.String())

	for query, field := range map[string]string{
		"q=+": "q", "q=tea&wait=1": "q", "from=id-Ann&after=0-0": "from", "q=tea&limit=1001": "limit",
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/?"+query, nil))
		require.Equal(t, http.StatusUnprocessableEntity, w.Code, query)
		require.Contains(t, w.Body.String(), `"field":"`+field+`"`, query)
	}
	many := httptest.NewRecorder()
	poll.New(r.Node, transporttest.Who, nil).Many(many, httptest.NewRequest(http.MethodGet, "/?room=lobby&q=tea", nil))
	require.Equal(t, http.StatusUnprocessableEntity, many.Code)
}

// searched counts what is looked through.
type searched struct {
	*chat.Node
	times int
}

func (s *searched) SearchHistory(ctx context.Context, who chat.Principal, room chat.RoomID) (chat.Kept, error) {
	s.times++
	return s.Node.SearchHistory(ctx, who, room)
}

func TestASearchIsNoRead(t *testing.T) {
	r := transporttest.New(t)
	s := &searched{Node: r.Node}
	for _, h := range []http.Handler{
		transporttest.InLobby(poll.New(s, transporttest.Who, nil).Messages), transporttest.InLobby(sse.New(s, transporttest.Who, nil).Transcript),
	} {
		before := s.times
		for _, query := range []string{"", "limit=1", "q=tea", "from=id-Ann"} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/?"+query, nil))
			require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		}
		require.Equal(t, 2, s.times-before)
	}
}

// A poll that says which mark it knows is answered when it is another one.
func TestAPollAnswersANewMark(t *testing.T) {
	r := transporttest.New(t)
	h := transporttest.InLobby(poll.New(r.Node, transporttest.Who, nil).Messages)
	ask := func(query string) (read chat.Cursor, unread int) {
		t.Helper()
		w, began := httptest.NewRecorder(), time.Now()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/?"+query, nil))
		require.Less(t, time.Since(began), time.Minute, "it has waited until its time was over")
		var p struct {
			Read *struct {
				Cursor string
				Unread int
			}
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p), w.Body.String())
		require.NotNil(t, p.Read, w.Body.String())
		at, err := chat.ParseCursor(p.Read.Cursor)
		require.NoError(t, err)
		return at, p.Read.Unread
	}
	first, _ := ask("name=Ann&wait=0")
	require.True(t, first.IsZero())
	one, two := r.Say(t, "one"), r.Say(t, "two")
	_, err := r.Node.Mark(t.Context(), transporttest.Session("Ann"), "lobby", one.ID)
	require.NoError(t, err)
	now, unread := ask("name=Ann&wait=60&read=0-0&after=" + two.ID.String()) // nothing else is new
	require.Equal(t, one.ID, now)
	require.Equal(t, 1, unread)
	_, err = r.Node.Mark(t.Context(), transporttest.Session("Ann"), "lobby", two.ID) // between two polls
	require.NoError(t, err)
	_, err = r.Node.ReadMark(t.Context(), transporttest.Session("Ann"), "lobby") // the room has heard of it
	require.NoError(t, err)
	now, unread = ask("name=Ann&wait=60&read=" + one.ID.String() + "&after=" + two.ID.String())
	require.Equal(t, two.ID, now)
	require.Zero(t, unread)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/?wait=0", nil))
	require.NotContains(t, w.Body.String(), `"read"`, "a guest has none")
	for _, query := range []string{"wait=0&read=soon", "wait=0&read=1"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/?"+query, nil))
		require.Equal(t, http.StatusUnprocessableEntity, w.Code, query)
	}
}
