package httpapi

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

func fieldsOf(t testing.TB, body, kind string, known ...string) (Fields, error) {
	t.Helper()
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	return FieldsOf(r, known...)
}

// What curl says is a form may be JSON: it is looked at.
func TestFieldsAreReadHoweverTheyAreSent(t *testing.T) {
	for body, kind := range map[string]string{
		`{"name":"ci","uses":3,"read":true}`:           formType,
		` {"name":"ci","uses":3,"read":true}`:          "",
		"{\"name\":\"ci\",\"uses\":3,\"read\":true}\n": "application/json",
		`{"name":"ci","uses":3.0,"read":true}`:         "application/merge-patch+json",
		`name=ci&uses=3&read=true`:                     formType,
		`uses=3&read=true&name=c%69`:                   "",
	} {
		f, err := fieldsOf(t, body, kind, "name", "uses", "read", "post")
		require.NoError(t, err, body)
		name, err := f.Text("name")
		require.NoError(t, err, body)
		require.Equal(t, "ci", name)
		uses, err := f.Number("uses")
		require.NoError(t, err, body)
		require.Equal(t, 3, uses)
		for flag, want := range map[string]bool{"read": true, "post": false} {
			is, err := f.Flag(flag, false)
			require.NoError(t, err, body)
			require.Equal(t, want, is, flag)
		}
		require.True(t, f.Has("name"))
		require.False(t, f.Has("post"))
	}
	f, err := fieldsOf(t, "", "", "name")
	require.NoError(t, err)
	post, err := f.Flag("post", true)
	require.NoError(t, err)
	require.True(t, post)
}

func TestAFieldThatIsNotKnownIsNamed(t *testing.T) {
	for _, body := range []string{`{"nmae":"ci"}`, `nmae=ci`} {
		_, err := fieldsOf(t, body, formType, "name", "uses")
		var invalid *chat.InvalidError
		require.ErrorAs(t, err, &invalid, body)
		require.Equal(t, "nmae", invalid.Field)
		require.ErrorContains(t, err, "there is name, uses")
	}
	_, err := fieldsOf(t, `{"`+strings.Repeat("x", 60_000)+`":1}`, "", "name")
	require.Less(t, len(err.Error()), 500)
}

func TestFieldsOfAnotherTypeAreRefused(t *testing.T) {
	for body, field := range map[string]string{
		`{"name":5}`: "name", `{"name":["a"]}`: "name",
		`{"uses":"3"}`: "uses", `{"uses":-1}`: "uses", `{"uses":1.5}`: "uses", `{"uses":1e300}`: "uses", `{"uses":3000000000}`: "uses",
		`uses=three`: "uses", `uses=`: "uses",
		`{"read":"true"}`: "read", `{"read":1}`: "read", `read=yes`: "read",
	} {
		f, err := fieldsOf(t, body, "")
		require.NoError(t, err)
		_, first := f.Text("name")
		_, second := f.Number("uses")
		_, third := f.Flag("read", true)
		var invalid *chat.InvalidError
		for _, err := range []error{first, second, third} {
			if err != nil {
				require.ErrorAs(t, err, &invalid, body)
			}
		}
		require.NotNil(t, invalid, body)
		require.Equal(t, field, invalid.Field, body)
	}
}

func TestABodyThatIsNeitherIsMalformed(t *testing.T) {
	for _, body := range []string{`{"name":`, `hello`, `["name"]`, `{"name":"a"}{}`, `name=a&name=b`, `name=%zz`} {
		_, err := fieldsOf(t, body, "", "name")
		require.Equal(t, wire.CodeMalformed, FailureOf(err).Code, body)
	}
	_, err := fieldsOf(t, "name=a", "application/json", "name")
	require.Equal(t, wire.CodeMalformed, FailureOf(err).Code)
	_, err = fieldsOf(t, "{\"name\":\"\xff\"}", "", "name")
	require.Equal(t, wire.CodeInvalidUTF8, FailureOf(err).Code)
}

func TestSettingsAreAPatch(t *testing.T) {
	for body, want := range map[string]string{
		`{"topic":"tea","slowMode":5,"password":null}`: `{"topic":"tea","slowMode":5,"password":null}`,
		`topic=5&slowMode=5&locked=true&password=`:     `{"topic":"5","slowMode":5,"locked":true,"password":null}`,
		`{}`:                     `{}`,
		`password=true&files=no`: `{"password":"true","files":"no"}`,
	} {
		r := httptest.NewRequest("PATCH", "/", strings.NewReader(body))
		patch, err := SettingsOf(r)
		require.NoError(t, err, body)
		got, err := json.Marshal(patch)
		require.NoError(t, err)
		require.JSONEq(t, want, string(got))
	}
	for _, body := range []string{``, `hello`, `[]`} {
		_, err := SettingsOf(httptest.NewRequest("PATCH", "/", strings.NewReader(body)))
		require.Equal(t, wire.CodeMalformed, FailureOf(err).Code, body)
	}
}

func TestIfMatch(t *testing.T) {
	for value, want := range map[string]int64{`"7"`: 7, `7`: 7, `"x"`: -1, `"7", "8"`: -1, `W/"7"`: -1, `"-7"`: -1} {
		r := httptest.NewRequest("PATCH", "/", nil)
		r.Header.Set("If-Match", value)
		version, given := IfMatchOf(r)
		require.True(t, given, value)
		require.Equal(t, want, version, value)
	}
	for _, value := range []string{"", "*"} {
		r := httptest.NewRequest("PATCH", "/", nil)
		r.Header.Set("If-Match", value)
		_, given := IfMatchOf(r)
		require.False(t, given)
	}
	w := httptest.NewRecorder()
	SetETag(w, 7)
	require.Equal(t, `"7"`, w.Header().Get("ETag"))
}
