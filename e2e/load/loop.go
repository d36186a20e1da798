package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// loop is the load side's only goroutine: it reads from all connections and writes posts when they
// are due.
type loop struct {
	epoll    int
	conns    []connection // by file descriptor
	buffer   []byte       // what is being read; nobody keeps any of it
	events   []unix.EpollEvent
	now      int64 // nanoseconds, when the last wait ended
	received int64 // bytes
	reads    int64 // that brought something

	pace     func(now int64) (next int64) // does what is due and says when it is to be called again; nil for nothing
	stop     context.Context              // ends when the program is to stop
	failures []string                     // the first few
}

// connection is something that the loop reads from.
type connection interface {
	// readable is called when there is something to read. An error ends the connection.
	readable(l *loop) error
	// ended is called once, when the connection has ended by itself or by an error.
	ended(l *loop, err error)
	descriptor() int
}

var began = time.Now()

// clock is monotonic, in nanoseconds. Messages carry it, so it serves both ends.
func clock() int64 { return int64(time.Since(began)) }

func newLoop() (*loop, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	return &loop{
		epoll: epoll, buffer: make([]byte, 1<<20), events: make([]unix.EpollEvent, 512), now: clock(),
	}, nil
}

// close ends all connections.
func (l *loop) close() {
	for fd, c := range l.conns {
		if c != nil {
			_ = unix.Close(fd) // nothing is written any more
		}
	}
	l.conns = nil
	if l.epoll >= 0 {
		_ = unix.Close(l.epoll)
	}
	l.epoll = -1 // it may be closed twice, and the number be another file's by then
}

// dial connects to a server on loopback, which is done at once or not at all.
func (l *loop) dial(addr string) (fd int, err error) {
	tcp, err := net.ResolveTCPAddr("tcp4", addr)
	if err != nil {
		return -1, err
	}
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("socket: %w", err)
	}
	to := &unix.SockaddrInet4{Port: tcp.Port}
	copy(to.Addr[:], tcp.IP.To4())
	err = errors.Join(unix.Connect(fd, to), unix.SetNonblock(fd, true),
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1))
	if err != nil {
		_ = unix.Close(fd)
		return -1, fmt.Errorf("connect to %s: %w", addr, err)
	}
	return fd, nil
}

// add has the loop read from a connection.
func (l *loop) add(c connection) error {
	fd := c.descriptor()
	for fd >= len(l.conns) {
		l.conns = append(l.conns, nil)
	}
	l.conns[fd] = c
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP, Fd: int32(fd)}
	return unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &event)
}

// drop closes a connection from this side.
func (l *loop) drop(fd int) {
	l.conns[fd] = nil
	_ = unix.Close(fd)
}

// read reads what has come, after what was kept of the last time. It is empty when nothing new has
// come.
func (l *loop) read(fd int, kept []byte) ([]byte, error) {
	n := copy(l.buffer, kept)
	got, err := unix.Read(fd, l.buffer[n:])
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		return nil, nil
	case err != nil:
		return nil, err
	case got == 0:
		return nil, io.EOF
	}
	l.received += int64(got)
	l.reads++
	return l.buffer[:n+got], nil
}

// write writes a request. They are small: a socket that does not take one whole is stuck.
func (l *loop) write(fd int, b []byte) error {
	n, err := unix.Write(fd, b)
	if err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if n < len(b) {
		return fmt.Errorf("write: the socket took %d of %d bytes", n, len(b))
	}
	return nil
}

// until runs the loop until done says so, or for at most that long; it reports whether it was done.
// Done is asked after each turn; nil is never done.
func (l *loop) until(atMost time.Duration, done func() bool) bool {
	l.now = clock()
	end := l.now + int64(atMost)
	for {
		if done != nil && done() {
			return true
		}
		if l.now >= end || l.stop.Err() != nil {
			return false
		}
		next := end
		if l.pace != nil {
			next = min(next, l.pace(l.now))
		}
		l.turn(next)
	}
}

// turn waits for something to read, until then at most, and reads it.
func (l *loop) turn(until int64) {
	wait := min(max(0, math.Ceil(float64(until-l.now)/1e6)), 10)
	n, err := unix.EpollWait(l.epoll, l.events, int(wait))
	l.now = clock()
	if err != nil {
		return // interrupted by a signal: the next turn
	}
	for _, e := range l.events[:n] {
		c := l.conns[e.Fd]
		if c == nil {
			continue // ended in this same turn
		}
		if err := c.readable(l); err != nil {
			l.drop(int(e.Fd))
			c.ended(l, err)
		}
	}
}

// fail remembers something that must not happen.
func (l *loop) fail(format string, args ...any) {
	if len(l.failures) < 5 {
		l.failures = append(l.failures, fmt.Sprintf(format, args...))
	}
}
