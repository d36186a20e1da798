package chat_test

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/chattest"
)

// plain are passwords whose hash says what they are.
type plain struct{}

func (plain) Hash(_ context.Context, password string) (string, error) { return "is " + password, nil }
func (plain) Matches(_ context.Context, hash, password string) (bool, error) {
	return hash == "is "+password, nil
}

// club is a room on two nodes that Olga owns. Each test of it is of what holds on both.
type club struct {
	*testing.T
	store *chattest.Store
	a, b  *chat.Node
}

var olga = session("Olga")

func inClub(t *testing.T, test func(t *testing.T, c club)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := chattest.New(chattest.Options{})
		o := chat.Options{Passwords: plain{}}
		c := club{t, s, s.NewNode("a", o), s.NewNode("b", o)}
		defer func() {
			require.NoError(t, c.a.Close(t.Context()))
			require.NoError(t, c.b.Close(t.Context()))
		}()
		_, _, err := c.a.Own(t.Context(), olga, lobby, chat.OwnRequest{Title: "Club", New: true})
		require.NoError(t, err)
		test(t, c)
	})
}

// set changes settings, as Olga.
func (c club) set(patch string) chat.RoomSettings {
	c.Helper()
	var p chat.SettingsPatch
	require.NoError(c, json.Unmarshal([]byte(patch), &p))
	s, err := c.a.ChangeSettings(c.Context(), olga, lobby, p, nil)
	require.NoError(c, err)
	synctest.Wait()
	return s
}

// moderate has Olga do something about somebody.
func (c club) moderate(m chat.Moderation) chat.Entry {
	c.Helper()
	e, err := c.a.Moderate(c.Context(), olga, lobby, m)
	require.NoError(c, err)
	synctest.Wait()
	return e
}

func (c club) post(n *chat.Node, who chat.Principal, text string) (chat.Entry, error) {
	e, _, err := n.Post(c.Context(), who, lobby, chat.Draft{Payload: chat.Message{Text: text}})
	return e, err
}

func (c club) says(who chat.Principal, text string) chat.Entry {
	c.Helper()
	e, err := c.post(c.b, who, text)
	require.NoError(c, err)
	return e
}

// enter says whether somebody may read the room, by a stream that ends at once.
func (c club) enter(n *chat.Node, who chat.Principal) error {
	sub, err := n.Subscribe(c.Context(), who, lobby, chat.Start{Transport: "ws"}, &recorder{})
	if err == nil {
		sub.Leave()
		synctest.Wait()
	}
	return err
}

// refused is what an error says that the rules have refused.
func refused(err error) chat.Refusal {
	var r *chat.RefusedError
	if errors.As(err, &r) {
		return r.Code
	}
	if err != nil {
		return chat.Refusal(err.Error())
	}
	return ""
}

// isOut asks that somebody can do nothing in the room, on whatever node.
func (c club) isOut(who chat.Principal, why chat.Refusal) {
	c.Helper()
	ctx := c.Context()
	for _, n := range []*chat.Node{c.a, c.b} {
		_, post := c.post(n, who, "let me in")
		_, history := n.History(ctx, who, lobby)
		_, members := n.Members(ctx, who, lobby)
		_, settings := n.Settings(ctx, who, lobby)
		for what, err := range map[string]error{
			"post": post, "history": history, "members": members, "settings": settings, "typing": n.Typing(ctx, who, lobby),
			"subscribe": c.enter(n, who), "call": n.Authorize(ctx, who, lobby, chat.ActionCall),
		} {
			require.Equal(c, why, refused(err), what)
		}
	}
}

func (c club) isIn(who chat.Principal) {
	c.Helper()
	for _, n := range []*chat.Node{c.a, c.b} {
		require.NoError(c, c.enter(n, who))
		_, err := n.History(c.Context(), who, lobby)
		require.NoError(c, err)
	}
}

func TestABanEndsAllThatSomebodyHas(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		bob, ann := session("Bob"), session("Ann")
		one, _ := subscribe(t, c.a, bob, chat.All)
		two, _ := subscribe(t, c.b, bob, chat.Start{Transport: "sse"})
		with, _ := subscribe(t, c.b, ann, chat.All)
		synctest.Wait()
		one.take()
		two.take()
		with.take()
		e := c.moderate(chat.BanMember{Member: bob.ID, Reason: "spam", For: time.Hour})
		after := c.says(ann, "he is gone")
		synctest.Wait()
		for _, r := range []*recorder{one, two} {
			var why *chat.RefusedError
			require.ErrorAs(t, r.err(), &why)
			require.Equal(t, chat.RefusedBanned, why.Code)
			require.Equal(t, "spam", why.Reason)
			require.NotContains(t, r.take(), chat.Appended{Entry: after})
		}
		require.NoError(t, with.err())
		told := with.take()
		require.Contains(t, told, chat.Appended{Entry: e})
		require.Contains(t, texts(told), "<left Bob>")
		require.Equal(t, chat.NoticeBanned, e.Payload.(chat.RoomNotice).What)
		require.JSONEq(t, `{"member":{"id":"id-Bob","name":"Bob"}}`, string(e.Payload.(chat.RoomNotice).Fields), "and no reason")
		c.isOut(bob, chat.RefusedBanned)

		bans, _, err := c.b.Bans(t.Context(), olga, lobby)
		require.NoError(t, err)
		require.Len(t, bans, 1)
		require.Equal(t, "spam", bans[0].Reason)
		require.Equal(t, olga.ID, bans[0].By.ID)
		c.moderate(chat.Unban{ID: bans[0].ID})
		c.isIn(bob)
		_, err = c.a.Moderate(t.Context(), olga, lobby, chat.Unban{ID: bans[0].ID})
		require.ErrorIs(t, err, chat.ErrNoBan)
	})
}

// Moderators see who is muted, why and until when, as they see bans; and take a ban back by whom it
// is about.
func TestModeratorsSeeMutes(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		bob, ann := session("Bob"), session("Ann")
		c.says(bob, "hello")
		c.says(ann, "hello")
		c.moderate(chat.MuteMember{Member: bob.ID, For: time.Minute, Reason: "too loud"})
		c.moderate(chat.BanMember{Member: ann.ID})
		bans, mutes, err := c.b.Bans(t.Context(), olga, lobby)
		require.NoError(t, err)
		require.Len(t, bans, 1)
		require.Len(t, mutes, 1)
		require.Equal(t, bob.ID, mutes[0].Member.ID)
		require.Equal(t, "too loud", mutes[0].Reason)
		require.Equal(t, time.Minute, mutes[0].Until.Sub(mutes[0].At))
		_, _, err = c.b.Bans(t.Context(), bob, lobby)
		require.Equal(t, chat.RefusedNotAllowed, refused(err))

		time.Sleep(time.Minute)
		e := c.moderate(chat.Unban{ID: string(ann.ID)})
		require.JSONEq(t, `{"member":{"id":"id-Ann","name":"Ann"}}`, string(e.Payload.(chat.RoomNotice).Fields))
		c.isIn(ann)
		bans, mutes, err = c.a.Bans(t.Context(), olga, lobby)
		require.NoError(t, err)
		require.Empty(t, bans)
		require.Empty(t, mutes)
	})
}

func TestABanEndsByItself(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		bob := session("Bob")
		c.says(bob, "hello")
		c.moderate(chat.BanMember{Member: bob.ID, For: time.Minute})
		c.isOut(bob, chat.RefusedBanned)
		time.Sleep(time.Minute)
		c.isIn(bob)
		bans, _, err := c.a.Bans(t.Context(), olga, lobby)
		require.NoError(t, err)
		require.Empty(t, bans)
	})
}

