package chat_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/caller-chat/caller/chat"
)

// order is a ban, a mute or a removal in the model.
type order struct {
	network   string
	at, until time.Time     // until: zero for good
	number    int           // of those that were given
	of        chat.MemberID // whose mute this one has been made of; empty for its own
	from      string        // the network that is kept with it
}

// clubModel is what a club is, written down as simply as it can be: no versions, no nodes, no feed.
type clubModel struct {
	roles                  map[chat.MemberID]chat.Role
	bans, mutes, removals  map[chat.MemberID]order
	granted, wrote         map[chat.MemberID]bool
	inLog                  map[chat.MemberID]bool
	came                   map[chat.MemberID]time.Time // by their first stream
	locked, password, read bool
	announcements          bool // moderators post
	closed                 bool
}

func (m *clubModel) hit(orders map[chat.MemberID]order, who chat.Principal) bool {
	now := time.Now()
	for id, o := range orders {
		over := !o.until.IsZero() && !now.Before(o.until)
		if over {
			continue
		}
		if id == who.ID {
			return true
		}
		fresh := who.Guest || !who.Born.Before(o.at.Truncate(time.Second))
		if o.network != "" && o.network == who.Network && fresh && m.roles[who.ID] == "" {
			return true
		}
	}
	return false
}

// reads is what somebody is told who reads.
func (m *clubModel) reads(who chat.Principal) chat.Refusal {
	role := m.roles[who.ID]
	switch {
	case m.closed:
		return chat.RefusedClosed
	case role == chat.RoleOwner || role == chat.RoleModerator:
		return ""
	case m.hit(m.bans, who):
		return chat.RefusedBanned
	case m.hit(m.removals, who):
		return chat.RefusedRemoved
	case role == chat.RoleMember:
		return ""
	case m.locked:
		return chat.RefusedLocked
	case m.password && !m.granted[who.ID]:
		return chat.RefusedPassword
	}
	return ""
}

// posts is what somebody is told who posts.
func (m *clubModel) posts(who chat.Principal) chat.Refusal {
	role := m.roles[who.ID]
	if out := m.reads(who); out != "" || role == chat.RoleOwner {
		return out
	}
	if role == chat.RoleModerator {
		if _, muted := m.mutes[who.ID]; muted {
			return chat.RefusedMuted
		}
		return ""
	}
	switch {
	case m.hit(m.mutes, who):
		return chat.RefusedMuted
	case m.read && role != chat.RoleMember, m.announcements:
		return chat.RefusedNotAllowed
	}
	return ""
}

// choice is one step of a walk, and what it is about.
type choice struct {
	what, who   string
	nodeB, here bool
	which       int
}

var (
	walkSteps = []string{
		"post", "post", "post", "post", "subscribe", "subscribe", "subscribe", "leave", "ban", "ban", "unban", "remove", "mute", "unmute",
		"member", "moderator", "guest", "settings", "settings", "enter", "wrong", "pass", "delay", "cut", "mend", "mend", "read", "close",
	}
	walkPatches = []string{
		`{"locked":true}`, `{"locked":false}`, `{"password":"sesame"}`, `{"password":null}`, `{"newcomers":"read"}`, `{"newcomers":"post"}`,
		`{"posting":"moderators"}`, `{"posting":"everyone"}`, `{"topic":"x"}`,
	}
)

var choices = rapid.Custom(func(rt *rapid.T) choice {
	return choice{
		what: rapid.SampledFrom(walkSteps).Draw(rt, "what"), nodeB: rapid.Bool().Draw(rt, "node b"), here: rapid.Bool().Draw(rt, "here"),
		who:   rapid.SampledFrom([]string{"Olga", "Mod", "Ann", "Bob", "new", "guest"}).Draw(rt, "who"),
		which: rapid.IntRange(0, 99).Draw(rt, "which"),
	}
})

// walkFailure is what has gone wrong on a walk, which ends by it: a test of rapid can't be told
// inside of synctest's bubble.
type walkFailure struct{ message string }

func (f *walkFailure) Errorf(format string, args ...any) { f.message += fmt.Sprintf(format, args...) }
func (f *walkFailure) FailNow()                          { panic(f) }

// walk is a random walk through a club, with the model beside it.
type walk struct {
	club
	walkFailure
	model   clubModel
	streams []*walkStream
	choice  choice
	people  int // how many guests and new sessions there have been
	delayed bool
	cut     bool
	// bannedAt is where in the log the bans that hold have their places.
	bannedAt map[chat.MemberID]uint64
}

type walkStream struct {
	who  chat.Principal
	sink *recorder
	sub  *chat.Subscription
	node *chat.Node
}

