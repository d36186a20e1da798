//go:build unix

package load

import (
	"syscall"
	"time"
)

// cpuTime is for how long the process has used a processor, in seconds.
func cpuTime() float64 {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil {
		return -1
	}
	return (time.Duration(used.Utime.Nano()) + time.Duration(used.Stime.Nano())).Seconds()
}
