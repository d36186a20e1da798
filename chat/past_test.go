package chat_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/chattest"
)

// keepsThePast runs a test in rooms that show the past to nobody who came later.
func keepsThePast(t *testing.T, test func(t *testing.T, c club, mode string)) {
	t.Helper()
	for _, mode := range []string{chat.HistoryNone, chat.HistorySinceJoined} {
		t.Run(mode, func(t *testing.T) {
			inClub(t, func(t *testing.T, c club) {
				c.set(`{"history":"` + mode + `"}`)
				test(t, c, mode)
			})
		})
	}
}

// replay is what somebody is told to begin with, by a stream that ends at once.
func (c club) replay(n *chat.Node, who chat.Principal, from chat.Start) []string {
	c.Helper()
	from.Transport, from.Unlisted = "ws", who.Guest
	r := &recorder{}
	s, err := n.Subscribe(c.Context(), who, lobby, from, r)
	require.NoError(c, err)
	told := texts(r.take())
	s.Leave()
	synctest.Wait()
	return told
}

// read is what somebody reads after an id, by a request of its own.
func (c club) read(n *chat.Node, who chat.Principal, after chat.Cursor) (said []string, reason chat.ResetReason) {
	c.Helper()
	kept, err := n.History(c.Context(), who, lobby)
	require.NoError(c, err)
	entries, reason := kept.After(after)
	for _, e := range entries {
		said = append(said, e.Text())
	}
	return said, reason
}

// An id of what was said before one came is in replies and links. It shows what it names to nobody,
// nor what came after it.
func TestNoIDShowsWhatWasSaidBeforeOneCame(t *testing.T) {
	keepsThePast(t, func(t *testing.T, c club, mode string) {
		ann, bob, guest := session("Ann"), session("Bob"), chat.Principal{ID: "g", Name: "guest", Guest: true}
		first, second := c.says(ann, "one"), c.says(ann, "two")
		_, here := subscribe(t, c.b, bob, chat.All)
		defer here.Leave()
		c.says(ann, "three")
		synctest.Wait()
		since := []string{"<welcome>", "<reset expired>", "three", "<live>"}
		new, kept := since, []string{"three"}
		if mode == chat.HistoryNone {
			new, kept = []string{"<welcome>", "<reset expired>", "<live>"}, nil
		}
		for _, n := range []*chat.Node{c.a, c.b} {
			require.Equal(t, new, c.replay(n, bob, chat.Start{Resume: true, After: first.ID}))
			require.Equal(t, []string{"<welcome>", "three", "<live>"}, c.replay(n, bob, chat.Start{Resume: true, After: second.ID}),
				"it came right after that one")
			for _, nobody := range []chat.Principal{guest, session("late " + mode)} {
				for _, at := range []chat.Cursor{first.ID, second.ID} {
					require.Equal(t, []string{"<welcome>", "<reset expired>", "<live>"},
						c.replay(n, nobody, chat.Start{Resume: true, After: at}))
				}
			}
			said, reason := c.read(n, bob, first.ID)
			require.Equal(t, chat.Expired, reason)
			require.Equal(t, kept, said)
			for _, nobody := range []chat.Principal{guest, session("never here")} {
				said, reason = c.read(n, nobody, first.ID)
				require.Equal(t, chat.Expired, reason)
				require.Empty(t, said)
				said, _ = c.read(n, nobody, chat.Cursor{})
				require.Empty(t, said)
			}
		}
	})
}

func TestWhoWasHereGetsWhatItMissed(t *testing.T) {
	keepsThePast(t, func(t *testing.T, c club, mode string) {
		ann, bob := session("Ann"), session("Bob")
		c.says(ann, "before")
		_, sub := subscribe(t, c.b, bob, chat.All)
		seen := c.says(ann, "seen")
		synctest.Wait()
		sub.Leave()
		synctest.Wait()
		time.Sleep(time.Hour)
		c.says(ann, "missed")
		c.says(ann, "missed too")
		for _, n := range []*chat.Node{c.a, c.b} {
			require.Equal(t, []string{"<welcome>", "missed", "missed too", "<live>"},
				c.replay(n, bob, chat.Start{Resume: true, After: seen.ID}))
			said, reason := c.read(n, bob, seen.ID)
			require.Empty(t, reason)
			require.Equal(t, []string{"missed", "missed too"}, said)
			device := c.replay(n, bob, chat.All)
			if mode == chat.HistoryNone {
				require.Equal(t, []string{"<welcome>", "<live>"}, device)
			} else {
				require.Equal(t, []string{"<welcome>", "seen", "missed", "missed too", "<live>"}, device)
			}
		}
	})
}

func TestWhoIsSentOutComesAnew(t *testing.T) {
	keepsThePast(t, func(t *testing.T, c club, _ string) {
		ann, bob := session("Ann"), session("Bob")
		_, _ = subscribe(t, c.a, bob, chat.All)
		seen := c.says(ann, "seen")
		c.moderate(chat.RemoveMember{Member: bob.ID})
		time.Sleep(time.Minute)
		c.says(ann, "said among us")
		require.Equal(t, []string{"<welcome>", "<reset expired>", "<live>"},
			c.replay(c.b, bob, chat.Start{Resume: true, After: seen.ID}))
	})
}