// Whoever is banned on one node can't post on another that has yet to hear of it: the store compares
// the rules.
func TestABanIsNotRaced(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		bob := session("Bob")
		stream, _ := subscribe(t, c.b, bob, chat.All)
		said, err := c.post(c.b, bob, "one")
		require.NoError(t, err)
		synctest.Wait()
		c.store.DelayFeed("b")
		c.moderate(chat.BanMember{Member: bob.ID})
		_, err = c.post(c.b, bob, "two")
		require.Equal(t, chat.RefusedBanned, refused(err))
		_, _, err = c.b.Post(t.Context(), bob, lobby, chat.Draft{Target: said.ID, Payload: chat.Edit{Text: "three"}})
		require.Equal(t, chat.RefusedBanned, refused(err))
		require.NoError(t, stream.err())
		c.store.CatchUp("b")
		synctest.Wait()
		require.Equal(t, chat.RefusedBanned, refused(stream.err()))
	})
}

// A node whose feed is cut learns of a ban before it delivers anything that was said after it.
func TestABanWhileTheFeedIsCut(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		bob, ann := session("Bob"), session("Ann")
		stream, _ := subscribe(t, c.b, bob, chat.All)
		with, _ := subscribe(t, c.b, ann, chat.All)
		synctest.Wait()
		stream.take()
		with.take()
		c.store.CutFeed(true)
		c.moderate(chat.BanMember{Member: bob.ID})
		c.says(ann, "he can't read this")
		_, err := c.b.History(t.Context(), bob, lobby)
		require.Equal(t, chat.RefusedBanned, refused(err), "a node without a feed asks the store")
		c.store.MendFeed(true)
		synctest.Wait()
		require.Equal(t, chat.RefusedBanned, refused(stream.err()))
		require.NotContains(t, texts(stream.take()), "he can't read this")
		require.Contains(t, texts(with.take()), "he can't read this")
	})
}

// Who is banned is in the roster at no time, also where a node can't say yet whether it still is.
func TestWhoIsBannedIsNeverInTheRoster(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		bob, ann := session("Bob"), session("Ann")
		with, _ := subscribe(t, c.b, ann, chat.All)
		c.says(bob, "spam")
		c.moderate(chat.BanMember{Member: bob.ID})
		with.take()
		c.store.CutFeed(true)
		synctest.Wait()
		back := make(chan error, 1)
		go func() { back <- c.enter(c.b, bob) }()
		synctest.Wait()
		c.store.Do(lobby, func(r *chattest.Room) { require.NotContains(t, r.Members, bob.ID) })
		c.store.MendFeed(true)
		require.Equal(t, chat.RefusedBanned, refused(<-back))
		synctest.Wait()
		for _, b := range with.take() {
			_, joined := b.(chat.Joined)
			require.False(t, joined, "%v", b)
		}
	})
}

// Who has been let in again while the feed is cut comes in once the rules of now are known.
func TestWhoIsBannedNoMoreComesInAfterTheFeedWasCut(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		bob := session("Bob")
		subscribe(t, c.b, session("Ann"), chat.All)
		c.says(bob, "spam")
		c.moderate(chat.BanMember{Member: bob.ID})
		bans, _, err := c.a.Bans(t.Context(), olga, lobby)
		require.NoError(t, err)
		c.store.CutFeed(true)
		synctest.Wait()
		_, err = c.a.Moderate(t.Context(), olga, lobby, chat.Unban{ID: bans[0].ID})
		require.NoError(t, err)
		back := make(chan error, 1)
		go func() { back <- c.enter(c.b, bob) }()
		synctest.Wait()
		c.store.MendFeed(true)
		require.NoError(t, <-back)
	})
}

// Leases have to be renewed by the rules of now, also while the feed is cut.
func TestLeasesAreRenewedByTheRulesOfNow(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		ann := session("Ann")
		subscribe(t, c.b, ann, chat.All)
		synctest.Wait()
		c.store.CutFeed(true)
		c.set(`{"topic":"tea"}`)
		time.Sleep(2 * chat.Lease)
		roster, err := c.a.Members(t.Context(), ann, lobby)
		require.NoError(t, err)
		require.Len(t, roster.Members, 1)
		c.store.MendFeed(true)
		synctest.Wait()
	})
}

func TestNetworksAreBannedForGuestsAndNewSessions(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		from := func(p chat.Principal, network string, born time.Time) chat.Principal {
			p.Network, p.Born = network, born
			return p
		}
		guest := func(id, network string) chat.Principal {
			return chat.Principal{ID: chat.MemberID(id), Name: "Troll", Guest: true, Client: network, LimitKey: network, Network: network}
		}
		old := from(session("Neighbour"), "n1", time.Now())
		time.Sleep(time.Minute)
		stream, _ := subscribe(t, c.b, guest("g1", "n1"), chat.All)
		neighbour, _ := subscribe(t, c.b, old, chat.All)
		synctest.Wait()
		c.moderate(chat.BanMember{Member: "g1"})
		require.Equal(t, chat.RefusedBanned, refused(stream.err()))
		require.NoError(t, neighbour.err())
		c.isOut(guest("g2", "n1"), chat.RefusedBanned)
		c.isOut(from(session("Again"), "n1", time.Now()), chat.RefusedBanned)
		c.isIn(guest("g3", "n2"))
		c.isIn(from(session("Elsewhere"), "n2", time.Now()))
		time.Sleep(24 * time.Hour)
		c.isIn(guest("g4", "n1"))
	})
}

func TestSomebodyRemovedMayComeBackLater(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		c.set(`{"password":"sesame"}`)
		bob := session("Bob")
		_, err := c.b.Enter(t.Context(), bob, lobby, chat.Credential{Password: "sesame"})
		require.NoError(t, err)
		stream, _ := subscribe(t, c.b, bob, chat.All)
		synctest.Wait()
		c.moderate(chat.RemoveMember{Member: bob.ID})
		require.Equal(t, chat.RefusedRemoved, refused(stream.err()))
		c.isOut(bob, chat.RefusedRemoved)
		time.Sleep(time.Minute)
		c.isOut(bob, chat.RefusedPassword) // what had let him in is gone
		_, err = c.a.Enter(t.Context(), bob, lobby, chat.Credential{Password: "sesame"})
		require.NoError(t, err)
		c.isIn(bob)
	})
}

// Who is removed is told why, and nobody else; the others of their network go on.
func TestARemovalIsOfOnePerson(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		guest := func(id string) chat.Principal {
			return chat.Principal{ID: chat.MemberID(id), Name: id, Guest: true, Network: "n1"}
		}
		bob := session("Bob")
		bob.Network, bob.Born = "n1", time.Now()
		stream, _ := subscribe(t, c.b, bob, chat.All)
		neighbour, _ := subscribe(t, c.b, guest("neighbour"), chat.All)
		synctest.Wait()
		c.moderate(chat.RemoveMember{Member: bob.ID, Reason: "noise"})
		require.Equal(t, chat.RefusedRemoved, refused(stream.err()))
		require.NoError(t, neighbour.err())
		c.isIn(guest("visitor"))

		c.moderate(chat.RemoveMember{Member: "neighbour", Reason: "noise"}) // who comes back as another guest
		var why *chat.RefusedError
		require.ErrorAs(t, c.enter(c.b, guest("again")), &why)
		require.Equal(t, chat.RefusedRemoved, why.Code)
		require.Empty(t, why.Reason)
	})
}

