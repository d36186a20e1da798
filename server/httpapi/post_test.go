package httpapi

import (
	"bytes"
	"compress/gzip"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/caller-chat/caller/transport/wire"
)

func zipped(t testing.TB, text string) string {
	t.Helper()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return packed.String()
}

func post(body string, headers ...string) (Post, error) {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return PostOf(r)
}

const contentType = "Content-Type"

// What "curl -d" sends is called a form, whatever it is. A text is stored as it was written or not
// at all, and never a part of it.
func TestWhatAFormIs(t *testing.T) {
	for body, text := range map[string]string{
		"hello":                                "hello",
		"hello world":                          "hello world",
		"hello+world":                          "hello+world",
		"C++":                                  "C++",
		"+1":                                   "+1",
		"1+1=2":                                "1+1=2",
		"a=b":                                  "a=b",
		"a=1&b=2":                              "a=1&b=2",
		"100% sure":                            "100% sure",
		"AT&T":                                 "AT&T",
		"Привет":                               "Привет",
		"text":                                 "text",
		"text: hello":                          "text: hello",
		"https://example.com/?a=1&text=abc":    "https://example.com/?a=1&text=abc",
		"https://example.com/a%20b":            "https://example.com/a%20b",
		"see https://example.com/?text=abc":    "see https://example.com/?text=abc",
		`{"text":"hello"}`:                     `{"text":"hello"}`,
		"two\nlines\n":                         "two\nlines",
		"%D0%9F%D1%80%D0%B8%D0%B2%D0%B5%D1%82": "Привет", // --data-urlencode 'Привет'
		"%D0%9F+%D1%80":                        "П р",
		"text=hello":                           "hello",
		"text=hello+world":                     "hello world",
		"text=hello%20world&key=k-1":           "hello world",
		"key=k-1&text=a%26b%3Dc":               "a&b=c",
		"text=%D0%9F":                          "П",
		"text=hello world":                     "hello world",
		"text=Привет, мир":                     "Привет, мир",
		"text=a=b":                             "a=b",
		"text=https://example.com/":            "https://example.com/",
		"text=what?":                           "what?",
		"text=either/or,%20so":                 "either/or, so",
		"text=it's (really) ~fine~!":           "it's (really) ~fine~!",
		"text=hello&mentions=a&mentions=b&replyTo=1-00000001": "hello",
		"text=":    "",
		"key=k-1":  "",
		"&text=a&": "a",
	} {
		got, err := post(body, contentType, formType)
		require.NoError(t, err, body)
		require.Equal(t, text, got.Text, body)
	}
	for _, body := range []string{
		"text=hello & goodbye", "text=hello&goodbye", "text=100% sure", "text=1 + 1", "text=50%", "text=a%zz",
		"text=https://example.com/?a=1&text=abc", "text=https://example.com/?a=1&b=2", "text=a&text=b", "text=a&key=1&key=2",
		"key=k 1&text=hello", "a=1&text=abc", "text=a&submit=send", "text=Привет&key=k", "text=caf%E9", "caf%E9",
		"message=%D0%9F", "a%26b&c", "text=https://example.com/a%20b", "text=https://example.com/a+b", "text=1+1=2", "text=see:+there",
		"key=10:00+02:00&text=a", "text=a@b+c",
	} {
		_, err := post(body, contentType, formType)
		require.Error(t, err, body)
		status := FailureOf(err).Status()
		require.Contains(t, []int{http.StatusBadRequest, http.StatusUnprocessableEntity}, status, body)
		require.NotEmpty(t, FailureOf(err).Error(), body)
	}
}

