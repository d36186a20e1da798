package push

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/chattest"
	"github.com/caller-chat/caller/chat/limits"
	"github.com/caller-chat/caller/internal/pushservice"
	"github.com/caller-chat/caller/internal/testwait"
)

func TestMentionsAndRepliesArePushed(t *testing.T) {
	s := newSite(t, Options{AllowPrivate: true}, nil)
	s.Start(s.rooms)
	ann, bob := principal("Ann"), principal("Bob")
	phone, desk := s.subscribe(t, ann, nil), s.subscribe(t, ann, nil)

	said := s.say(t, bob, chat.Message{Text: "@Ann " + strings.Repeat("ж", 200), Mentions: []chat.MemberID{ann.ID}})
	want := notification{RoomID: lobby, ID: said.ID.String(), What: whatMention, From: "Bob", Excerpt: chat.Excerpt(said.Text())}
	var reached []*pushservice.Browser
	length := 0
	for range 2 {
		push := testwait.Receive(t, s.service.Pushes(), "nothing was pushed: %v", s.service.Faults())
		var got notification
		require.NoError(t, json.Unmarshal([]byte(push.Text), &got))
		assert.Equal(t, want, got)
		assert.Equal(t, "high", push.Urgency)
		assert.LessOrEqual(t, push.TTL, int(TTL/time.Second))
		assert.Positive(t, push.TTL)
		reached = append(reached, push.Browser)
		length = push.Length
	}
	assert.ElementsMatch(t, []*pushservice.Browser{phone, desk}, reached)

	hers := s.say(t, ann, chat.Message{Text: "what?"})
	s.say(t, bob, chat.Message{Text: "that", ReplyTo: &chat.Quote{ID: hers.ID}})
	push := testwait.Receive(t, s.service.Pushes(), "nothing was pushed")
	var got notification
	require.NoError(t, json.Unmarshal([]byte(push.Text), &got))
	assert.Equal(t, whatReply, got.What)
	assert.Equal(t, "that", got.Excerpt)
	assert.Equal(t, length, push.Length, "the length says nothing of what is in it")
	assert.Empty(t, s.service.Faults())
}

// TestWhoIsTold has who of several members a message goes to.
func TestWhoIsTold(t *testing.T) {
	ann, bob, cleo := principal("Ann"), principal("Bob"), principal("Cleo")
	mention := func(ids ...chat.MemberID) chat.Message { return chat.Message{Text: "hello", Mentions: ids} }
	for _, c := range []struct {
		name    string
		message chat.Message
		before  func(t *testing.T, s *site)
		after   func(t *testing.T, s *site, said chat.Entry)
		want    []string // who, and why
	}{
		{name: "all who are named", message: mention(ann.ID, cleo.ID, "id-nobody"), want: []string{"id-Ann mention", "id-Cleo mention"}},
		{name: "nobody", message: chat.Message{Text: "@Ann"}},
		{name: "not the author", message: mention(bob.ID, ann.ID), want: []string{"id-Ann mention"}},
		{
			name: "not who is there", message: mention(ann.ID, cleo.ID), want: []string{"id-Cleo mention"},
			before: func(t *testing.T, s *site) {
				_, err := s.store.Hold(t.Context(), lobby, []chat.Member{ann.Member("ws")}, chat.Admission{})
				require.NoError(t, err)
			},
		},
		{
			name: "who is in another room", message: mention(ann.ID), want: []string{"id-Ann mention"},
			before: func(t *testing.T, s *site) {
				_, err := s.store.Hold(t.Context(), "another", []chat.Member{ann.Member("ws")}, chat.Admission{})
				require.NoError(t, err)
			},
		},
		{
			name: "not of what was deleted", message: mention(ann.ID),
			after: func(t *testing.T, s *site, said chat.Entry) {
				_, _, err := s.rooms.Post(t.Context(), bob, lobby, chat.Draft{Target: said.ID, Payload: chat.Delete{}})
				require.NoError(t, err)
			},
		},
		{
			name: "not of what is no longer kept", message: mention(ann.ID),
			after: func(_ *testing.T, s *site, _ chat.Entry) { s.store.Do(lobby, (*chattest.Room).Clear) },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, Options{AllowPrivate: true}, nil)
			for _, who := range []chat.Principal{ann, bob, cleo} {
				s.subscribe(t, who, map[string]string{"quiet": "none"})
			}
			if c.before != nil {
				c.before(t, s)
			}
			said := s.say(t, bob, c.message)
			if c.after != nil {
				c.after(t, s, said)
			}
			assert.Equal(t, c.want, s.whoIsTold(t))
		})
	}
}