// A guest that polls is in no roster, and refused all the same: also by a node that has to ask first.
func TestAGuestThatPollsIsBannedWithItsNetwork(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		bob := session("Bob")
		bob.Network = "n1"
		c.says(bob, "hello")
		c.moderate(chat.BanMember{Member: bob.ID})
		guest := chat.Principal{ID: "g", Name: "Troll", Guest: true, Network: "n1"}
		for range 2 { // the second time the room is known here
			_, err := c.b.Subscribe(t.Context(), guest, lobby, chat.Start{Transport: "poll", Unlisted: true}, &recorder{})
			require.Equal(t, chat.RefusedBanned, refused(err))
		}
		polling := &recorder{}
		guest.Network = "n2"
		sub, err := c.b.Subscribe(t.Context(), guest, lobby, chat.Start{Transport: "poll", Unlisted: true}, polling)
		require.NoError(t, err)
		defer sub.Close()
		eve := session("Eve")
		eve.Network = "n2"
		c.says(eve, "hello")
		c.moderate(chat.BanMember{Member: eve.ID})
		require.Equal(t, chat.RefusedBanned, refused(polling.err()))
	})
}

func TestBansOfGuestsThatHoldNobodyMakeRoom(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		guest := func(i int) chat.Principal {
			return chat.Principal{ID: chat.MemberID("g" + strconv.Itoa(i)), Name: "Troll", Guest: true, Network: "n" + strconv.Itoa(i)}
		}
		for i := range 3 {
			c.says(guest(i), "buy now")
			c.moderate(chat.BanMember{Member: guest(i).ID})
		}
		time.Sleep(24 * time.Hour)
		c.says(guest(3), "buy now")
		c.moderate(chat.BanMember{Member: guest(3).ID})
		bans, _, err := c.a.Bans(t.Context(), olga, lobby)
		require.NoError(t, err)
		require.Len(t, bans, 1)
		require.Equal(t, guest(3).ID, bans[0].Member.ID)
	})
}

func TestAMutedOneReadsAndDeletes(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		bob := session("Bob")
		said := c.says(bob, "hello")
		c.moderate(chat.MuteMember{Member: bob.ID, For: time.Hour})
		_, err := c.post(c.a, bob, "again")
		require.Equal(t, chat.RefusedMuted, refused(err))
		_, _, err = c.b.Post(t.Context(), bob, lobby, chat.Draft{Target: said.ID, Payload: chat.Edit{Text: "x"}})
		require.Equal(t, chat.RefusedMuted, refused(err))
		c.isIn(bob)
		_, _, err = c.b.Post(t.Context(), bob, lobby, chat.Draft{Target: said.ID, Payload: chat.Delete{}})
		require.NoError(t, err)
		c.moderate(chat.Unmute{Member: bob.ID})
		c.says(bob, "thank you")
	})
}

func TestPasswords(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		ann, bob, ctx := session("Ann"), session("Bob"), t.Context()
		inside, _ := subscribe(t, c.b, ann, chat.All)
		synctest.Wait()
		require.True(t, c.set(`{"password":"sesame"}`).Settings.HasPassword)
		require.NoError(t, inside.err(), "a door that closes leaves inside who is")
		c.isIn(ann)
		c.isOut(bob, chat.RefusedPassword)
		for _, wrong := range []string{"", "Sesame", "sesame "} {
			_, err := c.a.Enter(ctx, bob, lobby, chat.Credential{Password: wrong})
			require.Equal(t, chat.RefusedWrongPassword, refused(err))
		}
		s, err := c.a.Enter(ctx, bob, lobby, chat.Credential{Password: "sesame"})
		require.NoError(t, err)
		require.Equal(t, chat.RoleGuest, s.Role)
		c.isIn(bob)
		c.says(bob, "hello")

		// Programs give it with each request, guests too.
		guest := chat.Principal{ID: "g", Guest: true, Client: "g", LimitKey: "g", Password: "sesame"}
		c.isIn(guest)
		guest.Password = "wrong"
		c.isOut(guest, chat.RefusedWrongPassword)

		c.set(`{"password":"other"}`)
		c.isIn(bob)
		_, err = c.a.Enter(ctx, session("Cid"), lobby, chat.Credential{Password: "sesame"})
		require.Equal(t, chat.RefusedWrongPassword, refused(err))
		_, err = c.a.Enter(ctx, guest, lobby, chat.Credential{Password: "other"})
		require.ErrorIs(t, err, chat.ErrGuest)
		c.set(`{"password":null}`)
		c.isIn(session("Cid"))
	})
}

func TestInvitesLetIn(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		ctx, bob := t.Context(), session("Bob")
		c.set(`{"inviteOnly":true,"password":"sesame"}`)
		c.isOut(bob, chat.RefusedInvite)
		_, err := c.a.Enter(ctx, bob, lobby, chat.Credential{Password: "sesame"})
		require.Equal(t, chat.RefusedInvite, refused(err))
		_, err = c.a.Enter(ctx, bob, lobby, chat.Credential{Invite: "nonsense"})
		require.Equal(t, chat.RefusedWrongInvite, refused(err))
		invite, err := c.a.Invite(ctx, olga, lobby, chat.InviteTerms{})
		require.NoError(t, err)
		_, err = c.b.Enter(ctx, bob, lobby, chat.Credential{Invite: invite.Secret})
		require.NoError(t, err)
		c.isIn(bob)
		_, err = c.b.Enter(ctx, bob, lobby, chat.Credential{Invite: invite.Secret})
		require.NoError(t, err, "who is in uses nothing up")
		_, err = c.b.Enter(ctx, session("Cid"), lobby, chat.Credential{Invite: invite.Secret})
		require.Equal(t, chat.RefusedWrongInvite, refused(err))
	})
}

func TestALockKeepsOutWhoIsNew(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		ann, bob, writer := session("Ann"), session("Bob"), session("Writer")
		c.says(writer, "I was here")
		inside, _ := subscribe(t, c.b, ann, chat.All)
		synctest.Wait()
		c.set(`{"locked":true}`)
		require.NoError(t, inside.err())
		for _, who := range []chat.Principal{ann, writer, olga} {
			c.isIn(who)
		}
		c.isOut(bob, chat.RefusedLocked)
		_, err := c.a.Enter(t.Context(), bob, lobby, chat.Credential{Password: "x"})
		require.Equal(t, chat.RefusedLocked, refused(err))
		c.set(`{"locked":false}`)
		c.isIn(bob)
	})
}

// Who was sent out and is not back is nobody who is here, whatever of theirs is kept.
func TestALockLetsNobodyInWhoWasSentOut(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		bob, ann := session("Bob"), session("Ann")
		c.says(bob, "hello")
		c.says(ann, "hello")
		c.moderate(chat.RemoveMember{Member: bob.ID})
		c.moderate(chat.RemoveMember{Member: ann.ID})
		time.Sleep(time.Minute)
		c.says(ann, "I am back")
		c.set(`{"locked":true}`)
		c.isOut(bob, chat.RefusedLocked)
		c.isIn(ann)
	})
}

// However many are in a room when it is locked, a moderator can let in those whom it names.
func TestALockLeavesRolesForWhoIsNamed(t *testing.T) {
	for _, guests := range []bool{true, false} {
		inClub(t, func(t *testing.T, c club) {
			for i := range chat.MaxRoles {
				who := session("m" + strconv.Itoa(i))
				who.Guest = guests
				_, err := c.b.Subscribe(t.Context(), who, lobby, chat.Start{Transport: "ws"}, &recorder{})
				require.NoError(t, err)
			}
			ann := session("Ann")
			c.says(ann, "hello")
			c.set(`{"locked":true}`)
			if !guests {
				c.isOut(ann, chat.RefusedLocked)
				c.moderate(chat.SetRole{Member: ann.ID, Role: chat.RoleMember})
			}
			c.isIn(ann)
		})
	}
}

