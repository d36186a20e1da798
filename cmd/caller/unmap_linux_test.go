package main

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// residentFile is how much of files is in this process, in KB.
func residentFile(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	found := regexp.MustCompile(`RssFile:\s+(\d+) kB`).FindSubmatch(status)
	require.NotNil(t, found, string(status))
	kb, err := strconv.Atoi(string(found[1]))
	require.NoError(t, err)
	return kb
}

// It takes a process of its own: in this one scavenge may have been there before, if the other tests took long.
func TestUnmapFile(t *testing.T) {
	const own = "TEST_UNMAP_FILE"
	if os.Getenv(own) == "" {
		again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestUnmapFile$")
		again.Env = append(os.Environ(), own+"=1")
		output, err := again.CombinedOutput()
		require.NoError(t, err, string(output))
		return
	}
	before := residentFile(t)
	require.NoError(t, unmapFile())
	require.Less(t, residentFile(t), before/2)
}
