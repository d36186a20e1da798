package chat_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/chattest"
)

// auditLog is a chat.Audit in memory.
type auditLog struct {
	mu      sync.Mutex // protects following
	entries []chat.AuditEntry
	fails   error
}

func (a *auditLog) Audit(_ context.Context, e chat.AuditEntry) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fails != nil {
		return a.fails
	}
	a.entries = append(a.entries, e)
	return nil
}

// take are the entries since the last call.
func (a *auditLog) take() []chat.AuditEntry {
	a.mu.Lock()
	defer a.mu.Unlock()
	taken := a.entries
	a.entries = nil
	return taken
}

// audited is a room that Ann owns and Bob moderates, in which Cid has said something.
type audited struct {
	*testing.T
	node   *chat.Node
	log    *auditLog
	room   chat.RoomID
	said   chat.Entry // by Cid
	secret string     // the owner's
}

var (
	bob = chat.Principal{ID: "bob-id", Name: "Bob", Client: "bob-id", LimitKey: "bob-id"}
	cid = chat.Principal{ID: "cid-id", Name: "Cid", Client: "cid-id", LimitKey: "cid-id"}
	// operator is whoever runs the server.
	operator = chat.Principal{ID: "op-id", Name: "operator", Client: "op-id", Via: chat.ViaOperator, Role: chat.RoleOperator}
)

func newAudited(t *testing.T) *audited {
	a := &audited{T: t, log: &auditLog{}, room: chat.NewRoomID()}
	a.node = chattest.New(chattest.Options{}).NewNode("a", chat.Options{Passwords: plain{}, Audit: a.log})
	t.Cleanup(func() { require.NoError(t, a.node.Close(context.Background())) })
	var err error
	_, a.secret, err = a.node.Own(t.Context(), owner, a.room, chat.OwnRequest{New: true})
	require.NoError(t, err)
	a.said = a.post(cid, "hello")
	a.post(bob, "hello")
	_, err = a.node.Moderate(t.Context(), owner, a.room, chat.SetRole{Member: bob.ID, Role: chat.RoleModerator})
	require.NoError(t, err)
	a.log.take()
	return a
}

func (a *audited) post(who chat.Principal, text string) chat.Entry {
	a.Helper()
	e, _, err := a.node.Post(a.Context(), who, a.room, chat.Draft{Payload: chat.Message{Text: text}})
	require.NoError(a, err)
	return e
}

func (a *audited) moderate(who chat.Principal, m chat.Moderation) error {
	_, err := a.node.Moderate(a.Context(), who, a.room, m)
	return err
}

func patchOf(t *testing.T, text string) (patch chat.SettingsPatch) {
	require.NoError(t, json.Unmarshal([]byte(text), &patch))
	return patch
}

