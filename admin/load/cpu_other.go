//go:build !unix

package load

// cpuTime is not known.
func cpuTime() float64 { return -1 }
