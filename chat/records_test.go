package chat_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/chattest"
	"github.com/caller-chat/caller/internal/testwait"
)

var (
	owner = chat.Principal{ID: "owner-id", Name: "Ann", Client: "owner-id", LimitKey: "owner-id"}
	other = chat.Principal{ID: "other-id", Name: "Bob", Client: "other-id", LimitKey: "other-id"}
)

// owned is a node, and a room that the owner owns.
func owned(t *testing.T) (*chattest.Store, *chat.Node, chat.RoomID) {
	t.Helper()
	store := chattest.New(chattest.Options{})
	node := store.NewNode("a", chat.Options{})
	t.Cleanup(func() { require.NoError(t, node.Close(context.Background())) })
	room := chat.NewRoomID()
	_, _, err := node.Own(context.Background(), owner, room, chat.OwnRequest{New: true})
	require.NoError(t, err)
	return store, node, room
}

// kept is what the store holds of a record.
func kept(t *testing.T, store *chattest.Store, room chat.RoomID, kind chat.RecordKind, id string) chat.Record {
	t.Helper()
	r, ok, err := store.Node("a").Record(context.Background(), room, kind, id)
	require.NoError(t, err)
	require.True(t, ok)
	return r
}

// Who was banned does not come back by an invite or a token that it has made when it had a say.
func TestABanTakesBackWhatLetsOthersIn(t *testing.T) {
	_, node, room := owned(t)
	ctx := context.Background()
	_, _, err := node.Post(ctx, other, room, chat.Draft{Payload: chat.Message{Text: "hello"}})
	require.NoError(t, err)
	_, err = node.Moderate(ctx, owner, room, chat.SetRole{Member: other.ID, Role: chat.RoleOwner})
	require.NoError(t, err)
	theirs, err := node.Invite(ctx, other, room, chat.InviteTerms{Uses: 5})
	require.NoError(t, err)
	token, err := node.MakeToken(ctx, other, room, chat.TokenTerms{Name: "spy", Read: true})
	require.NoError(t, err)
	_, err = node.Moderate(ctx, other, room, chat.SetRole{Member: owner.ID, Role: chat.RoleOwner}) // given back
	require.NoError(t, err)
	mine, err := node.Invite(ctx, owner, room, chat.InviteTerms{})
	require.NoError(t, err)
	bot, err := node.MakeToken(ctx, owner, room, chat.TokenTerms{Name: "bot", Read: true})
	require.NoError(t, err)
	spy, ok, err := node.TokenPrincipal(ctx, token.Secret)
	require.NoError(t, err)
	require.True(t, ok)
	stream := &recorder{}
	_, err = node.Subscribe(ctx, spy, room, chat.All, stream)
	require.NoError(t, err)

	_, err = node.Moderate(ctx, owner, room, chat.BanMember{Member: other.ID})
	require.NoError(t, err)
	invites, err := node.Invites(ctx, owner, room)
	require.NoError(t, err)
	require.Len(t, invites, 1)
	require.Equal(t, mine.ID, invites[0].ID)
	tokens, err := node.Tokens(ctx, owner, room)
	require.NoError(t, err)
	require.Len(t, tokens, 1)
	require.Equal(t, bot.ID, tokens[0].ID)
	_, err = node.ChangeSettings(ctx, owner, room, chat.SettingsPatch{"inviteOnly": []byte("true")}, nil)
	require.NoError(t, err)
	again := chat.Principal{ID: "again", Name: "Bob again", Client: "again", LimitKey: "again"}
	_, err = node.Enter(ctx, again, room, chat.Credential{Invite: theirs.Secret})
	require.Equal(t, chat.RefusedWrongInvite, refused(err))
	_, err = node.Enter(ctx, again, room, chat.Credential{Invite: mine.Secret})
	require.NoError(t, err)
	_, ok, err = node.TokenPrincipal(ctx, token.Secret)
	require.NoError(t, err)
	require.False(t, ok)
	testwait.Until(t, func() bool { return errors.Is(stream.err(), chat.ErrSessionOver) }, "the program's stream has ended")
}

