package main

import (
	"bufio"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

// Who follows a room for a reader ends with it, and not with the next line.
func TestFollowingEndsWithItsReader(t *testing.T) {
	p := begin(t)
	_, errs, code := p.cli(t, "one\ntwo\n", "post", "-r", "tea")
	require.Zero(t, code, errs)
	read, written, err := os.Pipe()
	require.NoError(t, err)
	defer written.Close()
	var stderr output
	i := &invocation{
		ctx: t.Context(), stdin: eof{}, stdout: written, stderr: &stderr,
		args: []string{"tail", "-f", "tea"}, env: []string{"CALLER_URL=" + p.url},
	}
	ended := make(chan int, 1)
	go func() { ended <- exitCode(i.run(), &stderr) }()
	lines := bufio.NewScanner(read)
	for range 2 {
		require.True(t, lines.Scan())
	}
	require.NoError(t, read.Close())
	assert.Zero(t, testwait.Receive(t, ended, "its end"))
	assert.Empty(t, stderr.String())
	p.end(t)
}

// A reader that is there, or that there can't be, ends nothing, and a watch leaves nothing behind.
func TestWatchReader(t *testing.T) {
	read, written, err := os.Pipe()
	require.NoError(t, err)
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	require.NoError(t, err)
	theirs, err := net.Dial("unix", listener.Addr().String())
	require.NoError(t, err)
	ours, err := listener.Accept()
	require.NoError(t, err)
	socket, err := ours.(*net.UnixConn).File()
	require.NoError(t, err)
	for _, f := range []*os.File{written, file, socket} {
		gone := make(chan struct{}, 1)
		watchReader(f, func() { gone <- struct{}{} })()
		assert.Empty(t, gone)
	}
	for f, closes := range map[*os.File]func() error{written: read.Close, socket: theirs.Close} {
		gone := make(chan struct{}, 1)
		stop := watchReader(f, func() { gone <- struct{}{} })
		require.NoError(t, closes())
		testwait.Receive(t, gone, "it is told")
		stop()
	}
	for _, c := range []interface{ Close() error }{written, file, socket, ours, listener} {
		assert.NoError(t, c.Close())
	}
	watchReader(file, func() { t.Error("it is closed") })()
}