// whoIsTold is to whom what is queued goes.
func (s *site) whoIsTold(t *testing.T) (who []string) {
	t.Helper()
	for {
		select {
		case m := <-s.messages:
			all, err := s.deliveriesOf(t.Context(), s.rooms, m)
			require.NoError(t, err)
			for _, d := range all {
				assert.NotEmpty(t, d.payload)
				who = append(who, string(d.to)+" "+d.what)
			}
		default:
			slices.Sort(who)
			return who
		}
	}
}

func TestWhatOneWantsOfARoom(t *testing.T) {
	s := newSite(t, Options{AllowPrivate: true}, nil)
	ann, bob := principal("Ann"), principal("Bob")
	for want, told := range map[string]bool{"none": false, "mentions": true, "all": true} {
		require.NoError(t, s.store.Unsubscribe(t.Context(), ann.ID, ""))
		s.subscribe(t, ann, map[string]string{"Lobby": want, "another": "none"})
		s.say(t, bob, chat.Message{Text: "@Ann", Mentions: []chat.MemberID{ann.ID}})
		assert.Equal(t, told, len(s.whoIsTold(t)) == 1, want)
	}
}

// closed is a policy by which nobody may read.
type closed struct{}

func (closed) Decide(_ context.Context, _ chat.Principal, _ chat.RoomID, what chat.Action) error {
	if what == chat.ActionHistory {
		return chat.ErrNotAllowed
	}
	return nil
}

func TestNothingOfARoomThatOneMayNotRead(t *testing.T) {
	s := newSite(t, Options{AllowPrivate: true}, closed{})
	ann := principal("Ann")
	s.subscribe(t, ann, nil)
	s.say(t, principal("Bob"), chat.Message{Text: "@Ann", Mentions: []chat.MemberID{ann.ID}})
	assert.Empty(t, s.whoIsTold(t))
}

// Who is told is judged by the rules of the room as a reader is, for each browser.
func TestWhoMayNotReadARoomIsNotTold(t *testing.T) {
	olga, bob, cid := principal("Olga"), principal("Bob"), principal("Cid")
	bob.Network = "net"
	ban := time.Now()
	newcomer, older := principal("Ann"), principal("Ann")
	newcomer.Network, newcomer.Born = "net", ban.Add(time.Hour)
	older.Network, older.Born = "net", ban.Add(-time.Hour)
	elsewhere := newcomer
	elsewhere.Network = "another"
	vouched := newcomer
	vouched.Via = chat.ViaSite
	limited := principal("Ann")
	limited.Rooms = []chat.RoomID{"another"}
	vouchedModerator := vouched
	vouchedModerator.Role = chat.RoleModerator

	banBob := func(t *testing.T, s *site) { s.moderate(t, olga, chat.BanMember{Member: bob.ID}) }
	set := func(patch string) func(*testing.T, *site) {
		return func(t *testing.T, s *site) {
			var p chat.SettingsPatch
			require.NoError(t, json.Unmarshal([]byte(patch), &p))
			_, err := s.rooms.ChangeSettings(t.Context(), olga, lobby, p, nil)
			require.NoError(t, err)
		}
	}
	for _, c := range []struct {
		name     string
		who      chat.Principal
		rules    func(*testing.T, *site)
		told     bool
		browsers []chat.Principal // others of the same person that are told
	}{
		{name: "whoever may read", who: newcomer, told: true},
		{name: "a newcomer of a banned network", who: newcomer, rules: banBob},
		{name: "who was here before the ban", who: older, rules: banBob, told: true},
		{name: "a newcomer of another network", who: elsewhere, rules: banBob, told: true},
		{name: "whom a site vouches for", who: vouched, rules: banBob, told: true},
		{name: "one browser of two", who: newcomer, browsers: []chat.Principal{older}, rules: banBob},
		{name: "whose token is for other rooms", who: limited},
		{name: "who has no password", who: elsewhere, rules: set(`{"password":"secret"}`)},
		{name: "who has no invite", who: elsewhere, rules: set(`{"inviteOnly":true}`)},
		{name: "who stands before a lock", who: elsewhere, rules: set(`{"locked":true}`)},
		{name: "a site's moderator comes in", who: vouchedModerator, rules: set(`{"locked":true}`), told: true},
		{name: "who is shown nothing of the past", who: elsewhere, rules: set(`{"history":"none"}`), told: true},
		{name: "who was removed", who: elsewhere, rules: func(t *testing.T, s *site) {
			s.say(t, elsewhere, chat.Message{Text: "spam"})
			s.moderate(t, olga, chat.RemoveMember{Member: elsewhere.ID})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, Options{AllowPrivate: true}, nil)
			_, _, err := s.rooms.Own(t.Context(), olga, lobby, chat.OwnRequest{New: true})
			require.NoError(t, err)
			s.say(t, bob, chat.Message{Text: "spam"})
			s.say(t, cid, chat.Message{Text: "I am here"})
			for _, who := range append(c.browsers, c.who) {
				s.subscribe(t, who, nil)
			}
			if c.rules != nil {
				c.rules(t, s)
			}
			s.say(t, cid, chat.Message{Text: "@Ann", Mentions: []chat.MemberID{c.who.ID}})
			want := len(c.browsers)
			if c.told {
				want++
			}
			assert.Len(t, s.whoIsTold(t), want)
		})
	}
}

