package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// nchanSubject is Nchan in nginx, one worker, with the same Redis and the same history of 100 messages.
type nchanSubject struct{ nginx, module string }

// findNchan finds nginx and the module as Debian installs them.
func findNchan() (*nchanSubject, error) {
	nginx, err := find("nginx")
	if err != nil {
		return nil, err
	}
	for _, module := range []string{"/usr/lib/nginx/modules/ngx_nchan_module.so", "/usr/share/nginx/modules/ngx_nchan_module.so"} {
		if _, err := os.Stat(module); err == nil {
			return &nchanSubject{nginx, module}, nil
		}
	}
	return nil, errors.New("nginx is there, its module Nchan is not (Debian's package is libnginx-mod-nchan)")
}

func (*nchanSubject) name() string { return "nchan" }

const nchanConfig = `load_module %s;
daemon off; master_process on; worker_processes 1; worker_rlimit_nofile 20000;
%s
pid %s/nginx.pid; error_log stderr warn;
events { worker_connections 19000; }
http {
  access_log off; tcp_nodelay on; keepalive_requests 1000000000; keepalive_timeout 3600s;
  client_body_temp_path %s/body; proxy_temp_path %s/proxy; fastcgi_temp_path %s/fastcgi; uwsgi_temp_path %s/uwsgi; scgi_temp_path %s/scgi;
  nchan_shared_memory_size 512M;
  upstream log { nchan_redis_server redis://%s; }
  server {
    listen 127.0.0.1:%d backlog=4096;
    nchan_redis_pass log; nchan_message_buffer_length 100; nchan_message_timeout 24h;
    location ~ ^/pub/(.+)$ { nchan_publisher; nchan_channel_id $1; }
    location ~ ^/ws/(.+)$ { nchan_subscriber websocket; nchan_channel_id $1; }
    location ~ ^/sse/(.+)$ { nchan_subscriber eventsource; nchan_channel_id $1; }
    location ~ ^/poll/(.+)$ { nchan_subscriber longpoll; nchan_channel_id $1; }
  }
}
`

func (s *nchanSubject) start(m *machine) (*running, error) {
	return m.withRedis(func(redis string) (*running, error) {
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
		config := fmt.Sprintf(nchanConfig, s.module, user, dir, dir, dir, dir, dir, dir, redis, port)
		file := filepath.Join(dir, "nginx.conf")
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			return nil, err
		}
		p, err := start("nginx", m.serverCore, nil, s.nginx, "-p", dir, "-c", file, "-e", "stderr")
		if err != nil {
			return nil, err
		}
		r := &running{subject: s, addr: fmt.Sprintf("127.0.0.1:%d", port), processes: []*process{p}}
		err = p.await(func() bool {
			r.pids = children(p.cmd.Process.Pid)
			return len(r.pids) > 0 && answers(r.addr)
		})
		if err != nil {
			r.stop()
			return nil, err
		}
		time.Sleep(300 * time.Millisecond) // until it has reached Redis, of which it does not tell
		return r, nil
	})
}

func (*nchanSubject) join(via transport, room string) (request []byte, follow func(head, body []byte) []byte) {
	path := fmt.Sprintf("/%s/%s", via, room)
	switch via {
	case webSocket:
		return webSocketRequest(path), nil
	case eventStream:
		return getRequest(path, "Accept: text/event-stream\r\n"), nil
	}
	return getRequest(path, ""), func(head, _ []byte) []byte {
		at, tag := headerValue(head, "Last-Modified"), headerValue(head, "Etag")
		if at == nil || tag == nil {
			return nil
		}
		return getRequest(path, fmt.Sprintf("If-Modified-Since: %s\r\nIf-None-Match: %s\r\n", at, tag))
	}
}

func (*nchanSubject) joined(transport) string { return "" }

func (*nchanSubject) post(poster) compose {
	return func(dst []byte, v *voice, text []byte) []byte { return appendPost(dst, "/pub/"+v.room.id, "", text) }
}
