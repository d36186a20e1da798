package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A supervisor kills what is not gone 10 s after SIGTERM (docker stop): all but the store has to be
// done a second before, and the store gets most of that, besides what the others have left.
const (
	drainTime = 9 * time.Second
	storeTime = 800 * time.Millisecond
)

// drain stops what runs, from the outside in: no new connections, readers are told to come back
// elsewhere, posts under way are stored and answered, leases are given up, and then the store is
// closed. It works on a context of its own: the one it is given has ended.
func (p *parts) drain(ended context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ended), drainTime)
	defer cancel()
	began := time.Now()
	p.log.Info("going away")
	_ = tellSupervisor(supervisorStopping) // which it sees in any case
	if p.front != nil {
		p.front.Drain()
	}
	shut := make(chan error, 1)
	go func() { shut <- p.shutdown(ctx) }() // stops listening at once, and waits for requests that are no streams
	admin := make(chan error, 1)
	go func() { admin <- p.closeAdmin(ctx) }()
	var errs []error
	if p.node != nil {
		errs = append(errs, p.node.Close(ctx))
	}
	if p.keepalive != nil {
		errs = append(errs, p.keepalive.Close(ctx))
	}
	errs = append(errs, <-shut, <-admin)
	if p.front != nil {
		open, err := p.front.Wait(ctx)
		if err != nil {
			p.log.Warn("still open at the end", "requests", open)
		}
		errs = append(errs, err)
	}
	if p.stopFront != nil {
		p.stopFront()
	}
	if p.calls != nil {
		p.calls.Close()
	}
	if p.links != nil {
		p.links.Close()
	}
	if p.push != nil {
		p.push.Close()
	}
	if p.webhooks != nil {
		p.webhooks.Close()
	}
	errs = append(errs, p.closeFiles())
	p.closeTracer(ctx)
	errs = append(errs, p.closeStore(began.Add(drainTime+storeTime)))
	if err := errors.Join(errs...); err != nil {
		_ = p.web.Close() // of what would not end by itself
		return fmt.Errorf("stop: %w", err)
	}
	p.log.Info("gone", "took", time.Since(began).Round(time.Millisecond).String())
	return nil
}

func (p *parts) shutdown(ctx context.Context) error {
	if p.plain != nil {
		_ = p.plain.Close() // whoever is to be sent on to HTTPS has nowhere to go now
	}
	return p.web.Shutdown(ctx)
}

func (p *parts) closeStore(until time.Time) error {
	if p.store == nil {
		return nil
	}
	closed := make(chan error, 1)
	go func() { closed <- p.store.Close() }()
	select {
	case err := <-closed:
		return err
	case <-time.After(time.Until(until)):
		return errors.New("the store's connections are still open")
	}
}