// What somebody sends as a subscription says nothing of who it is.
func TestASubscriptionDoesNotSayWhoSentIt(t *testing.T) {
	s := newSite(t, Options{AllowPrivate: true}, nil)
	ann := principal("Ann")
	ann.Network = "net"
	b := s.subscribe(t, ann, nil)
	by := map[string]any{"role": "operator", "network": "another"}
	w := s.ask(ann, "PUT", "/push/subscription", b.Subscription(map[string]any{"by": by}))
	require.Equal(t, http.StatusNoContent, w.Code)
	kept, err := s.store.Subscribed(t.Context(), ann.ID)
	require.NoError(t, err)
	require.Len(t, kept, 1)
	got, err := parseKept(kept[0])
	require.NoError(t, err)
	assert.Equal(t, standing{Network: "net"}, got.By)
}

func TestRepeatsAndEditsArePushedOnce(t *testing.T) {
	s := newSite(t, Options{AllowPrivate: true}, nil)
	ann, bob := principal("Ann"), principal("Bob")
	s.subscribe(t, ann, nil)
	d := chat.Draft{Key: "k", Payload: chat.Message{Text: "@Ann", Mentions: []chat.MemberID{ann.ID}}}
	var id chat.Cursor
	for range 3 {
		e, _, err := s.rooms.Post(t.Context(), bob, lobby, d)
		require.NoError(t, err)
		id = e.ID
	}
	_, _, err := s.rooms.Post(t.Context(), bob, lobby, chat.Draft{Target: id, Payload: chat.Edit{Text: "@Ann!"}})
	require.NoError(t, err)
	assert.Equal(t, []string{"id-Ann mention"}, s.whoIsTold(t))
}

// counting are limits of which some are changed.
func counting(t *testing.T, changed string) chat.Policy {
	t.Helper()
	set, err := limits.Parse(changed)
	require.NoError(t, err)
	return limits.New(chattest.New(chattest.Options{}).Node("n"), set).Policy(chat.Open{})
}

// However much others mention somebody, their browsers are told so often and no more.
func TestPushesForOnePersonAreBounded(t *testing.T) {
	const toldAtOnce = 20
	s := newSite(t, Options{AllowPrivate: true, Limits: counting(t, "pushed=20/4/m")}, nil)
	ann, cleo := principal("Ann"), principal("Cleo")
	for range 3 {
		s.subscribe(t, ann, nil)
	}
	s.subscribe(t, cleo, nil)
	for i := range 2 * toldAtOnce {
		s.say(t, principal(fmt.Sprint("Bob", i)), chat.Message{Text: "@Ann", Mentions: []chat.MemberID{ann.ID}})
	}
	told := len(s.whoIsTold(t))
	assert.GreaterOrEqual(t, told, 3*toldAtOnce, "three browsers each time")
	assert.Less(t, told, 2*3*toldAtOnce)
	s.say(t, principal("Bob"), chat.Message{Text: "@Cleo", Mentions: []chat.MemberID{cleo.ID}})
	assert.Equal(t, []string{"id-Cleo mention"}, s.whoIsTold(t), "others are told as before")
}

