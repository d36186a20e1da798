package calls

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/webhook"
)

// ErrNotSigned says that a webhook does not come from the LiveKit that has our key.
var ErrNotSigned = errors.New("the webhook is not signed with the key of LiveKit")

// afterWebhook is when LiveKit is asked once more: what it stores of a participant and what it
// tells of it go different ways, and the latter may be first.
const afterWebhook = time.Second

// Webhook takes one of LiveKit's. It is only a reason to reconcile the room, so one that comes
// twice, late or never does no harm. The caller bounds its body. Errors: [ErrNotSigned]; those of
// reading the body.
func (c *Calls) Webhook(r *http.Request) error {
	event, err := webhook.ReceiveWebhookEvent(r, auth.NewSimpleKeyProvider(c.options.Key, c.options.Secret))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return fmt.Errorf("webhook: %w", err)
	case err != nil:
		c.log.Debug("a webhook was refused", "err", err)
		return fmt.Errorf("%w: %w", ErrNotSigned, err)
	}
	room, ours := c.options.roomOf(event.GetRoom().GetName())
	if !ours {
		return nil
	}
	switch event.GetEvent() {
	case webhook.EventParticipantJoined, webhook.EventParticipantLeft, webhook.EventParticipantConnectionAborted,
		webhook.EventRoomStarted, webhook.EventRoomFinished:
		c.queue.add(room, 0)
		c.queue.add(room, afterWebhook)
	}
	return nil
}