func TestInvites(t *testing.T) {
	store, node, room := owned(t)
	ctx := context.Background()
	invite, err := node.Invite(ctx, owner, room, chat.InviteTerms{})
	require.NoError(t, err)
	require.Equal(t, 1, invite.Uses)
	require.Equal(t, owner.Author(), invite.By)
	require.WithinDuration(t, time.Now().Add(chat.InviteLife), invite.Expires, time.Minute)
	secret, err := base64.RawURLEncoding.DecodeString(invite.Secret)
	require.NoError(t, err)
	require.Len(t, secret, 24)
	r := kept(t, store, room, chat.RecordInvite, invite.ID)
	require.NotContains(t, fmt.Sprint(r.ID, r.Hash, string(r.Data)), invite.Secret)
	require.Len(t, r.Hash, 64)

	long, err := node.Invite(ctx, owner, room, chat.InviteTerms{ExpiresIn: 60, Uses: chat.MaxInviteUses})
	require.NoError(t, err)
	all, err := node.Invites(ctx, owner, room)
	require.NoError(t, err)
	require.Len(t, all, 2)
	for _, one := range all {
		require.Empty(t, one.Secret, "it is told once")
	}
	require.NoError(t, node.RevokeInvite(ctx, owner, room, long.ID))
	require.ErrorIs(t, node.RevokeInvite(ctx, owner, room, long.ID), chat.ErrNoRecord)

	for field, terms := range map[string]chat.InviteTerms{
		"uses":      {Uses: chat.MaxInviteUses + 1},
		"expiresIn": {ExpiresIn: int(chat.MaxInviteLife/time.Second) + 1},
	} {
		_, err := node.Invite(ctx, owner, room, terms)
		var invalid *chat.InvalidError
		require.ErrorAs(t, err, &invalid)
		require.Equal(t, field, invalid.Field)
		require.NotZero(t, invalid.Limit)
	}
	for range chat.MaxInvites - 1 {
		_, err := node.Invite(ctx, owner, room, chat.InviteTerms{})
		require.NoError(t, err)
	}
	_, err = node.Invite(ctx, owner, room, chat.InviteTerms{})
	var invalid *chat.InvalidError
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, "invites", invalid.Field)
	require.Equal(t, chat.MaxInvites, invalid.Limit)
}

func TestTokens(t *testing.T) {
	store, node, room := owned(t)
	ctx := context.Background()
	token, err := node.MakeToken(ctx, owner, room, chat.TokenTerms{Name: " ci ", Read: true})
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(token.Secret, chat.TokenPrefix))
	require.Equal(t, "ci", token.Name)
	r := kept(t, store, room, chat.RecordToken, token.ID)
	require.NotContains(t, fmt.Sprint(r.ID, r.Hash, string(r.Data)), strings.TrimPrefix(token.Secret, chat.TokenPrefix))

	who, ok, err := node.TokenPrincipal(ctx, token.Secret)
	require.NoError(t, err)
	require.True(t, ok)
	again, _, err := store.NewNode("b", chat.Options{}).TokenPrincipal(ctx, token.Secret)
	require.NoError(t, err)
	require.Equal(t, who, again, "it is the same on every node")
	require.NotEmpty(t, who.Look)
	who.Look = ""
	require.Equal(t, chat.Principal{
		ID: chat.MemberID(token.ID), Name: "ci", Client: token.ID, LimitKey: token.ID,
		Via: chat.ViaToken, Rooms: []chat.RoomID{room}, NoPost: true, Until: token.Expires,
	}, who)

	_, err = node.History(ctx, who, room)
	require.NoError(t, err)
	_, err = node.History(ctx, who, chat.NewRoomID())
	require.ErrorIs(t, err, chat.ErrNotAllowed)
	_, _, err = node.Post(ctx, who, room, chat.Draft{Payload: chat.Message{Text: "hello"}})
	require.ErrorIs(t, err, chat.ErrNotAllowed)

	require.NoError(t, node.RevokeToken(ctx, owner, room, token.ID))
	_, ok, err = node.TokenPrincipal(ctx, token.Secret)
	require.NoError(t, err)
	require.False(t, ok)

	for _, c := range []struct {
		field string
		terms chat.TokenTerms
	}{
		{"name", chat.TokenTerms{Read: true}},
		{"read", chat.TokenTerms{Name: "ci"}},
		{"expiresIn", chat.TokenTerms{Name: "ci", Read: true, ExpiresIn: int(chat.TokenLife/time.Second) + 1}},
		{"role", chat.TokenTerms{Name: "ci", Read: true, Role: chat.RoleOwner}},
		{"read", chat.TokenTerms{Name: "ci", Post: true, Role: chat.RoleModerator}},
		{"read", chat.TokenTerms{Name: "ci", Read: true, Post: true, Hook: true}},
		{"post", chat.TokenTerms{Name: "ci", Hook: true}},
		{"role", chat.TokenTerms{Name: "ci", Post: true, Hook: true, Role: chat.RoleModerator}},
		{"signingSecret", chat.TokenTerms{Name: "ci", Read: true, Signing: "s"}},
		{"signingSecret", chat.TokenTerms{Name: "ci", Post: true, Hook: true, Signing: strings.Repeat("s", chat.MaxSigningSecret+1)}},
	} {
		_, err := node.MakeToken(ctx, owner, room, c.terms)
		var invalid *chat.InvalidError
		require.ErrorAs(t, err, &invalid, c.terms)
		require.Equal(t, c.field, invalid.Field, c.terms)
	}
}

