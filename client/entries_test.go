package client

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/servertest"
)

// read takes n entries, and is what they say.
func read(ctx context.Context, t testing.TB, room *Room, from From, n int) (texts []string, last Entry) {
	t.Helper()
	for entry, err := range room.Entries(ctx, from) {
		require.NoError(t, err)
		texts, last = append(texts, string(entry.Kind)+" "+entry.Text), entry
		if len(texts) == n {
			break
		}
	}
	require.Len(t, texts, n)
	return texts, last
}

func TestEachTransport(t *testing.T) {
	for _, transport := range []Transport{Auto, WebSocket, SSE, Polling} {
		for _, base := range []string{"", "/chat"} {
			t.Run(fmt.Sprintf("%s%s", transport, base), func(t *testing.T) {
				t.Parallel()
				url := servertest.Run(t, servertest.Options{BasePath: base}).URL
				ctx := within(t)
				c := newClient(t, url, Options{Transport: transport})
				session, err := c.SignIn(ctx, "Ann Ö")
				require.NoError(t, err)
				room := c.Room("Tee Küche?")
				_, err = room.Post(ctx, Draft{Text: "no such room"})
				require.ErrorIs(t, err, &Problem{Code: "invalid_field"})

				room = c.Room("küche")
				first, err := room.Post(ctx, Draft{Text: "one"})
				require.NoError(t, err)
				again, err := room.Say(ctx, Draft{Text: "two", Key: "k", ReplyTo: first, Mentions: []string{session.ID}})
				require.NoError(t, err)
				same, err := room.Post(ctx, Draft{Text: "two", Key: "k", ReplyTo: first, Mentions: []string{session.ID}})
				require.NoError(t, err)
				assert.Equal(t, again.ID, same)

				texts, last := read(ctx, t, room, From{}, 2)
				assert.Equal(t, []string{"message one", "message two"}, texts)
				assert.Equal(t, session.ID, last.From.ID)
				assert.Equal(t, "Ann Ö", last.From.Name)
				assert.Equal(t, first, last.ReplyTo.ID)
				assert.Equal(t, "k", last.Key)
				assert.Equal(t, []string{session.ID}, last.Mentions)
				assert.False(t, last.Time.IsZero())

				texts, _ = read(ctx, t, room, From{After: first}, 1)
				assert.Equal(t, []string{"message two"}, texts)
				texts, _ = read(ctx, t, room, From{Last: 1}, 1)
				assert.Equal(t, []string{"message two"}, texts)

				// What comes while one reads, of every kind; and an end by the reader.
				reading, stop := context.WithCancel(ctx)
				defer stop()
				var kinds []Kind
				var end error
				for event, err := range room.Events(reading, From{New: true}) {
					switch {
					case err != nil:
						end = err
					case event.Type == EventLive:
						go func() {
							assert.NoError(t, room.Edit(ctx, first, Change{Text: "eins"}))
							assert.NoError(t, room.React(ctx, first, "👍", true))
							assert.NoError(t, room.React(ctx, first, "👍", false))
							assert.NoError(t, room.Delete(ctx, first))
						}()
					case event.Entry != nil:
						kinds = append(kinds, event.Entry.Kind)
						if transport != Auto {
							assert.Equal(t, transport, event.Transport)
						}
						assert.Equal(t, first, event.Entry.Target)
						if event.Entry.Kind == Delete {
							stop()
						}
					}
				}
				require.ErrorIs(t, end, context.Canceled)
				assert.Equal(t, Delete, kinds[len(kinds)-1])

				// The log of a room that this reader does not know is another one.
				texts, _ = read(ctx, t, room, From{After: "7-0badcafe"}, 2)
				assert.Equal(t, "reset ", texts[0])

				roster, err := room.Members(ctx)
				require.NoError(t, err)
				assert.LessOrEqual(t, roster.Count, 1)
				page, err := room.History(ctx, Span{Limit: 1})
				require.NoError(t, err)
				require.Len(t, page.Entries, 1)
				assert.Equal(t, "two", page.Entries[0].Text)
				message, err := room.Message(ctx, first)
				require.NoError(t, err)
				assert.True(t, message.Deleted)
				mark, err := room.MarkRead(ctx, again.ID)
				require.NoError(t, err)
				assert.GreaterOrEqual(t, seqOf(mark.Cursor), seqOf(again.ID), "it never goes back")
				require.NoError(t, room.Typing(ctx))
				require.NoError(t, room.Leave(ctx))
			})
		}
	}
}

func TestRefusalsEnd(t *testing.T) {
	url := serve(t, nil)
	ctx := within(t)
	for _, transport := range []Transport{Auto, WebSocket, SSE, Polling} {
		c := newClient(t, url, Options{Transport: transport, Token: "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJjYWxsZXIifQ.c2ln"})
		var got error
		for _, err := range c.Room("lobby").Entries(ctx, From{}) {
			got = err
		}
		var problem *Problem
		require.True(t, errors.As(got, &problem), "%v: %v", transport, got)
		assert.Equal(t, "session_invalid", problem.Code, transport)
		_, err := c.Room("lobby").Post(ctx, Draft{Text: "x"})
		require.ErrorIs(t, err, &Problem{Code: "session_invalid"})
		_, err = newClient(t, url, Options{}).Room("lobby").Post(ctx, Draft{Text: ""})
		require.True(t, errors.As(err, &problem))
		assert.Equal(t, "text", problem.Field)
	}
}

// A reset has its JSON over whatever it comes, and welcome says whether one is a guest.
func TestResetsAndGuests(t *testing.T) {
	url := serve(t, nil)
	for _, transport := range transports {
		t.Run(string(transport), func(t *testing.T) {
			room := newClient(t, url, Options{Transport: transport}).Room("reset-" + string(transport))
			_, err := room.Post(within(t), Draft{Text: "kept"})
			require.NoError(t, err)
			for event, err := range room.Events(within(t), From{After: "7-0badcafe"}) {
				require.NoError(t, err)
				switch event.Type {
				case EventWelcome:
					assert.Equal(t, transport != Polling, event.You.Guest, "polls do not tell")
				case string(Reset):
					want := fmt.Sprintf(`{"type":"reset","roomId":%q,"reason":"rewritten"}`, room.ID())
					assert.JSONEq(t, want, string(event.Raw))
					assert.JSONEq(t, want, string(event.Entry.Raw))
					return
				}
			}
		})
	}
}
