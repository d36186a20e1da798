package program

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/check"
	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// twoNodes is two nodes on one Redis.
func twoNodes(t *testing.T, args ...string) (one, other *harness.Node, redis *harness.Redis) {
	t.Helper()
	return run.TwoNodes(t, args...)
}

// TestStreamsShape holds what each kind of reader is told to the protocol's page.
func TestStreamsShape(t *testing.T) {
	t.Parallel() // it mostly waits
	// With the longest heartbeat, far above the deadline of tests, a ping that comes is the one
	// that proves the stream.
	node := startNode(t, "--heartbeat", "5m")
	client.Guest(node.URL, "Old").Post(t, "kitchen", "long ago")
	for _, kind := range []client.Kind{client.WebSocket, client.SSE, client.NDJSON} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()                  // it mostly waits
			room := "for-" + string(kind) // nobody else's coming and going keeps it from being silent
			client.Guest(node.URL, "Old").Post(t, room, "long ago")
			ann := client.SignIn(t, node.URL, "Ann")
			reader := ann.Read(t, kind, room, client.Options{})
			live := reader.WaitType(t, "live")
			reader.WaitType(t, "ping")
			assert.Equal(t, []string{"welcome", "message", "live"}, reader.Types())
			welcome := reader.Events()[0]
			assert.Equal(t, ann.ID, welcome.ClientID)
			assert.Equal(t, "Ann", welcome.Name)
			assert.Equal(t, room, welcome.RoomID)
			assert.False(t, welcome.Resumed)
			assert.Equal(t, 300, welcome.Heartbeat)
			assert.NotEmpty(t, welcome.Stream)
			assert.NotZero(t, welcome.Version)
			i := slices.IndexFunc(welcome.Members, func(m client.Member) bool { return m.ID == ann.ID })
			require.GreaterOrEqual(t, i, 0, "the reader is in its own roster: %s", welcome.Raw)
			assert.Equal(t, string(kind), welcome.Members[i].Transport)
			message := reader.WaitType(t, "message")
			assert.Equal(t, message.ID, live.Cursor)
			assert.Regexp(t, `^[1-9][0-9]*-[0-9a-f]{8}$`, message.ID)
			assert.Regexp(t, `"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"`, message.Raw)
			if kind == client.SSE {
				assert.Equal(t, message.ID, message.SSEID)
				assert.Empty(t, message.SSEType, "onmessage sees what has no event: field only")
				assert.Equal(t, live.Cursor, live.SSEID)
				assert.Equal(t, "live", live.SSEType)
				assert.Equal(t, "welcome", welcome.SSEType)
				assert.Empty(t, welcome.SSEID)
			}
		})
	}

	// How soon a stream is proven and how long it may be silent is tested where time stands still,
	// in the transports.
	t.Run("heartbeats", func(t *testing.T) {
		t.Parallel() // it mostly waits
		node := startNode(t, "--heartbeat", "1s")
		for _, kind := range []client.Kind{client.WebSocket, client.SSE, client.NDJSON} {
			reader := client.SignIn(t, node.URL, "Ann").Read(t, kind, "for-"+string(kind), client.Options{})
			reader.Wait(t, "three pings", func(events []client.Event) bool { return len(of("ping", events)) >= 3 })
			assert.Equal(t, []string{"welcome", "live"}, reader.Types())
			assert.Equal(t, 1, reader.WaitType(t, "welcome").Heartbeat)
		}
	})

	t.Run("headers", func(t *testing.T) {
		for path, contentType := range map[string]string{
			"sse": "text/event-stream", "ndjson": "application/x-ndjson", "text": "text/plain",
		} {
			headers := client.StartCurl(t, "--include", node.URL+"/rooms/kitchen/"+path).Output.WaitFor(t, "\r\n\r\n", "long ago")
			headers, _, _ = strings.Cut(headers, "\r\n\r\n")
			assert.Contains(t, headers, "Content-Type: "+contentType)
			assert.Contains(t, headers, "Cache-Control: no-cache, no-transform")
			assert.Contains(t, headers, "X-Accel-Buffering: no")
			assert.Contains(t, headers, "Content-Encoding: identity")
		}
	})
	t.Run("history", func(t *testing.T) {
		ann := client.SignIn(t, node.URL, "Ann")
		for i := range 4 {
			ann.Post(t, "hall", fmt.Sprint(i))
		}
		none := ann.Read(t, client.SSE, "hall", client.Options{Query: "history=0"})
		cursor := none.WaitType(t, "live").Cursor
		assert.Empty(t, none.Texts())
		assert.True(t, strings.HasPrefix(cursor, "4-"), cursor)
		two := ann.Read(t, client.WebSocket, "hall", client.Options{Query: "history=2"})
		two.WaitType(t, "live")
		assert.Equal(t, []string{"2", "3"}, two.Texts())
		empty := ann.Read(t, client.NDJSON, "nobody-was-here", client.Options{})
		assert.Equal(t, "0-0", empty.WaitType(t, "live").Cursor)
	})
}