// However many somebody mentions, they have so many told and no more; guests all together.
func TestPushesByOnePersonAreBounded(t *testing.T) {
	const crowd, members, messages, tellingAtOnce = 50, 2, 6, 100
	for name, bob := range map[string]func() chat.Principal{
		"a session": func() chat.Principal { return principal("Bob") },
		"a guest": func() chat.Principal {
			return chat.Principal{ID: chat.NewMemberID(), Name: "Bob", Guest: true, Client: "guest"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, Options{AllowPrivate: true, Limits: counting(t, "pushing=100/12/m")}, nil)
			var all []chat.MemberID
			for i := range crowd {
				who := principal(fmt.Sprint("Ann", i))
				for range members {
					s.subscribe(t, who, nil)
				}
				all = append(all, who.ID)
			}
			for range messages {
				s.say(t, bob(), chat.Message{Text: "everybody", Mentions: all})
			}
			told := len(s.whoIsTold(t))
			assert.GreaterOrEqual(t, told, members*tellingAtOnce)
			assert.Less(t, told, members*crowd*messages)
			s.say(t, principal("Cleo"), chat.Message{Text: "here", Mentions: all[:1]})
			assert.Len(t, s.whoIsTold(t), members, "others have them told as before")
		})
	}
}

func TestTooMuchIsDroppedAndDoesNotWait(t *testing.T) {
	s := newSite(t, Options{AllowPrivate: true}, nil)
	for range maxMessages + 10 {
		s.appended(lobby, chat.Entry{Payload: chat.Message{Mentions: []chat.MemberID{"a"}}})
	}
	assert.Len(t, s.messages, maxMessages)
}

// answers is a push service inside a test's own time: it answers one by one, and then 201.
type answers struct {
	left  []pushservice.Answer
	asked []time.Duration // when, since the first
	began time.Time
	ttl   []string
	err   error
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	if a.began.IsZero() {
		a.began = time.Now()
	}
	a.asked = append(a.asked, time.Since(a.began))
	a.ttl = append(a.ttl, r.Header.Get("TTL"))
	if a.err != nil {
		return nil, a.err
	}
	answer := pushservice.Answer{Status: http.StatusCreated}
	if len(a.left) > 0 {
		answer, a.left = a.left[0], a.left[1:]
	}
	w := &http.Response{StatusCode: answer.Status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(""))}
	if answer.RetryAfter != "" {
		w.Header.Set("Retry-After", answer.RetryAfter)
	}
	return w, nil
}

// deliverTo mentions Ann, whose one browser's push service answers so, until nothing more is sent.
func deliverTo(t *testing.T, to *answers, meanwhile func(s *site, said chat.Entry)) (subscriptions int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &site{store: newStore(), service: pushservice.Start()}
		s.service.Close() // its subscriptions are all that is wanted of it
		var err error
		s.Push, err = New(s.store, Options{Subject: "https://example.org/contact", AllowPrivate: true})
		require.NoError(t, err)
		s.client = &http.Client{Transport: to}
		s.rooms = chat.NewNode(s.Log(), s.store, s.store, s.store, s.store, chat.Options{})
		ann := principal("Ann")
		s.subscribe(t, ann, nil)
		s.Start(s.rooms)
		said := s.say(t, principal("Bob"), chat.Message{Text: "@Ann", Mentions: []chat.MemberID{ann.ID}})
		synctest.Wait()
		if meanwhile != nil {
			meanwhile(s, said)
		}
		time.Sleep(2 * TTL)
		s.Close()
		require.NoError(t, s.rooms.Close(t.Context()))
		subscriptions = s.store.count(ann.ID)
	})
	return subscriptions
}

