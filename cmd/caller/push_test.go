package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPushSettings(t *testing.T) {
	const key = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94" // RFC 8291 section 5, which is nobody's
	c, err := read(t, "", []string{"CALLER_PUSH_SUBJECT=mailto:ops@example.org", "CALLER_PUSH_KEY=" + key})
	require.NoError(t, err)
	o := c.push(nil, nil)
	assert.Equal(t, "mailto:ops@example.org", o.Subject)
	assert.Len(t, o.Key, 32)
	assert.False(t, o.AllowPrivate)
	c, err = read(t, "", nil, "--push-subject=https://example.org/contact", "--push-allow-private")
	require.NoError(t, err)
	assert.Nil(t, c.push(nil, nil).Key)
	assert.True(t, c.push(nil, nil).AllowPrivate)

	for want, args := range map[string][]string{
		"--push-subject (CALLER_PUSH_SUBJECT)": {"--push-subject=ops@example.org"},
		"is not a contact":                     {"--push-subject=http://example.org"},
		"43 characters":                        {"--push-subject=https://example.org", "--push-key=" + strings.Repeat("secret", 9)},
		"need --push-subject":                  {"--push-key=" + key},
		"CALLER_PUSH_ALLOW_PRIVATE":            {"--push-allow-private"},
	} {
		_, err := read(t, "", nil, args...)
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "secretsecret")
	}
}