func TestNobodyQuotesWhatWasSaidBeforeOneCame(t *testing.T) {
	keepsThePast(t, func(t *testing.T, c club, _ string) {
		ann, bob := session("Ann"), session("Bob")
		reply := func(who chat.Principal, to chat.Entry) error {
			said := chat.Message{Text: "and?", ReplyTo: &chat.Quote{ID: to.ID}}
			_, _, err := c.b.Post(t.Context(), who, lobby, chat.Draft{Payload: said})
			return err
		}
		require.NoError(t, c.enter(c.a, ann))
		old := c.says(ann, "secret")
		require.ErrorIs(t, reply(bob, old), chat.ErrNotFound, "it never came")
		require.NoError(t, c.enter(c.a, bob))
		recent := c.says(ann, "public")
		require.ErrorIs(t, reply(bob, old), chat.ErrNotFound)
		require.ErrorIs(t, reply(chat.Principal{ID: "g", Name: "guest", Guest: true}, old), chat.ErrGuest)
		require.NoError(t, reply(bob, recent))
		require.NoError(t, reply(ann, old))
		require.NoError(t, reply(olga, old))
	})
}

// What was said before one came is not there for whatever names it by its id. What one has said
// oneself is.
func TestNobodyAmendsWhatWasSaidBeforeOneCame(t *testing.T) {
	keepsThePast(t, func(t *testing.T, c club, _ string) {
		ann, bob, cid := session("Ann"), session("Bob"), session("Cid")
		amend := func(who chat.Principal, of chat.Entry, p chat.Payload) error {
			_, _, err := c.b.Post(t.Context(), who, lobby, chat.Draft{Target: of.ID, Payload: p})
			return err
		}
		require.NoError(t, c.enter(c.a, ann))
		old := c.says(ann, "secret")
		own := c.says(bob, "by a program, without a stream")
		gone := c.says(ann, "gone")
		require.NoError(t, amend(ann, gone, chat.Delete{}))
		payloads := []chat.Payload{chat.Reaction{Emoji: "👍", On: true}, chat.Reaction{Emoji: "👍"}, chat.Edit{Text: "mine"}, chat.Delete{}}
		for _, p := range payloads {
			for _, e := range []chat.Entry{old, gone} {
				require.ErrorIs(t, amend(cid, e, p), chat.ErrNotFound, "it never came: %T", p)
			}
		}
		require.NoError(t, c.enter(c.a, bob))
		recent := c.says(ann, "public")
		for _, p := range payloads {
			for _, e := range []chat.Entry{old, gone} {
				require.ErrorIs(t, amend(bob, e, p), chat.ErrNotFound, "%T", p)
			}
		}
		require.NoError(t, amend(bob, recent, payloads[0]))
		require.ErrorIs(t, amend(bob, recent, chat.Delete{}), chat.ErrNotAuthor)
		require.NoError(t, amend(bob, own, chat.Edit{Text: "better"}))
		require.NoError(t, amend(bob, own, chat.Delete{}))
		require.NoError(t, amend(ann, old, chat.Edit{Text: "still secret"}))
		require.NoError(t, amend(olga, old, chat.Delete{}), "moderators see all")
	})
}

// A log that has gone and begun anew was said after everybody came who came before.
func TestWhoCameBeforeTheLogBeganAnew(t *testing.T) {
	keepsThePast(t, func(t *testing.T, c club, mode string) {
		ann, bob := session("Ann"), session("Bob")
		for range 5 {
			c.says(ann, "old")
		}
		stays, _ := subscribe(t, c.a, session("Cid"), chat.All)
		require.NoError(t, c.enter(c.a, bob))
		time.Sleep(25 * time.Hour)
		stays.take()
		first := c.says(ann, "new")
		synctest.Wait()
		told := []string{"<reset expired>", "new", "<live>"}
		if mode == chat.HistoryNone {
			told = []string{"<reset expired>", "<live>"}
		}
		require.Equal(t, told, texts(stays.take()))
		for range 10 {
			c.says(ann, "more")
		}
		said, reason := c.read(c.a, bob, first.ID)
		require.Empty(t, reason)
		require.Len(t, said, 10)
		require.Len(t, c.replay(c.b, bob, chat.Start{Resume: true, After: first.ID}), 12)
	})
}

// Settings that are changed while people are there show no more of the past to those who begin anew.
func TestAResetAfterTheHistoryWasClosed(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		ann, bob := session("Ann"), session("Bob")
		c.says(ann, "before")
		here, _ := subscribe(t, c.b, bob, chat.All)
		c.says(ann, "since")
		c.set(`{"history":"since-joined"}`)
		here.take()
		c.store.CutFeed(true)
		c.store.Do(lobby, func(r *chattest.Room) { r.Lose(1) })
		c.says(ann, "after the loss")
		c.store.MendFeed(true)
		synctest.Wait()
		told := texts(here.take())
		require.Contains(t, told, "<reset rewritten>")
		require.Contains(t, told, "since")
		require.Contains(t, told, "after the loss")
		require.NotContains(t, told, "before")
	})
}