func TestNewcomersReadUntilTheyAreLetIn(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		ann, bob := session("Ann"), session("Bob")
		c.says(ann, "I was here")
		c.set(`{"newcomers":"read"}`)
		c.says(ann, "still")
		c.isIn(bob)
		_, err := c.post(c.a, bob, "buy now")
		require.Equal(t, chat.RefusedNotAllowed, refused(err))
		subscribe(t, c.b, bob, chat.All)
		synctest.Wait()
		e := c.moderate(chat.SetRole{Member: bob.ID, Role: chat.RoleMember})
		require.Equal(t, chat.NoticeLetIn, e.Payload.(chat.RoomNotice).What)
		c.says(bob, "thank you")
	})
}

// Who has been muted is not heard again as somebody else of the same network, also when a door closes
// and makes members of all who are inside.
func TestAMuteHoldsWhenADoorCloses(t *testing.T) {
	for _, door := range []string{`{"newcomers":"read"}`, `{"locked":true}`, `{"password":"sesame"}`, `{"inviteOnly":true}`} {
		inClub(t, func(t *testing.T, c club) {
			from := func(name string) chat.Principal {
				who := session(name)
				who.Network, who.Born = "n1", time.Now()
				return who
			}
			bob, neighbour, writer := from("Bob"), from("Neighbour"), from("Writer")
			c.says(bob, "buy now")
			c.says(writer, "hello")
			subscribe(t, c.b, neighbour, chat.All)
			time.Sleep(time.Minute)
			c.moderate(chat.MuteMember{Member: bob.ID, For: 48 * time.Hour, Reason: "spam"})
			time.Sleep(time.Minute)
			again := from("Bob again")
			subscribe(t, c.b, again, chat.All)
			subscribe(t, c.a, writer, chat.All)
			_, err := c.post(c.a, again, "buy now")
			require.Equal(t, chat.RefusedMuted, refused(err))

			c.set(door)
			for _, who := range []chat.Principal{neighbour, writer} {
				c.says(who, "we were here before")
			}
			c.isIn(again)
			for _, n := range []*chat.Node{c.a, c.b} {
				_, err = c.post(n, again, "buy now")
				require.Equal(t, chat.RefusedMuted, refused(err), door)
			}
			s, err := c.b.Settings(t.Context(), again, lobby)
			require.NoError(t, err)
			require.WithinDuration(t, time.Now().Add(24*time.Hour-time.Minute), s.MutedUntil, time.Second)
			c.set(`{"newcomers":"post","locked":false,"password":null,"inviteOnly":false}`)
			_, err = c.post(c.b, again, "buy now")
			require.Equal(t, chat.RefusedMuted, refused(err), door)

			c.moderate(chat.Unmute{Member: bob.ID})
			c.says(again, "it was a mistake")
		})
	}
}

// Who is banned right after it was removed comes back as nobody else of its network, though it has said
// nothing and is not there any more. Its neighbours are not removed with it.
func TestABanAfterARemovalIsOfTheNetworkToo(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		from := func(name string) chat.Principal {
			who := session(name)
			who.Network, who.Born = "n1", time.Now()
			return who
		}
		bob := from("Bob")
		subscribe(t, c.b, bob, chat.All)
		c.moderate(chat.RemoveMember{Member: bob.ID})
		c.isOut(bob, chat.RefusedRemoved)
		c.isIn(from("Neighbour"))
		c.moderate(chat.BanMember{Member: bob.ID})
		c.isOut(bob, chat.RefusedBanned)
		c.isOut(from("Bob again"), chat.RefusedBanned)
	})
}

// What is so already is done without a word: no notice, no new version, and no entry in the log.
func TestWhatIsSoAlreadyIsNotSaid(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		bob, ann := session("Bob"), session("Ann")
		c.says(bob, "hello")
		c.says(ann, "hello")
		c.moderate(chat.SetRole{Member: ann.ID, Role: chat.RoleModerator})
		silent := func(m chat.Moderation, what string) {
			t.Helper()
			before, err := c.a.History(t.Context(), olga, lobby)
			require.NoError(t, err)
			settings, err := c.a.Settings(t.Context(), olga, lobby)
			require.NoError(t, err)
			e := c.moderate(m)
			require.True(t, e.ID.IsZero())
			require.Equal(t, what, e.Payload.(chat.RoomNotice).What)
			require.Equal(t, olga.ID, e.From.ID)
			after, err := c.a.History(t.Context(), olga, lobby)
			require.NoError(t, err)
			require.Equal(t, before.Entries, after.Entries)
			again, err := c.a.Settings(t.Context(), olga, lobby)
			require.NoError(t, err)
			require.Equal(t, settings.Version, again.Version)
		}
		silent(chat.Unmute{Member: bob.ID}, chat.NoticeUnmuted)
		silent(chat.SetRole{Member: ann.ID, Role: chat.RoleModerator}, chat.NoticeRole)
		silent(chat.SetRole{Member: bob.ID, Role: chat.RoleGuest}, chat.NoticeRole)
		c.moderate(chat.MuteMember{Member: bob.ID, For: time.Minute})
		require.False(t, c.moderate(chat.MuteMember{Member: bob.ID, For: time.Hour}).ID.IsZero(), "another end")
		require.False(t, c.moderate(chat.Unmute{Member: bob.ID}).ID.IsZero())
		silent(chat.Unmute{Member: bob.ID}, chat.NoticeUnmuted)
	})
}

// A wrong password that comes with a request is one guess, whether the room is open here or not.
func TestAWrongPasswordIsOneGuess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, guesses := chattest.New(chattest.Options{}), &countedGuesses{}
		n := s.NewNode("a", chat.Options{Passwords: plain{}, Guesses: guesses})
		defer func() { require.NoError(t, n.Close(t.Context())) }()
		_, _, err := n.Own(t.Context(), olga, lobby, chat.OwnRequest{New: true})
		require.NoError(t, err)
		_, err = n.ChangeSettings(t.Context(), olga, lobby, chat.SettingsPatch{"password": json.RawMessage(`"sesame"`)}, nil)
		require.NoError(t, err)
		c := club{T: t, store: s, a: n, b: n}
		guest := chat.Principal{ID: "g", Name: "Gus", Guest: true, Client: "g", LimitKey: "g", Password: "wrong"}
		for _, open := range []bool{false, true} {
			if open {
				subscribe(t, n, olga, chat.All)
				synctest.Wait()
			}
			for what, do := range map[string]func() error{
				"post":   func() error { _, err := c.post(n, guest, "hello"); return err },
				"stream": func() error { return c.enter(n, guest) },
				"read":   func() error { _, err := n.History(t.Context(), guest, lobby); return err },
			} {
				before := guesses.made
				require.Equal(t, chat.RefusedWrongPassword, refused(do()), what)
				require.Equal(t, 1, guesses.made-before, "%s, open %v", what, open)
			}
		}
	})
}

