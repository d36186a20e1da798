package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// startNginx starts nginx as a subject, with one worker, whose processor time and memory count. Its
// configuration is given the line that says who the worker is, a directory for what it writes, and
// the port. It listens when it is returned.
func (m *machine) startNginx(of subject, program string, configure func(user, dir string, port int) string) (*running, error) {
	dir, err := os.MkdirTemp(m.dir, "nginx-")
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;" // the worker's directory is nobody else's
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(configure(user, dir, port)), 0o600); err != nil {
		return nil, err
	}
	p, err := start("nginx", m.serverCore, nil, program, "-p", dir, "-c", file, "-e", "stderr")
	if err != nil {
		return nil, err
	}
	r := &running{subject: of, addr: fmt.Sprintf("127.0.0.1:%d", port), processes: []*process{p}}
	err = p.await(func() bool {
		r.pids = children(p.cmd.Process.Pid)
		return len(r.pids) > 0 && answers(r.addr)
	})
	if err != nil {
		r.stop()
		return nil, err
	}
	return r, nil
}
