package main

import (
	"math/bits"
	"time"
)

// histogram counts times in buckets that are a sixteenth of their value wide.
type histogram struct {
	buckets [64 * 16]int64
	count   int64
}

func (h *histogram) add(ns int64) {
	h.buckets[bucketOf(ns)]++
	h.count++
}

func bucketOf(ns int64) int {
	if ns < 16 {
		return int(max(0, ns))
	}
	shift := bits.Len64(uint64(ns)) - 5 // leaves the value's first five bits, of which the first is set
	return shift*16 + int(ns>>shift)
}

// quantile is the time below which that share of all is; the upper end of its bucket.
func (h *histogram) quantile(share float64) time.Duration {
	left := int64(share * float64(h.count))
	for i, n := range h.buckets {
		if left -= n; left < 0 {
			if i < 16 {
				return time.Duration(i)
			}
			shift := i/16 - 1
			return time.Duration(int64(i-shift*16+1)<<shift - 1)
		}
	}
	return 0
}