// A password that was right once tells nobody else that it is: from another network it is a guess,
// and where too many were wrong it is refused as those are.
func TestARememberedPasswordTellsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, guesses := chattest.New(chattest.Options{}), &countedGuesses{}
		n := s.NewNode("a", chat.Options{Passwords: plain{}, Guesses: guesses})
		defer func() { require.NoError(t, n.Close(t.Context())) }()
		_, _, err := n.Own(t.Context(), olga, lobby, chat.OwnRequest{New: true})
		require.NoError(t, err)
		_, err = n.ChangeSettings(t.Context(), olga, lobby, chat.SettingsPatch{"password": json.RawMessage(`"sesame"`)}, nil)
		require.NoError(t, err)
		read := func(network string) error {
			_, err := n.History(t.Context(), chat.Principal{
				ID: "g", Name: "Gus", Guest: true, LimitKey: network, NetworkKey: network, Password: "sesame",
			}, lobby)
			return err
		}
		for range 3 {
			require.NoError(t, read("home"))
		}
		require.Equal(t, 1, guesses.made, "it is known there")
		require.NoError(t, read("elsewhere"))
		require.Equal(t, 2, guesses.made, "and a guess elsewhere")

		guesses.limited = &chat.LimitError{Name: "passwords", RetryAfter: time.Minute}
		var limit *chat.LimitError
		require.ErrorAs(t, read("home"), &limit)
		_, err = n.Enter(t.Context(), chat.Principal{ID: "ann", Name: "Ann", LimitKey: "ann", NetworkKey: "home"}, lobby,
			chat.Credential{Password: "sesame"})
		require.ErrorAs(t, err, &limit)
	})
}

// countedGuesses counts guesses, and bounds those that are known to be right.
type countedGuesses struct {
	made    int
	limited error
}

func (g *countedGuesses) Refused(chat.Principal) error { return g.limited }

func (g *countedGuesses) Guess(_ context.Context, _ chat.Principal, _ chat.RoomID, look func() (bool, error)) (bool, error) {
	g.made++
	return look()
}

func TestSlowModeOnAllNodes(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		bob := session("Bob")
		c.set(`{"slowMode":10}`)
		c.says(bob, "one")
		var slow *chat.SlowModeError
		_, err := c.post(c.a, bob, "two")
		require.ErrorAs(t, err, &slow)
		require.Equal(t, 10*time.Second, slow.RetryAfter)
		c.says(session("Ann"), "others may")
		c.says(olga, "one")
		c.says(olga, "two")
		time.Sleep(10 * time.Second)
		c.says(bob, "two")
		c.set(`{"slowMode":3600}`)
		time.Sleep(10 * time.Second)
		_, err = c.post(c.a, bob, "three")
		require.ErrorAs(t, err, &slow)
		c.set(`{"slowMode":15}`)
		_, err = c.post(c.a, bob, "three")
		require.ErrorAs(t, err, &slow)
		require.Equal(t, 5*time.Second, slow.RetryAfter, "a slow mode that has been shortened")
		time.Sleep(5 * time.Second)
		c.says(bob, "three")
	})
}

func TestWhatANewReaderIsShown(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		ann := session("Ann")
		said := c.says(ann, "old")
		time.Sleep(time.Second)
		for _, mode := range []string{chat.HistoryNone, chat.HistorySinceJoined} {
			c.set(`{"history":"` + mode + `"}`)
			bob := session("Bob, " + mode)
			time.Sleep(time.Second)
			first, sub := subscribe(t, c.b, bob, chat.All)
			require.Equal(t, []string{"<welcome>", "<live>"}, texts(first.take()), mode)
			time.Sleep(time.Second)
			seen := c.says(ann, "new in "+mode)
			synctest.Wait()
			require.Contains(t, texts(first.take()), "new in "+mode)

			tab, tabSub := subscribe(t, c.b, bob, chat.All)
			kept, err := c.a.History(t.Context(), bob, lobby)
			require.NoError(t, err)
			if mode == chat.HistoryNone {
				require.Equal(t, []string{"<welcome>", "<live>"}, texts(tab.take()))
				require.Empty(t, kept.Entries)
			} else {
				require.Equal(t, []string{"<welcome>", "new in " + mode, "<live>"}, texts(tab.take()))
				require.Equal(t, []chat.Entry{seen}, kept.Entries)
			}
			require.Equal(t, seen.ID, kept.Last())

			// Who was cut off gets what it missed; whoever names the beginning is a new reader.
			missed := c.says(ann, "missed in "+mode)
			again, againSub := subscribe(t, c.b, bob, chat.Start{Resume: true, After: seen.ID})
			require.Equal(t, []string{"<welcome>", "missed in " + mode, "<live>"}, texts(again.take()))
			zero, zeroSub := subscribe(t, c.b, session("Cid"), chat.Start{Resume: true})
			require.NotContains(t, texts(zero.take()), "old")
			void, voidSub := subscribe(t, c.b, session("Cid"), chat.Start{Resume: true, After: chat.Cursor{Seq: said.ID.Seq, Tag: said.ID.Tag + 1}})
			require.NotContains(t, texts(void.take()), "old")
			kept, err = c.a.History(t.Context(), bob, lobby)
			require.NoError(t, err)
			fresh, reason := kept.After(seen.ID)
			require.Empty(t, reason)
			require.Equal(t, []chat.Entry{missed}, fresh)
			fresh, _ = kept.After(chat.Cursor{})
			require.NotContains(t, fresh, said)

			rooms, err := c.a.Rooms(t.Context(), bob)
			require.NoError(t, err)
			for _, room := range rooms {
				require.Nil(t, room.Last)
			}
			moderator, modSub := subscribe(t, c.b, olga, chat.All)
			require.Contains(t, texts(moderator.take()), "old")
			for _, s := range []*chat.Subscription{sub, tabSub, againSub, zeroSub, voidSub, modSub} {
				s.Leave()
			}
			synctest.Wait()
		}
	})
}

func TestAResetShowsNobodyMoreThanANewReader(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		c.says(session("Ann"), "old")
		c.set(`{"history":"none"}`)
		bob, _ := subscribe(t, c.b, session("Bob"), chat.All)
		mod, _ := subscribe(t, c.b, olga, chat.All)
		synctest.Wait()
		bob.take()
		mod.take()
		c.store.CutFeed(true)
		c.store.Do(lobby, func(r *chattest.Room) { r.Lose(1) })
		c.says(session("Ann"), "after the loss")
		c.store.MendFeed(true)
		synctest.Wait()
		require.Equal(t, []string{"<reset rewritten>", "<live>"}, texts(bob.take()))
		require.Contains(t, texts(mod.take()), "old")
	})
}

func TestAFullRoom(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		c.set(`{"maxMembers":1}`)
		_, sub := subscribe(t, c.a, session("Ann"), chat.All)
		require.Equal(t, chat.RefusedFull, refused(c.enter(c.b, session("Bob"))))
		require.Equal(t, chat.RefusedFull, refused(c.enter(c.a, session("Bob"))))
		require.NoError(t, c.enter(c.b, session("Ann")), "another tab")
		require.NoError(t, c.enter(c.b, olga))
		sub.Leave()
		synctest.Wait()
		require.NoError(t, c.enter(c.b, session("Bob")))
	})
}

// Who can't come in, since the room is full, is shown nothing to begin with.
func TestTheFirstHistoryOfAFullRoom(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		ann := session("Ann")
		c.says(ann, "hello")
		c.set(`{"maxMembers":1}`)
		first := func(who chat.Principal) error {
			_, err := c.b.FirstHistory(t.Context(), who, lobby)
			return err
		}
		require.NoError(t, first(session("Bob")))
		_, sub := subscribe(t, c.a, ann, chat.All)
		synctest.Wait()
		require.Equal(t, chat.RefusedFull, refused(first(session("Bob"))))
		require.Equal(t, chat.RefusedFull, refused(first(chat.Principal{ID: "g", Guest: true})))
		require.NoError(t, first(ann), "who is in")
		require.NoError(t, first(olga), "moderators always come in")
		sub.Leave()
		synctest.Wait()
		require.NoError(t, first(session("Bob")))
	})
}

