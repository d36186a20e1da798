package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
)

// files: a gigabyte up and down again, beside nginx, which stores and serves the same bytes.
func (b *bench) files() (*table, error) {
	size := int64(1 << 30)
	if b.quick {
		size = 4 << 20
	}
	t := &table{
		title: fmt.Sprintf("A file of %d MB sent up and read again, into a folder", size>>20),
		columns: []column{
			{name: "up: s of CPU for a GB", digits: 2, ratio: "to nginx"}, {name: "up: MB/s"},
			{name: "down: s of CPU for a GB", digits: 2, ratio: "to nginx"}, {name: "down: MB/s"},
			{name: "most memory, MB"},
		},
	}
	var all []one
	var base *row
	if nginx, err := find("nginx"); err == nil {
		base = t.add("nginx", nil)
		all = append(all, one{base, nginxFiles{nginx: nginx}, func(l *load) (measured, error) { return l.file(size) }})
	}
	for _, s := range b.subjects {
		if c, is := s.(callerSubject); is && !c.older && !c.limited {
			all = append(all, one{t.add(c.name(), base), callerFiles{c}, func(l *load) (measured, error) { return l.file(size) }})
		}
	}
	return t, b.measure(all)
}

// fileServer is a subject that keeps files.
type fileServer interface {
	// put is the path that a file is sent to, and where the answer says that it can be read.
	put() (path string, stored func(answer []byte) (path string, err error))
}

// file sends a file up and reads it again, and says what it cost.
func (l *load) file(size int64) (measured, error) {
	server, ok := l.server.subject.(fileServer)
	if !ok {
		return nil, fmt.Errorf("%s keeps no files", l.server.name())
	}
	path, stored := server.put()
	sent := sha256.New()
	var answer []byte
	up, err := l.during(func() error {
		body := io.TeeReader(io.LimitReader(rand.NewChaCha8([32]byte{1}), size), sent)
		r, err := http.NewRequestWithContext(l.stop, http.MethodPut, "http://"+l.server.addr+path, body)
		if err != nil {
			return err
		}
		r.ContentLength = size
		answer, err = answered(r, http.StatusCreated)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sending: %w", err)
	}
	if path, err = stored(answer); err != nil {
		return nil, err
	}
	got := sha256.New()
	down, err := l.during(func() error {
		r, err := http.NewRequestWithContext(l.stop, http.MethodGet, "http://"+l.server.addr+path, nil)
		if err != nil {
			return err
		}
		return read(r, got)
	})
	if err != nil {
		return nil, fmt.Errorf("reading: %w", err)
	}
	if string(sent.Sum(nil)) != string(got.Sum(nil)) {
		return nil, errors.New("other bytes came back")
	}
	most := 0
	for _, pid := range l.server.pids {
		peak, err := readSize(fmt.Sprintf("/proc/%d/status", pid), peakSize)
		if err != nil {
			return nil, err
		}
		most += peak
	}
	gigabytes := float64(size) / (1 << 30)
	rate := func(s spent) float64 { return float64(size) / (1 << 20) / s.time.Seconds() }
	return measured{
		up.cpu.Seconds() / gigabytes, rate(up), down.cpu.Seconds() / gigabytes, rate(down), float64(most) / (1 << 20),
	}, nil
}

var peakSize = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// filesClient has no limit of time but the load's own.
var filesClient = &http.Client{Transport: &http.Transport{DisableCompression: true, ReadBufferSize: 256 << 10, WriteBufferSize: 256 << 10}}

func answered(r *http.Request, status int) ([]byte, error) {
	answer, err := filesClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != status {
		err = fmt.Errorf("%s: %s", answer.Status, body)
	}
	return body, err
}

func read(r *http.Request, to io.Writer) error {
	answer, err := filesClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return errors.New(answer.Status)
	}
	_, err = io.CopyBuffer(to, answer.Body, make([]byte, 256<<10))
	return err
}

// callerFiles is Caller with files in a folder, of any size.
type callerFiles struct{ callerSubject }

func (s callerFiles) start(m *machine) (*running, error) {
	dir, err := os.MkdirTemp(m.dir, "files-")
	if err != nil {
		return nil, err
	}
	with := *m
	with.callerArgs = append([]string{"--files", "file://" + dir, "--file-size", "2GB", "--room-files", "4GB"}, m.callerArgs...)
	r, err := s.callerSubject.start(&with)
	if err == nil {
		r.subject = s
	}
	return r, err
}

func (callerFiles) put() (path string, stored func([]byte) (string, error)) {
	return "/rooms/lobby/files/big.bin", func(answer []byte) (string, error) {
		var file struct{ URL string }
		err := json.Unmarshal(answer, &file)
		return file.URL, err
	}
}

// nginxFiles is nginx with a folder, one worker. It is no chat.
type nginxFiles struct {
	callerSubject // its ways into rooms, which nobody takes
	nginx         string
}

func (nginxFiles) name() string { return "nginx" }

const filesConfig = `daemon off; master_process on; worker_processes 1;
%[1]s
pid %[2]s/nginx.pid; error_log stderr warn;
events { worker_connections 100; }
http {
  access_log off; sendfile on; tcp_nopush on; client_max_body_size 4g;
  client_body_temp_path %[2]s/body; proxy_temp_path %[2]s/proxy; fastcgi_temp_path %[2]s/fastcgi;
  uwsgi_temp_path %[2]s/uwsgi; scgi_temp_path %[2]s/scgi;
  server { listen 127.0.0.1:%[3]d; root %[4]s; dav_methods PUT; }
}
`

func (s nginxFiles) start(m *machine) (*running, error) {
	files, err := os.MkdirTemp(m.dir, "files-")
	if err != nil {
		return nil, err
	}
	return m.startNginx(s, s.nginx, func(user, dir string, port int) string {
		return fmt.Sprintf(filesConfig, user, dir, port, files)
	})
}

func (nginxFiles) put() (path string, stored func([]byte) (string, error)) {
	return "/big.bin", func([]byte) (string, error) { return "/big.bin", nil }
}
