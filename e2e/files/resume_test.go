package files

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
)

// tus makes one request of the tus protocol.
func (p person) tus(t testing.TB, method, url string, body io.Reader, headers ...string) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequest(method, url, body)
	require.NoError(t, err)
	r.Header.Set("Tus-Resumable", "1.0.0")
	r.Header.Set("Authorization", "Bearer "+p.token)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	return w, w.Body.Close()
}

// TestResumedOnAnotherNode has a node killed while a file comes; the rest goes to another one.
func TestResumedOnAnotherNode(t *testing.T) {
	run.Needed(t)
	harness.S3Environment(t)
	s3 := harness.StartS3(t, s3Program)
	one, other, _ := run.TwoNodes(t, "--files", s3.URL(""))
	ann := newPerson(t, one)
	content := once(t, 20<<20)
	w, err := ann.tus(t, http.MethodPost, one.URL+"/rooms/lobby/uploads", nil,
		"Upload-Length", fmt.Sprint(len(content)), "Upload-Metadata", "filename bG9nLmJpbg==")
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, w.StatusCode)
	path := w.Header.Get("Location")
	if i := strings.Index(path, "/rooms/"); i > 0 {
		path = path[i:]
	}
	offset := func(node *harness.Node) int {
		w, err := ann.tus(t, http.MethodHead, node.URL+path, nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, w.StatusCode)
		at, err := strconv.Atoi(w.Header.Get("Upload-Offset"))
		require.NoError(t, err)
		return at
	}
	patch := func(node *harness.Node, at int, body io.Reader) (int, error) {
		w, err := ann.tus(t, http.MethodPatch, node.URL+path, body,
			"Content-Type", "application/offset+octet-stream", "Upload-Offset", fmt.Sprint(at))
		if err != nil {
			return 0, err
		}
		return w.StatusCode, nil
	}
	body, feed := io.Pipe()
	answered := make(chan error, 1)
	go func() {
		_, err := patch(one, 0, body)
		answered <- err
	}()
	_, err = feed.Write(content[:10<<20]) // the first object is whole, the second one is not
	require.NoError(t, err)
	at := harness.Await(t, "the first part is kept", func() int { return offset(other) }, func(at int) bool { return at > 0 })
	one.Kill()
	_ = feed.Close() // whoever reads it is gone
	require.Error(t, <-answered)
	require.Equal(t, at, offset(other))
	status, err := patch(other, at+1, bytes.NewReader(content[at+1:]))
	require.NoError(t, err)
	require.Equal(t, http.StatusConflict, status)
	status, err = patch(other, at, bytes.NewReader(content[at:]))
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, status)
	require.Equal(t, len(content), offset(other))

	id := path[strings.LastIndexByte(path, '/')+1:]
	ann.node = other
	var f file
	require.Equal(t, http.StatusOK, ann.ask(t, http.MethodGet, "/rooms/lobby/files/"+id, "", nil, &f))
	sum := sha256.Sum256(content)
	require.Equal(t, hex.EncodeToString(sum[:]), f.SHA256)
	for range 2 { // and once more, as somebody does who has not got the answer
		status := ann.ask(t, http.MethodPost, "/rooms/lobby/messages", "application/json", strings.NewReader(fmt.Sprintf(`{"text":"","files":[%q],"key":"k"}`, id)), nil)
		require.Less(t, status, 300)
	}
	status, got := ann.get(t, f.URL)
	require.Equal(t, http.StatusOK, status)
	require.True(t, got == string(content), "it is not what was sent")
	status, text := ann.get(t, "/rooms/lobby/messages")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, 1, strings.Count(text, `"url"`), "posted once")
}
