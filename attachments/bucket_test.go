package attachments

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

// TestPrunedMeanwhile has several nodes write and remove objects in one folder, each of which takes the
// folder away when it is empty. Nobody is in the way of another.
func TestPrunedMeanwhile(t *testing.T) {
	folder := t.TempDir()
	var nodes sync.WaitGroup
	for range 4 {
		b, err := openFolder(folder)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, b.Close()) })
		nodes.Go(func() {
			for range 300 {
				key := newKey("", "probe", "0")
				if _, _, err := b.write(t.Context(), key, strings.NewReader("caller was here")); !assert.NoError(t, err) {
					return
				}
				b.remove(t.Context(), key)
			}
		})
	}
	nodes.Wait()
}

// TestWritingFails has an object that can't be kept: the others can be read and removed all the same.
func TestWritingFails(t *testing.T) {
	folder := t.TempDir()
	b, err := openFolder(folder)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, b.Close()) })
	kept := chat.FilePart{Key: newKey("a", "1", "0"), Size: 5}
	_, _, err = b.write(t.Context(), kept.Key, strings.NewReader("hello"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, folderOf("b")), nil, 0o600)) // in the way of a folder
	_, _, err = b.write(t.Context(), newKey("b", "1", "0"), strings.NewReader("hello"))
	require.ErrorIs(t, err, ErrUnavailable)
	require.ErrorIs(t, b.checkWriting(), ErrUnavailable)

	content, err := b.open(t.Context(), []chat.FilePart{kept})
	require.NoError(t, err)
	require.NoError(t, content.Close())
	require.NoError(t, b.removeAll(t.Context(), prefixOf("a", "1"), nil))
	_, there, err := b.sizeOf(t.Context(), kept.Key)
	require.NoError(t, err)
	require.False(t, there)

	require.NoError(t, os.Remove(filepath.Join(folder, folderOf("b"))))
	_, _, err = b.write(t.Context(), newKey("b", "1", "0"), strings.NewReader("hello"))
	require.NoError(t, err)
	require.NoError(t, b.checkWriting())
}

func TestAPrefixIsAFolder(t *testing.T) {
	for text, want := range map[string]string{"": "", "chat": "chat/", "chat/": "chat/", "a/b": "a/b/"} {
		assert.Equal(t, want, folderPrefix(text))
	}
}

// TestFallsSilent has an S3 that sends the beginning of an object, and then nothing more.
func TestFallsSilent(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	over := make(chan struct{})
	s3 := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, "hello")
			_ = http.NewResponseController(w).Flush()
			<-over
		}
	}))
	t.Cleanup(s3.Close)
	defer close(over)
	b, err := openBucket(t.Context(), "s3://files?endpoint="+s3.URL+"&region=x&use_path_style=true")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, b.Close()) })
	b.patience = 100 * time.Millisecond
	content := &reader{ctx: t.Context(), bucket: b, parts: []chat.FilePart{{Key: "a/b/0", Size: 1000}}, size: 1000}
	_, err = io.ReadAll(content)
	require.ErrorIs(t, err, ErrUnavailable)
	require.NoError(t, content.Close())
	require.ErrorIs(t, b.reading.check(), ErrUnavailable)
}
