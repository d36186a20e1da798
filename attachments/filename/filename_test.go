package filename

import (
	"mime"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"github.com/caller-chat/caller/chat"
)

func TestClean(t *testing.T) {
	for given, want := range map[string]string{
		"photo.jpg":                          "photo.jpg",
		"Отчёт за май.pdf":                   "Отчёт за май.pdf",
		"照片.png":                             "照片.png",
		"e\u0301te\u0301.txt":                "été.txt", // to NFC
		"नमस्ते\u200dक.txt":                  "नमस्ते\u200dक.txt",
		"👩\u200d👩\u200d👧.png":                "👩\u200d👩\u200d👧.png",
		"":                                   "file",
		" ":                                  "file",
		".":                                  "file",
		"..":                                 "file",
		"///":                                "file",
		"\u200b\u2060":                       "file",
		"../../etc/passwd":                   "passwd",
		`C:\Users\me\photo.jpg`:              "photo.jpg",
		"a/b/":                               "b",
		"a/":                                 "a",
		"photo\u202egpj.exe":                 "photogpj.exe",
		"\u200fa\u061c.txt":                  "a.txt",
		"a\x00b\x1b[31m\n.txt":               "ab[31m .txt",
		"photo.jpg        .exe":              "photo.jpg .exe",
		"  two  blanks\u00a0.txt. . ":        "two blanks .txt",
		".bashrc":                            "_.bashrc",
		"-rf":                                "_-rf",
		"~root":                              "_~root",
		"CON":                                "_CON",
		"con.txt":                            "_con.txt",
		"Com1.tar.gz":                        "_Com1.tar.gz",
		"LPT³":                               "_LPT³",
		"AUX .txt":                           "_AUX .txt",
		"COM10":                              "COM10",
		"console.log":                        "console.log",
		`a<b>c:d"e|f?g*h.txt`:                "a_b_c_d_e_f_g_h.txt",
		"a\xff\xfe.txt":                      "a_.txt",
		"a\ufffd\ufdd0\uffff\ue000.txt":      "a.txt",
		"a\u2028b.txt":                       "a b.txt",
		"\ufeffbom.txt":                      "bom.txt",
		"soft\u00adhyphen.txt":               "softhyphen.txt",
		strings.Repeat("a", 300) + ".tar":    strings.Repeat("a", 251) + ".tar",
		strings.Repeat("я", 300) + ".tar":    strings.Repeat("я", 125) + ".tar",
		strings.Repeat("e\u0302\u0302", 300): strings.Repeat("ê\u0302", 63),
		"a." + strings.Repeat("x", 300):      "a." + strings.Repeat("x", 253),
	} {
		assert.Equal(t, want, Clean(given), "%q", given)
	}
}

func TestDisposition(t *testing.T) {
	for name, want := range map[string]string{
		"photo.jpg":  `attachment; filename=photo.jpg`,
		"a b;c.txt":  `attachment; filename="a b;c.txt"`,
		"100%.txt":   `attachment; filename=100_.txt; filename*=UTF-8''100%25.txt`,
		"фото'1.jpg": `attachment; filename=____'1.jpg; filename*=UTF-8''%D1%84%D0%BE%D1%82%D0%BE%271.jpg`,
		"(1)=a.txt":  `attachment; filename="(1)=a.txt"`,
	} {
		assert.Equal(t, want, Disposition("attachment", name))
	}
}

func TestFromDisposition(t *testing.T) {
	for header, want := range map[string]string{
		"":                                       "",
		"attachment":                             "",
		"attachment; filename=a.txt":             "a.txt",
		`attachment; filename="a \"b\".txt"`:     `a "b".txt`,
		`attachment; filename="фото.jpg"`:        "фото.jpg",
		"attachment; filename=\"na\xefve.txt\"":  "naïve.txt",
		"attachment; filename*=UTF-8''%e2%82%ac": "€",
		"attachment; filename=EUR.txt; filename*=utf-8'en'%e2%82%ac%20rates.txt": "€ rates.txt",
		"filename=a.txt": "a.txt",
		"attachment; filename=a.txt; filename=b.txt": "",
		"attachment; filename=\"unclosed":            "",
		"inline; filename*=x-unknown''a":             "",
		"inline; filename*=UTF-8''%zz":               "",
	} {
		assert.Equal(t, want, FromDisposition(header), "%q", header)
	}
	for header, want := range map[string]string{
		"a.txt": "a.txt", "a%20b.txt": "a b.txt", "100%.txt": "100%.txt", "фото.jpg": "фото.jpg", "na\xefve": "naïve",
	} {
		assert.Equal(t, want, FromHeader(header))
	}
	name, given := FromForm(`form-data; name="file"; filename="a %22b%22.txt"`)
	assert.True(t, given)
	assert.Equal(t, `a "b".txt`, name)
	_, given = FromForm(`form-data; name="text"`)
	assert.False(t, given)
}

// checkName holds to what a kept name has to be.
func checkName(t *testing.T, name string) {
	t.Helper()
	require.NotEmpty(t, name)
	require.LessOrEqual(t, len(name), Max)
	require.True(t, utf8.ValidString(name))
	require.True(t, norm.NFC.IsNormalString(name), "%q", name)
	require.Equal(t, name, Clean(name), "once is enough")
	require.NotContains(t, " .-~", name[:1])
	require.NotContains(t, " .", name[len(name)-1:])
	require.False(t, strings.ContainsAny(name, `<>:"/\|?*`))
	require.False(t, isDevice(name), "%q", name)
	for _, r := range name {
		require.True(t, chat.Printable(r) && !unicode.IsControl(r) && (r == ' ' || !unicode.IsSpace(r)), "%q", name)
	}
}

func FuzzClean(f *testing.F) {
	for _, seed := range []string{"a.txt", "..", "CON", "\u202ea", "a\u200d\u0301b", "_.. ..", "~\u200b.-a", strings.Repeat("é", 200) + ".a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, given string) {
		name := Clean(given)
		checkName(t, name)
		header := Disposition("attachment", name)
		require.NotEmpty(t, header)
		require.False(t, strings.ContainsFunc(header, func(r rune) bool { return r < ' ' || r > '~' }), "%q", header)
		kind, _, err := mime.ParseMediaType(header)
		require.NoError(t, err)
		require.Equal(t, "attachment", kind)
		require.Equal(t, name, FromDisposition(header))
	})
}

func FuzzFromDisposition(f *testing.F) {
	for _, seed := range []string{"attachment; filename=a", `form-data; name="file"; filename="a%22"`, "a; filename*=UTF-8''%e2", "; filename*0=a; filename*1=b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		require.True(t, utf8.ValidString(FromDisposition(header)))
		require.True(t, utf8.ValidString(FromHeader(header)))
		name, _ := FromForm(header)
		checkName(t, Clean(name))
	})
}
