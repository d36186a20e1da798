package program

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

func decode[T any](t *testing.T, body string) T {
	t.Helper()
	var value T
	require.NoError(t, json.Unmarshal([]byte(body), &value), body)
	return value
}

// waitMembers waits until the roster of the room is these names, in any order.
func waitMembers(t *testing.T, p client.Person, room string, names ...string) {
	t.Helper()
	slices.Sort(names)
	harness.Await(t, fmt.Sprintf("the members of %s to be %q", room, names), func() (got []string) {
		for _, member := range p.Members(t, room).Members {
			got = append(got, member.Name)
		}
		slices.Sort(got)
		return got
	}, func(got []string) bool { return slices.Equal(names, got) })
}

// about is the changes of the roster that a reader was told about one member, as "joined" and
// "left".
func about(id string, events []client.Event) []string {
	changes := []string{}
	for _, event := range events {
		if (event.Type == "joined" || event.Type == "left") && event.Member.ID == id {
			changes = append(changes, event.Type)
		}
	}
	return changes
}

// leavers are the ids of those who left, in the order that a reader was told of.
func leavers(events []client.Event) (ids []string) {
	for _, event := range of("left", events) {
		ids = append(ids, event.Member.ID)
	}
	return ids
}

func TestPresence(t *testing.T) {
	one, other, _ := twoNodes(t)
	watcher := client.SignIn(t, one.URL, "Watcher")
	watch := watcher.Read(t, client.WebSocket, "kitchen", client.Options{})
	watch.WaitType(t, "live")
	told := func(who client.Person, change string, count int) client.Event {
		t.Helper()
		var last client.Event
		watch.Wait(t, change+" of "+who.Name, func(events []client.Event) bool {
			changes := slices.DeleteFunc(of(change, events), func(e client.Event) bool { return e.Member.ID != who.ID })
			if len(changes) >= count {
				last = changes[count-1]
			}
			return len(changes) >= count
		})
		return last
	}

	// Two tabs of one session, on two nodes and transports, are one member.
	ann := client.SignIn(t, one.URL, "Ann")
	first := ann.Read(t, client.SSE, "kitchen", client.Options{})
	joined := told(ann, "joined", 1)
	assert.Equal(t, "Ann", joined.Member.Name)
	assert.Equal(t, "sse", joined.Member.Transport)
	second := ann.At(other.URL).Read(t, client.WebSocket, "kitchen", client.Options{})
	second.WaitType(t, "live")
	waitMembers(t, watcher, "kitchen", "Watcher", "Ann")
	waitMembers(t, watcher.At(other.URL), "kitchen", "Watcher", "Ann")
	assert.Len(t, of("welcome", second.Events())[0].Members, 2)

	// Leaving with one tab is not leaving; with the last it is, at once.
	second.Send(t, client.Command{Type: "leave"})
	end := second.WaitEnd(t)
	assert.Equal(t, client.TypeEnd, end.Type)
	assert.Equal(t, 1000, end.Status)
	mark := watcher.Post(t, "kitchen", "one tab less")
	watch.WaitText(t, mark.Text)
	assert.NotContains(t, about(ann.ID, watch.Events()), "left")
	stream := first.WaitType(t, "welcome").Stream
	// Somebody whose connection was lost before that leaves 10 s later: later than who leaves now,
	// at once.
	lost := client.SignIn(t, one.URL, "Lost")
	dropped := lost.Read(t, client.SSE, "kitchen", client.Options{})
	told(lost, "joined", 1)
	dropped.Drop()
	resp := ann.Do(t, http.MethodPost, "/rooms/kitchen/leave", `{"stream":"`+stream+`"}`, "Content-Type", "application/json")
	require.Equal(t, http.StatusNoContent, resp.Status, resp.Body)
	told(ann, "left", 1)
	told(lost, "left", 1)
	assert.Less(t, slices.Index(leavers(watch.Events()), ann.ID), slices.Index(leavers(watch.Events()), lost.ID),
		"a clean leave shows at once, and not after the ten seconds of a lost connection")
	waitMembers(t, watcher.At(other.URL), "kitchen", "Watcher")

	// Versions count up by one, so that a missed change is noticed.
	versions := []int64{watch.WaitType(t, "welcome").Version}
	for _, event := range watch.Events() {
		if event.Type == "joined" || event.Type == "left" {
			versions = append(versions, event.Version)
		}
	}
	for i := range versions[1:] {
		assert.Equal(t, versions[i]+1, versions[i+1], "versions %v", versions)
	}

	// POST leave without a stream ends all of the session's streams in the room, on this node and
	// the other.
	bob := client.SignIn(t, other.URL, "Bob")
	here := bob.Read(t, client.SSE, "kitchen", client.Options{})
	there := bob.At(one.URL).Read(t, client.NDJSON, "kitchen", client.Options{})
	here.WaitType(t, "live")
	there.WaitType(t, "live")
	told(bob, "joined", 1)
	resp = bob.Do(t, http.MethodPost, "/rooms/kitchen/leave", "")
	require.Equal(t, http.StatusNoContent, resp.Status, resp.Body)
	told(bob, "left", 1)
	waitMembers(t, watcher, "kitchen", "Watcher")
	for _, reader := range []*client.Reader{here, there} {
		reader.WaitEnd(t)
		news := of("error", reader.Events())
		require.Len(t, news, 1, client.Dump(reader.Events()))
		assert.Equal(t, "left", news[0].Code)
	}

	// A poll that waits ends with the same news, as a refusal.
	cat := client.SignIn(t, one.URL, "Cat")
	answered := make(chan string, 1)
	go func() {
		answer, status, err := cat.Call(t.Context(), http.MethodGet, "/rooms/kitchen/messages?after="+mark.ID+"&wait=60", "")
		answered <- fmt.Sprint(status, " ", answer, err)
	}()
	told(cat, "joined", 1)
	cat.Do(t, http.MethodPost, "/rooms/kitchen/leave", "")
	assert.Regexp(t, `^409 .*"code":"left"`, <-answered)
}