// somebody is one of those who come: with a session of old, with one made just now, or a guest.
func (w *walk) somebody() chat.Principal {
	w.people++
	switch name := w.choice.who; name {
	case "guest":
		id := fmt.Sprint("guest-", w.people)
		return chat.Principal{ID: chat.MemberID(id), Name: name, Guest: true, Client: "n1", LimitKey: "n1", Network: "n1"}
	case "new":
		who := session(fmt.Sprint("New", w.people))
		who.Network, who.Born = "n1", time.Now()
		return who
	default:
		who := session(name)
		who.Born = time.Now().Add(-24 * time.Hour)
		if name == "Bob" {
			who.Network = "n1"
		}
		return who
	}
}

func (w *walk) node() *chat.Node {
	if w.choice.nodeB {
		return w.b
	}
	return w.a
}

// knows reports whether a node is asked for what it has to know at once.
func (w *walk) knows(n *chat.Node) bool { return n == w.a && !w.cut || !w.delayed && !w.cut }

func (w *walk) post(who chat.Principal) {
	n := w.node()
	e, _, err := n.Post(w.Context(), who, lobby, chat.Draft{Payload: chat.Message{Text: "x"}})
	require.Equal(w, w.model.posts(who), refused(err), "%s posts", who.ID)
	if err != nil {
		return
	}
	w.model.inLog[who.ID] = true
	if !who.Guest {
		w.model.wrote[who.ID] = true
	}
	_, banned := w.bannedAt[who.ID]
	require.False(w, banned, "%v of %s comes after the ban", e.ID, who.Name)
}

func (w *walk) subscribe(who chat.Principal) {
	if w.cut { // nobody can be let in while it is not known what is said
		return
	}
	s := &walkStream{who: who, sink: &recorder{}, node: w.node()}
	var err error
	s.sub, err = s.node.Subscribe(w.Context(), who, lobby, chat.Start{Transport: "ws"}, s.sink)
	if w.knows(s.node) || err != nil { // a node that has yet to hear of a ban may let somebody in until then
		require.Equal(w, w.model.reads(who), refused(err), "%s comes", who.Name)
	}
	if err == nil {
		w.streams = append(w.streams, s)
		if _, before := w.model.came[who.ID]; !before && !who.Guest {
			w.model.came[who.ID] = time.Now()
		}
	}
}

// known is an id of somebody whom a moderator may name.
func (w *walk) known() (who chat.Principal, ok bool) {
	if len(w.streams) > 0 && w.choice.here {
		return w.streams[w.choice.which%len(w.streams)].who, true
	}
	who = session([]string{"Mod", "Ann", "Bob"}[w.choice.which%3])
	if who.Name == "Bob" {
		who.Network = "n1"
	}
	return who, w.model.wrote[who.ID] || w.model.roles[who.ID] != ""
}

func (w *walk) moderate(m func(chat.MemberID) chat.Moderation) {
	who, ok := w.known()
	if who.ID == olga.ID {
		return
	}
	e, err := w.node().Moderate(w.Context(), olga, lobby, m(who.ID))
	if w.model.closed {
		require.Equal(w, chat.RefusedClosed, refused(err))
		return
	}
	if errors.Is(err, chat.ErrNoMember) {
		require.False(w, ok, "%s is known", who.Name)
		return
	}
	if errors.Is(err, chat.ErrGuest) && who.Guest {
		return
	}
	require.NoError(w, err)
	of := order{network: w.networkOf(who), at: time.Now()}
	of.from = of.network
	w.model.prune()
	switch m := m(who.ID).(type) {
	case chat.BanMember:
		if m.For > 0 {
			of.until = of.at.Add(m.For)
		}
		w.model.bans[who.ID] = of
		w.bannedAt[who.ID] = e.ID.Seq
		delete(w.model.roles, who.ID)
		delete(w.model.granted, who.ID)
		delete(w.model.wrote, who.ID) // which lets nobody in any more
		delete(w.model.came, who.ID)
	case chat.RemoveMember:
		of.until = of.at.Add(30 * time.Second)
		if !who.Guest {
			of.network = ""
		}
		delete(w.model.wrote, who.ID)
		delete(w.model.came, who.ID)
		w.model.removals[who.ID] = of
		delete(w.model.roles, who.ID)
		delete(w.model.granted, who.ID)
	case chat.MuteMember:
		w.people++
		of.number = w.people
		w.model.mutes[who.ID] = of
	case chat.Unmute:
		w.unmute(who.ID)
	case chat.SetRole:
		if m.Role == chat.RoleGuest {
			delete(w.model.roles, who.ID)
		} else {
			w.model.roles[who.ID] = m.Role
		}
		if m.Role == chat.RoleModerator {
			delete(w.model.bans, who.ID)
			w.unmute(who.ID)
			delete(w.model.removals, who.ID)
			delete(w.bannedAt, who.ID)
		}
	}
}

