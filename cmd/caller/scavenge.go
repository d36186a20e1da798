package main

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// scavengeEvery is how often one looks whether there is memory to give back.
const scavengeEvery = 2 * time.Second

// A process is calm when it allocates less than calmBytes, or one part in calmShare of what lives,
// between two looks. When it has become so, what it could give back is given back once it is more
// than worthBytes and than one part in worthShare of what lives: a collection costs by that. What
// a calm process leaves is for the collector itself.
const (
	calmBytes  = 2 << 20
	calmShare  = 16
	worthBytes = 4 << 20
	worthShare = 8
)

// scavenge gives memory back to the system when a rush is over, until ctx ends. A rush of new
// connections leaves garbage as large as what the connections hold, and in a process that is calm
// after it the next collection, which runs when the heap has doubled, may be hours away. What is
// mapped of the program's file goes with it (unmapFile). Measured with 10,000 idle event streams,
// see docs/performance.md.
func scavenge(ctx context.Context) {
	defer runtime.KeepAlive(ballast)
	ticker := time.NewTicker(scavengeEvery)
	defer ticker.Stop()
	var m heap
	rushed := true // by starting
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		before := m.allocated
		m.read()
		switch {
		case m.allocated-before >= max(calmBytes, m.live/calmShare):
			rushed = true
		case rushed && m.reclaimable() > max(worthBytes, m.live/worthShare):
			rushed = false
			runtime.GC() // what sync.Pools hold goes with the second collection
			debug.FreeOSMemory()
			_ = unmapFile() // without it there is more in memory, and nothing else is worse
		}
	}
}

// ballast makes the collector wait until that much garbage has gathered, and as much again as lives
// beside it. A node with few readers has a heap of 3 MB, which would be collected after every 400
// posts: a tenth of what a post costs. Nobody touches it, so it is an address range and no memory.
var ballast = make([]byte, 12<<20)

// heap is what is to be known of the heap, in bytes.
type heap struct {
	allocated uint64 // since the start
	objects   uint64 // live or dead
	live      uint64 // at the last collection
	free      uint64 // of no object, and not given back
	samples   []metrics.Sample
}

func (h *heap) read() {
	if h.samples == nil {
		h.samples = []metrics.Sample{
			{Name: "/gc/heap/allocs:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/live:bytes"},
			{Name: "/memory/classes/heap/free:bytes"},
		}
	}
	metrics.Read(h.samples)
	for i, into := range []*uint64{&h.allocated, &h.objects, &h.live, &h.free} {
		*into = h.samples[i].Value.Uint64()
	}
}

// reclaimable is about how much a collection could give back.
func (h *heap) reclaimable() uint64 { return h.free + h.objects - min(h.live, h.objects) }
