package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMain makes the test binary the baseline when it is started as one.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == baselineCommand {
		_ = runBaseline(os.Args[2])
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// Every table with small numbers: the program works, and no reader of Caller's loses anything. What
// it measures is not looked at.
func TestQuick(t *testing.T) {
	if testing.Short() {
		t.Skip("starts real servers")
	}
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	var out, log bytes.Buffer
	err := run(t.Context(), []string{"-quick", "-pin=false"}, &out, &log)
	require.NoError(t, err, "%s\n%s", &out, &log)
	for _, table := range tables {
		require.Contains(t, log.String(), table.name+" took ")
	}
	require.NotContains(t, out.String(), "\n! caller")
	left, err := filepath.Glob(filepath.Join(dir, "caller-load-*"))
	require.NoError(t, err)
	require.Empty(t, left)
}
