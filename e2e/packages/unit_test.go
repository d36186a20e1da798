package packages

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
)

var units = []string{"caller.service", "caller@.service"}

// unit is a unit's settings: of each the values, in order.
func unit(t *testing.T, path string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	settings := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			settings[name] = append(settings[name], value)
		}
	}
	return settings
}

// one is the one value of a setting.
func one(t *testing.T, settings map[string][]string, name string) string {
	t.Helper()
	require.Len(t, settings[name], 1, name)
	return settings[name][0]
}

// TestUnits has systemd judge how much the service could do if somebody took it over: from 10, which
// is everything, to 0.
func TestUnits(t *testing.T) {
	needed(t)
	for _, name := range units {
		path, err := filepath.Abs(filepath.Join(top(), "deploy", "debian", name))
		require.NoError(t, err)
		judged := command(t, harness.Find(t, "systemd-analyze"), "security", "--no-pager", "--offline=true", path)
		found := regexp.MustCompile(`Overall exposure level for \S+: ([0-9.]+)`).FindStringSubmatch(judged)
		require.NotNil(t, found, judged)
		exposure, err := strconv.ParseFloat(found[1], 64)
		require.NoError(t, err)
		t.Logf("%s: %v", name, exposure)
		assert.Less(t, exposure, 2.0, judged)

		settings := unit(t, path)
		seconds, err := strconv.Atoi(one(t, settings, "TimeoutStopSec"))
		require.NoError(t, err)
		assert.Greater(t, time.Duration(seconds)*time.Second, stopTime, "a node has its time to go")
		assert.Equal(t, "2", one(t, settings, "RestartPreventExitStatus"), "a wrong setting stays wrong")
		for _, setting := range []string{"CapabilityBoundingSet", "AmbientCapabilities"} {
			assert.Empty(t, one(t, settings, setting))
		}
	}
}

// stopTime is within what time a node has gone after SIGTERM, as it promises.
const stopTime = 10 * time.Second

// calls are system calls, as systemd groups them.
type calls map[string][]string

// knownCalls are the groups that this systemd has.
func knownCalls(t *testing.T) calls {
	t.Helper()
	groups, group := calls{}, ""
	for line := range strings.Lines(command(t, harness.Find(t, "systemd-analyze"), "syscall-filter", "--no-pager")) {
		name := strings.TrimSpace(line)
		switch {
		case name == "" || strings.HasPrefix(name, "#"):
		case strings.HasPrefix(line, "@"):
			group = name
		default:
			groups[group] = append(groups[group], name)
		}
	}
	return groups
}

// in adds what is in a group, and in the groups in it.
func (c calls) in(group string, all map[string]bool) {
	for _, name := range c[group] {
		if strings.HasPrefix(name, "@") {
			c.in(name, all)
		} else {
			all[name] = true
		}
	}
}

// allowed is what the unit lets the service call.
func allowed(t *testing.T, settings map[string][]string) map[string]bool {
	t.Helper()
	known, may := knownCalls(t), map[string]bool{}
	for _, filter := range settings["SystemCallFilter"] {
		set := map[string]bool{}
		group, deny := strings.CutPrefix(filter, "~")
		require.NotEmpty(t, known[group], group)
		known.in(group, set)
		for name := range set {
			if deny {
				delete(may, name)
			} else {
				may[name] = true
			}
		}
	}
	return may
}
