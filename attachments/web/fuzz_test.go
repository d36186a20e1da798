package web

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tus/tusd/v2/pkg/handler"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/attachments/filename"
)

// FuzzMetadata is what tus says of a file, whatever somebody writes there.
func FuzzMetadata(f *testing.F) {
	f.Add("filename YS50eHQ=,filetype dGV4dC9wbGFpbg==,duration MS41,wave WzAsMzFd")
	f.Add("filename Li4vLi4=,wave ,,,")
	f.Add("name 0L7RiNC40LHQutCw, filename")
	f.Fuzz(func(t *testing.T, header string) {
		info := handler.MetaData(handler.ParseMetadataHeader(header))
		name := filename.Clean(firstOf(info, "filename", "name"))
		require.NotEmpty(t, name)
		contentType, disposition := shownAs(firstOf(info, "filetype", "type"), name)
		require.Contains(t, []string{"inline", "attachment"}, disposition)
		require.NotContains(t, contentType, "html")
		require.NotContains(t, contentType, "\n")
		_, _, _ = voiceOf(info["duration"], info["wave"]) // FuzzVoice looks at what it answers
	})
}

// FuzzForm is forms of any kind: whatever is refused leaves nothing behind.
func FuzzForm(f *testing.F) {
	f.Add("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nhello\r\n--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nlook\r\n--b--\r\n")
	f.Add("--b\r\nContent-Disposition: form-data; name=wave\r\n\r\n[1]\r\n--b\r\nContent-Disposition: form-data; name=file\r\n\r\n\r\n--b--")
	f.Add("--b\r\n\r\n--b--")
	f.Add("--b\r\nContent-Disposition: form-data; name=file\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Disposition: attachment; filename=a\r\n\r\n1\r\n--c--\r\n--b--")
	f.Fuzz(func(t *testing.T, body string) {
		s := newSite(t, attachments.Options{FileSize: 1000})
		resp, text := s.ask(t, "POST", "/rooms/lobby/files", strings.NewReader(body), "Content-Type", "multipart/form-data; boundary=b", "X-Name", "Ann")
		require.Less(t, resp.StatusCode, 500, "%s", text)
		records := s.records(t)
		if resp.StatusCode >= 400 {
			require.Empty(t, records)
			require.Empty(t, s.said(t))
			return
		}
		require.NotEmpty(t, records)
		for _, r := range records {
			require.Equal(t, filename.Clean(r.Name), r.Name)
		}
	})
}
