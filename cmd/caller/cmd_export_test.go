package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

// TestExportCommand has the same file asked for twice: by an export that another one is in the way of, and by
// one that finds what one of a single room has left.
func TestExportCommand(t *testing.T) {
	const token = "a-token-of-the-admin-a-token-of-the-admin"
	p := begin(t, "--admin-addr", "127.0.0.1:0", "--admin-token", token)
	var url string
	testwait.Until(t, func() bool {
		found := adminAt.FindStringSubmatch(p.stderr.String())
		if found != nil {
			url = found[1]
		}
		return found != nil
	}, "the admin listener is there")
	for _, room := range []string{"tea", "coffee"} {
		_, errs, code := p.cli(t, "hello\n", "post", "-r", room, "--name", "Ann")
		require.Zero(t, code, errs)
	}
	run := func(args ...string) (out, errs string, code int) {
		return runCLI(t, strings.NewReader(""), []string{"CALLER_ADMIN_URL=" + url, "CALLER_ADMIN_TOKEN=" + token}, args...)
	}
	file := filepath.Join(t.TempDir(), "backup.tar")
	one := filepath.Join(t.TempDir(), "one.tar")
	_, errs, code := run("export", "--room", "tea", one)
	require.Zero(t, code, errs)
	left, err := os.ReadFile(one)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file+".part", left, 0o600))

	other, err := openAlone(file + ".part")
	require.NoError(t, err)
	_, errs, code = run("export", file)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "another export writes")
	require.NoError(t, other.Close())
	still, err := os.ReadFile(file + ".part")
	require.NoError(t, err)
	require.Equal(t, left, still)

	_, errs, code = run("export", file)
	require.Zero(t, code, errs)
	out, errs, code := run("import", file)
	require.Zero(t, code, errs)
	assert.Contains(t, out, "2 were there already")
	_, errs, code = run("import", "--room", "water", file)
	assert.Equal(t, exitRefused, code)
	assert.Contains(t, errs, "water")
	p.end(t)
}
