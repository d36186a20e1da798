package chat

import (
	"context"
	"sync"
)

// backend is what the rooms of a node share: the store, the settings, and the work that the node
// waits for.
type backend struct {
	name    string // tells nodes apart
	log     Log
	feed    Feed
	roster  Roster
	marks   Marks
	keeper  RuleKeeper
	options Options
	// remembered are answers that the node has had.
	remembered *answers

	// work is the context of calls to the store that no caller waits for.
	work context.Context
	// running counts what Close waits for: posts under way, rooms, and their calls to the store.
	running sync.WaitGroup
	// demand is what all rooms' deliveries would need of the processor.
	demand demand
}

// async makes a call to the store beside a room's worker, in time. The room is counted, so Close is
// still waiting while it asks for this.
func (b *backend) async(call func(context.Context)) {
	b.running.Go(func() {
		ctx, cancel := context.WithTimeout(b.work, b.options.Patience)
		defer cancel()
		call(ctx)
	})
}
