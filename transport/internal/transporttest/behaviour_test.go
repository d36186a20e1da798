package transporttest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/transport/internal/transporttest"
)

func TestMain(m *testing.M) { testwait.Main(m) }

// transport is one way to read a room. All of them behave alike.
type transport struct {
	name string
	open func(t *testing.T, s *site, query url.Values) (reader, refusal)
	// polls says that it reads by requests: what it has not asked for yet waits in the log, so it
	// is never too slow.
	polls bool
}

var transports = []transport{
	{"ws", openWebSocket, false}, {"sse", openStream, false}, {"ndjson", openStream, false},
	{"text", openStream, false}, {"poll", openPoll, true},
}

// each runs a behaviour's test on every transport, with a site of its own.
func each(t *testing.T, o chat.Options, test func(t *testing.T, s *site, via transport)) {
	for _, via := range transports {
		t.Run(via.name, func(t *testing.T) { test(t, newSite(t, via.name, o), via) })
	}
}

// read opens a reader that must not be refused.
func (via transport) read(t *testing.T, s *site, query string) reader {
	t.Helper()
	values, err := url.ParseQuery(query)
	require.NoError(t, err)
	r, refused := via.open(t, s, values)
	require.Zero(t, refused)
	return r
}

// until reads on to an event of a type and returns the texts of the messages before it.
func until(t *testing.T, r reader, kind string) (texts []string, last event) {
	t.Helper()
	for {
		e, ok := r.next()
		require.True(t, ok, "it ended before %q, after %q", kind, texts)
		if e.Type == kind {
			return texts, e
		}
		if e.Type == "message" {
			texts = append(texts, e.Text)
		}
	}
}

func TestJoin(t *testing.T) {
	each(t, chat.Options{}, func(t *testing.T, s *site, via transport) {
		s.Say(t, "one")
		s.Say(t, "two")
		r := via.read(t, s, "name=Ann")
		texts, _ := until(t, r, "live")
		require.Equal(t, []string{"one", "two"}, texts)
		members, err := s.Node.Members(t.Context(), chat.Principal{}, "lobby")
		require.NoError(t, err)
		require.Len(t, members.Members, 1)
		require.Equal(t, "Ann", members.Members[0].Name)
		require.Equal(t, via.name, members.Members[0].Transport)
		s.Say(t, "three")
		_, e := until(t, r, "message")
		require.Equal(t, "three", e.Text)
	})
}

func TestHistoryIsBounded(t *testing.T) {
	each(t, chat.Options{}, func(t *testing.T, s *site, via transport) {
		for i := range 5 {
			s.Say(t, fmt.Sprint(i))
		}
		texts, _ := until(t, via.read(t, s, "name=Ann&history=2&limit=2"), "live")
		require.Equal(t, []string{"3", "4"}, texts)
	})
}

func TestResume(t *testing.T) {
	each(t, chat.Options{}, func(t *testing.T, s *site, via transport) {
		one := s.Say(t, "one")
		s.Say(t, "two")
		r := via.read(t, s, "name=Ann&after="+one.ID.String())
		e, ok := r.next()
		for ; ok && e.Type != "message"; e, ok = r.next() {
			require.NotEqual(t, "reset", e.Type)
		}
		require.Equal(t, "two", e.Text)
	})
}

func TestReset(t *testing.T) {
	each(t, chat.Options{}, func(t *testing.T, s *site, via transport) {
		s.Say(t, "one")
		r := via.read(t, s, "name=Ann&after=1-0badcafe")
		_, e := until(t, r, "reset")
		require.Equal(t, "rewritten", e.Reason)
		_, e = until(t, r, "message")
		require.Equal(t, "one", e.Text)
	})
}

// What a client says over its own transport is answered, stored once, and comes to it as to all.
func TestPost(t *testing.T) {
	each(t, chat.Options{}, func(t *testing.T, s *site, via transport) {
		r := via.read(t, s, "name=Ann")
		until(t, r, "live")
		id := r.post("k-1", "hello")
		require.Equal(t, id, r.post("k-1", "hello"), "one key is one message")
		_, e := until(t, r, "message")
		require.Equal(t, "hello", e.Text)
		kept, err := s.Node.History(t.Context(), chat.Principal{}, "lobby")
		require.NoError(t, err)
		require.Len(t, kept.Entries, 1)
		require.Equal(t, id, kept.Entries[0].ID.String())
	})
}