// A guest's poll is nobody in the roster. It takes no place, and where there is none it is refused as
// everybody else is.
func TestAPollOfAGuestInAFullRoom(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		c.set(`{"maxMembers":2}`)
		poll := func(n *chat.Node, who chat.Principal) error {
			sub, err := n.Subscribe(t.Context(), who, lobby, chat.Start{Transport: "poll", Unlisted: true}, &recorder{})
			if err == nil {
				sub.Close()
				synctest.Wait()
			}
			return err
		}
		gus := chat.Principal{ID: "g", Name: "Gus", Guest: true}
		_, ann := subscribe(t, c.a, session("Ann"), chat.All)
		synctest.Wait()
		require.NoError(t, poll(c.a, gus))
		require.NoError(t, poll(c.b, gus))
		_, bob := subscribe(t, c.b, session("Bob"), chat.All)
		synctest.Wait()
		require.Equal(t, chat.RefusedFull, refused(poll(c.a, gus)))
		require.Equal(t, chat.RefusedFull, refused(poll(c.b, gus)))
		require.NoError(t, poll(c.b, session("Ann")), "who is in")
		require.NoError(t, poll(c.b, olga), "moderators always come in")
		bob.Leave()
		synctest.Wait()
		require.NoError(t, poll(c.a, gus))
		ann.Leave()
	})
}

func TestClearing(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		ann := session("Ann")
		first := c.says(ann, "secret")
		here, _ := subscribe(t, c.b, ann, chat.All)
		last := c.says(ann, "more")
		synctest.Wait()
		here.take()
		e, err := c.a.Clear(t.Context(), olga, lobby)
		require.NoError(t, err)
		synctest.Wait()
		require.Contains(t, here.take(), chat.Appended{Entry: e})
		require.Equal(t, last.ID.Seq+1, e.ID.Seq)
		fresh, _ := subscribe(t, c.b, session("New"), chat.All)
		told := fresh.take()
		require.Contains(t, told, chat.Appended{Entry: e})
		require.NotContains(t, texts(told), "secret")
		late, _ := subscribe(t, c.b, ann, chat.Start{Resume: true, After: first.ID})
		require.Equal(t, []string{"<welcome>", "<reset expired>", "", "<live>"}, texts(late.take()))
		quick, _ := subscribe(t, c.b, ann, chat.Start{Resume: true, After: last.ID})
		require.Equal(t, []string{"<welcome>", "", "<live>"}, texts(quick.take()))
		mark, err := c.b.ReadMark(t.Context(), session("New"), lobby)
		require.NoError(t, err)
		require.Zero(t, mark.Unread)
		c.says(ann, "on we go")
		synctest.Wait()
		require.Contains(t, texts(here.take()), "on we go")
		require.NoError(t, here.err())
	})
}

func TestClosingForGood(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		ann := session("Ann")
		stream, _ := subscribe(t, c.b, ann, chat.All)
		owner, _ := subscribe(t, c.a, olga, chat.All)
		synctest.Wait()
		require.NoError(t, c.a.CloseRoom(t.Context(), olga, lobby))
		synctest.Wait()
		require.Equal(t, chat.RefusedClosed, refused(stream.err()))
		require.Equal(t, chat.RefusedClosed, refused(owner.err()))
		c.isOut(ann, chat.RefusedClosed)
		c.isOut(olga, chat.RefusedClosed)
		_, _, err := c.a.Own(t.Context(), ann, lobby, chat.OwnRequest{New: true})
		require.Equal(t, chat.RefusedClosed, refused(err))
		_, err = c.a.Enter(t.Context(), ann, lobby, chat.Credential{Owner: "x"})
		require.Equal(t, chat.RefusedClosed, refused(err))
	})
}

func TestSettingsAreTold(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		ann := session("Ann")
		r, _ := subscribe(t, c.b, ann, chat.All)
		told := r.take()
		first, ok := told[1].(chat.SettingsChanged)
		require.True(t, ok, "right after the welcome")
		require.Equal(t, "Club", first.Settings.Title)
		require.True(t, first.Owned)
		require.Equal(t, int64(1), first.Version)
		s := c.set(`{"topic":"Tea","password":"sesame"}`)
		require.Equal(t, int64(2), s.Version)
		told = r.take()
		require.Contains(t, told, chat.SettingsChanged{Version: 2, Settings: s.Settings, Owned: true})
		for _, b := range told {
			if e, ok := b.(chat.Appended); ok {
				n := e.Entry.Payload.(chat.RoomNotice)
				require.Equal(t, chat.NoticeSettings, n.What)
				require.JSONEq(t, `{"changed":["password","topic"],"settings":{"password":true,"topic":"Tea"}}`, string(n.Fields))
			}
		}
		require.Equal(t, s, c.set(`{"topic":"Tea"}`), "nothing has changed")
		require.Empty(t, r.take())
		version := int64(1)
		_, err := c.b.ChangeSettings(t.Context(), olga, lobby, patch(t, `{"topic":"Milk"}`), &version)
		require.ErrorIs(t, err, chat.ErrVersion)
	})
}

func TestAnOpenRoomHasNoSettingsToTell(t *testing.T) {
	inLobby(t, func(t *testing.T, _ *chattest.Store, n *chat.Node) {
		r, _ := subscribe(t, n, session("Ann"), chat.All)
		require.Len(t, r.take(), 2)
		s, err := n.Settings(t.Context(), session("Ann"), lobby)
		require.NoError(t, err)
		require.Equal(t, chat.RoomSettings{Settings: chat.DefaultSettings()}, s)
		_, err = n.ChangeSettings(t.Context(), session("Ann"), lobby, patch(t, `{"topic":"x"}`), nil)
		require.ErrorIs(t, err, chat.ErrNotOwned)
	})
}

func TestOwningARoomThatOneIsAloneIn(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		ann, bob, ctx := session("Ann"), session("Bob"), t.Context()
		own := func(who chat.Principal) error {
			_, _, err := n.Own(ctx, who, lobby, chat.OwnRequest{})
			return err
		}
		require.ErrorIs(t, own(ann), chat.ErrOwned, "she is not there")
		stream, _ := subscribe(t, n, ann, chat.All)
		_, sub := subscribe(t, n, bob, chat.All)
		require.ErrorIs(t, own(ann), chat.ErrOwned)
		sub.Leave()
		synctest.Wait()
		stream.take()
		require.ErrorIs(t, own(chat.Principal{ID: "g", Guest: true}), chat.ErrNotSignedIn)
		require.NoError(t, own(ann))
		synctest.Wait()
		require.Contains(t, stream.take(), chat.SettingsChanged{Version: 1, Settings: chat.DefaultSettings(), Owned: true})
		require.ErrorIs(t, own(ann), chat.ErrOwned)
		require.ErrorIs(t, own(bob), chat.ErrOwned)
		roster, err := n.Members(ctx, ann, lobby)
		require.NoError(t, err)
		require.Equal(t, chat.RoleOwner, roster.Members[0].Role)
	})
}

