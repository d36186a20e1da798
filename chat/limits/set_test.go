package limits

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

func TestParse(t *testing.T) {
	set := parsed(t, " messages = 200/10 , joins=off,rooms=10/1/h, reads.address=7/0.5")
	for _, want := range []struct {
		name  Name
		scope scope
		Burst int
		rate  float64
	}{
		{Messages, person, 200, 10}, {Messages, guests, 200, 10}, {Messages, address, 2000, 100},
		{Joins, person, 0, 0}, {Joins, address, 0, 0}, {Joins, guests, 0, 0},
		{Rooms, person, 10, 1.0 / 3600}, {Rooms, address, 100, 20.0 / 3600},
		{Reads, person, 200, 20}, {Reads, address, 7, 0.5}, {Reads, guests, 0, 0},
		{Sessions, address, 400, 1}, {Passwords, inRoom, 60, 0.2},
	} {
		b := set.of(want.name, want.scope)
		assert.Equal(t, want.Burst, b.Burst, "%+v", want)
		assert.InDelta(t, want.rate, b.PerSecond, 1e-9, "%+v", want)
	}
	assert.Equal(t, Defaults(), parsed(t, ""))
	assert.Equal(t, 2000, Defaults().Connections())
	assert.Equal(t, 7, parsed(t, "connections=7").Connections())
	assert.Equal(t, 100_000, Defaults().Owned())
	assert.Equal(t, 7, parsed(t, "owned=7").Owned())
	assert.Zero(t, parsed(t, "owned=off").Owned())
	assert.Zero(t, parsed(t, "off").Connections())
	assert.Zero(t, parsed(t, "connections=off").Connections())
	assert.Equal(t, Defaults(), parsed(t, " "))
	assert.True(t, parsed(t, "off").of(Messages, person).IsOff())
	assert.Equal(t, 1, parsed(t, "messages=1/1,messages.address=9/9").of(Messages, person).Burst)
	assert.Equal(t, 9, parsed(t, "messages.address=9/9,messages=1/1").of(Messages, address).Burst, "in any order")
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"none":                         "NAME=BURST/RATE",
		"messages":                     "NAME=BURST/RATE",
		"off,messages=1/1":             "NAME=BURST/RATE",
		"mesages=1/1":                  "there are messages, messages.address, programs",
		"messages=1/1,messages=2/2":    "given twice",
		"connections=5/1":              "number",
		"messages=100":                 "100/5",
		"messages=0/5":                 "burst",
		"messages=-1/5":                "burst",
		"messages=1e3/5":               "burst",
		"messages=5/0":                 "rate",
		"messages=5/-1":                "rate",
		"messages=5/NaN":               "rate",
		"messages=5/Inf":               "rate",
		"messages=5/1/d":               "rate",
		"messages=5/0.000000001":       "rate",
		"messages=5/":                  "rate",
		"messages=99999999999999999/5": "burst",
		"messages=,joins=off":          "messages=",
		"messages=100/5,":              "NAME=BURST/RATE",
	} {
		_, err := Parse(text)
		require.ErrorContains(t, err, want, "%q", text)
	}
}

func TestFormatIsRead(t *testing.T) {
	for _, l := range All() {
		set := parsed(t, l.Name+"="+Format(l.Bucket))
		b := set.of(l.name, l.scope)
		assert.Equal(t, l.Bucket.Burst, b.Burst)
		assert.InDelta(t, l.Bucket.PerSecond, b.PerSecond, 1e-9)
		assert.NotEmpty(t, l.What)
		assert.NotEmpty(t, l.Why)
	}
	assert.Equal(t, "off", Format(chat.Bucket{}))
	assert.Equal(t, "5/0.0123", Format(chat.Bucket{Burst: 5, PerSecond: 0.0123}))
}

func TestNamesAreEachOnes(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range names() {
		assert.False(t, seen[name], name)
		seen[name] = true
	}
}

// TestTheDocsHaveEachLimit holds docs/limits.md to what the limits are.
func TestTheDocsHaveEachLimit(t *testing.T) {
	docs, err := os.ReadFile("../../docs/limits.md")
	require.NoError(t, err)
	for _, l := range All() {
		row := fmt.Sprintf("| `%s` | `%s` | %s | %s |", l.Name, Format(l.Bucket), l.What, l.Why)
		assert.Contains(t, string(docs), row)
	}
}
