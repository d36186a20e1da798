package push

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/caller-chat/caller/chat"
)

// What somebody is told of.
const (
	whatMention = "mention"
	whatReply   = "reply"
)

// told is a message that somebody is to be told of.
type told struct {
	room chat.RoomID
	id   chat.Cursor
	at   time.Time // by this node's clock
	by   string    // who has said it, to be counted
	// whom are the members, with why.
	whom map[chat.MemberID]string
}

// appended queues a message that is for somebody in particular. It does not wait.
func (p *Push) appended(room chat.RoomID, e chat.Entry) {
	message, ok := e.Payload.(chat.Message)
	if !ok || len(message.Mentions) == 0 && message.ReplyTo == nil {
		return
	}
	whom := make(map[chat.MemberID]string, len(message.Mentions)+1)
	if r := message.ReplyTo; r != nil && !r.From.Guest {
		whom[r.From.ID] = whatReply
	}
	for _, id := range message.Mentions {
		whom[id] = whatMention
	}
	delete(whom, e.From.ID)
	if len(whom) == 0 {
		return
	}
	// The room may be a part of a whole request, which would stay in memory with it.
	t := told{room: chat.RoomID(strings.Clone(string(room))), id: e.ID, at: time.Now(), by: tellerOf(room, e.From), whom: whom}
	select {
	case p.messages <- t:
	default:
		p.log.Warn("too much to push: nobody is told of a message", "room", room, "id", e.ID.String())
	}
}

// tellerOf is by whom a message's pushes are counted: a session, or all guests of a room together,
// since a guest is another one with each message.
func tellerOf(room chat.RoomID, from chat.Author) string {
	if from.Guest {
		return "guests of " + string(room)
	}
	return strings.Clone(string(from.ID))
}

// tell finds who is away and may know of a message, and queues it for their browsers.
func (p *Push) tell(rooms Rooms, t told) {
	ctx, cancel := context.WithTimeout(p.work, storeTime)
	defer cancel()
	deliveries, err := p.deliveriesOf(ctx, rooms, t)
	if err != nil {
		p.log.WarnContext(ctx, "a message can't be pushed", "room", t.room, "id", t.id.String(), "err", err)
		return
	}
	for _, d := range deliveries {
		p.queue(d)
	}
}

func (p *Push) deliveriesOf(ctx context.Context, rooms Rooms, t told) ([]delivery, error) {
	roster, err := p.store.Members(ctx, t.room)
	if err != nil {
		return nil, fmt.Errorf("who is in the room: %w", err)
	}
	for _, m := range roster.Members {
		delete(t.whom, m.ID)
	}
	var send []delivery
	payloads := map[string][]byte{}
	for id, what := range t.whom {
		mine, err := p.readersOf(ctx, rooms, t, id)
		if err != nil {
			return nil, err
		}
		if len(mine) == 0 || !p.mayTell(ctx, t, id) {
			continue
		}
		if payloads[what] == nil {
			if payloads[what], err = p.payload(ctx, t, what); err != nil {
				return nil, err
			}
			if payloads[what] == nil {
				return nil, nil
			}
		}
		for _, s := range mine {
			send = append(send, delivery{told: t, to: id, what: what, subscription: s, payload: payloads[what]})
		}
	}
	return send, nil
}

// readersOf are a member's subscriptions for the room whose browsers may read it, by the same rules
// as when they ask for it.
func (p *Push) readersOf(ctx context.Context, rooms Rooms, t told, id chat.MemberID) ([]subscription, error) {
	kept, err := p.store.Subscribed(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("who is subscribed: %w", err)
	}
	var may []subscription
	judged := map[string]bool{} // most browsers of one person stand alike
	for _, text := range kept {
		s, err := parseKept(text)
		if err != nil || !s.wants(t.room) {
			continue
		}
		by := fmt.Sprint(s.By)
		if _, known := judged[by]; !known {
			judged[by] = rooms.MayBeTold(ctx, s.By.principal(id), t.room) == nil
		}
		if judged[by] {
			may = append(may, s.subscription)
		}
	}
	return may, nil
}

// mayTell counts that somebody is told of a message, by all of their browsers.
func (p *Push) mayTell(ctx context.Context, t told, to chat.MemberID) bool {
	err := p.options.Limits.Decide(ctx, chat.Principal{LimitKey: t.by}, t.room, chat.ActionPushing)
	if err == nil {
		err = p.options.Limits.Decide(ctx, chat.Principal{LimitKey: string(to)}, t.room, chat.ActionPushed)
	}
	if err != nil {
		p.log.DebugContext(ctx, "too many pushes: somebody is not told of a message", "room", t.room, "id", t.id.String())
	}
	return err == nil
}

// notification is what a browser is sent, in JSON. docs/protocol.md has it.
type notification struct {
	RoomID  chat.RoomID `json:"roomId"`
	ID      string      `json:"id"`
	What    string      `json:"what"`
	From    string      `json:"from"`
	Excerpt string      `json:"excerpt"`
}

// payload is what is sent of a message as it is now; nil when it has been deleted or is not kept.
func (p *Push) payload(ctx context.Context, t told, what string) ([]byte, error) {
	kept, err := p.store.Read(ctx, t.room)
	if err != nil {
		return nil, fmt.Errorf("read the message: %w", err)
	}
	for _, e := range kept.Entries {
		if e.ID != t.id {
			continue
		}
		message, ok := e.Payload.(chat.Message)
		if !ok || message.Changes != nil && message.Changes.Deleted {
			return nil, nil
		}
		text, err := json.Marshal(notification{
			RoomID: t.room, ID: t.id.String(), What: what, From: e.From.Name, Excerpt: chat.Excerpt(message.Text),
		})
		if err != nil {
			return nil, fmt.Errorf("write the notification: %w", err)
		}
		return text, nil
	}
	return nil, nil
}