func TestOwnersLink(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		phone, ctx := session("Phone"), t.Context()
		secret, err := c.b.OwnerLink(ctx, olga, lobby)
		require.NoError(t, err)
		_, err = c.b.OwnerLink(ctx, session("Ann"), lobby)
		require.Equal(t, chat.RefusedNotAllowed, refused(err))
		c.set(`{"locked":true}`)
		_, err = c.a.Enter(ctx, phone, lobby, chat.Credential{Owner: secret + "x"})
		require.Equal(t, chat.RefusedWrongInvite, refused(err))
		s, err := c.a.Enter(ctx, phone, lobby, chat.Credential{Owner: secret})
		require.NoError(t, err)
		require.Equal(t, chat.RoleOwner, s.Role)
		newer, err := c.b.OwnerLink(ctx, phone, lobby)
		require.NoError(t, err)
		_, err = c.a.Enter(ctx, session("Thief"), lobby, chat.Credential{Owner: secret})
		require.Equal(t, chat.RefusedWrongInvite, refused(err), "the old one has ended")
		_, err = c.a.Enter(ctx, session("Tablet"), lobby, chat.Credential{Owner: newer})
		require.NoError(t, err)
	})
}

func TestGivingTheRoomAway(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		ann := session("Ann")
		c.says(ann, "hello")
		secret, err := c.a.OwnerLink(t.Context(), olga, lobby)
		require.NoError(t, err)
		c.moderate(chat.SetRole{Member: ann.ID, Role: chat.RoleOwner})
		_, err = c.a.Enter(t.Context(), olga, lobby, chat.Credential{Owner: secret})
		require.Equal(t, chat.RefusedWrongInvite, refused(err), "and her link with it")
		s, err := c.b.Settings(t.Context(), olga, lobby)
		require.NoError(t, err)
		require.Equal(t, chat.RoleModerator, s.Role)
		_, err = c.b.Clear(t.Context(), olga, lobby)
		require.Equal(t, chat.RefusedNotAllowed, refused(err))
		_, err = c.b.Clear(t.Context(), ann, lobby)
		require.NoError(t, err)
	})
}

func TestAnOwnerWhoNeverComesBack(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		mod, ctx := session("Mod"), t.Context()
		c.says(mod, "hello")
		c.moderate(chat.SetRole{Member: mod.ID, Role: chat.RoleModerator})
		time.Sleep(chat.RulesLife - time.Hour)
		require.NoError(t, c.enter(c.a, olga)) // she is seen
		time.Sleep(chat.RulesLife - time.Hour)
		_, _, err := c.b.Own(ctx, mod, lobby, chat.OwnRequest{})
		require.ErrorIs(t, err, chat.ErrOwned)
		time.Sleep(2 * time.Hour)
		s, _, err := c.b.Own(ctx, mod, lobby, chat.OwnRequest{})
		require.NoError(t, err)
		require.Equal(t, chat.RoleOwner, s.Role)
	})
}

// An owner need not have a stream: whatever it does in the room, over HTTP too, it has been there.
// That is noted once a day. What others do about it, and what it is refused, does not count.
func TestAnOwnerIsSeenByWhatItDoes(t *testing.T) {
	seen := map[string]func(ctx context.Context, c club) error{
		"a post":    func(_ context.Context, c club) error { _, err := c.post(c.b, olga, "hello"); return err },
		"a reading": func(ctx context.Context, c club) error { _, err := c.b.History(ctx, olga, lobby); return err },
		"members":   func(ctx context.Context, c club) error { _, err := c.b.Members(ctx, olga, lobby); return err },
		"settings":  func(ctx context.Context, c club) error { _, err := c.b.Settings(ctx, olga, lobby); return err },
		"bans":      func(ctx context.Context, c club) error { _, _, err := c.b.Bans(ctx, olga, lobby); return err },
		"a change":  func(_ context.Context, c club) error { c.set(`{"topic":"tea"}`); return nil },
	}
	unseen := map[string]func(ctx context.Context, c club) error{
		"a push":    func(ctx context.Context, c club) error { return c.b.MayBeTold(ctx, olga, lobby) },
		"a leaving": func(ctx context.Context, c club) error { return c.b.Leave(ctx, olga, lobby, "") },
	}
	for want, doings := range map[bool]map[string]func(context.Context, club) error{true: seen, false: unseen} {
		for name, do := range doings {
			t.Run(name, func(t *testing.T) {
				inClub(t, func(t *testing.T, c club) {
					mod, ctx := session("Mod"), t.Context()
					c.says(mod, "hello")
					c.moderate(chat.SetRole{Member: mod.ID, Role: chat.RoleModerator})
					time.Sleep(chat.RulesLife - time.Hour)
					before := c.store.Calls("owner")
					for range 3 {
						require.NoError(t, do(ctx, c))
						synctest.Wait()
					}
					times := c.store.Calls("owner") - before
					time.Sleep(2 * time.Hour)
					_, _, err := c.b.Own(ctx, mod, lobby, chat.OwnRequest{})
					if want {
						require.ErrorIs(t, err, chat.ErrOwned)
						require.Equal(t, 1, times, "once a day")
					} else {
						require.NoError(t, err)
						require.Zero(t, times)
					}
				})
			})
		}
	}
}

func TestWhoModeratesWhom(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		mod, other, ann := session("Mod"), session("Other"), session("Ann")
		for _, who := range []chat.Principal{mod, other, ann} {
			c.says(who, "hello")
		}
		c.moderate(chat.SetRole{Member: mod.ID, Role: chat.RoleModerator})
		c.moderate(chat.SetRole{Member: other.ID, Role: chat.RoleModerator})
		for _, row := range []struct {
			by   chat.Principal
			m    chat.Moderation
			want chat.Refusal
		}{
			{ann, chat.RemoveMember{Member: mod.ID}, chat.RefusedNotAllowed},
			{ann, chat.SetRole{Member: ann.ID, Role: chat.RoleModerator}, chat.RefusedNotAllowed},
			{mod, chat.RemoveMember{Member: olga.ID}, chat.RefusedNotAllowed},
			{mod, chat.BanMember{Member: other.ID}, chat.RefusedNotAllowed},
			{mod, chat.BanMember{Member: mod.ID}, chat.RefusedNotAllowed},
			{mod, chat.SetRole{Member: ann.ID, Role: chat.RoleModerator}, chat.RefusedNotAllowed},
			{mod, chat.SetRole{Member: other.ID, Role: chat.RoleGuest}, chat.RefusedNotAllowed},
			{mod, chat.SetRole{Member: ann.ID, Role: chat.RoleMember}, ""},
			{mod, chat.MuteMember{Member: ann.ID}, ""},
			{olga, chat.SetRole{Member: other.ID, Role: chat.RoleGuest}, ""},
			{olga, chat.RemoveMember{Member: mod.ID}, ""},
		} {
			_, err := c.b.Moderate(t.Context(), row.by, lobby, row.m)
			require.Equal(t, row.want, refused(err), "%s: %+v", row.by.Name, row.m)
			synctest.Wait()
		}
		_, err := c.b.Moderate(t.Context(), olga, lobby, chat.BanMember{Member: "nobody"})
		require.ErrorIs(t, err, chat.ErrNoMember)
		for field, m := range map[string]chat.Moderation{
			"reason":         chat.BanMember{Member: ann.ID, Reason: string(make([]byte, chat.MaxReason+1))},
			"for":            chat.BanMember{Member: ann.ID, For: -time.Second},
			"deleteMessages": chat.BanMember{Member: ann.ID, DeleteMessages: -1},
			"role":           chat.SetRole{Member: ann.ID, Role: chat.RoleOperator},
		} {
			_, err := c.b.Moderate(t.Context(), olga, lobby, m)
			var invalid *chat.InvalidError
			require.ErrorAs(t, err, &invalid)
			require.Equal(t, field, invalid.Field)
		}
	})
}