func TestHowABodyIsWritten(t *testing.T) {
	const hello = "Привет, мир"
	cp1251, err := charmap.Windows1251.NewEncoder().String(hello)
	require.NoError(t, err)
	wide := func(order unicode.Endianness, text string) string {
		s, err := unicode.UTF16(order, unicode.UseBOM).NewEncoder().String(text)
		require.NoError(t, err)
		return s
	}
	asJSON := `{"text":"` + hello + `","key":"k-1"}`
	for name, c := range map[string]struct {
		body    string
		headers []string
	}{
		"a text":                   {hello, nil},
		"a text with a mark":       {"\ufeff" + hello, []string{contentType, "text/plain"}},
		"JSON with a mark":         {"\ufeff" + asJSON, []string{contentType, "application/json"}},
		"a form with a mark":       {"\ufefftext=" + hello, []string{contentType, formType}},
		"UTF-16":                   {wide(unicode.LittleEndian, hello), []string{contentType, "text/plain"}},
		"UTF-16 the other way":     {wide(unicode.BigEndian, hello), []string{contentType, "text/plain; charset=utf-8"}},
		"UTF-16 called a form":     {wide(unicode.LittleEndian, hello), []string{contentType, formType}},
		"JSON in UTF-16":           {wide(unicode.LittleEndian, asJSON), []string{contentType, "application/json"}},
		"named UTF-16":             {wide(unicode.LittleEndian, hello)[2:], []string{contentType, "text/plain; charset=UTF-16LE"}},
		"windows-1251":             {cp1251, []string{contentType, "text/plain; charset=Windows-1251"}},
		"windows-1251 by a label":  {cp1251, []string{contentType, "text/plain; charset=cp1251"}},
		"a form in windows-1251":   {"text=%CF%F0%E8%E2%E5%F2,+%EC%E8%F0", []string{contentType, formType + "; charset=windows-1251"}},
		"bytes of it in a form":    {"text=" + cp1251, []string{contentType, formType + "; charset=windows-1251"}},
		"gzip":                     {zipped(t, hello), []string{"Content-Encoding", "gzip"}},
		"gzip of JSON":             {zipped(t, asJSON), []string{"Content-Encoding", "x-gzip", contentType, "application/json"}},
		"gzip that nothing says":   {zipped(t, hello), []string{contentType, formType}},
		"gzip of a mark":           {zipped(t, "\ufeff"+hello), nil},
		"gzip of windows-1251":     {zipped(t, cp1251), []string{"Content-Encoding", "gzip", contentType, "text/plain; charset=windows-1251"}},
		"as it is, and it says so": {hello, []string{"Content-Encoding", "identity"}},
	} {
		got, err := post(c.body, c.headers...)
		require.NoError(t, err, name)
		require.Equal(t, hello, got.Text, name)
	}

	for name, c := range map[string]struct {
		body    string
		status  int
		headers []string
	}{
		"a bomb":                    {zipped(t, strings.Repeat("a", 100<<20)), http.StatusRequestEntityTooLarge, []string{"Content-Encoding", "gzip"}},
		"a bomb that nothing says":  {zipped(t, strings.Repeat("a", 1<<20)), http.StatusRequestEntityTooLarge, nil},
		"no gzip":                   {hello, http.StatusBadRequest, []string{"Content-Encoding", "gzip"}},
		"half of it":                {zipped(t, hello)[:15], http.StatusBadRequest, []string{"Content-Encoding", "gzip"}},
		"another coding":            {hello, http.StatusUnsupportedMediaType, []string{"Content-Encoding", "br"}},
		"two codings":               {hello, http.StatusUnsupportedMediaType, []string{"Content-Encoding", "gzip, gzip"}},
		"no charset":                {hello, http.StatusUnsupportedMediaType, []string{contentType, "text/plain; charset=klingon"}},
		"a dangerous charset":       {hello, http.StatusUnsupportedMediaType, []string{contentType, "text/plain; charset=iso-2022-kr"}},
		"not in its charset":        {"\x81", http.StatusBadRequest, []string{contentType, "text/plain; charset=shift_jis"}},
		"half a UTF-16":             {"\xff\xfea", http.StatusBadRequest, nil},
		"no charset, and not UTF-8": {cp1251, http.StatusBadRequest, []string{contentType, "text/plain"}},
	} {
		_, err := post(c.body, c.headers...)
		require.Error(t, err, name)
		require.Equal(t, c.status, FailureOf(err).Status(), name)
	}

	_, err = post(hello, "Content-Encoding", "zstd")
	w := httptest.NewRecorder()
	WriteProblem(w, err)
	require.Equal(t, "gzip", w.Header().Get("Accept-Encoding"))
	require.Contains(t, w.Body.String(), `"code":"unsupported"`)
	var failure *wire.Failure
	require.True(t, errors.As(err, &failure))
}

func TestTheLastBreakIsNoPartOfTheText(t *testing.T) {
	for _, body := range []string{"a\n", "a\r\n", "a\n\n"} {
		got, err := post(body, contentType, "text/plain")
		require.NoError(t, err)
		require.Equal(t, "a", got.Text)
	}
}

func TestOtherBodiesAreWrittenInTheSameWays(t *testing.T) {
	for _, body := range []string{`{"name":"Аня"}`, "\ufeff" + `{"name":"Аня"}`, zipped(t, `{"name":"Аня"}`), "name=%D0%90%D0%BD%D1%8F", "name=Аня"} {
		r := httptest.NewRequest(http.MethodPost, "/session", strings.NewReader(body))
		r.Header.Set(contentType, formType)
		name, err := NameOf(r)
		require.NoError(t, err, "%q", body)
		require.Equal(t, "Аня", name)
	}
	r := httptest.NewRequest(http.MethodPost, "/session", strings.NewReader("name=Ann & Bob"))
	r.Header.Set(contentType, formType)
	_, err := NameOf(r)
	require.Error(t, err, "never a part of it")
	r = httptest.NewRequest(http.MethodPost, "/leave", strings.NewReader("\ufeff"+`{"stream":"s-1"}`))
	stream, err := StreamOf(r)
	require.NoError(t, err)
	require.Equal(t, "s-1", stream)
}
