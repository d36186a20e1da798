package harness

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Durable is redis-server's arguments with which what was answered is on disk: killed and started
// again it has it still.
var Durable = []string{"--appendonly", "yes", "--appendfsync", "always"}

// Erase removes what a Redis that does not run now has on disk.
func (r *Redis) Erase(t testing.TB) {
	t.Helper()
	dir := r.args[slices.Index(r.args, "--dir")+1]
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, file := range files {
		require.NoError(t, os.RemoveAll(filepath.Join(dir, file.Name())))
	}
}
