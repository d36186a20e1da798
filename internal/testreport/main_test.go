package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lines is a run as go test -json writes it: words are an action, a test and, for output, what it
// is.
func lines(runs ...string) string {
	var all strings.Builder
	for _, run := range runs {
		words := strings.SplitN(run, " ", 3)
		line := `{"Package":"a/b","Action":"` + words[0] + `"`
		if len(words) > 1 {
			line += `,"Test":"` + words[1] + `"`
		} else {
			line += `,"Elapsed":1.5`
		}
		if len(words) > 2 {
			line += `,"Output":"` + words[2] + `\n"`
		}
		all.WriteString(line + "}\n")
	}
	return all.String()
}

func report(t *testing.T, text string) (out string, red bool) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "suite.json")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	var written strings.Builder
	red, err := run([]string{file}, false, &written)
	require.NoError(t, err)
	return written.String(), red
}

func TestReport(t *testing.T) {
	for _, c := range []struct {
		name, in, out string
		red           bool
	}{
		{"all pass", lines("start", "run TestA", "pass TestA", "run TestB", "skip TestB", "pass"),
			"ok  \ta/b\t1.500s\t(suite)\nDONE 2 tests, 1 skipped, 0 flaky, 0 failed in 1.500s\n", false},
		{"one is flaky", lines("run TestA", "output TestA first", "fail TestA", "run TestB", "pass TestB", "fail",
			"run TestA", "output TestA second", "pass TestA", "pass"),
			"flaky: a/b.TestA (suite), its first failure:\n    first\n" +
				"ok  \ta/b\t3.000s\t(suite)\nDONE 2 tests, 0 skipped, 1 flaky, 0 failed in 3.000s\n", false},
		{"a part is flaky", lines("run TestA", "run TestA/x", "output TestA/x why", "fail TestA/x", "fail TestA", "fail",
			"run TestA", "run TestA/x", "pass TestA/x", "pass TestA", "pass"),
			"flaky: a/b.TestA/x (suite), its first failure:\n    why\n" +
				"ok  \ta/b\t3.000s\t(suite)\nDONE 2 tests, 0 skipped, 1 flaky, 0 failed in 3.000s\n", false},
		{"one fails twice", lines("run TestA", "fail TestA", "fail", "run TestA", "fail TestA", "fail"),
			"--- FAIL: TestA (suite)\nFAIL\ta/b\t3.000s\t(suite)\nFAIL 1 tests, 0 skipped, 0 flaky, 1 failed in 3.000s\n", true},
		{"one does not end", lines("run TestA", "fail"),
			"--- FAIL: TestA (suite)\nFAIL\ta/b\t1.500s\t(suite)\nFAIL 1 tests, 0 skipped, 0 flaky, 1 failed in 1.500s\n", true},
		{"a package fails without a test", lines("run TestA", "pass TestA", "fail"),
			"FAIL\ta/b\t1.500s\t(suite)\nFAIL 1 tests, 0 skipped, 0 flaky, 0 failed in 1.500s\n", true},
		{"a package does not build", `{"ImportPath":"a/b","Action":"build-fail"}` + "\n" + lines("start", "fail"),
			"FAIL\ta/b\t1.500s\t(suite)\nFAIL 0 tests, 0 skipped, 0 flaky, 0 failed in 1.500s\n", true},
		{"a package has no tests", lines("start", "skip"), "DONE 0 tests, 0 skipped, 0 flaky, 0 failed in 1.500s\n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, red := report(t, c.in)
			assert.Equal(t, c.out, out)
			assert.Equal(t, c.red, red)
		})
	}
}

func TestLongFailuresAreCut(t *testing.T) {
	events := []string{"run TestA"}
	for range mostLines + 5 {
		events = append(events, "output TestA line")
	}
	out, red := report(t, lines(append(events, "fail TestA", "run TestA", "pass TestA")...))
	assert.False(t, red)
	assert.Equal(t, mostLines, strings.Count(out, "    line\n"))
	assert.Contains(t, out, "… and 5 more lines")
}

func TestWhatCannotBeRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "suite.json")
	_, err := run(nil, false, &strings.Builder{})
	require.Error(t, err)
	_, err = run([]string{file}, false, &strings.Builder{})
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.WriteFile(file, []byte("not JSON"), 0o600))
	_, err = run([]string{file}, false, &strings.Builder{})
	require.ErrorContains(t, err, file)
}