// of is the events of one type.
func of(eventType string, events []client.Event) []client.Event {
	return slices.DeleteFunc(slices.Clone(events), func(e client.Event) bool { return e.Type != eventType })
}

func TestHistoryPages(t *testing.T) {
	node := startNode(t, "--history-limit", "5")
	ann := client.SignIn(t, node.URL, "Ann")
	var ids []string
	for i := range 8 {
		ids = append(ids, ann.Post(t, "kitchen", fmt.Sprint(i)).ID)
	}
	all := ann.Page(t, "kitchen", "")
	assert.Equal(t, []string{"3", "4", "5", "6", "7"}, all.Texts())
	assert.Equal(t, ids[7], all.Cursor)
	assert.False(t, all.Reset)
	assert.Equal(t, []string{"6", "7"}, ann.Page(t, "kitchen", "limit=2").Texts())
	before := ann.Page(t, "kitchen", "limit=2&before="+ids[6])
	assert.Equal(t, []string{"4", "5"}, before.Texts())
	after := ann.Page(t, "kitchen", "limit=2&after="+ids[4])
	assert.Equal(t, []string{"5", "6"}, after.Texts())
	assert.Equal(t, ids[6], after.Cursor)
	assert.Equal(t, []string{"7"}, ann.Page(t, "kitchen", "after="+after.Cursor).Texts())

	// A cursor whose next entry is not kept any more, and one that was never given.
	expired := ann.Page(t, "kitchen", "after="+ids[0])
	assert.True(t, expired.Reset)
	assert.Equal(t, "expired", expired.Reason)
	assert.Equal(t, []string{"3", "4", "5", "6", "7"}, expired.Texts())
	foreign := ann.Page(t, "kitchen", "after=6-0badcafe")
	assert.True(t, foreign.Reset)
	assert.Equal(t, "rewritten", foreign.Reason)
	assert.Equal(t, []string{"3", "4", "5", "6", "7"}, foreign.Texts())
	for _, kind := range []client.Kind{client.WebSocket, client.SSE, client.NDJSON} {
		reader := ann.Read(t, kind, "kitchen", client.Options{After: ids[0]})
		reader.WaitType(t, "live")
		assert.Equal(t, []string{"welcome", "reset", "message", "live"}, reader.Types(), kind)
		assert.False(t, reader.Events()[0].Resumed)
		assert.Equal(t, "expired", reader.WaitType(t, "reset").Reason)
		assert.Equal(t, []string{"3", "4", "5", "6", "7"}, reader.Texts())
		reader.Drop()
	}
	// The oldest kept entry is a cursor that can be served: nothing after it is gone.
	reader := ann.Read(t, client.SSE, "kitchen", client.Options{After: ids[3], LastEventID: true})
	reader.WaitType(t, "live")
	assert.Equal(t, []string{"welcome", "message", "live"}, reader.Types())
	assert.True(t, reader.Events()[0].Resumed)
	assert.Equal(t, []string{"4", "5", "6", "7"}, reader.Texts())
}

