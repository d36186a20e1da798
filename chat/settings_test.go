package chat_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

func patch(t *testing.T, object string) chat.SettingsPatch {
	t.Helper()
	var p chat.SettingsPatch
	require.NoError(t, json.Unmarshal([]byte(object), &p))
	return p
}

func TestPatchSetsAndNullIsTheDefault(t *testing.T) {
	all := `{"title":" Tea ","topic":"Which one?","password":"secret","inviteOnly":true,"locked":true,"posting":"sessions",
		"slowMode":10,"history":"since-joined","historyLimit":20,"historyTtl":60,"maxMembers":3,"files":false,"calls":false,
		"listed":false,"newcomers":"read"}`
	s, err := chat.DefaultSettings().Patch(patch(t, all))
	require.NoError(t, err)
	require.Equal(t, chat.Settings{
		Title: "Tea", Topic: "Which one?", HasPassword: true, InviteOnly: true, Locked: true, Posting: "sessions", SlowMode: 10,
		History: "since-joined", HistoryLimit: 20, HistoryTTL: 60, MaxMembers: 3, Newcomers: "read",
	}, s)
	nulls := chat.SettingsPatch{}
	for name := range patch(t, all) {
		nulls[name] = json.RawMessage("null")
	}
	require.Len(t, chat.DefaultSettings().Changed(s), len(nulls), "every setting has another value than before")
	s, err = s.Patch(nulls)
	require.NoError(t, err)
	require.Equal(t, chat.DefaultSettings(), s)
	require.Empty(t, s.Changed(chat.DefaultSettings()))
}

func TestPatchLeavesWhatItDoesNotName(t *testing.T) {
	before := chat.DefaultSettings()
	before.Title = "Tea"
	s, err := before.Patch(patch(t, `{"topic":"Milk"}`))
	require.NoError(t, err)
	require.Equal(t, "Tea", s.Title)
	require.Equal(t, []string{"topic"}, s.Changed(before))
}

func TestATitleThatShowsNothingIsNone(t *testing.T) {
	s, err := chat.DefaultSettings().Patch(patch(t, `{"title":"\u200b\u200b","topic":" \u2060 "}`))
	require.NoError(t, err)
	require.Empty(t, s.Title)
	require.Empty(t, s.Topic)
}

func TestPatchNamesTheFieldThatIsWrong(t *testing.T) {
	for object, field := range map[string]string{
		`{"titel":"x"}`:    "titel",
		`{"owners":["x"]}`: "owners",
		`{"title":7}`:      "title",
		`{"title":"` + strings.Repeat("x", chat.MaxTitle+1) + `"}`: "title",
		`{"title":"a\nb"}`:     "title",
		`{"topic":"a\u0007b"}`: "topic",
		`{"topic":"a\u2028b"}`: "topic",
		`{"topic":"a\u202eb"}`: "topic",
		`{"title":"a\u2066b"}`: "title",
		`{"password":""}`:      "password",
		`{"password":false}`:   "password",
		`{"password":"` + strings.Repeat("x", chat.MaxPassword+1) + `"}`: "password",
		`{"inviteOnly":"yes"}`:  "inviteOnly",
		`{"posting":"nobody"}`:  "posting",
		`{"slowMode":-1}`:       "slowMode",
		`{"slowMode":1.5}`:      "slowMode",
		`{"slowMode":1e9}`:      "slowMode",
		`{"history":""}`:        "history",
		`{"historyLimit":"10"}`: "historyLimit",
		`{"newcomers":true}`:    "newcomers",
	} {
		_, err := chat.DefaultSettings().Patch(patch(t, object))
		var invalid *chat.InvalidError
		require.ErrorAs(t, err, &invalid, object)
		require.Equal(t, field, invalid.Field, object)
	}
}

func TestPasswordOfAPatch(t *testing.T) {
	for object, want := range map[string]struct {
		password string
		set      bool
	}{`{}`: {}, `{"password":null}`: {"", true}, `{"password":"x"}`: {"x", true}} {
		password, set, err := patch(t, object).Password()
		require.NoError(t, err)
		require.Equal(t, want.password, password)
		require.Equal(t, want.set, set)
	}
}

func TestModeratorsPatchSomeSettings(t *testing.T) {
	require.False(t, patch(t, `{"topic":"x","slowMode":1,"locked":true,"newcomers":"read"}`).OwnersOnly())
	for _, name := range []string{"title", "password", "inviteOnly", "posting", "history", "files", "nonsense"} {
		require.True(t, patch(t, `{"topic":"x","`+name+`":null}`).OwnersOnly(), name)
	}
}