// TestAHook is an address that posts: its secret is good for nothing else, nor is another token's for
// it.
func TestAHook(t *testing.T) {
	_, node, room := owned(t)
	ctx := context.Background()
	hook, err := node.MakeToken(ctx, owner, room, chat.TokenTerms{Name: "ci", Post: true, Hook: true, Signing: "s3cret"})
	require.NoError(t, err)
	require.True(t, hook.Hook)
	require.True(t, hook.Signed)
	who, signing, ok, err := node.HookPrincipal(ctx, hook.Secret)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "s3cret", signing)
	_, _, err = node.Post(ctx, who, room, chat.Draft{Payload: chat.Message{Text: "built"}})
	require.NoError(t, err)
	_, err = node.History(ctx, who, room)
	require.ErrorIs(t, err, chat.ErrNotAllowed)

	other, err := node.MakeToken(ctx, owner, room, chat.TokenTerms{Name: "bot", Read: true, Post: true})
	require.NoError(t, err)
	asHook := chat.HookPrefix + strings.TrimPrefix(other.Secret, chat.TokenPrefix)
	asToken := chat.TokenPrefix + strings.TrimPrefix(hook.Secret, chat.HookPrefix)
	for _, text := range []string{hook.Secret, asToken} {
		_, ok, err = node.TokenPrincipal(ctx, text)
		require.NoError(t, err)
		require.False(t, ok, text)
	}
	for _, text := range []string{other.Secret, asHook, "", chat.HookPrefix} {
		_, _, ok, err = node.HookPrincipal(ctx, text)
		require.NoError(t, err)
		require.False(t, ok, text)
	}
	require.NoError(t, node.RevokeToken(ctx, owner, room, hook.ID))
	_, _, ok, err = node.HookPrincipal(ctx, hook.Secret)
	require.NoError(t, err)
	require.False(t, ok)
}

