package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
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

// touchFile has all of the program's own file in this process, by reading its memory where the file
// is mapped.
func touchFile(t *testing.T) {
	t.Helper()
	own, err := os.Executable()
	require.NoError(t, err)
	maps, err := os.ReadFile("/proc/self/maps")
	require.NoError(t, err)
	memory, err := os.Open("/proc/self/mem")
	require.NoError(t, err)
	defer func() { require.NoError(t, memory.Close()) }()
	for line := range strings.Lines(string(maps)) {
		if !strings.HasSuffix(line, " "+own+"\n") {
			continue
		}
		var from, to int64
		var access string
		_, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &access)
		require.NoError(t, err, line)
		if access[0] == 'r' {
			n, err := io.Copy(io.Discard, io.NewSectionReader(memory, from, to-from))
			require.NoError(t, err, line)
			require.Equal(t, to-from, n, line)
		}
	}
}

// It takes a process of its own: in this one scavenge may have been there before, if the other
// tests took long.
func TestUnmapFile(t *testing.T) {
	const own = "TEST_UNMAP_FILE"
	if os.Getenv(own) == "" {
		again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestUnmapFile$")
		again.Env = append(os.Environ(), own+"=1")
		output, err := again.CombinedOutput()
		require.NoError(t, err, string(output))
		return
	}
	touchFile(t) // so that what is there does not depend on what was used
	before := residentFile(t)
	require.NoError(t, unmapFile())
	after := residentFile(t)
	t.Logf("%d KB of files before, %d after", before, after)
	require.Less(t, after, before/2)
}
