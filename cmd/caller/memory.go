package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// memorySize is a size of memory in bytes; 0 for what the machine has.
type memorySize uint64

// minMemory is what a node needs that does anything.
const minMemory = 64 << 20

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *memorySize) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	if s == "" {
		*v = 0
		return nil
	}
	unit := uint64(1)
	for _, u := range []struct {
		suffix string
		bytes  uint64
	}{{"MB", 1 << 20}, {"GB", 1 << 30}} {
		if n, ok := strings.CutSuffix(s, u.suffix); ok {
			s, unit = n, u.bytes
		}
	}
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 64)
	if err != nil || unit == 1 || n > math.MaxInt64/unit || n*unit < minMemory {
		return fmt.Errorf("%q is not a size of 64MB or more, as 512MB or 4GB", text)
	}
	*v = memorySize(n * unit)
	return nil
}

// memory watches how full the process's memory is.
type memory struct {
	most  uint64 // in bytes; 0 for any amount
	share atomic.Uint64
}

// newMemory takes three quarters of what the machine has when nothing was said, and never more than
// the Go runtime was told (GOMEMLIMIT).
func newMemory(said memorySize, log *slog.Logger) *memory {
	most := uint64(said)
	if most == 0 {
		most = available() / 4 * 3
	}
	if told := debug.SetMemoryLimit(-1); told != math.MaxInt64 && (most == 0 || uint64(told) < most) {
		log.Info("GOMEMLIMIT is less than --max-memory, and counts", "bytes", told)
		most = uint64(max(told, 1))
	}
	return &memory{most: most}
}

// available is how much memory this machine, or the container, has; 0 where it does not say.
func available() uint64 { return availableIn("/proc/meminfo", "/sys/fs/cgroup") }

// availableIn is available by what stands there.
func availableIn(machine, container string) uint64 {
	least := uint64(0)
	if text, err := os.ReadFile(machine); err == nil {
		if _, rest, ok := bytes.Cut(text, []byte("MemTotal:")); ok {
			amount, _, _ := strings.Cut(strings.TrimSpace(string(rest)), " ")
			if kb, err := strconv.ParseUint(amount, 10, 64); err == nil {
				least = kb << 10
			}
		}
	}
	for _, name := range cgroupLimits(container) {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		if n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64); err == nil && n > 0 && (least == 0 || n < least) { // "max" for none
			least = n
		}
	}
	return least
}

// cgroupLimits are where a container's limit stands: of the second version of control groups, and of
// the first, which says more than any machine has when there is none.
func cgroupLimits(root string) []string {
	return []string{root + "/memory.max", root + "/memory/memory.limit_in_bytes"}
}

// watchEvery is how often it is looked at. Collections, which tell what lives, are no more frequent
// while memory is not short.
const watchEvery = 100 * time.Millisecond

// heapShare is which part of the memory may be what lives in the heap when nothing new is taken in
// any more. The rest is for what is not in the heap, and for garbage.
const heapShare = 0.7

// watch keeps the pressure current until ctx ends. The collector works the harder the nearer the
// process comes to what it may have, so what lives is known soon after it has grown.
func (m *memory) watch(ctx context.Context) {
	if m.most == 0 {
		return
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(int64(m.most)))
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		metrics.Read(live)
		m.share.Store(math.Float64bits(float64(live[0].Value.Uint64()) / (heapShare * float64(m.most))))
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// pressure is how much lives in memory, of what may before nothing new is taken in.
func (m *memory) pressure() float64 { return math.Float64frombits(m.share.Load()) }