// What is no token is nobody's, whatever is changed in one.
// A program owns no room, whoever wants it to: it can't do what owners do, and nobody could.
func TestAProgramOwnsNoRoom(t *testing.T) {
	_, node, room := owned(t)
	ctx := context.Background()
	for _, terms := range []chat.TokenTerms{
		{Name: "bot", Read: true, Post: true}, {Name: "moderator", Read: true, Post: true, Role: chat.RoleModerator},
		{Name: "hook", Post: true, Hook: true},
	} {
		token, err := node.MakeToken(ctx, owner, room, terms)
		require.NoError(t, err)
		program, ok, err := node.TokenPrincipal(ctx, token.Secret)
		if terms.Hook {
			program, _, ok, err = node.HookPrincipal(ctx, token.Secret)
		}
		require.NoError(t, err)
		require.True(t, ok)
		_, _, err = node.Post(ctx, program, room, chat.Draft{Payload: chat.Message{Text: "here I am"}})
		require.NoError(t, err)

		var refused *chat.RefusedError
		_, err = node.Moderate(ctx, owner, room, chat.SetRole{Member: program.ID, Role: chat.RoleOwner})
		require.ErrorAs(t, err, &refused, terms.Name)
		require.Equal(t, chat.RefusedNotAllowed, refused.Code)
		// Nor where it is known by nothing but its ban.
		_, err = node.Moderate(ctx, owner, room, chat.BanMember{Member: program.ID, DeleteMessages: time.Hour})
		require.NoError(t, err)
		_, err = node.Clear(ctx, owner, room)
		require.NoError(t, err)
		_, err = node.Moderate(ctx, owner, room, chat.SetRole{Member: program.ID, Role: chat.RoleOwner})
		require.ErrorAs(t, err, &refused, terms.Name)

		secret, err := node.OwnerLink(ctx, owner, room)
		require.NoError(t, err)
		_, err = node.Enter(ctx, program, room, chat.Credential{Owner: secret})
		require.ErrorAs(t, err, &refused, terms.Name)
		require.Equal(t, chat.RefusedNotAllowed, refused.Code)
		s, err := node.Settings(ctx, owner, room)
		require.NoError(t, err)
		require.Equal(t, chat.RoleOwner, s.Role)
	}
}

// A program that moderates and says nothing bans all the same, with what somebody has said.
func TestAProgramThatSaysNothingModerates(t *testing.T) {
	_, node, room := owned(t)
	ctx := context.Background()
	token, err := node.MakeToken(ctx, owner, room, chat.TokenTerms{Name: "guard", Read: true, Role: chat.RoleModerator})
	require.NoError(t, err)
	guard, _, err := node.TokenPrincipal(ctx, token.Secret)
	require.NoError(t, err)
	var said []chat.Entry
	for range 2 {
		e, _, err := node.Post(ctx, other, room, chat.Draft{Payload: chat.Message{Text: "buy now"}})
		require.NoError(t, err)
		said = append(said, e)
	}
	_, _, err = node.Post(ctx, guard, room, chat.Draft{Target: said[0].ID, Payload: chat.Delete{}})
	require.NoError(t, err)
	_, err = node.Moderate(ctx, guard, room, chat.BanMember{Member: other.ID, DeleteMessages: time.Hour})
	require.NoError(t, err)
	kept, err := node.History(ctx, owner, room)
	require.NoError(t, err)
	for _, of := range said {
		e, ok := kept.At(of.ID.Seq)
		require.True(t, ok)
		require.Empty(t, e.Text())
	}
	_, _, err = node.Post(ctx, guard, room, chat.Draft{Payload: chat.Message{Text: "done"}})
	require.ErrorIs(t, err, chat.ErrNotAllowed)
}

// A reason is one line, which terminals and logs show as it is.
func TestReasonsAreALine(t *testing.T) {
	for _, reason := range []string{"a\nb", "a\tb", "a\x1b[31m", "a\u202eb", "a\u2066b", "a\u2028b", "a\x00"} {
		_, err := chat.CheckReason(reason)
		var invalid *chat.InvalidError
		require.ErrorAs(t, err, &invalid, "%q", reason)
		require.Equal(t, "reason", invalid.Field)
	}
	reason, err := chat.CheckReason(" нет, 🙂 ")
	require.NoError(t, err)
	require.Equal(t, "нет, 🙂", reason)
}

