//go:build !(linux && (amd64 || arm64))

package conn

import (
	"errors"
	"syscall"
)

// poller is Linux's: elsewhere each connection has a goroutine that reads.
type poller struct{}

type handle struct{}

func newPoller() (*poller, error)                      { return nil, errors.ErrUnsupported }
func (*poller) close()                                 {}
func (*poller) add(Reader) handle                      { return handle{} }
func (*poller) remove(handle)                          {}
func (*poller) arm(handle, syscall.RawConn, bool) bool { return false }
func (*poller) armForEnd(handle, syscall.RawConn) bool { return false }