func TestModeratorsChangeSomeSettings(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		mod := session("Mod")
		c.says(mod, "hello")
		c.moderate(chat.SetRole{Member: mod.ID, Role: chat.RoleModerator})
		_, err := c.b.ChangeSettings(t.Context(), mod, lobby, patch(t, `{"topic":"Tea","slowMode":3}`), nil)
		require.NoError(t, err)
		_, err = c.b.ChangeSettings(t.Context(), mod, lobby, patch(t, `{"topic":"Tea","password":"x"}`), nil)
		require.Equal(t, chat.RefusedNotAllowed, refused(err))
		_, err = c.b.ChangeSettings(t.Context(), session("Ann"), lobby, patch(t, `{"topic":"x"}`), nil)
		require.Equal(t, chat.RefusedNotAllowed, refused(err))
	})
}

func TestWhatTheBannedHaveSaidGoes(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		bob, ann := session("Bob"), session("Ann")
		c.says(bob, "long ago")
		time.Sleep(time.Hour)
		for i := range 5 {
			c.says(bob, "spam "+strconv.Itoa(i))
		}
		kept := c.says(ann, "not mine")
		guest := func(id string) chat.Principal {
			return chat.Principal{ID: chat.MemberID(id), Name: "Troll", Guest: true, Client: "n", LimitKey: "n", Network: "n"}
		}
		c.says(guest("1"), "troll one")
		last := c.says(guest("2"), "troll two")
		c.moderate(chat.BanMember{Member: bob.ID, DeleteMessages: 10 * time.Minute})
		c.moderate(chat.BanMember{Member: last.From.ID, DeleteMessages: 10 * time.Minute})
		history, err := c.b.History(t.Context(), olga, lobby)
		require.NoError(t, err)
		var left []string
		for _, e := range history.Entries {
			if e.Text() != "" {
				left = append(left, e.Text())
			}
		}
		require.Equal(t, []string{"long ago", kept.Text()}, left)
	})
}

func TestModeratorsDeleteWhatOthersSaid(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		said := c.says(session("Ann"), "hello")
		d := chat.Draft{Target: said.ID, Payload: chat.Delete{}}
		_, _, err := c.b.Post(t.Context(), session("Bob"), lobby, d)
		require.ErrorIs(t, err, chat.ErrNotAuthor)
		_, _, err = c.b.Post(t.Context(), olga, lobby, chat.Draft{Target: said.ID, Payload: chat.Edit{Text: "x"}})
		require.ErrorIs(t, err, chat.ErrNotAuthor)
		_, _, err = c.b.Post(t.Context(), olga, lobby, d)
		require.NoError(t, err)
	})
}

// What is answered holds: whom the site has made a moderator, only an owner bans, and whom it has
// made an owner, nobody.
func TestABanOfWhomTheSiteHasGivenARole(t *testing.T) {
	inClub(t, func(t *testing.T, c club) {
		mod := session("Mod")
		require.NoError(t, c.enter(c.a, mod))
		c.says(mod, "hello")
		c.moderate(chat.SetRole{Member: mod.ID, Role: chat.RoleModerator})
		site := func(name string, role chat.Role) chat.Principal {
			who := session(name)
			who.Via, who.Role = chat.ViaSite, role
			return who
		}
		present, wrote, owner := site("Present", chat.RoleModerator), site("Wrote", chat.RoleModerator), site("Owner", chat.RoleOwner)
		stream, _ := subscribe(t, c.b, present, chat.All)
		c.says(wrote, "hello")
		c.says(owner, "hello")
		for _, who := range []chat.Principal{present, wrote, owner} {
			for _, what := range []chat.Moderation{
				chat.BanMember{Member: who.ID}, chat.MuteMember{Member: who.ID}, chat.RemoveMember{Member: who.ID},
			} {
				_, err := c.a.Moderate(t.Context(), mod, lobby, what)
				require.Equal(t, chat.RefusedNotAllowed, refused(err), "%T %s", what, who.Name)
			}
			c.isIn(who)
		}
		_, err := c.a.Moderate(t.Context(), olga, lobby, chat.BanMember{Member: owner.ID})
		require.Equal(t, chat.RefusedNotAllowed, refused(err))
		_, err = c.a.Moderate(t.Context(), olga, lobby, chat.SetRole{Member: wrote.ID, Role: chat.RoleGuest})
		require.Equal(t, chat.RefusedNotAllowed, refused(err), "the site has made it that")

		c.moderate(chat.MuteMember{Member: wrote.ID})
		_, err = c.post(c.b, wrote, "more")
		require.Equal(t, chat.RefusedMuted, refused(err))
		for _, who := range []chat.Principal{present, wrote} {
			c.moderate(chat.BanMember{Member: who.ID})
			c.isOut(who, chat.RefusedBanned)
		}
		require.Equal(t, chat.RefusedBanned, refused(stream.err()))
		c.isIn(owner)
	})
}

// A node reads the rules and the log one after the other, and may be slow between the two, while its
// feed is silent. Who is banned in that time is told nothing that is said after it.
func TestABanBetweenTwoReadsHidesWhatComesAfterIt(t *testing.T) {
	var ann, bob = session("Ann"), session("Bob")
	meanwhile := func(c club) {
		time.Sleep(100 * time.Millisecond) // half of what the log takes
		c.moderate(chat.BanMember{Member: bob.ID})
		c.says(ann, "secret")
	}
	test := func(what string, read func(c club, n *chat.Node, at chat.Cursor) (told []string, err error)) {
		t.Run(what, func(t *testing.T) {
			inClub(t, func(t *testing.T, c club) {
				store := c.store.Node("c")
				n := chat.NewNode(queuedLog{store, 200 * time.Millisecond}, store, store, store, store, chat.Options{Passwords: plain{}})
				defer func() { require.NoError(t, n.Close(t.Context())) }()
				subscribe(t, n, olga, chat.All)
				c.says(bob, "hello") // who has said something can be banned
				c.store.DelayFeed("c")
				at := c.says(ann, "one")
				told, err := read(c, n, at.ID)
				require.Equal(t, chat.RefusedBanned, refused(err))
				require.NotContains(t, told, "secret")
			})
		})
	}
	resume := func(who chat.Principal, unlisted bool) func(c club, n *chat.Node, at chat.Cursor) ([]string, error) {
		return func(c club, n *chat.Node, at chat.Cursor) ([]string, error) {
			sink, done := &recorder{}, make(chan error, 1)
			go func() {
				_, err := n.Subscribe(c.Context(), who, lobby, chat.Start{Resume: true, After: at, Unlisted: unlisted}, sink)
				done <- err
			}()
			meanwhile(c)
			return texts(sink.take()), <-done
		}
	}
	test("a stream", resume(bob, false))
	test("a stream of several rooms", resume(bob, true))
	test("a stream that is there when another has it read", func(c club, n *chat.Node, at chat.Cursor) ([]string, error) {
		c.store.CatchUp("c")
		there, _ := subscribe(c.T, n, bob, chat.All)
		there.take()
		c.store.DelayFeed("c")
		_, _ = resume(ann, true)(c, n, c.says(ann, "two").ID)
		synctest.Wait()
		return texts(there.take()), there.err()
	})
	test("history", func(c club, n *chat.Node, _ chat.Cursor) (told []string, _ error) {
		done := make(chan error, 1)
		go func() {
			kept, err := n.History(c.Context(), bob, lobby)
			for _, e := range kept.Entries {
				told = append(told, e.Text())
			}
			done <- err
		}()
		meanwhile(c)
		err := <-done
		return told, err
	})
}