func TestATokenThatIsNone(t *testing.T) {
	_, node, room := owned(t)
	ctx := context.Background()
	token, err := node.MakeToken(ctx, owner, room, chat.TokenTerms{Name: "ci", Read: true})
	require.NoError(t, err)
	body := strings.TrimPrefix(token.Secret, chat.TokenPrefix)
	whole, err := base64.RawURLEncoding.DecodeString(body)
	require.NoError(t, err)
	changed := func(at int, to byte) string {
		other := append([]byte{}, whole...)
		other[at] ^= to
		return chat.TokenPrefix + base64.RawURLEncoding.EncodeToString(other)
	}
	for _, text := range []string{
		"", "caller_", body, strings.ToUpper(token.Secret), token.Secret + "A", token.Secret[:len(token.Secret)-1], token.Secret + "=",
		changed(0, 1), changed(8, 1), changed(27, 0x80), changed(28, 1), changed(28, 'A'^'a'),
		chat.TokenPrefix + base64.RawURLEncoding.EncodeToString(whole[:28]),
		chat.TokenPrefix + base64.RawURLEncoding.EncodeToString(append(append([]byte{}, whole[:28]...), "a/b"...)),
		chat.TokenPrefix + strings.Repeat("A", 100_000),
	} {
		_, ok, err := node.TokenPrincipal(ctx, text)
		require.NoError(t, err)
		require.False(t, ok, "%.200q", text)
	}
	_, ok, err := node.TokenPrincipal(ctx, token.Secret)
	require.NoError(t, err)
	require.True(t, ok)
}

func FuzzToken(f *testing.F) {
	f.Add("caller_nyxB0KGyw9TdiTTK3onSNo2KhI5KhWOi2d0ai3RlYQ")
	node := chattest.New(chattest.Options{}).NewNode("a", chat.Options{})
	f.Fuzz(func(t *testing.T, text string) {
		_, ok, err := node.TokenPrincipal(context.Background(), text)
		require.NoError(t, err)
		require.False(t, ok)
	})
}

func TestReports(t *testing.T) {
	_, node, room := owned(t)
	ctx := context.Background()
	var said []chat.Entry
	for i := range 9 {
		e, _, err := node.Post(ctx, other, room, chat.Draft{Payload: chat.Message{Text: fmt.Sprint(i)}})
		require.NoError(t, err)
		said = append(said, e)
	}
	report, repeated, err := node.Report(ctx, owner, room, said[4].ID, " spam ")
	require.NoError(t, err)
	require.False(t, repeated)
	require.Equal(t, "spam", report.Reason)
	first, err := node.Reports(ctx, owner, room)
	require.NoError(t, err)
	again, repeated, err := node.Report(ctx, owner, room, said[4].ID, "once more")
	require.NoError(t, err)
	require.True(t, repeated)
	require.Equal(t, report.ID, again.ID)
	require.Equal(t, "spam", again.Reason)

	_, _, err = node.Report(ctx, owner, room, said[0].ID, "")
	require.NoError(t, err)
	_, _, err = node.Post(ctx, other, room, chat.Draft{Target: said[4].ID, Payload: chat.Delete{}})
	require.NoError(t, err)
	all, err := node.Reports(ctx, owner, room)
	require.NoError(t, err)
	require.Len(t, all, 2)
	of := func(r chat.Report) (texts []string) {
		for _, e := range r.Context {
			texts = append(texts, e.Text())
		}
		return texts
	}
	require.Equal(t, []string{"1", "2", "3", "4", "5", "6", "7"}, of(first[0]))
	for _, r := range all {
		want := []string{"0", "1", "2", "3"}
		if r.ID == report.ID {
			want = []string{"1", "2", "3", "", "5", "6", "7"}
		}
		require.Equal(t, want, of(r), "what was deleted is gone here too")
	}
	require.NoError(t, node.DropReport(ctx, owner, room, report.ID))
	require.ErrorIs(t, node.DropReport(ctx, owner, room, report.ID), chat.ErrNoRecord)

	_, _, err = node.Report(ctx, owner, room, chat.Cursor{Seq: 5, Tag: said[4].ID.Tag + 1}, "")
	require.ErrorIs(t, err, chat.ErrNotFound)
	guest := other
	guest.Guest = true
	_, _, err = node.Report(ctx, guest, room, said[4].ID, "")
	require.ErrorIs(t, err, chat.ErrGuest)
	for _, reason := range []string{strings.Repeat("ä", chat.MaxReason+1), "a\nb", "\xff", "a\x1b[31m"} {
		_, _, err = node.Report(ctx, owner, room, said[4].ID, reason)
		var invalid *chat.InvalidError
		require.ErrorAs(t, err, &invalid)
		require.Equal(t, "reason", invalid.Field)
	}
}

