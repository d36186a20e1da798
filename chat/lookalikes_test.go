package chat_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/chattest"
	"github.com/stretchr/testify/require"
)

func TestWhoLooksLikeSomebodyHere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := chattest.New(chattest.Options{})
		n := s.NewNode("a", chat.Options{Shape: func(name string) string { return strings.ReplaceAll(name, "А", "A") }})
		defer func() { require.NoError(t, n.Close(t.Context())) }()
		looks := func() map[chat.MemberID]chat.MemberID {
			snapshot, err := n.Members(t.Context(), session("Eve"), lobby)
			require.NoError(t, err)
			all := map[chat.MemberID]chat.MemberID{}
			for _, m := range snapshot.Members {
				if m.LooksLike != "" {
					all[m.ID] = m.LooksLike
				}
			}
			return all
		}
		come := func(who chat.Principal) *recorder {
			time.Sleep(time.Second) // nobody comes in the same moment
			r, _ := subscribe(t, n, who, chat.All)
			synctest.Wait()
			return r
		}
		ann := come(session("Ann"))
		come(session("Bob"))
		require.Empty(t, looks())
		come(session("Аnn"))
		require.Equal(t, map[chat.MemberID]chat.MemberID{"id-Аnn": "id-Ann"}, looks(), "who came later looks like who was here")
		lastTold := func() chat.Joined {
			told := ann.take()
			return told[len(told)-1].(chat.Joined)
		}
		last := lastTold()
		require.Equal(t, chat.MemberID("id-Ann"), last.Member.LooksLike, "those who are here are told")

		// Somebody who was here before her takes her name.
		mallory := session("Bob")
		mallory.Name = "Аnn"
		come(mallory)
		last = lastTold()
		require.Equal(t, chat.MemberID("id-Bob"), last.Member.ID)
		require.Equal(t, chat.MemberID("id-Ann"), last.Member.LooksLike)
		told := map[chat.MemberID]chat.MemberID{}
		for _, m := range come(session("Eve")).take()[0].(chat.Welcome).Roster.Members {
			if m.LooksLike != "" {
				told[m.ID] = m.LooksLike
			}
		}
		require.Equal(t, map[chat.MemberID]chat.MemberID{"id-Аnn": "id-Ann", "id-Bob": "id-Ann"}, told)

		// Guests of one look are one guest to the eye.
		guest := func(id, look string) chat.Principal {
			return chat.Principal{ID: chat.MemberID(id), Name: "ci", Guest: true, Look: look}
		}
		come(guest("g1", "L"))
		come(guest("g2", "L"))
		come(guest("g3", "M"))
		require.Equal(t, chat.MemberID(""), looks()["g2"])
		require.Equal(t, chat.MemberID("g1"), looks()["g3"])
	})
}

// Whoever takes a name looks like who had it, also where both are asked for.
func TestWhoTakesANameLooksLikeWhoHasIt(t *testing.T) {
	inLobby(t, func(t *testing.T, _ *chattest.Store, n *chat.Node) {
		for _, name := range []string{"Eve", "Ann"} {
			subscribe(t, n, session(name), chat.All)
			time.Sleep(time.Second)
		}
		eve := session("Eve")
		eve.Name = "Ann"
		subscribe(t, n, eve, chat.All)
		synctest.Wait()
		snapshot, err := n.Members(t.Context(), session("Bob"), lobby)
		require.NoError(t, err)
		looks := map[chat.MemberID]chat.MemberID{}
		for _, m := range snapshot.Members {
			looks[m.ID] = m.LooksLike
		}
		require.Equal(t, map[chat.MemberID]chat.MemberID{"id-Ann": "", "id-Eve": "id-Ann"}, looks)
	})
}

func TestNamesThatNobodySees(t *testing.T) {
	for _, name := range []string{
		"", " ", "\u200b", "\u3164", "\u2800", "\u00ad", "\ufe0f", "\u0085", "\U000e0041", "\u200b \u3164", "\u115f",
		"\ufff9", "\ufffc\ufffc",
	} {
		_, err := chat.ParseName(name)
		require.ErrorContains(t, err, "is empty", "%q", name)
		invalid := chat.Draft{Payload: chat.Message{Text: name}}.Validate()
		require.ErrorContains(t, invalid, "is empty", "%q", name)
	}
	for _, name := range []string{
		"Ann\u200b", "\u200bAnn", "A\u200dnn", "Ann\u200d", "A\u200cn", "Ann\ufe0f", "Ann\u00ad", "A\u034fnn", "Ann\U000e0041", "\ufeffAnn",
		"Ann\u2060", "An\u3164n", "Ann\u2800", "Ann\u200e", "Ann\u061c", "1\ufe0f", "👻\u200d", "علی\u200c", "Ann\U000e0100", "🏴Ann\U000e0067",
		"Ann\ufff9", "A\ufffcnn",
	} {
		_, err := chat.ParseName(name)
		require.ErrorContains(t, err, "invisible", "%q", name)
		require.NoError(t, chat.Draft{Payload: chat.Message{Text: name}}.Validate(), "a text may have them")
	}
	for _, name := range []string{
		"Ann", "Аня", "👻", "❤️", "👩‍💻", "👩🏽‍💻", "🏳️‍🌈", "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", "1️⃣", "🧑‍⚖️",
		"علی\u200cرضا", "ന്\u200d", "क्\u200dष", "葛\U000e0100", "ᠮᠣᠩᠭᠣᠯ", "José", "𝐀𝐧𝐧", "Ann Lee", "Ann\u00a0Lee",
	} {
		parsed, err := chat.ParseName(name)
		require.NoError(t, err, "%q", name)
		require.Equal(t, name, parsed)
	}
}

// TestAProgramIsNobodysOriginal: whoever was first, it is the program that looks like the person.
func TestAProgramIsNobodysOriginal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := chattest.New(chattest.Options{})
		n := s.NewNode("a", chat.Options{})
		defer func() { require.NoError(t, n.Close(t.Context())) }()
		bot := session("bot")
		bot.Name, bot.Via = "Ann", chat.ViaToken
		subscribe(t, n, bot, chat.All)
		synctest.Wait()
		time.Sleep(time.Second)
		subscribe(t, n, session("Ann"), chat.All)
		synctest.Wait()
		snapshot, err := n.Members(t.Context(), session("Eve"), lobby)
		require.NoError(t, err)
		require.Len(t, snapshot.Members, 2)
		for _, m := range snapshot.Members {
			if m.ID == bot.ID {
				require.Equal(t, chat.MemberID("id-Ann"), m.LooksLike)
			} else {
				require.Empty(t, m.LooksLike)
			}
		}
	})
}