// TestDropAndResume has a reader of each kind drop without a word while others post on both nodes,
// come back on the other node, and at last over every other transport: nothing is lost, doubled or
// out of order.
func TestDropAndResume(t *testing.T) {
	const limit = 1000
	one, other, _ := twoNodes(t, "--history-limit", fmt.Sprint(limit))
	nodes := []*harness.Node{one, other}

	var mu sync.Mutex // guards posts
	var posts []check.Post
	stop := make(chan struct{})
	// due are posts that may be made now: a few each time that a reader waits for some. However
	// slow the machine is with the readers, the room keeps all.
	due := make(chan struct{}, limit)
	const eachTime = 30
	var writers sync.WaitGroup
	for i, node := range nodes {
		writer := client.SignIn(t, node.URL, fmt.Sprintf("Writer %d", i))
		writers.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				case <-due:
				}
				text := fmt.Sprintf("writer %d, message %d", i, n)
				message, status, err := writer.TryPost(t.Context(), "kitchen", fmt.Sprintf("k-%d-%d", i, n), text)
				if !assert.NoError(t, err) || !assert.Equal(t, http.StatusCreated, status, message.Raw) {
					return
				}
				mu.Lock()
				posts = append(posts, check.Posted(message))
				mu.Unlock()
			}
		})
	}

	// grow waits until the record has more messages than it had.
	grow := func(record *client.Record, more int) {
		had := len(record.Texts())
		for range eachTime {
			due <- struct{}{}
		}
		record.Wait(t, fmt.Sprintf("%d more messages", more), func(events []client.Event) bool {
			return len(of("message", events)) >= had+more
		})
	}
	records := map[string]*client.Record{}
	for i, kind := range client.Resuming {
		person := client.SignIn(t, one.URL, "Reader "+string(kind))
		record := client.NewRecord(string(kind) + " first")
		records[record.Who] = record
		// Its own transport three times on changing nodes, then each of the others.
		kinds := append([]client.Kind{kind, kind, kind}, client.Resuming[i+1:]...)
		kinds = append(kinds, client.Resuming[:i]...)
		for turn, kind := range kinds {
			reader := person.At(nodes[turn%2].URL).Read(t, kind, "kitchen", client.Options{
				After: record.Cursor(), Into: record, LastEventID: kind == client.SSE && turn%2 == 1,
			})
			grow(record, 5)
			reader.Drop()
		}
	}
	close(stop)
	writers.Wait()

	// All come back once more for the rest.
	last := client.SignIn(t, one.URL, "Last").Post(t, "kitchen", "the end")
	posts = append(posts, check.Posted(last))
	require.Less(t, len(posts), limit, "more posts than the room keeps: the test is wrong")
	seen := map[string][]client.Event{}
	for i, kind := range client.Resuming {
		record := records[string(kind)+" first"]
		client.SignIn(t, nodes[i%2].URL, "Reader").Read(t, kind, "kitchen", client.Options{After: record.Cursor(), Into: record})
		record.WaitText(t, "the end")
		seen[record.Who] = record.Events()
		assert.Empty(t, check.Reader(posts, "", record.Events()), record.Who)
		assert.Empty(t, of("reset", record.Events()), "%s saw:\n%s", record.Who, client.Dump(record.Events()))
		assert.Len(t, record.Texts(), len(posts), "%s saw what was not acknowledged", record.Who)
	}
	assert.Empty(t, check.Posts(posts))
	assert.Empty(t, check.Agree(seen))
	t.Logf("%d posts", len(posts))
}

