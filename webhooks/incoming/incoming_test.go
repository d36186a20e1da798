package incoming

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// headersOf are what a sample was sent with: what is GitHub's says so in its name.
func headersOf(name string) http.Header {
	h := http.Header{"Content-Type": {"application/json"}}
	if event, is := strings.CutPrefix(name, "github_"); is {
		for _, known := range []string{
			"ping", "push", "pull_request", "issues", "issue_comment", "workflow_run", "release", "star", "check_run",
		} {
			if event == known || strings.HasPrefix(event, known+"_") && h.Get("X-Github-Event") == "" {
				h.Set("X-Github-Event", known)
			}
		}
		if event == "review" {
			h.Set("X-Github-Event", "pull_request_review")
		}
	}
	return h
}

// TestSamples: each document in testdata becomes the message in the file beside it.
func TestSamples(t *testing.T) {
	samples, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.Greater(t, len(samples), 15)
	for _, path := range samples {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		t.Run(name, func(t *testing.T) {
			body, err := os.ReadFile(path)
			require.NoError(t, err)
			text, err := Text(headersOf(name), body, "ci")
			require.NoError(t, err)
			golden := strings.TrimSuffix(path, ".json") + ".txt"
			if os.Getenv("UPDATE_SAMPLES") != "" {
				require.NoError(t, os.WriteFile(golden, []byte(text+"\n"), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, strings.TrimSuffix(string(want), "\n"), text)
			form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "X-Github-Event": headersOf(name)["X-Github-Event"]}
			byForm, err := Text(form, []byte("payload="+url.QueryEscape(string(body))), "ci")
			require.NoError(t, err)
			require.Equal(t, text, byForm)
		})
	}
}

func TestWhatIsNoDelivery(t *testing.T) {
	jsonType := http.Header{"Content-Type": {"application/json"}}
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	for _, c := range []struct {
		headers http.Header
		body    string
	}{
		{jsonType, ``}, {jsonType, `hello`}, {jsonType, `[]`}, {jsonType, `null`}, {jsonType, `{"a":1}`}, {jsonType, `{"text":""}`}, {jsonType, `{"text":5}`},
		{jsonType, `{"text":"a"} {"text":"b"}`}, {jsonType, `{"blocks":[{"type":"section"}]}`},
		{jsonType, `{"text":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`},
		{form, `text=hello`}, {form, `payload=hello`}, {form, `%zz`},
	} {
		_, err := Text(c.headers, []byte(c.body), "ci")
		var failure *wire.Failure
		require.ErrorAs(t, err, &failure, "%.80s", c.body)
		require.Equal(t, wire.CodeMalformed, failure.Code)
		require.Contains(t, failure.Detail, "Slack", "it says what is taken")
	}
}

// wantHarmless checks what holds for whatever anybody sends.
func wantHarmless(t testing.TB, text string) {
	t.Helper()
	require.True(t, utf8.ValidString(text))
	require.LessOrEqual(t, utf8.RuneCountInString(text), chat.MaxText)
	for _, r := range text {
		hides := unicode.IsControl(r) && r != '\n' && r != '\t' || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
		require.False(t, hides, "%U in %q", r, text)
	}
}

func TestHostileDeliveries(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	for _, c := range []struct{ event, body string }{
		{"", `{"text":"` + long + `"}`},
		{"", `{"text":"a\u0000b\u001b[31mred\u202eevil\u200b"}`},
		{"", `{"text":"hi","attachments":[` + strings.Repeat(`{"text":"`+long[:500]+`"},`, 1000) + `{}]}`},
		{"", `{"text":"hi","blocks":{"type":"section"},"attachments":"no"}`},
		{"push", `{"ref":5,"commits":[1,"a",null,{"id":7,"message":[]}],"repository":[],"sender":"x","forced":true}`},
		{"push", `{"ref":"refs/heads/` + long + `","commits":[` + strings.Repeat(`{"id":"abc","message":"`+long[:2000]+`"},`, 100) + `{}]}`},
		{"issues", `{"action":"opened","issue":{"number":-1e99,"title":{"a":1},"html_url":"javascript:alert(1)"}}`},
		{"", `{"alerts":[` + strings.Repeat(`{"labels":{"a":"`+long[:900]+`"}},`, 200) + `{}],"status":"firing","version":"4"}`},
		{"", `{"alerts":[],"status":"firing"}`},
		{"", `{"text":"a&#8238;b&#x202e;c&#27;[31m"}`},
		{"", `{"text":"<https://example.org/?&#8238;|a>"}`},
		{"", `{"blocks":[{"type":"image","title":"a","image_url":"https://example.org/?\u202eb"}]}`},
		{"issues", `{"action":"opened","issue":{"title":"a","html_url":"https://example.org/?\u202eb c"}}`},
		{"push", `{"ref":"refs/heads/main","commits":[{"id":"äöüäöüäöü","message":"a"}]}`},
	} {
		text, err := Text(http.Header{"X-Github-Event": {c.event}}, []byte(c.body), "ci")
		require.NoError(t, err, "%.100s", c.body)
		require.NotEmpty(t, text, "%.100s", c.body)
		require.NotContains(t, text, "javascript:")
		wantHarmless(t, text)
	}
}

// TestEntities: Slack has three. What else looks like one is what somebody wrote.
func TestEntities(t *testing.T) {
	text, err := Text(http.Header{}, []byte(`{"text":"https://example.org/?a=1&copy=2&reg=3 &lt;b&gt; &amp;lt; <https://example.org/?a=1&amp;b=2&sect=3|here>"}`), "ci")
	require.NoError(t, err)
	require.Equal(t, "https://example.org/?a=1&copy=2&reg=3 <b> &lt; here (https://example.org/?a=1&b=2&sect=3)", text)
}

// TestWhatSlacksOwnShapesSay: what stands in no text, and would be lost.
func TestWhatSlacksOwnShapesSay(t *testing.T) {
	for body, want := range map[string]string{
		`{"text":"<https://example.org/?a=&amp;lt;b|l> &amp;gt;"}`:                    "l (https://example.org/?a=&lt;b) &gt;",
		"\ufeff" + `{"text":"from .NET"}`:                                             "from .NET",
		`{"blocks":[{"type":"markdown","text":"**bold**"}]}`:                          "**bold**",
		`{"attachments":[{"image_url":"https://example.org/i.png"}]}`:                 "https://example.org/i.png",
		`{"attachments":[{"author_name":"Ann","author_link":"https://example.org"}]}`: "Ann (https://example.org)",
		`{"attachments":[{"title":"Down","actions":[{"type":"button","text":"Runbook","url":"https://example.org/run"},{"type":"button","text":"Silence"}]}]}`: "Down\n" +
			"Runbook (https://example.org/run)",
		`{"blocks":[{"type":"section","text":{"type":"mrkdwn","text":"Deploy waits"},` +
			`"accessory":{"type":"button","text":{"type":"plain_text","text":"Open"},"url":"https://example.org/open"}},` +
			`{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"Approve"},"url":"https://example.org/yes"},` +
			`{"type":"button","text":{"type":"plain_text","text":"Later"},"action_id":"later"}]}]}`: "Deploy waits\nOpen (https://example.org/open)\n" +
			"Approve (https://example.org/yes)",
		`{"blocks":[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"since "},` +
			`{"type":"date","timestamp":1392734382,"format":"{date}","fallback":"18 February"}]}]}]}`: "since 18 February",
	} {
		text, err := Text(http.Header{"Content-Type": {"application/json"}}, []byte(body), "ci")
		require.NoError(t, err, body)
		require.Equal(t, want, text, body)
	}
}

func FuzzText(f *testing.F) {
	samples, err := filepath.Glob("testdata/*.json")
	require.NoError(f, err)
	for _, path := range samples {
		body, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(headersOf(strings.TrimSuffix(filepath.Base(path), ".json")).Get("X-Github-Event"), body)
	}
	f.Fuzz(func(t *testing.T, event string, body []byte) {
		text, err := Text(http.Header{"X-Github-Event": {event}}, body, "ci")
		var failure *wire.Failure
		if err != nil && !errors.As(err, &failure) {
			t.Fatal(err)
		}
		wantHarmless(t, text)
	})
}

func TestEveryKindOfBlockIsBounded(t *testing.T) {
	deep := `{"type":"text","text":"x"}`
	for range 40 {
		deep = `{"type":"rich_text_section","elements":[` + deep + `]}`
	}
	_, err := Text(http.Header{}, []byte(`{"text":"t","blocks":[{"type":"rich_text","elements":[`+deep+`]}]}`), "ci")
	require.Error(t, err, "deeper than any document that is read")
	many, err := json.Marshal(map[string]any{"blocks": []any{map[string]any{"type": "rich_text", "elements": wide(3, 40)}}})
	require.NoError(t, err)
	text, err := Text(http.Header{}, many, "ci")
	require.NoError(t, err)
	wantHarmless(t, text)
}

func wide(depth, n int) (all []any) {
	for i := range n {
		e := map[string]any{"type": "text", "text": fmt.Sprint(i)}
		if depth > 1 {
			e = map[string]any{"type": "rich_text_section", "elements": wide(depth-1, n)}
		}
		all = append(all, e)
	}
	return all
}