// networkOf is the network that a moderator's order is about: the one that somebody has been seen
// from, there, in the log, or when something else was done about it. Of a role alone it is not known.
func (w *walk) networkOf(who chat.Principal) string {
	here := slices.ContainsFunc(w.streams, func(s *walkStream) bool { return s.who.ID == who.ID })
	if here || w.model.inLog[who.ID] {
		return who.Network
	}
	for _, orders := range []map[chat.MemberID]order{w.model.bans, w.model.mutes, w.model.removals} {
		if o, is := orders[who.ID]; is {
			return o.from
		}
	}
	return ""
}

// prune forgets what is over, as whatever is done about somebody does.
func (m *clubModel) prune() {
	for _, orders := range []map[chat.MemberID]order{m.bans, m.mutes, m.removals} {
		for id, o := range orders {
			if !o.until.IsZero() && !time.Now().Before(o.until) {
				delete(orders, id)
			}
		}
	}
}

func (w *walk) unban() {
	bans, _, err := w.node().Bans(w.Context(), olga, lobby)
	if w.model.closed {
		require.Equal(w, chat.RefusedClosed, refused(err))
		return
	}
	require.NoError(w, err)
	for _, b := range bans {
		_, err := w.node().Moderate(w.Context(), olga, lobby, chat.Unban{ID: b.ID})
		require.NoError(w, err)
		delete(w.model.bans, b.Member.ID)
		delete(w.bannedAt, b.Member.ID)
	}
}

func (w *walk) change(patch string) {
	var p chat.SettingsPatch
	require.NoError(w, json.Unmarshal([]byte(patch), &p))
	before := w.model
	s, err := w.node().ChangeSettings(w.Context(), olga, lobby, p, nil)
	if w.model.closed {
		require.Equal(w, chat.RefusedClosed, refused(err))
		return
	}
	require.NoError(w, err)
	m := &w.model
	m.locked, m.password, m.read = s.Settings.Locked, s.Settings.HasPassword, s.Settings.Newcomers == chat.NewcomersRead
	m.announcements = s.Settings.Posting == chat.PostingModerators
	if m.locked && !before.locked || m.password && !before.password || m.read && !before.read {
		for id := range m.wrote {
			w.letIn(chat.Principal{ID: id, Network: w.networks()[id], Born: w.born(id)})
		}
		for _, s := range w.streams {
			if w.letIn(s.who) && !m.wrote[s.who.ID] {
				w.silence(s.who)
			}
		}
	}
}

// letIn makes a member of somebody who is inside when a door closes.
func (w *walk) letIn(who chat.Principal) bool {
	who.Born = time.Time{} // which nobody knows of those who are only in the log or the roster
	if w.model.roles[who.ID] == "" && !w.model.hit(w.model.bans, who) && !w.model.hit(w.model.removals, who) {
		w.model.roles[who.ID] = chat.RoleMember
		return true
	}
	return false
}

// silence keeps somebody muted who has become a member, has said nothing, and has come since
// somebody of its network was muted.
func (w *walk) silence(who chat.Principal) {
	var first order
	var whose chat.MemberID
	for id, o := range w.model.mutes {
		if o.network != "" && o.network == who.Network && (whose == "" || o.number < first.number) {
			first, whose = o, id
		}
	}
	_, muted := w.model.mutes[who.ID]
	came, known := w.model.came[who.ID]
	if whose == "" || muted || known && came.Before(first.at) {
		return
	}
	w.model.mutes[who.ID] = order{at: first.at, of: whose}
}

// unmute ends a mute, and what has been made of it.
func (w *walk) unmute(member chat.MemberID) {
	delete(w.model.mutes, member)
	for id, o := range w.model.mutes {
		if o.of == member {
			delete(w.model.mutes, id)
		}
	}
}

func (w *walk) networks() map[chat.MemberID]string {
	of := map[chat.MemberID]string{"id-Bob": "n1"}
	for i := range w.people + 1 {
		of[chat.MemberID(fmt.Sprint("id-New", i))] = "n1"
	}
	return of
}

func (w *walk) born(chat.MemberID) time.Time { return time.Time{} }