// Who is there hears of each amendment; who comes later gets messages as they are; who comes back
// gets what it missed, of which nothing says what has been deleted.
func TestAmendments(t *testing.T) {
	each(t, chat.Options{}, func(t *testing.T, s *site, via transport) {
		first, second := s.Say(t, "secret"), s.Say(t, "tea?")
		here := via.read(t, s, "name=Ann")
		until(t, here, "live")
		amend := func(who string, target chat.Entry, what chat.Payload) chat.Entry {
			e, _, err := s.Node.Post(t.Context(), transporttest.Session(who), "lobby", chat.Draft{Target: target.ID, Payload: what})
			require.NoError(t, err)
			return e
		}
		heard := func(r reader, want ...event) {
			t.Helper()
			for _, w := range want {
				_, got := until(t, r, w.Type)
				require.Equal(t, w, event{Type: got.Type, Target: got.Target, Text: got.Text, Emoji: got.Emoji, On: got.On})
			}
		}
		one, two := first.ID.String(), second.ID.String()
		edit := event{Type: "edit", Target: two, Text: "coffee?"}
		on, off := event{Type: "reaction", Target: two, Emoji: "👍", On: true}, event{Type: "reaction", Target: two, Emoji: "👍"}
		gone := event{Type: "delete", Target: one}
		amend("Bob", first, chat.Edit{Text: "another secret"})
		heard(here, event{Type: "edit", Target: one, Text: "another secret"})
		amend("Bob", second, chat.Edit{Text: "coffee?"})
		amend("Ann", second, chat.Reaction{Emoji: "👍", On: true})
		amend("Ann", second, chat.Reaction{Emoji: "👍"})
		amend("Eve", second, chat.Reaction{Emoji: "🎉", On: true})
		amend("Bob", first, chat.Delete{})
		heard(here, edit, on, off, event{Type: "reaction", Target: two, Emoji: "🎉", On: true}, gone)

		late := via.read(t, s, "name=Late")
		var kept []event
		for e, ok := late.next(); e.Type != "live"; e, ok = late.next() {
			require.True(t, ok)
			if e.Type == "message" {
				kept = append(kept, e)
			}
			require.NotContains(t, []string{"edit", "delete", "reaction", "void"}, e.Type)
		}
		if via.name == "text" { // which says nothing of what has been deleted, nor of reactions
			require.Len(t, kept, 1)
		} else {
			require.Len(t, kept, 2)
			require.True(t, kept[0].Deleted)
			require.Empty(t, kept[0].Text)
			require.Len(t, kept[1].Reactions, 1)
			require.Equal(t, "🎉", kept[1].Reactions[0].Emoji)
		}
		require.Equal(t, "coffee?", kept[len(kept)-1].Text)

		back := via.read(t, s, "name=Back&after="+two)
		heard(back, edit, on, off, gone)
	})
}

// nobody refuses reading to Eve.
type nobody struct{ chat.Open }

func (nobody) Decide(_ context.Context, who chat.Principal, _ chat.RoomID, _ chat.Action) error {
	if who.Name == "Eve" {
		return chat.ErrNotAllowed
	}
	return nil
}

func TestRefusal(t *testing.T) {
	each(t, chat.Options{Policy: nobody{}}, func(t *testing.T, s *site, via transport) {
		for query, want := range map[string]refusal{
			"name=Eve":            {http.StatusForbidden, "not_allowed"},
			"name=Ann&after=soon": {http.StatusUnprocessableEntity, "invalid_field"},
		} {
			values, err := url.ParseQuery(query)
			require.NoError(t, err)
			_, refused := via.open(t, s, values)
			require.Equal(t, want, refused, query)
		}
		members, err := s.Node.Members(t.Context(), chat.Principal{}, "lobby")
		require.NoError(t, err)
		require.Empty(t, members.Members, "who is refused is nobody in the roster")
	})
}

// A reader that takes nothing is told so and ended; one beside it gets all. One that polls too
// seldom is told that it has missed something.
func TestSlowReader(t *testing.T) {
	each(t, chat.Options{}, func(t *testing.T, s *site, via transport) {
		slow := via.read(t, s, "name=Slow")
		until(t, slow, "live")
		big := strings.Repeat("x", chat.MaxText)
		if via.polls { // what it misses is no longer kept: it is told
			for range 101 {
				s.Say(t, big)
			}
			_, e := until(t, slow, "reset")
			require.Equal(t, "expired", e.Reason)
			return
		}
		quick := via.read(t, s, "name=Quick")
		until(t, quick, "live")
		const count = 500 // about 2 MB: more than the kernel holds for a connection, and the backlog
		heard := make(chan struct{}, count)
		go func() {
			for n := 0; n < count; {
				e, ok := quick.next()
				if !ok {
					return
				}
				if e.Type == "message" {
					n++
					heard <- struct{}{}
				}
			}
		}()
		for range count { // no quicker than it reads: it is to be the quick one
			s.Say(t, big)
			testwait.Receive(t, heard, "the quick reader did not hear all")
		}
		texts, e := until(t, slow, "error")
		require.Less(t, len(texts), count)
		require.Equal(t, "too_slow", e.Code)
		_, more := slow.next()
		require.False(t, more, "nothing comes after it")
	})
}

// ended reads to the end, beside the test, and gives the last event.
func ended(s *site, via transport, r reader) <-chan event {
	before := s.subscribed.Load()
	last := make(chan event, 1)
	go func() {
		var e event
		for {
			next, ok := r.next()
			if !ok {
				break
			}
			e = next
		}
		last <- e
	}()
	if via.polls {
		testwait.Until(s.t, func() bool { return s.subscribed.Load() > before }, "no poll waits")
	}
	return last
}

// Who leaves is told so on its own stream, and is gone from the roster at once.
func TestLeave(t *testing.T) {
	each(t, chat.Options{}, func(t *testing.T, s *site, via transport) {
		r := via.read(t, s, "name=Ann")
		until(t, r, "live")
		last := ended(s, via, r)
		require.NoError(t, s.Node.Leave(t.Context(), transporttest.Session("Ann"), "lobby", ""))
		require.Equal(t, "left", testwait.Receive(t, last, "it goes on").Code)
		members, err := s.Node.Members(t.Context(), chat.Principal{}, "lobby")
		require.NoError(t, err)
		require.Empty(t, members.Members)
	})
}

// A node that goes away says so, and has its readers come back elsewhere.
func TestClose(t *testing.T) {
	each(t, chat.Options{}, func(t *testing.T, s *site, via transport) {
		r := via.read(t, s, "name=Ann")
		until(t, r, "live")
		last := ended(s, via, r)
		require.NoError(t, s.Node.Close(t.Context()))
		require.Equal(t, "going_away", testwait.Receive(t, last, "it goes on").Code)
	})
}
