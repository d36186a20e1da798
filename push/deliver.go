package push

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/SherClockHolmes/webpush-go"

	"github.com/caller-chat/caller/chat"
)

// recordSize is the length of every encrypted notification, in bytes: the longest there is fits,
// and its length says nothing of what is in it. Push services take 4,096 (RFC 8030 section 7.2).
const recordSize = 2048

// maxAnswer is how much of a push service's answer is read, so that its connection can be used
// again, in bytes.
const maxAnswer = 4 << 10

// delivery is one message for one browser.
type delivery struct {
	told
	to           chat.MemberID
	what         string
	subscription subscription
	payload      []byte // nil to read the message again
	tries        int
}

// queue queues a delivery. It does not wait.
func (p *Push) queue(d delivery) {
	select {
	case p.deliveries <- d:
	default:
		p.options.Observer.Pushed(Dropped)
		p.log.Warn("too much to push: a browser is not told of a message", "room", d.room, "id", d.id.String())
	}
}

// deliver sends a message to a browser, and again later if the push service could not take it.
func (p *Push) deliver(d delivery) {
	left := TTL - time.Since(d.at)
	if left < time.Second {
		p.options.Observer.Pushed(Dropped)
		return
	}
	ctx, cancel := context.WithTimeout(p.work, min(left, sendTime))
	defer cancel()
	if d.payload == nil {
		var err error
		if d.payload, err = p.payload(ctx, d.told, d.what); err != nil {
			p.again(d, 0)
			return
		}
		if d.payload == nil { // it was deleted meanwhile
			return
		}
	}
	key, err := p.keys.current(ctx)
	if err != nil {
		p.again(d, 0)
		return
	}
	// The library writes behind what it is given, which browsers share.
	answer, err := webpush.SendNotificationWithContext(ctx, slices.Clip(d.payload), &d.subscription.Subscription, &webpush.Options{
		HTTPClient: p.client, RecordSize: recordSize, TTL: int(left / time.Second), Urgency: webpush.UrgencyHigh,
		Subscriber: strings.TrimPrefix(p.options.Subject, "mailto:"), VAPIDPublicKey: key.Public(), VAPIDPrivateKey: key.private(),
	})
	if err != nil {
		p.log.DebugContext(ctx, "a push service can't be reached", "host", d.subscription.host(), "err", withoutAddress(err))
		if isRefusedAddress(err) {
			p.options.Observer.Pushed(Refused)
		} else {
			p.again(d, 0)
		}
		return
	}
	defer func() { _ = answer.Body.Close() }()                         // its answer is its status
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer)) // as above
	switch status := answer.StatusCode; {
	case status < 300:
		p.options.Observer.Pushed(Sent)
	case status == http.StatusNotFound, status == http.StatusGone:
		p.options.Observer.Pushed(Gone)
		if err := p.store.Unsubscribe(ctx, d.to, d.subscription.id()); err != nil {
			p.log.DebugContext(ctx, "a subscription that has ended is kept", "err", err)
		}
	case status == http.StatusTooManyRequests, status >= 500:
		p.again(d, retryAfter(answer.Header.Get("Retry-After"), time.Now()))
	default:
		p.options.Observer.Pushed(Refused)
		p.log.WarnContext(ctx, "a push service refuses", "host", d.subscription.host(), "status", status)
	}
}

// again sends a delivery later: after the time that the push service asks for, or a time of our own
// that grows; unless its own time is over by then.
func (p *Push) again(d delivery, after time.Duration) {
	if after <= 0 {
		after = time.Second << min(d.tries, 6)
		after += rand.N(after / 2)
	}
	if time.Since(d.at)+after > TTL {
		p.options.Observer.Pushed(Dropped)
		return
	}
	d.tries++
	d.payload = nil // it may be deleted or edited until then
	waits := p.retries.after(after, func() {
		if p.work.Err() == nil {
			p.queue(d)
		}
	})
	if waits {
		p.options.Observer.Pushed(Retried)
	} else {
		p.options.Observer.Pushed(Dropped)
	}
}

// retryAfter is in how long a Retry-After header asks to come back (RFC 9110 section 10.2.3); 0
// when it says nothing.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(header); err == nil {
		return time.Duration(min(max(seconds, 0), 86400)) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