// TestReconnectIsSilent drops a connection without a word and comes back within 10 s: nobody is
// told anything.
func TestReconnectIsSilent(t *testing.T) {
	t.Parallel() // it mostly waits
	one, other, _ := twoNodes(t)
	watcher := client.SignIn(t, one.URL, "Watcher")
	watch := watcher.Read(t, client.WebSocket, "kitchen", client.Options{})
	watch.WaitType(t, "live")
	ann := client.SignIn(t, one.URL, "Ann")
	const grace = 10 * time.Second
	var dropped time.Time
	silent := 0 // how often she was back in time, by this test's clock, which has her away for longer than the nodes' have
	for turn, kind := range []client.Kind{client.WebSocket, client.SSE, client.WebSocket} {
		base := []string{one.URL, other.URL}[turn%2]
		reader := ann.At(base).Read(t, kind, "kitchen", client.Options{})
		reader.WaitType(t, "live")
		if !dropped.IsZero() && time.Since(dropped) < grace {
			silent++
		}
		waitMembers(t, watcher, "kitchen", "Watcher", "Ann")
		dropped = time.Now()
		reader.Drop()
	}
	// The last drop is for good: "left" comes, and not before the 10 s are over. "joined" for
	// somebody known is news of that member (the transport), not a coming.
	waitMembers(t, watcher, "kitchen", "Watcher")
	left := func() []string {
		return slices.DeleteFunc(about(ann.ID, watch.Events()), func(c string) bool { return c != "left" })
	}
	watch.Wait(t, "Ann left at last", func([]client.Event) bool { return len(left()) >= 1+2-silent })
	assert.Equal(t, "left", about(ann.ID, watch.Events())[len(about(ann.ID, watch.Events()))-1])
	assert.Len(t, left(), 1+2-silent, "she was back in time %d times of two", silent)
	events := of("left", watch.Events())
	took := events[len(events)-1].At.Sub(dropped)
	assert.GreaterOrEqual(t, took, grace-time.Millisecond, "Redis counts in milliseconds")
	t.Logf("told that she left %v after the last drop; back in time %d times of two", took.Round(time.Millisecond), silent)
	waitMembers(t, watcher, "kitchen", "Watcher")
}

