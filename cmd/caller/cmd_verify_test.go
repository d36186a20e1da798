package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/servertest"
	"github.com/caller-chat/caller/verify"
)

func TestVerify(t *testing.T) {
	url := servertest.Run(t, servertest.Options{}).URL
	out, errs, code := call(t, "verify", url, "--seed", "7", "--match", "history")
	assert.Zero(t, code, errs)
	assert.Contains(t, out, url+", seed 7")
	assert.Contains(t, out, "pass  history")
	assert.Contains(t, out, "1 passed, 0 failed, 0 skipped")

	out, errs, code = call(t, "verify", "--url", url, "--json", "--match", "refuse/text-*")
	assert.Zero(t, code, errs)
	var report verify.Report
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	assert.Equal(t, 3, report.Passed)

	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) }))
	t.Cleanup(other.Close)
	out, errs, code = call(t, "verify", other.URL)
	assert.Equal(t, exitUnavailable, code)
	assert.Empty(t, out)
	assert.Contains(t, errs, "there is no Caller to verify at "+other.URL)
	out, errs, code = call(t, "verify", url, "--token", "unknown")
	assert.Equal(t, exitRefused, code)
	assert.Empty(t, out)
	assert.Contains(t, errs, "session_required")
	out, errs, code = call(t, "verify", url, "--match", "history", "--messages", "2")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, out, "expected: ")
	assert.Contains(t, errs, "checks failed")

	_, errs, code = call(t, "verify", url, "--match", "nothing")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "no check has such a name")
	list, _, code := call(t, "verify", "--list")
	assert.Zero(t, code)
	assert.Contains(t, list, "stream/ws")
}
