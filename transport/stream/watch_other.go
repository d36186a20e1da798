//go:build !linux

package stream

import (
	"errors"
	"syscall"
)

// watch is Linux's: elsewhere each connection has a goroutine that reads.
type watch struct{}

type watched struct{}

func newWatch() (*watch, error)                        { return nil, errors.ErrUnsupported }
func (*watch) close()                                  {}
func (*watch) add(Reader) watched                      { return watched{} }
func (*watch) remove(watched)                          {}
func (*watch) arm(watched, syscall.RawConn, bool) bool { return false }
func (*watch) leave(watched, syscall.RawConn)          {}