func TestAPushServiceThatIsBusyIsAskedAgain(t *testing.T) {
	a := &answers{left: []pushservice.Answer{{Status: 429, RetryAfter: "20"}, {Status: 503}, {Status: 500}}}
	assert.Equal(t, 1, deliverTo(t, a, nil))
	require.Len(t, a.asked, 4, "until it takes it, and then no more")
	assert.Equal(t, 20*time.Second, a.asked[1], "as it has asked")
	assert.Greater(t, a.asked[2]-a.asked[1], time.Second)
	assert.Greater(t, a.asked[3]-a.asked[2], a.asked[2]-a.asked[1], "later each time")
	assert.Equal(t, []string{"120", "100"}, a.ttl[:2], "what is left")
}

func TestAPushServiceThatIsAwayIsNotAskedForEver(t *testing.T) {
	a := &answers{err: errors.New("no route")}
	assert.Equal(t, 1, deliverTo(t, a, nil))
	assert.Greater(t, len(a.asked), 3)
	assert.Less(t, len(a.asked), 20)
	assert.LessOrEqual(t, a.asked[len(a.asked)-1], TTL)

	a = &answers{left: []pushservice.Answer{{Status: 429, RetryAfter: "3600"}}}
	assert.Equal(t, 1, deliverTo(t, a, nil))
	assert.Len(t, a.asked, 1, "it would be too late")
}

func TestSubscriptionsThatHaveEndedAreForgotten(t *testing.T) {
	for _, status := range []int{http.StatusNotFound, http.StatusGone} {
		a := &answers{left: []pushservice.Answer{{Status: status}}}
		assert.Zero(t, deliverTo(t, a, nil), status)
		assert.Len(t, a.asked, 1)
	}
	for _, status := range []int{400, 401, 403, 413, 302} {
		a := &answers{left: []pushservice.Answer{{Status: status}}}
		assert.Equal(t, 1, deliverTo(t, a, nil), status)
		assert.Len(t, a.asked, 1, "%d: asking again changes nothing", status)
	}
}

func TestWhatIsDeletedMeanwhileIsNotSentAgain(t *testing.T) {
	a := &answers{left: []pushservice.Answer{{Status: 503, RetryAfter: "30"}}}
	deliverTo(t, a, func(s *site, said chat.Entry) {
		_, _, err := s.rooms.Post(context.Background(), principal("Bob"), lobby, chat.Draft{Target: said.ID, Payload: chat.Delete{}})
		require.NoError(t, err)
	})
	assert.Len(t, a.asked, 1)
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-1": 0, "soon": 0, "99999999": 24 * time.Hour,
		"Tue, 24 Nov 2026 12:00:30 GMT": 30 * time.Second, "Tue, 24 Nov 2026 11:00:00 GMT": 0,
	} {
		assert.Equal(t, want, retryAfter(header, now), header)
	}
}

func TestLongestNotificationFits(t *testing.T) {
	name, err := chat.ParseName(strings.Repeat("🙂", 40))
	require.NoError(t, err)
	s := newSite(t, Options{AllowPrivate: true}, nil)
	s.Start(s.rooms)
	ann := principal("Ann")
	s.subscribe(t, ann, nil)
	bob := principal("Bob")
	bob.Name = name
	room, err := chat.ParseRoomID(strings.Repeat("я", 64))
	require.NoError(t, err)
	_, _, err = s.rooms.Post(t.Context(), bob, room, chat.Draft{Payload: chat.Message{
		Text: strings.Repeat("\"\u0085🙂<", 100), Mentions: []chat.MemberID{ann.ID},
	}})
	require.NoError(t, err)
	push := testwait.Receive(t, s.service.Pushes(), "it was not pushed: %v", s.service.Faults())
	assert.Contains(t, push.Text, fmt.Sprintf("%q", room))
}

// TestNotificationIsTheDocumentedOne reads the example of docs/protocol.md.
func TestNotificationIsTheDocumentedOne(t *testing.T) {
	example, err := os.ReadFile("../transport/wire/testdata/replies/push.json")
	require.NoError(t, err)
	var n notification
	decoder := json.NewDecoder(strings.NewReader(string(example)))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&n))
	again, err := json.Marshal(n)
	require.NoError(t, err)
	assert.JSONEq(t, string(example), string(again))
	assert.Equal(t, "Ann", n.From)
}
