package scan_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/attachments/scan"
)

// shell is a scanner that is a shell script.
func shell(t *testing.T, script string) *scan.Scanner {
	t.Helper()
	file := filepath.Join(t.TempDir(), "script")
	require.NoError(t, os.WriteFile(file, []byte(script), 0o600))
	s, err := scan.New("sh "+file, 1, time.Minute)
	require.NoError(t, err)
	return s
}

func TestExitCodes(t *testing.T) {
	eicar := shell(t, `if grep -q EICAR; then echo "found   it"; exit 1; fi`)
	require.NoError(t, eicar.Scan(t.Context(), strings.NewReader("nothing")))
	err := eicar.Scan(t.Context(), strings.NewReader(strings.Repeat("x\n", 1<<20)+"EICAR"))
	require.ErrorIs(t, err, scan.ErrRefused)
	assert.Contains(t, err.Error(), "found it")
	require.ErrorIs(t, shell(t, "exit 2").Scan(t.Context(), strings.NewReader("a")), scan.ErrNotScanned)
	require.ErrorIs(t, shell(t, "kill -9 $$").Scan(t.Context(), strings.NewReader("a")), scan.ErrNotScanned)
	// One that does not read all of it may say what it has found.
	large := strings.Repeat("x", 1<<20)
	require.NoError(t, shell(t, "exit 0").Scan(t.Context(), strings.NewReader(large)))
	require.ErrorIs(t, shell(t, "exit 1").Scan(t.Context(), strings.NewReader(large)), scan.ErrRefused)
}

func TestAFileThatBreaksOffIsNotScanned(t *testing.T) {
	away := errors.New("away")
	err := shell(t, "cat").Scan(t.Context(), io.MultiReader(strings.NewReader("a"), iotest.ErrReader(away)))
	require.ErrorIs(t, err, scan.ErrNotScanned)
	require.ErrorIs(t, err, away)
}

func TestItEndsInTime(t *testing.T) {
	s, err := scan.New("sleep 1000", 1, 50*time.Millisecond)
	require.NoError(t, err)
	require.ErrorIs(t, s.Scan(t.Context(), strings.NewReader("a")), scan.ErrNotScanned)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, shell(t, "sleep 1000").Scan(ended, strings.NewReader("a")), context.Canceled)
}

// What it is told of the process has no secrets.
func TestItsEnvironment(t *testing.T) {
	for _, variable := range []string{"CALLER_SECRET", "AWS_SECRET_ACCESS_KEY", "REDIS_URL", "LIVEKIT_API_SECRET", "OTEL_EXPORTER_OTLP_HEADERS", "NOTIFY_SOCKET", "OTHERS"} {
		t.Setenv(variable, "1")
	}
	require.NoError(t, shell(t, `test -z "$CALLER_SECRET$AWS_SECRET_ACCESS_KEY$REDIS_URL$LIVEKIT_API_SECRET$OTEL_EXPORTER_OTLP_HEADERS$NOTIFY_SOCKET" &&
		test -n "$OTHERS$PATH"`).Scan(t.Context(), strings.NewReader("")))
	require.NotEmpty(t, os.Getenv("CALLER_SECRET"))
}

func TestWrongCommands(t *testing.T) {
	for _, command := range []string{"", "  ", "no-such-program-here -x"} {
		_, err := scan.New(command, 1, time.Second)
		require.Error(t, err, "%q", command)
	}
}
