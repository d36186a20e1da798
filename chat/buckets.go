package chat

import (
	"context"
	"time"
)

// Bucket says how often something may be done: Burst times at once, and PerSecond times a second
// after that, up to Burst again. The zero value is no bound.
type Bucket struct {
	Burst     int
	PerSecond float64
}

// IsOff reports whether the bucket bounds nothing.
func (b Bucket) IsOff() bool { return b.Burst <= 0 }

// Window is how long an empty bucket takes to be full.
func (b Bucket) Window() time.Duration {
	return time.Duration(float64(b.Burst) / b.PerSecond * float64(time.Second))
}

// Buckets keeps what is left in buckets, for all nodes together. Methods may be called at the same
// time.
type Buckets interface {
	// TakeTokens takes tokens out of the bucket of that key: Need at least and Most at most, or
	// none. One that nobody has taken from is full. When none is granted, wait is in how long Need
	// of them will be there, by the store's clock; it is 0 otherwise.
	//
	// What is granted beyond Need is ahead: the bucket has room for it no more until the node
	// settles it with its next call, or Keep has passed, after which the node does not use it. With
	// Need and Most of 0 a call does nothing but settle.
	// Errors wrap [ErrUnavailable].
	TakeTokens(ctx context.Context, key string, b Bucket, t Taking) (granted int, wait time.Duration, err error)
}

// Taking is what a node wants of a bucket.
type Taking struct {
	Need, Most int
	// Keep is for how long the node uses what is granted beyond Need.
	Keep time.Duration
	// Settled is how many were granted ahead the last time, Unused how many of them go back.
	Settled, Unused int
}
