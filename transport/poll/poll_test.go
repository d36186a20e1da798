package poll_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/internal/transporttest"
	"github.com/caller-chat/caller/transport/poll"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { testwait.Main(m) }

type page struct {
	Messages []struct{ ID, Text string }
	Cursor   string
	Reset    bool
	Reason   string
	Members  []struct{ Name, Transport string }
	Version  int64
	Code     string
}

func get(t *testing.T, h http.Handler, query string) (status int, p page) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/?"+query, nil))
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p), w.Body.String())
	return w.Code, p
}

func TestAPollWaitsForSomethingToSay(t *testing.T) {
	r := transporttest.New(t)
	h := transporttest.InLobby(poll.New(r.Node, transporttest.Who, nil).Messages)
	_, empty := get(t, h, "wait=0.01")
	require.Empty(t, empty.Messages)
	require.Equal(t, "0-0", empty.Cursor)
	answer := make(chan page, 1)
	go func() {
		_, p := get(t, h, "name=Ann&wait=60&after=0-0")
		answer <- p
	}()
	testwait.Until(t, func() bool {
		snapshot, err := r.Node.Members(t.Context(), chat.Principal{}, "lobby")
		return err == nil && len(snapshot.Members) == 1
	}, "one who polls with a session is a member")
	e := r.Say(t, "hello")
	got := <-answer
	require.Equal(t, "hello", got.Messages[0].Text)
	require.Equal(t, e.ID.String(), got.Cursor)
	require.Equal(t, "poll", got.Members[0].Transport)
}

func TestAPollAnswersANewRoster(t *testing.T) {
	r := transporttest.New(t)
	h := transporttest.InLobby(poll.New(r.Node, transporttest.Who, nil).Messages)
	_, first := get(t, h, "name=Ann&wait=0")
	began := time.Now()
	_, second := get(t, h, "name=Bob&wait=60&after=0-0&roster=1")
	require.Less(t, time.Since(began), httpapi.MaxWait, "it waited until its time was over")
	require.Len(t, second.Members, 2)
	require.Greater(t, second.Version, first.Version)
}

// Who comes while a poll waits is in its answer, though the poll began with another roster.
func TestAPollAnswersWithWhoCameMeanwhile(t *testing.T) {
	r := transporttest.New(t)
	h := transporttest.InLobby(poll.New(r.Node, transporttest.Who, nil).Messages)
	members := func(n int) func() bool {
		return func() bool {
			snapshot, err := r.Node.Members(t.Context(), chat.Principal{}, "lobby")
			return err == nil && len(snapshot.Members) == n
		}
	}
	answer := make(chan page, 1)
	go func() {
		_, p := get(t, h, "name=Ann&wait=60&after=0-0")
		answer <- p
	}()
	testwait.Until(t, members(1), "Ann is not in the roster")
	get(t, h, "name=Bob&wait=0")
	testwait.Until(t, members(2), "Bob is not in the roster")
	r.Say(t, "hello")
	require.Len(t, (<-answer).Members, 2)
}

// Leaving one's polls by their name leaves one's other tabs in peace.
func TestPollsLeaveByTheirName(t *testing.T) {
	r := transporttest.New(t)
	h := transporttest.InLobby(poll.New(r.Node, transporttest.Who, nil).Messages)
	members := func() int {
		snapshot, err := r.Node.Members(t.Context(), chat.Principal{}, "lobby")
		require.NoError(t, err)
		return len(snapshot.Members)
	}
	status := make(chan int, 1)
	go func() {
		code, _ := get(t, h, "name=Ann&wait=60&after=0-0&stream=p-2")
		status <- code
	}()
	testwait.Until(t, func() bool { return members() == 1 }, "Ann is not in the roster")
	get(t, h, "name=Ann&wait=0&stream=p-1")
	require.NoError(t, r.Node.Leave(t.Context(), transporttest.Session("Ann"), "lobby", "p-1"))
	require.Equal(t, 1, members(), "the other tab's poll is under way")
	require.NoError(t, r.Node.Leave(t.Context(), transporttest.Session("Ann"), "lobby", "p-2"))
	require.Equal(t, http.StatusConflict, <-status)
	require.Zero(t, members())
}

// A node that goes away answers the polls that wait, and has their clients connect anew.
func TestAPollAnswersWhenTheNodeGoesAway(t *testing.T) {
	r := transporttest.New(t)
	h := transporttest.InLobby(poll.New(r.Node, transporttest.Who, nil).Messages)
	w := httptest.NewRecorder()
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/?name=Ann&wait=60&after=0-0", nil))
	}()
	testwait.Until(t, func() bool {
		snapshot, err := r.Node.Members(t.Context(), chat.Principal{}, "lobby")
		return err == nil && len(snapshot.Members) == 1
	}, "Ann is not in the roster")
	get(t, h, "name=Bob&wait=0") // who is let in after Ann
	require.NoError(t, r.Node.Close(t.Context()))
	<-answered
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "close", w.Header().Get("Connection"))
	var p page
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p))
	require.Equal(t, "0-0", p.Cursor)
}

