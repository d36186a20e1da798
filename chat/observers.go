package chat

import (
	"context"
	"slices"
	"time"
)

// Observers are several observers as one: each is told all, in order.
func Observers(all ...Observer) Observer {
	var rooms roomObservers
	var subscribers subscriberObservers
	var members memberObservers
	var store storeObservers
	var deliveries deliveryObservers
	var posts postObservers
	for _, o := range all {
		if o.Rooms != nil {
			rooms = append(rooms, o.Rooms)
		}
		if o.Subscribers != nil {
			subscribers = append(subscribers, o.Subscribers)
		}
		if o.Members != nil {
			members = append(members, o.Members)
		}
		if o.Posts != nil {
			posts = append(posts, o.Posts)
		}
		if o.Deliveries != nil {
			deliveries = append(deliveries, o.Deliveries)
		}
		if o.Store != nil {
			store = append(store, o.Store)
		}
	}
	var one Observer
	switch {
	case len(posts) == 1:
		one.Posts = posts[0]
	case len(posts) > 1:
		one.Posts = posts
	}
	switch {
	case len(deliveries) == 1:
		one.Deliveries = deliveries[0]
	case len(deliveries) > 1:
		one.Deliveries = deliveries
	}
	switch {
	case len(rooms) == 1:
		one.Rooms = rooms[0]
	case len(rooms) > 1:
		one.Rooms = rooms
	}
	switch {
	case len(subscribers) == 1:
		one.Subscribers = subscribers[0]
	case len(subscribers) > 1:
		one.Subscribers = subscribers
	}
	switch {
	case len(members) == 1:
		one.Members = members[0]
	case len(members) > 1:
		one.Members = members
	}
	switch {
	case len(store) == 1:
		one.Store = store[0]
	case len(store) > 1:
		one.Store = store
	}
	return one
}

type (
	roomObservers       []RoomObserver
	subscriberObservers []SubscriberObserver
	memberObservers     []MemberObserver
	storeObservers      []StoreObserver
	deliveryObservers   []DeliveryObserver
	postObservers       []PostObserver
)

// Posting implements [PostObserver].
func (all postObservers) Posting(
	ctx context.Context, who Principal, room RoomID, d Draft,
) (context.Context, func(e Entry, repeated bool, err error)) {
	ended := make([]func(Entry, bool, error), len(all))
	for i, o := range all {
		ctx, ended[i] = o.Posting(ctx, who, room, d)
	}
	return ctx, func(e Entry, repeated bool, err error) {
		for _, end := range slices.Backward(ended) {
			end(e, repeated, err)
		}
	}
}

// Handed implements [DeliveryObserver].
func (all deliveryObservers) Handed(room RoomID, events []*Event, readers int, began, ended time.Time) {
	for _, o := range all {
		o.Handed(room, events, readers, began, ended)
	}
}

// Present implements [MemberObserver].
func (all memberObservers) Present(transport string, by int) {
	for _, o := range all {
		o.Present(transport, by)
	}
}

// Changed implements [MemberObserver].
func (all memberObservers) Changed(from, to string) {
	for _, o := range all {
		o.Changed(from, to)
	}
}

// Posted implements [RoomObserver].
func (all roomObservers) Posted(room RoomID, kind Kind, repeated bool) {
	for _, o := range all {
		o.Posted(room, kind, repeated)
	}
}

// Delivered implements [RoomObserver].
func (all roomObservers) Delivered(room RoomID, events, readers int) {
	for _, o := range all {
		o.Delivered(room, events, readers)
	}
}

// Refused implements [RoomObserver].
func (all roomObservers) Refused(room RoomID, what Action, why error) {
	for _, o := range all {
		o.Refused(room, what, why)
	}
}

// Reset implements [RoomObserver].
func (all roomObservers) Reset(room RoomID, why ResetReason, readers int) {
	for _, o := range all {
		o.Reset(room, why, readers)
	}
}

// Came implements [SubscriberObserver].
func (all subscriberObservers) Came(room RoomID, transport string, resumed bool) {
	for _, o := range all {
		o.Came(room, transport, resumed)
	}
}

// Went implements [SubscriberObserver].
func (all subscriberObservers) Went(room RoomID, transport string, why error) {
	for _, o := range all {
		o.Went(room, transport, why)
	}
}

// Called implements [StoreObserver].
func (all storeObservers) Called(call string, took time.Duration, err error) {
	for _, o := range all {
		o.Called(call, took, err)
	}
}

// Followed implements [StoreObserver].
func (all storeObservers) Followed(room RoomID, on bool) {
	for _, o := range all {
		o.Followed(room, on)
	}
}
