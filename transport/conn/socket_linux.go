//go:build amd64 || arm64

package conn

import (
	"io"
	"net"
	"sync"
	"syscall"
)

// Socket is a TCP connection that is read and written by direct system calls (see the package's
// doc). Whoever has it uses it as any [net.Conn]: the runtime guards its descriptor all the same.
type Socket struct {
	*net.TCPConn
	raw    syscall.RawConn
	input  direction
	output direction
}

// direction is what a read or a write works on.
type direction struct {
	mu     sync.Mutex // held for the whole call, however long it waits; protects following
	buffer []byte
	done   int
	err    error
	once   bool                  // it does not wait
	step   func(fd uintptr) bool // made once, so that a call makes no garbage
}

// Wrap returns a TCP connection as a [Socket], and any other as it is.
func Wrap(c net.Conn) net.Conn {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return c
	}
	raw, err := tcp.SyscallConn()
	if err != nil { // it is closed already, as its first use will say
		return c
	}
	s := &Socket{TCPConn: tcp, raw: raw}
	s.input.step = s.input.read
	s.output.step = s.output.write
	return s
}

// Read implements [net.Conn].
func (s *Socket) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	n, err := s.input.run(b, false, s.raw.Read)
	switch {
	case err != nil:
		return n, s.failed("read", err)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// Write implements [net.Conn].
func (s *Socket) Write(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	n, err := s.output.run(b, false, s.raw.Write)
	if err != nil {
		return n, s.failed("write", err)
	}
	return n, nil
}

// tryWrite writes what the kernel takes at once, which may be nothing. It waits only for another
// writer.
func (s *Socket) tryWrite(b []byte) (int, error) { return s.output.run(b, true, s.raw.Write) }

// discard throws away what has come, up to a few hundred bytes. The error is [io.EOF] when the peer
// sends no more, and another one when it is gone.
func (s *Socket) discard() error {
	var scratch [256]byte
	n := 0
	var failed error
	err := s.raw.Read(func(fd uintptr) bool {
		n, failed = readFD(int(fd), scratch[:])
		return true
	})
	switch {
	case err != nil:
		return err
	case failed == nil && n == 0:
		return io.EOF
	case failed == syscall.EAGAIN:
		return nil
	}
	return failed
}

// run has a step made, and made again when the socket is ready, until it says that it is done.
func (d *direction) run(b []byte, once bool, ready func(func(fd uintptr) bool) error) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.buffer, d.once, d.done, d.err = b, once, 0, nil
	err := ready(d.step)
	d.buffer = nil
	if err == nil {
		err = d.err
	}
	return d.done, err
}

func (d *direction) read(fd uintptr) bool {
	d.done, d.err = readFD(int(fd), d.buffer)
	if d.err == syscall.EAGAIN {
		d.err = nil // what counts if the wait fails is why
		return false
	}
	return true
}

func (d *direction) write(fd uintptr) bool {
	for d.done < len(d.buffer) {
		n, err := writeFD(int(fd), d.buffer[d.done:])
		d.done += n
		switch {
		case err == syscall.EAGAIN:
			return d.once
		case err != nil:
			d.err = err
			return true
		case d.once:
			return true
		}
	}
	return true
}

// failed is the error as net would give it.
func (s *Socket) failed(op string, err error) error {
	if e, ok := err.(*net.OpError); ok { // a deadline's, or of a connection that is closed
		e.Op = op
		return e
	}
	return &net.OpError{Op: op, Net: "tcp", Source: s.LocalAddr(), Addr: s.RemoteAddr(), Err: err}
}