// A client that goes is no reader any more.
func TestAPollEndsWithItsClient(t *testing.T) {
	r := transporttest.New(t)
	h := transporttest.InLobby(poll.New(r.Node, transporttest.Who, nil).Messages)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		request := httptest.NewRequest(http.MethodGet, "/?wait=60&after=0-0", nil)
		h.ServeHTTP(httptest.NewRecorder(), request.WithContext(ctx))
	}()
	cancel()
	<-ended
}

func TestAPollOfSeveralRooms(t *testing.T) {
	r := transporttest.New(t)
	h := http.HandlerFunc(poll.New(r.Node, transporttest.Who, nil).Many)
	answered := make(chan *httptest.ResponseRecorder, 1)
	go func() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet,
			"/?name=Ann&room=kitchen@0-0&room=lobby@0-0&wait=60", nil))
		answered <- w
	}()
	testwait.Until(t, func() bool {
		snapshot, err := r.Node.Members(t.Context(), chat.Principal{}, "lobby")
		return err == nil && len(snapshot.Members) == 1
	}, "Ann is not in the roster")
	r.Say(t, "hello")
	var got struct {
		Rooms []struct {
			RoomID   string
			Messages []struct{ Text string }
		}
	}
	require.NoError(t, json.NewDecoder((<-answered).Body).Decode(&got))
	require.Len(t, got.Rooms, 2)
	require.Equal(t, "kitchen", got.Rooms[0].RoomID)
	require.Empty(t, got.Rooms[0].Messages)
	require.Equal(t, "lobby", got.Rooms[1].RoomID)
	require.Equal(t, "hello", got.Rooms[1].Messages[0].Text)
}

func TestReadingPages(t *testing.T) {
	r := transporttest.New(t)
	h := transporttest.InLobby(poll.New(r.Node, transporttest.Who, nil).Messages)
	for _, text := range []string{"a", "b", "c", "d"} {
		r.Say(t, text)
	}
	texts := func(p page) (all string) {
		for _, m := range p.Messages {
			all += m.Text
		}
		return all
	}
	_, all := get(t, h, "")
	require.Equal(t, "abcd", texts(all))
	_, last := get(t, h, "limit=2")
	require.Equal(t, "cd", texts(last))
	_, before := get(t, h, "limit=1&before="+last.Messages[0].ID)
	require.Equal(t, "b", texts(before))
	_, after := get(t, h, "limit=2&after="+all.Messages[0].ID)
	require.Equal(t, "bc", texts(after))
	_, rest := get(t, h, "after="+after.Cursor)
	require.Equal(t, "d", texts(rest))
	_, foreign := get(t, h, "after=2-0badcafe")
	require.True(t, foreign.Reset)
	require.Equal(t, "rewritten", foreign.Reason)
	require.Equal(t, "abcd", texts(foreign))
	code, long := get(t, h, "wait=1&stream="+strings.Repeat("x", 65))
	require.Equal(t, http.StatusUnprocessableEntity, code)
	require.Equal(t, "invalid_field", long.Code)
}

// Over HTTP/1 a client that is gone looks like one that only sends no more.
func TestAPollWhoseClientSendsNoMore(t *testing.T) {
	r := transporttest.NewWith(t, chat.Options{ReconnectGrace: 100 * time.Millisecond})
	h := transporttest.InLobby(poll.New(r.Node, transporttest.Who, nil).Messages)
	ctx, sendsNoMore := context.WithCancel(t.Context())
	answered := make(chan *httptest.ResponseRecorder, 1)
	go func() {
		w := httptest.NewRecorder()
		request := httptest.NewRequest(http.MethodGet, "/?name=Ann&wait=60&after=0-0", nil)
		h.ServeHTTP(w, httpapi.Outliving(request.WithContext(ctx)))
		answered <- w
	}()
	present := func(want int) func() bool {
		return func() bool {
			snapshot, err := r.Node.Members(t.Context(), chat.Principal{}, "lobby")
			return err == nil && len(snapshot.Members) == want
		}
	}
	testwait.Until(t, present(1), "Ann is not in the roster")
	sendsNoMore()
	testwait.Until(t, present(0), "Ann, who may be gone, is still in the roster")
	r.Say(t, "hello")
	w := testwait.Receive(t, answered, "no answer")
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), "hello")
}

// counted notes what a poll's subscriptions count for.
type counted struct {
	*chat.Node
	together []int
}

func (c *counted) Subscribe(
	ctx context.Context, who chat.Principal, room chat.RoomID, start chat.Start, sink chat.Sink,
) (*chat.Subscription, error) {
	c.together = append(c.together, start.Together)
	return c.Node.Subscribe(ctx, who, room, start, sink)
}

// TestAPollCountsOnce: whatever the number of its rooms. Whoever can only poll, and has many, would
// else come to a limit by what others write.
func TestAPollCountsOnce(t *testing.T) {
	node := &counted{Node: transporttest.New(t).Node}
	h := http.HandlerFunc(poll.New(node, transporttest.Who, nil).Many)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/?name=Ann&room=kitchen@0-0&room=lobby@0-0&room=hall@0-0&wait=0.01", nil))
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, []int{0, -1, -1}, node.together)
}
