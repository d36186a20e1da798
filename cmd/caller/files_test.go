package main

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFilesSettings(t *testing.T) {
	c, err := read(t, "", nil)
	require.NoError(t, err)
	assert.Empty(t, c.Files)
	assert.EqualValues(t, 100<<20, c.FileSize)
	assert.EqualValues(t, 1<<30, c.RoomFiles)
	c, err = read(t, "", []string{"CALLER_FILES=off", "CALLER_FILE_SIZE=500KB", "CALLER_ROOM_FILES=2GB"})
	require.NoError(t, err)
	bucket, err := c.openFiles(context.Background(), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	assert.Nil(t, bucket)
	assert.EqualValues(t, 500<<10, c.FileSize)
	_, err = read(t, "", nil, "--file-size", "2GB")
	require.ErrorContains(t, err, "--room-files")
	for _, url := range []string{"mem://", "file:///var/files", "s3://files?endpoint=http://127.0.0.1:9000&region=x&use_path_style=true&prefix=a/b/"} {
		_, err = read(t, "", nil, "--files", url)
		require.NoError(t, err, url)
	}
}

// Without --files there is a folder as long as the program runs, and the log says so.
func TestTemporaryFiles(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	p := begin(t)
	assert.Contains(t, p.stderr.String(), "files are kept until the program ends")
	folders, err := filepath.Glob(filepath.Join(temporary, "caller-files-*"))
	require.NoError(t, err)
	require.Len(t, folders, 1)
	p.stop()
	require.NoError(t, <-p.ended)
	_, err = os.Stat(folders[0])
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestFilesThatCannotBeKept(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("taken", nil, 0o600))
	path, err := filepath.Abs("taken")
	require.NoError(t, err)
	var out bytes.Buffer
	err = run(t.Context(), []string{"--addr", "127.0.0.1:0", "--files", "file://" + path}, nil, &out, &out)
	assert.Equal(t, 2, exitCode(err, &out))
	assert.Contains(t, out.String(), "--files (CALLER_FILES)")
}

// TestABucketThatIsAway: what may be over in a while is no wrong setting, after which a supervisor would
// not try again.
func TestABucketThatIsAway(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("AWS_ACCESS_KEY_ID", "a")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "b")
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	for name, c := range map[string]struct{ status, code int }{
		"a wrong key":    {http.StatusForbidden, exitUsage},
		"no such bucket": {http.StatusNotFound, exitUsage},
		"out of order":   {http.StatusServiceUnavailable, exitFailed},
		"asked too much": {http.StatusTooManyRequests, exitFailed},
		"nobody answers": {0, exitFailed},
	} {
		t.Run(name, func(t *testing.T) {
			s3 := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(c.status) }))
			defer s3.Close()
			if c.status == 0 {
				s3.Close()
			}
			var out bytes.Buffer
			err := run(t.Context(), []string{"--addr", "127.0.0.1:0", "--files", "s3://files?region=x&use_path_style=true&endpoint=" + s3.URL}, nil, &out, &out)
			require.Error(t, err)
			assert.Equal(t, c.code, exitCode(err, &out), out.String())
			assert.Contains(t, out.String(), "--files (CALLER_FILES)")
		})
	}
}

func TestFilesCommand(t *testing.T) {
	t.Chdir(t.TempDir())
	redis := "redis://" + miniredis.RunT(t).Addr()
	folder := "file://" + t.TempDir()
	for _, wrong := range [][]string{
		{"files"}, {"files", "mend"}, {"files", "check"}, {"files", "check", "--files", folder}, {"files", "check", "--redis-url", redis},
		{"files", "check", "--files", "off", "--redis-url", redis}, {"files", "check", "--colour"},
	} {
		var out bytes.Buffer
		assert.Equal(t, 2, exitCode(run(t.Context(), wrong, nil, &out, &out), &out), wrong)
	}
	var out, log bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"files", "check", "--fix", "--files", folder, "--redis-url", redis}, nil, &out, &log))
	assert.Equal(t, "0 rooms with 0 files, 0 objects with 0 bytes: 0 disagree\n", out.String())
}
