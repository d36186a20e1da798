package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a container may have counts, of either version of control groups.
func TestAvailableMemory(t *testing.T) {
	const none = "9223372036854771712\n"
	for _, c := range []struct {
		name, machine, second, first string
		want                         uint64
	}{
		{"a machine", "MemTotal:       8000 kB\n", "", "", 8000 << 10},
		{"nothing is said", "", "", "", 0},
		{"half of it is said", "MemTotal:", "", "", 0},
		{"a container", "MemTotal:       8000 kB\n", "4096000\n", "", 4096000},
		{"one without a limit", "MemTotal:       8000 kB\n", "max\n", "", 8000 << 10},
		{"one of the first version", "MemTotal:       8000 kB\n", "", "4096000\n", 4096000},
		{"one of the first version without a limit", "MemTotal:       8000 kB\n", "", none, 8000 << 10},
	} {
		root := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(root, "memory"), 0o700))
		for name, text := range map[string]string{"meminfo": c.machine, "memory.max": c.second, "memory/memory.limit_in_bytes": c.first} {
			if text != "" {
				require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o600))
			}
		}
		assert.Equal(t, c.want, availableIn(filepath.Join(root, "meminfo"), root), c.name)
	}
}

// The smaller of --max-memory and GOMEMLIMIT counts, and the log says so when that is the latter.
func TestGOMEMLIMIT(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(1 << 30))
	for said, want := range map[memorySize]uint64{512 << 20: 512 << 20, 2 << 30: 1 << 30} {
		var logged bytes.Buffer
		m := newMemory(said, slog.New(slog.NewTextHandler(&logged, nil)))
		assert.Equal(t, want, m.most)
		assert.Equal(t, want == 1<<30, bytes.Contains(logged.Bytes(), []byte("GOMEMLIMIT")))
	}
}
