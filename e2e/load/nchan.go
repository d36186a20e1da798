package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// nchanSubject is Nchan in nginx, one worker, with the same Redis and the same history of 100
// messages.
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

// nchanStore stands in each location: nginx takes nchan_redis_pass at the server's level without a
// word, and Nchan then keeps to its own memory.
const nchanStore = "nchan_redis_pass log; nchan_message_buffer_length 100; nchan_message_timeout 24h;"

const nchanConfig = `load_module %[1]s;
daemon off; master_process on; worker_processes 1; worker_rlimit_nofile 20000;
%[2]s
pid %[3]s/nginx.pid; error_log stderr warn;
events { worker_connections 19000; }
http {
  access_log off; tcp_nodelay on; keepalive_requests 1000000000; keepalive_timeout 3600s;
  client_body_temp_path %[3]s/body; proxy_temp_path %[3]s/proxy; fastcgi_temp_path %[3]s/fastcgi;
  uwsgi_temp_path %[3]s/uwsgi; scgi_temp_path %[3]s/scgi;
  nchan_shared_memory_size 512M;
  upstream log { nchan_redis_server redis://%[4]s; }
  server {
    listen 127.0.0.1:%[5]d backlog=4096;
    location ~ ^/pub/(.+)$ { nchan_publisher; nchan_channel_id $1; %[6]s }
    location ~ ^/ws/(.+)$ { nchan_subscriber websocket; nchan_channel_id $1; %[6]s }
    location ~ ^/sse/(.+)$ { nchan_subscriber eventsource; nchan_channel_id $1; %[6]s }
    location ~ ^/poll/(.+)$ { nchan_subscriber longpoll; nchan_channel_id $1; %[6]s }
  }
}
`

func (s *nchanSubject) start(m *machine) (*running, error) {
	return m.withRedis(func(redis string) (*running, error) {
		r, err := m.startNginx(s, s.nginx, func(user, dir string, port int) string {
			return fmt.Sprintf(nchanConfig, s.module, user, dir, redis, port, nchanStore)
		})
		if err != nil {
			return nil, err
		}
		// It listens before it has reached Redis, and would keep messages to itself where it is not
		// told of Redis: it is ready when a message has come to be there.
		err = r.processes[0].await(func() bool {
			answer, err := http.Post("http://"+r.addr+"/pub/first", "text/plain", strings.NewReader("first"))
			return err == nil && answer.Body.Close() == nil && answer.StatusCode/100 == 2 && hasKeys(redis)
		})
		if err != nil {
			r.stop()
			return nil, err
		}
		return r, nil
	})
}

// hasKeys reports whether there is something in a Redis.
func hasKeys(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	if _, err := io.WriteString(c, "DBSIZE\r\n"); err != nil {
		return false
	}
	reply, err := bufio.NewReader(c).ReadString('\n')
	return err == nil && strings.HasPrefix(reply, ":") && strings.TrimSpace(reply) != ":0"
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
