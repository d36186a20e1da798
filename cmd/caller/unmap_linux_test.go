package main

import (
	"os"
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

func TestUnmapFile(t *testing.T) {
	before := residentFile(t)
	require.NoError(t, unmapFile())
	require.Less(t, residentFile(t), before/2)
}
