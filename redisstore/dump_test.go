package redisstore

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

// dumpedRoom is a room that has something of everything.
func dumpedRoom(t testing.TB, st *Store) chat.RoomID {
	t.Helper()
	r := room()
	to := chat.OpenRules().Clone()
	to.Roles["ann-id"] = chat.RoleOwner
	to.Bans = []chat.Ban{{ID: "1", Member: chat.Author{ID: "x", Name: "X"}, At: time.UnixMilli(1767225600000).UTC()}}
	_, version, err := st.ChangeRules(ctx, r, chat.RulesChange{
		From: chat.OpenRules(), To: to,
		Notice: chat.Draft{From: draft("").From, Payload: chat.RoomNotice{What: chat.NoticeOwned}},
	})
	require.NoError(t, err)
	say := func(d chat.Draft) chat.Entry {
		d.Rules = version
		e, _, err := st.Append(ctx, r, d)
		require.NoError(t, err)
		return e
	}
	first := say(draft("hello <&> \u05e9\u05dc\u05d5\u05dd"))
	edit := draft("")
	edit.Target, edit.Payload = first.ID, chat.Edit{Text: "hello again"}
	say(edit)
	react := draft("")
	react.Target, react.Payload = first.ID, chat.Reaction{Emoji: "👍", On: true}
	say(react)
	say(draft("the end"))
	require.NoError(t, st.Grant(ctx, r, "ben-id"))
	_, _, err = st.KeepRecord(ctx, r, chat.RecordInvite, chat.Record{ID: "i-1", Hash: "aa", Expires: time.Now().Add(time.Hour), Data: []byte(`{"a":1}`)}, 5)
	require.NoError(t, err)
	full, err := st.KeepHook(ctx, r, "wh-1", []byte(`{"url":"https://example.org"}`), []chat.HookEvent{chat.HookMessage}, 5, nil)
	require.NoError(t, err)
	require.False(t, full)
	return r
}

func testDump(t *testing.T, s *server) {
	a, b := s.open(t, Options{}), s.open(t, Options{KeyPrefix: "other:"})
	from := dumpedRoom(t, a)
	d, err := a.DumpRoom(ctx, from)
	require.NoError(t, err)
	require.NoError(t, d.Check())
	require.Len(t, d.Log, 3)
	require.Len(t, d.Amendments, 2)
	require.Contains(t, d.Hashes, "grants")
	require.Contains(t, d.Hashes, "invites")
	require.Len(t, d.Hashes["hooks"].Fields, 1)
	require.Greater(t, d.Hashes["invites"].Expires, time.Minute)

	f := followed(t, b, from)
	for _, want := range []Restored{RestoredAll, RestoredBefore} {
		how, err := b.RestoreRoom(ctx, from, d, false)
		require.NoError(t, err)
		require.Equal(t, want, how)
	}
	require.Equal(t, chat.RulesChanged{Version: rulesVersion(t, b, from)}, f.next(t))
	told, ok := f.next(t).(chat.Appended)
	require.True(t, ok)
	require.EqualValues(t, 7, told.Entry.ID.Seq, "which follows nothing that anybody knows")
	same := func(to chat.RoomID) {
		t.Helper()
		have, want := read(t, b, to), read(t, a, from)
		assert.InDelta(t, want.Expires, have.Expires, float64(time.Minute))
		have.Expires, want.Expires = 0, 0
		require.Equal(t, want, have)
		there, err := b.DumpRoom(ctx, to)
		require.NoError(t, err)
		for name, hash := range d.Hashes {
			require.Equal(t, hash.Fields, there.Hashes[name].Fields, name)
			require.InDelta(t, hash.Expires, there.Hashes[name].Expires, float64(time.Minute), name)
		}
	}
	same(from)
	hooks, err := b.RoomHooks(ctx, from)
	require.NoError(t, err)
	require.Len(t, hooks, 1)

	more := draft("more")
	more.Rules = rulesVersion(t, b, from)
	e, _, err := b.Append(ctx, from, more)
	require.NoError(t, err)
	require.EqualValues(t, 6, e.ID.Seq, "numbers go on where they were")
	how, err := b.RestoreRoom(ctx, from, d, false)
	require.NoError(t, err)
	require.Equal(t, RestoredNothing, how)
	require.Len(t, read(t, b, from).Entries, 4, "what is there stays")
	how, err = b.RestoreRoom(ctx, from, d, true)
	require.NoError(t, err)
	require.Equal(t, RestoredAll, how)
	same(from)

	empty, err := a.DumpRoom(ctx, room())
	require.NoError(t, err)
	require.True(t, empty.IsEmpty())
}

// rulesVersion is the version of a room's rules.
func rulesVersion(t testing.TB, st *Store, r chat.RoomID) chat.RulesVersion {
	t.Helper()
	rules, err := st.Rules(ctx, r)
	require.NoError(t, err)
	return rules.Version
}

func testBadDumps(t *testing.T, s *server) {
	st := s.open(t, Options{})
	from, to := dumpedRoom(t, st), room()
	for name, spoil := range map[string]func(d *Dump){
		"no element":       func(d *Dump) { d.Log[0] = "hello" },
		"a gap":            func(d *Dump) { d.Amendments = d.Amendments[:1] },
		"another order":    func(d *Dump) { d.Log[0], d.Log[1] = d.Log[1], d.Log[0] },
		"twice":            func(d *Dump) { d.Log = append(d.Log, d.Log[len(d.Log)-1]) },
		"the wrong list":   func(d *Dump) { d.Log, d.Amendments = d.Amendments, d.Log },
		"no version":       func(d *Dump) { delete(d.Hashes["rules"].Fields, fieldVersion) },
		"no settings":      func(d *Dump) { d.Hashes["rules"].Fields[fieldSettings] = "{" },
		"an unknown hash":  func(d *Dump) { d.Hashes["log"] = DumpedHash{Fields: map[string]string{"a": "b"}} },
		"a strange invite": func(d *Dump) { d.Hashes["invites"].Fields["i-1"] = "x" },
		"a hook's cursor":  func(d *Dump) { d.Hashes["hooks"].Fields["c:wh-1"] = "1-1" },
		"a strange grant":  func(d *Dump) { d.Hashes["grants"].Fields["ben-id"] = "x" },
	} {
		d, err := st.DumpRoom(ctx, from)
		require.NoError(t, err)
		spoil(&d)
		_, err = st.RestoreRoom(ctx, to, d, true)
		require.ErrorIs(t, err, ErrBadDump, name)
	}
	there, err := st.DumpRoom(ctx, to)
	require.NoError(t, err)
	require.True(t, there.IsEmpty())
}

func testRoomIDs(t *testing.T, s *server) {
	st := s.open(t, Options{KeyPrefix: "ids*?[a]:"})
	s.open(t, Options{KeyPrefix: "idsXYa:"})
	none, err := st.RoomIDs(ctx)
	require.NoError(t, err)
	require.Empty(t, none)
	want := []chat.RoomID{dumpedRoom(t, st)}
	for range 2500 {
		r := room()
		post(t, st, r, "hello")
		want = append(want, r)
	}
	here := room()
	_, err = st.Hold(ctx, here, []chat.Member{{ID: "ann-id", Name: "Ann", Transport: "ws"}}, chat.Admission{})
	require.NoError(t, err)
	want = append(want, here, "שלום-.x")
	post(t, st, "שלום-.x", "hello")
	slices.Sort(want)
	have, err := st.RoomIDs(ctx)
	require.NoError(t, err)
	require.Equal(t, want, have)
}
