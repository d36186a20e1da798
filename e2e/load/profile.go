package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
)

// profile has perf(1) look at the server while f runs, and leaves what it saw in dir, in a file for
// each measured stretch of time: "perf report --no-children -i FILE" reads it. The program needs
// nothing for that: Go keeps frame pointers. It costs the server some per cent, so figures of such
// a run are not for comparing.
func (l *load) profile(dir string, f func() error) error {
	pids := strings.Trim(strings.ReplaceAll(fmt.Sprint(l.server.pids), " ", ","), "[]")
	l.profiles++
	file := filepath.Join(dir, fmt.Sprintf("%s-%s-%d.data", strings.NewReplacer(" ", "-", ",", "").Replace(l.title), pids, l.profiles))
	p, err := start("perf", l.loadCore, nil, "perf", "record", "-q", "-F", "499", "-g", "-o", file, "-p", pids)
	if err != nil {
		return err
	}
	err = f()
	_ = p.cmd.Process.Signal(syscall.SIGINT) // it then writes the rest; the only error is that it has ended
	<-p.done
	if text := p.output.String(); err == nil && strings.Contains(text, "rror") {
		err = fmt.Errorf("perf: %s", text)
	}
	return err
}