func (w *walk) enter(password string) {
	who := w.somebody()
	_, err := w.node().Enter(w.Context(), who, lobby, chat.Credential{Password: password})
	switch {
	case who.Guest:
		require.ErrorIs(w, err, chat.ErrGuest)
	case !w.model.password || w.model.reads(who) != "" && w.model.reads(who) != chat.RefusedPassword:
	case password != "sesame":
		require.Equal(w, chat.RefusedWrongPassword, refused(err))
	default:
		require.NoError(w, err)
		w.model.granted[who.ID] = true
	}
}

// settle looks whether all streams are there that may be, and no others.
func (w *walk) settle() {
	synctest.Wait()
	here := w.streams[:0]
	for _, s := range w.streams {
		want, got := w.model.reads(s.who), refused(s.sink.err())
		if w.knows(s.node) || got != "" {
			require.Equal(w, want, got, "the stream of %s", s.who.Name)
		}
		if got == "" {
			here = append(here, s)
		}
	}
	w.streams = here
}

func (w *walk) step() {
	switch w.choice.what {
	case "post":
		w.post(w.somebody())
	case "subscribe":
		w.subscribe(w.somebody())
	case "leave":
		if len(w.streams) > 0 {
			w.streams[0].sub.Leave()
			w.streams = w.streams[1:]
		}
	case "ban":
		lasts := time.Duration(w.choice.which%2) * time.Hour
		w.moderate(func(id chat.MemberID) chat.Moderation { return chat.BanMember{Member: id, For: lasts} })
	case "unban":
		w.unban()
	case "remove":
		w.moderate(func(id chat.MemberID) chat.Moderation { return chat.RemoveMember{Member: id} })
	case "mute":
		w.moderate(func(id chat.MemberID) chat.Moderation { return chat.MuteMember{Member: id} })
	case "unmute":
		w.moderate(func(id chat.MemberID) chat.Moderation { return chat.Unmute{Member: id} })
	case "member":
		w.moderate(func(id chat.MemberID) chat.Moderation { return chat.SetRole{Member: id, Role: chat.RoleMember} })
	case "moderator":
		w.moderate(func(id chat.MemberID) chat.Moderation { return chat.SetRole{Member: id, Role: chat.RoleModerator} })
	case "guest":
		w.moderate(func(id chat.MemberID) chat.Moderation { return chat.SetRole{Member: id, Role: chat.RoleGuest} })
	case "settings":
		w.change(walkPatches[w.choice.which%len(walkPatches)])
	case "enter":
		w.enter("sesame")
	case "wrong":
		w.enter("Sesame")
	case "pass":
		time.Sleep(20 * time.Second)
	case "delay":
		if !w.cut {
			w.store.DelayFeed("b")
			w.delayed = true
		}
	case "cut":
		if !w.delayed {
			w.store.CutFeed(true)
			w.cut = true
		}
	case "mend":
		if w.cut {
			w.store.MendFeed(true)
		}
		if w.delayed {
			w.store.CatchUp("b")
		}
		w.cut, w.delayed = false, false
	case "read":
		who, n := w.somebody(), w.node()
		_, err := n.History(w.Context(), who, lobby)
		require.Equal(w, w.model.reads(who), refused(err), "%s reads", who.Name)
	case "close":
		if w.choice.which%10 == 0 && !w.model.closed {
			require.NoError(w, w.node().CloseRoom(w.Context(), olga, lobby))
			w.model.closed = true
		}
	}
	w.settle()
}

// Whatever is done to a club, by whatever node, and whatever its feeds do: nobody does what the
// model forbids, everybody what it allows, and the streams that are open are those that may be.
func TestModerationIsAsInTheModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(choices, 1, 60).Draw(rt, "steps")
		var broken *walkFailure
		inClub(t, func(_ *testing.T, c club) {
			w := &walk{club: c, bannedAt: map[chat.MemberID]uint64{}, model: clubModel{
				roles: map[chat.MemberID]chat.Role{olga.ID: chat.RoleOwner},
				bans:  map[chat.MemberID]order{}, mutes: map[chat.MemberID]order{}, removals: map[chat.MemberID]order{},
				granted: map[chat.MemberID]bool{}, wrote: map[chat.MemberID]bool{}, inLog: map[chat.MemberID]bool{}, came: map[chat.MemberID]time.Time{},
			}}
			defer func() {
				if p := recover(); p != nil && p != &w.walkFailure {
					panic(p)
				} else if p != nil {
					broken = &w.walkFailure
				}
				w.store.MendFeed(w.cut) // nodes that are cut off could not close
				w.store.CatchUp("b")
			}()
			for _, w.choice = range steps {
				w.step()
			}
		})
		if broken != nil {
			rt.Fatal(broken.message)
		}
	})
}
