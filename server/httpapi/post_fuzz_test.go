package httpapi

import (
	"bytes"
	"net/http/httptest"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// A body of whatever type is a text in UTF-8, or refused with the client's own fault.
func FuzzPostBody(f *testing.F) {
	f.Add("", []byte("hello"))
	f.Add("application/json", []byte(`{"text":"hello","key":"k-1"}`))
	f.Add("application/x-www-form-urlencoded", []byte("text=hello&key=k"))
	f.Add("application/x-www-form-urlencoded", []byte("100% hello"))
	f.Add("multipart/form-data; boundary=b", []byte("--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nhello\r\n--b--\r\n"))
	f.Add("text/plain; charset=latin1", []byte("caf\xe9"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		r := httptest.NewRequest("POST", "/", bytes.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		said, err := PostOf(r)
		if err != nil {
			require.Less(t, FailureOf(err).Status(), 500, err)
			return
		}
		require.True(t, utf8.ValidString(said.Text))
	})
}