func TestTyping(t *testing.T) {
	one, other, _ := twoNodes(t)
	ann, bob := client.SignIn(t, one.URL, "Ann"), client.SignIn(t, other.URL, "Bob")
	annReads := ann.Read(t, client.WebSocket, "kitchen", client.Options{})
	bobReads := bob.Read(t, client.SSE, "kitchen", client.Options{})
	annReads.WaitType(t, "live")
	bobReads.WaitType(t, "live")
	began := time.Now()
	for range 3 {
		annReads.Send(t, client.Command{Type: "typing"})
	}
	typing := bobReads.WaitType(t, "typing")
	assert.Equal(t, ann.ID, typing.Member.ID)
	resp := bob.Do(t, http.MethodPost, "/rooms/kitchen/typing", "")
	assert.Equal(t, http.StatusNoContent, resp.Status, resp.Body)
	annReads.WaitFor(t, "Bob typing", func(e client.Event) bool { return e.Type == "typing" && e.Member.ID == bob.ID })
	ann.Post(t, "kitchen", "done")
	bobReads.WaitText(t, "done")
	hers := slices.DeleteFunc(of("typing", bobReads.Events()), func(e client.Event) bool { return e.Member.ID != ann.ID })
	assert.LessOrEqual(t, len(hers), 1+int(time.Since(began)/(3*time.Second)), "at most one each 3 s")
}

func TestEveryStreamIsInTheRoster(t *testing.T) {
	t.Parallel() // it mostly waits
	node := startNode(t)
	watcher := client.SignIn(t, node.URL, "Watcher")
	watcher.Read(t, client.WebSocket, "kitchen", client.Options{}).WaitType(t, "live")
	for _, kind := range []client.Kind{client.WebSocket, client.SSE, client.NDJSON, client.Text} {
		reader := client.Guest(node.URL, "Guest by "+string(kind)).Read(t, kind, "kitchen", client.Options{})
		waitMembers(t, watcher, "kitchen", "Watcher", "Guest by "+string(kind))
		for _, member := range watcher.Members(t, "kitchen").Members {
			if member.Name != "Watcher" {
				assert.True(t, member.Guest)
				assert.Equal(t, string(kind), member.Transport)
			}
		}
		reader.Drop()
		waitMembers(t, watcher, "kitchen", "Watcher")
	}
	// A read of history is not somebody listening; a poll with a session is.
	client.Guest(node.URL, "Passer-by").Page(t, "kitchen", "")
	waitMembers(t, watcher, "kitchen", "Watcher")
	poller := client.SignIn(t, node.URL, "Poller")
	reader := poller.Read(t, client.Poll, "kitchen", client.Options{})
	waitMembers(t, watcher, "kitchen", "Watcher", "Poller")
	reader.Drop()
	waitMembers(t, watcher, "kitchen", "Watcher")
}

// TestTwoTabsOneMember is the same in the page: two tabs share the cookie.
func TestTwoTabsOneMember(t *testing.T) {
	node := startNode(t)
	ann := chromium(t).Person(t, "Ann")
	ann.Page().Join(t, node.URL, "kitchen")
	second := ann.NewTab(t)
	second.Visit(t, node.URL, "kitchen", "")
	bob := chromium(t).Person(t, "Bob")
	bob.Page().Join(t, node.URL, "kitchen")
	waitPeople(t, bob.Page(), 2)
	second.Send(t, "from the second tab")
	bob.Page().WaitTexts(t, "from the second tab")
	ann.Page().WaitTexts(t, "from the second tab")
	assert.True(t, ann.Page().Messages(t)[0].Own, "my other tab's message is mine")

	second.Close(t)
	bob.Page().Send(t, "still two")
	ann.Page().WaitTexts(t, "from the second tab", "still two")
	waitPeople(t, bob.Page(), 2)
	ann.Page().Click(t, "leave")
	waitPeople(t, bob.Page(), 1)
}