// What belongs to an owned room is of no other, and of nobody but who may.
func TestRecordsAreOfOwnedRooms(t *testing.T) {
	_, node, room := owned(t)
	ctx := context.Background()
	program := chat.Principal{ID: "t-1", Name: "ci", Client: "t-1", Via: chat.ViaToken, Rooms: []chat.RoomID{room}}
	guest := chat.Principal{ID: "guest-id", Name: "Gus", Guest: true}
	for _, c := range []struct {
		who  chat.Principal
		room chat.RoomID
		want error
	}{
		{owner, chat.NewRoomID(), chat.ErrNotOwned}, {other, room, chat.ErrNotAllowed},
		{guest, room, chat.ErrNotSignedIn}, {program, room, chat.ErrNotAllowed},
	} {
		_, err := node.Invite(ctx, c.who, c.room, chat.InviteTerms{})
		require.ErrorIs(t, err, c.want)
		_, err = node.Invites(ctx, c.who, c.room)
		require.ErrorIs(t, err, c.want)
		require.ErrorIs(t, node.RevokeInvite(ctx, c.who, c.room, "i-1"), c.want)
		_, err = node.MakeToken(ctx, c.who, c.room, chat.TokenTerms{Name: "ci", Read: true})
		require.ErrorIs(t, err, c.want)
		_, err = node.Tokens(ctx, c.who, c.room)
		require.ErrorIs(t, err, c.want)
		require.ErrorIs(t, node.RevokeToken(ctx, c.who, c.room, "t-1"), c.want)
		_, err = node.Reports(ctx, c.who, c.room)
		require.ErrorIs(t, err, c.want)
		require.ErrorIs(t, node.DropReport(ctx, c.who, c.room, "p-1"), c.want)
	}
	e, _, err := node.Post(ctx, other, room, chat.Draft{Payload: chat.Message{Text: "buy"}})
	require.NoError(t, err)
	writer := program
	writer.NoRead = true
	_, _, err = node.Post(ctx, writer, room, chat.Draft{Payload: chat.Message{Text: "green"}})
	require.NoError(t, err)
	_, _, err = node.Post(ctx, writer, room, chat.Draft{Payload: chat.Message{Text: "green", ReplyTo: &chat.Quote{ID: e.ID}}})
	require.ErrorIs(t, err, chat.ErrNotAllowed, "it would be told what it answers")
	_, _, err = node.Report(ctx, program, room, e.ID, "")
	require.ErrorIs(t, err, chat.ErrNotAllowed)
	_, _, err = node.Report(ctx, other, chat.NewRoomID(), e.ID, "")
	require.ErrorIs(t, err, chat.ErrNotOwned)
}

// A room that is closed, or that somebody owns anew, has nothing of what it had before.
func TestRecordsGoWithTheRoom(t *testing.T) {
	_, node, room := owned(t)
	ctx := context.Background()
	token, err := node.MakeToken(ctx, owner, room, chat.TokenTerms{Name: "ci", Read: true})
	require.NoError(t, err)
	invite, err := node.Invite(ctx, owner, room, chat.InviteTerms{})
	require.NoError(t, err)
	require.NoError(t, node.CloseRoom(ctx, owner, room))
	_, ok, err := node.TokenPrincipal(ctx, token.Secret)
	require.NoError(t, err)
	require.False(t, ok)
	_, err = node.Enter(ctx, other, room, chat.Credential{Invite: invite.Secret})
	var refused *chat.RefusedError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, chat.RefusedClosed, refused.Code)
}
