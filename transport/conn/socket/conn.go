//go:build linux && (amd64 || arm64)

package socket

import (
	"io"
	"net"
	"sync"
	"syscall"
)

// Conn is a TCP connection that is read and written by this package's calls.
type Conn struct {
	*net.TCPConn
	raw    syscall.RawConn
	input  direction
	output direction
}

// direction is what a read or a write works on.
type direction struct {
	mu     sync.Mutex // held for as long as the call takes, which may be as long as it waits; guards the following
	buffer []byte
	done   int
	err    error
	step   func(fd uintptr) bool // made once, so that a call makes no garbage
}

// Wrap returns a TCP connection as a [Conn], and any other as it is.
func Wrap(c net.Conn) net.Conn {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return c
	}
	raw, err := tcp.SyscallConn()
	if err != nil { // it is closed already, as its first use will say
		return c
	}
	s := &Conn{TCPConn: tcp, raw: raw}
	s.input.step = s.input.read
	s.output.step = s.output.write
	return s
}

// TCP is the TCP connection that c is, or wraps; nil for none.
func TCP(c any) *net.TCPConn {
	switch c := c.(type) {
	case *Conn:
		return c.TCPConn
	case *net.TCPConn:
		return c
	}
	return nil
}

// Read implements [net.Conn].
func (c *Conn) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	n, err := c.input.run(b, c.raw.Read)
	switch {
	case err != nil:
		return n, c.failed("read", err)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// Write implements [net.Conn].
func (c *Conn) Write(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	n, err := c.output.run(b, c.raw.Write)
	if err != nil {
		return n, c.failed("write", err)
	}
	return n, nil
}

// run has a step made, and made again when the socket is ready, until it says that it is done.
func (d *direction) run(b []byte, ready func(func(fd uintptr) bool) error) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.buffer, d.done, d.err = b, 0, nil
	err := ready(d.step)
	d.buffer = nil
	if err == nil {
		err = d.err
	}
	return d.done, err
}

func (d *direction) read(fd uintptr) bool {
	d.done, d.err = Read(int(fd), d.buffer)
	if d.err == syscall.EAGAIN {
		d.err = nil // what counts if the wait fails is why
		return false
	}
	return true
}

func (d *direction) write(fd uintptr) bool {
	for d.done < len(d.buffer) {
		n, err := Write(int(fd), d.buffer[d.done:])
		switch {
		case err == syscall.EAGAIN:
			return false
		case err != nil:
			d.err = err
			return true
		}
		d.done += n
	}
	return true
}

// failed is the error as net would give it.
func (c *Conn) failed(op string, err error) error {
	if e, ok := err.(*net.OpError); ok { // a deadline's, or of a connection that is closed
		e.Op = op
		return e
	}
	return &net.OpError{Op: op, Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}