func TestSeveralRoomsOnOneConnection(t *testing.T) {
	node, other, _ := twoNodes(t)
	ann := client.SignIn(t, node.URL, "Ann")
	first := ann.Post(t, "a", "a1")
	ann.Post(t, "a", "a2")
	ann.Post(t, "b", "b1")
	inRoom := func(room string, events []client.Event) []client.Event {
		return slices.DeleteFunc(slices.Clone(events), func(e client.Event) bool { return e.RoomID != room })
	}
	texts := func(room string, record *client.Record) []string {
		var all []string
		for _, event := range of("message", inRoom(room, record.Events())) {
			all = append(all, event.Text)
		}
		return all
	}
	for _, kind := range []client.Kind{client.WebSocket, client.SSE, client.NDJSON} {
		t.Run(string(kind), func(t *testing.T) {
			n := len(ann.Page(t, "b", "").Messages)
			reader := ann.Read(t, kind, "", client.Options{Rooms: []string{"a@" + first.ID, "b"}})
			reader.Wait(t, "two rooms live", func(events []client.Event) bool { return len(of("live", events)) == 2 })
			for _, room := range []string{"a", "b"} {
				types := client.TypesOf(inRoom(room, reader.Events()))
				assert.Equal(t, []string{"welcome", "message", "live"}, types, room)
				assert.Equal(t, room == "a", inRoom(room, reader.Events())[0].Resumed, room)
			}
			assert.Equal(t, "a2", texts("a", reader.Record)[0])
			assert.Equal(t, "b1", texts("b", reader.Record)[0])
			text := "to b, for " + string(kind)
			ann.At(other.URL).Post(t, "b", text)
			reader.WaitText(t, text)
			assert.Len(t, texts("b", reader.Record), n+1)
		})
	}

	t.Run("join and leave", func(t *testing.T) {
		reader := ann.Read(t, client.WebSocket, "", client.Options{Rooms: []string{"a"}})
		reader.WaitType(t, "live")
		reader.Send(t, client.Command{Type: "join", RoomID: "c"})
		reader.WaitFor(t, "c live", func(e client.Event) bool { return e.Type == "live" && e.RoomID == "c" })
		reader.Send(t, client.Command{Type: "post", RoomID: "c", Key: "k-c", Text: "c1"})
		ack := reader.WaitFor(t, "ack", func(e client.Event) bool { return e.Type == "ack" && e.RoomID == "c" && e.Key == "k-c" })
		assert.Equal(t, ack.ID, reader.WaitText(t, "c1").ID)
		reader.Send(t, client.Command{Type: "leave", RoomID: "c"})
		waitMembers(t, ann, "c")
		ann.Post(t, "c", "c2")
		ann.Post(t, "a", "after c2")
		reader.WaitText(t, "after c2")
		assert.Equal(t, []string{"c1"}, texts("c", reader.Record), "a room that was left says nothing")

		reader.Send(t, client.Command{Type: "join", RoomID: "c", After: ack.ID})
		reader.WaitText(t, "c2")
		reader.Send(t, client.Command{Type: "join", RoomID: "not a room"})
		refused := reader.WaitFor(t, "an error", func(e client.Event) bool { return e.Type == "error" })
		assert.Equal(t, "invalid_field", refused.Code)
		assert.Equal(t, "room", refused.Field)
		assert.Equal(t, "not a room", refused.RoomID)
		reader.Send(t, client.Command{Type: "post", RoomID: "a", Key: "k-still", Text: "still here"})
		reader.WaitText(t, "still here")
	})

	t.Run("poll", func(t *testing.T) {
		cursors := func() (a, b string) { return ann.Page(t, "a", "").Cursor, ann.Page(t, "b", "").Cursor }
		a, b := cursors()
		answer := make(chan client.Response, 1)
		go func() {
			answer <- ann.Do(t, http.MethodGet, "/stream/messages?room=a@"+a+"&room=b@"+b+"&wait=20", "")
		}()
		waitMembers(t, ann, "a", "Ann")
		ann.At(other.URL).Post(t, "b", "wake up")
		got := <-answer
		require.Equal(t, http.StatusOK, got.Status, got.Body)
		page := decode[struct{ Rooms []client.Page }](t, got.Body)
		require.Len(t, page.Rooms, 2)
		assert.Equal(t, "a", page.Rooms[0].RoomID)
		assert.Empty(t, page.Rooms[0].Messages)
		assert.Equal(t, a, page.Rooms[0].Cursor)
		assert.Equal(t, []string{"wake up"}, page.Rooms[1].Texts())
		_, b = cursors()
		assert.Equal(t, b, page.Rooms[1].Cursor)
	})

	t.Run("too many", func(t *testing.T) {
		rooms := "/stream/messages?room=r0"
		for i := range 64 {
			rooms += fmt.Sprintf("&room=r%d", i+1)
		}
		refused := ann.Do(t, http.MethodGet, rooms, "").Problem(t)
		assert.Equal(t, http.StatusUnprocessableEntity, refused.Status)
		assert.Equal(t, "invalid_field", refused.Code)
		assert.Equal(t, "room", refused.Field)
		assert.Equal(t, 64, refused.Limit)
	})
}
