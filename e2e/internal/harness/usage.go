package harness

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	residentSize = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)
	peakSize     = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)
)

// Resident is how much memory the process has, in bytes (Linux).
func (p *Process) Resident(t testing.TB) int { t.Helper(); return p.memory(t, residentSize) }

// Peak is how much memory the process has had at most, in bytes (Linux).
func (p *Process) Peak(t testing.TB) int { t.Helper(); return p.memory(t, peakSize) }

func (p *Process) memory(t testing.TB, what *regexp.Regexp) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	require.NoError(t, err)
	found := what.FindSubmatch(status)
	require.NotNil(t, found, "%s", status)
	size, err := strconv.Atoi(string(found[1]))
	require.NoError(t, err)
	return size << 10
}

// Files is how many files and connections the process has open (Linux).
func (p *Process) Files(t testing.TB) int {
	t.Helper()
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
	require.NoError(t, err)
	return len(files)
}