// methods are all of a node's that somebody's request reaches: what each does of which the audit log
// has an entry, or why it has none. A method that is not here fails the test: whoever adds one says
// which it is.
var methods = map[string]struct {
	// why there is no entry; empty where there is one.
	why string
	do  map[string]func(a *audited) error // by the action
}{
	"Authorize":     {why: "asks, and does nothing"},
	"MayKeepHooks":  {why: "it only asks; webhooks records what is done then"},
	"MayBeTold":     {why: "asks, and does nothing"},
	"MayPost":       {why: "asks, and does nothing"},
	"HasToWait":     {why: "asks, and does nothing"},
	"History":       {why: "reads"},
	"SearchHistory": {why: "reads"},
	"FirstHistory":  {why: "reads"},
	"Members":       {why: "reads"},
	"Settings":      {why: "reads"},
	"Bans":          {why: "reads"},
	"Invites":       {why: "reads"},
	"Tokens":        {why: "reads"},
	"Reports":       {why: "reads"},
	"Rooms":         {why: "reads one's own"},
	"ReadMark":      {why: "reads one's own"},
	"Subscribe":     {why: "reads"},
	"Mark":          {why: "one's own"},
	"Forget":        {why: "one's own"},
	"Leave":         {why: "one's own"},
	"Typing":        {why: "one's own"},
	"Report":        {why: "anybody may tell moderators something: what they do about it is kept"},
	"Record":        {why: "is the audit log"},
	"Own":           {do: map[string]func(*audited) error{chat.AuditOwn: own}},
	"OwnerLink":     {do: map[string]func(*audited) error{chat.AuditOwnerLink: func(a *audited) error { _, err := a.node.OwnerLink(a.Context(), owner, a.room); return err }}},
	"Enter":         {do: map[string]func(*audited) error{chat.AuditBecameOwner: enter}},
	"Clear":         {do: map[string]func(*audited) error{chat.AuditClear: func(a *audited) error { _, err := a.node.Clear(a.Context(), owner, a.room); return err }}},
	"CloseRoom":     {do: map[string]func(*audited) error{chat.AuditClose: func(a *audited) error { return a.node.CloseRoom(a.Context(), owner, a.room) }}},
	"DropReport":    {do: map[string]func(*audited) error{chat.AuditDropReport: dropReport}},
	"Invite":        {do: map[string]func(*audited) error{chat.AuditInvite: invite}},
	"RevokeInvite":  {do: map[string]func(*audited) error{chat.AuditRevokeInvite: revokeInvite}},
	"MakeToken":     {do: map[string]func(*audited) error{chat.AuditMakeToken: makeToken}},
	"RevokeToken":   {do: map[string]func(*audited) error{chat.AuditRevokeToken: revokeToken}},
	"Post": {do: map[string]func(*audited) error{chat.AuditDeleteMessage: func(a *audited) error {
		_, _, err := a.node.Post(a.Context(), bob, a.room, chat.Draft{Target: a.said.ID, Payload: chat.Delete{}})
		return err
	}}},
	"ChangeSettings": {do: map[string]func(*audited) error{chat.AuditSettings: func(a *audited) error {
		_, err := a.node.ChangeSettings(a.Context(), owner, a.room, patchOf(a.T, `{"topic":"tea","password":"very secret"}`), nil)
		return err
	}}},
	"Moderate": {do: map[string]func(*audited) error{
		chat.AuditRemove: func(a *audited) error { return a.moderate(bob, chat.RemoveMember{Member: cid.ID, Reason: "noise"}) },
		chat.AuditBan: func(a *audited) error {
			return a.moderate(bob, chat.BanMember{Member: cid.ID, For: time.Hour, Reason: "noise", DeleteMessages: time.Hour})
		},
		chat.AuditMute:   func(a *audited) error { return a.moderate(bob, chat.MuteMember{Member: cid.ID, Reason: "noise"}) },
		chat.AuditUnmute: unmute,
		chat.AuditRole:   func(a *audited) error { return a.moderate(owner, chat.SetRole{Member: cid.ID, Role: chat.RoleMember}) },
		chat.AuditUnban:  unban,
	}},
}

func own(a *audited) error {
	a.room = chat.NewRoomID()
	_, _, err := a.node.Own(a.Context(), cid, a.room, chat.OwnRequest{New: true})
	return err
}

func enter(a *audited) error {
	_, err := a.node.Enter(a.Context(), cid, a.room, chat.Credential{Owner: a.secret})
	return err
}

func unmute(a *audited) error {
	require.NoError(a, a.moderate(bob, chat.MuteMember{Member: cid.ID}))
	a.log.take()
	require.NoError(a, a.moderate(bob, chat.Unmute{Member: cid.ID}))
	return a.moderate(bob, chat.Unmute{Member: cid.ID}) // which does nothing
}

func unban(a *audited) error {
	require.NoError(a, a.moderate(bob, chat.BanMember{Member: cid.ID}))
	bans, _, err := a.node.Bans(a.Context(), bob, a.room)
	require.NoError(a, err)
	a.log.take()
	return a.moderate(bob, chat.Unban{ID: bans[0].ID})
}

func invite(a *audited) error {
	_, err := a.node.Invite(a.Context(), bob, a.room, chat.InviteTerms{})
	return err
}

func revokeInvite(a *audited) error {
	i, err := a.node.Invite(a.Context(), bob, a.room, chat.InviteTerms{})
	require.NoError(a, err)
	a.log.take()
	return a.node.RevokeInvite(a.Context(), bob, a.room, i.ID)
}

func makeToken(a *audited) error {
	_, err := a.node.MakeToken(a.Context(), owner, a.room, chat.TokenTerms{Name: "bot", Read: true})
	return err
}

func revokeToken(a *audited) error {
	token, err := a.node.MakeToken(a.Context(), owner, a.room, chat.TokenTerms{Name: "bot", Read: true})
	require.NoError(a, err)
	a.log.take()
	return a.node.RevokeToken(a.Context(), owner, a.room, token.ID)
}

func dropReport(a *audited) error {
	r, _, err := a.node.Report(a.Context(), cid, a.room, a.said.ID, "me")
	require.NoError(a, err)
	require.Empty(a, a.log.take())
	return a.node.DropReport(a.Context(), bob, a.room, r.ID)
}

