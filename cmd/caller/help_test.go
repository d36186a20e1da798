package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestReadmeSaysTheSame holds the README's table of settings to the help texts: the same words,
// with marks for code.
func TestReadmeSaysTheSame(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	inReadme := map[string]string{}
	row := regexp.MustCompile("(?m)^\\| `--([a-z-]+)` \\| `[A-Z_]+` \\| (.*?) ?\\| (.*) \\|$")
	for _, cells := range row.FindAllStringSubmatch(string(readme), -1) {
		text := cells[3]
		if cells[2] != "" {
			text += " Default: " + cells[2] + "."
		}
		inReadme["help_"+strings.ReplaceAll(cells[1], "-", "_")] = strings.ReplaceAll(text, "`", "")
	}
	assert.Equal(t, map[string]string(helpTexts()), inReadme)
}

func TestHelpGivesTheDefaults(t *testing.T) {
	c, err := read(t, "", nil)
	require.NoError(t, err)
	for name, value := range map[string]string{
		"addr": string(c.Addr), "history_limit": "100", "history_ttl": "24h", "heartbeat": "15s", "livekit_room_prefix": string(c.LiveKitRoomPrefix),
		"log_format": string(c.LogFormat), "log_level": "info",
	} {
		assert.Contains(t, helpTexts()["help_"+name], "Default: "+value+".")
	}
}