// No action of a moderator, owner or operator is missing in the audit log, on whatever way it comes:
// all ways end in one of these methods.
func TestEveryActionIsAudited(t *testing.T) {
	principal := reflect.TypeFor[chat.Principal]()
	node := reflect.TypeFor[*chat.Node]()
	for i := range node.NumMethod() {
		m := node.Method(i)
		takes := false
		for in := range m.Type.NumIn() {
			takes = takes || m.Type.In(in) == principal
		}
		if _, known := methods[m.Name]; takes {
			assert.True(t, known, "Node.%s: say in this test what the audit log has of it", m.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(methods)) {
		is := methods[name]
		_, there := node.MethodByName(name)
		assert.True(t, there, name)
		assert.NotEqual(t, is.why == "", len(is.do) == 0, name)
		for action, do := range is.do {
			t.Run(name+"/"+action, func(t *testing.T) {
				a := newAudited(t)
				require.NoError(t, do(a))
				entries := a.log.take()
				require.Len(t, entries, 1)
				e := entries[0]
				assert.Equal(t, action, e.Action)
				assert.Equal(t, a.room, e.Room)
				assert.NotEmpty(t, e.Actor.ID)
				assert.NotEmpty(t, e.Actor.Name)
				assert.NotEmpty(t, e.Actor.Role, "what it was when it did so")
				assert.NotContains(t, e.Detail+e.Target, "very secret")
				assert.NotContains(t, e.Detail+e.Target, a.secret)
			})
		}
	}
}

func TestAuditSaysWhat(t *testing.T) {
	a := newAudited(t)
	require.NoError(t, a.moderate(bob, chat.BanMember{Member: cid.ID, For: time.Hour, Reason: "noise", DeleteMessages: time.Minute}))
	e := a.log.take()[0]
	assert.Equal(t, chat.AuditActor{ID: bob.ID, Name: "Bob", Role: chat.RoleModerator}, e.Actor)
	assert.Equal(t, "cid-id", e.Target)
	assert.Equal(t, "Cid", e.TargetName)
	assert.Equal(t, "for 1h0m0s; with the messages of 1m0s; noise", e.Detail)
	_, err := a.node.Clear(t.Context(), operator, a.room)
	require.NoError(t, err)
	assert.Equal(t, chat.AuditActor{ID: operator.ID, Name: "operator", Via: chat.ViaOperator, Role: chat.RoleOperator}, a.log.take()[0].Actor)
}

// What was refused, and what changed nothing, was not done; one's own message is one's own.
func TestAuditOfNothing(t *testing.T) {
	a := newAudited(t)
	require.Error(t, a.moderate(cid, chat.MuteMember{Member: bob.ID}))
	_, err := a.node.Clear(t.Context(), bob, a.room)
	require.Error(t, err)
	_, err = a.node.ChangeSettings(t.Context(), owner, a.room, patchOf(t, `{"topic":""}`), nil)
	require.NoError(t, err)
	_, err = a.node.Enter(t.Context(), owner, a.room, chat.Credential{Owner: a.secret})
	require.NoError(t, err)
	for _, who := range []chat.Principal{cid, bob, owner} {
		e := a.post(who, "mine")
		_, _, err := a.node.Post(t.Context(), who, a.room, chat.Draft{Target: e.ID, Payload: chat.Delete{}})
		require.NoError(t, err)
	}
	_, _, err = a.node.Post(t.Context(), cid, a.room, chat.Draft{Target: a.said.ID, Payload: chat.Edit{Text: "other"}})
	require.NoError(t, err)
	assert.Empty(t, a.log.take())
	open := chat.NewRoomID()
	e, _, err := a.node.Post(t.Context(), cid, open, chat.Draft{Payload: chat.Message{Text: "hi"}})
	require.NoError(t, err)
	_, _, err = a.node.Post(t.Context(), operator, open, chat.Draft{Target: e.ID, Payload: chat.Delete{}})
	require.NoError(t, err)
	entries := a.log.take()
	require.Len(t, entries, 1, "the operator deletes in open rooms too")
	assert.Equal(t, chat.AuditDeleteMessage, entries[0].Action)
}

// What the audit log can't keep was done all the same, and stands in the program's log.
func TestAuditThatFails(t *testing.T) {
	var out bytes.Buffer
	log := &auditLog{}
	node := chattest.New(chattest.Options{}).NewNode("a", chat.Options{Audit: log, Logger: slog.New(slog.NewTextHandler(&out, nil))})
	defer func() { require.NoError(t, node.Close(context.Background())) }()
	room := chat.NewRoomID()
	log.fails = chat.ErrUnavailable
	_, _, err := node.Own(t.Context(), owner, room, chat.OwnRequest{New: true})
	require.NoError(t, err)
	for _, part := range []string{"audit log", "action=own", "room=" + string(room), "actor=owner-id", "role=owner"} {
		assert.Contains(t, out.String(), part)
	}
}
