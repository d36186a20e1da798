package chat

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Post stores a draft of any kind (something said in a room, or an amendment of it) and tells all
// its subscribers, on every node. When it returns without an error the entry is stored. A key used
// before returns the first entry, and repeated is true. So it is when there was nothing to change;
// then the entry has no ID. Guests can amend nothing. [Log] has the rules. The draft's From and
// Client are set here, from the principal, and what the room's rules ask for.
//
// Errors: those of [Node.Authorize] and [Files.Attach]; [*InvalidError] for what [Draft.Validate] names; [ErrNotFound],
// [ErrGuest], [ErrNotAuthor], [ErrConflict]; [ErrKeyReused]; [*SlowModeError]; [ErrUnavailable],
// after which the entry may or may not be stored; [ErrGoingAway].
func (n *Node) Post(ctx context.Context, who Principal, room RoomID, d Draft) (e Entry, repeated bool, err error) {
	if observer := n.options.Observer.Posts; observer != nil {
		posting, ended := observer.Posting(ctx, who, room, d)
		ctx = posting
		defer func() { ended(e, repeated, err) }()
	}
	what, times := d.action(), 1
	if d.Counted {
		times = 0
	}
	if err := n.askPolicy(ctx, who, room, what, times); err != nil {
		return Entry{}, false, err
	}
	if who.Guest && !d.Target.IsZero() {
		return Entry{}, false, fmt.Errorf("%s in %s: %w", what, room, ErrGuest)
	}
	if m, said := d.Payload.(Message); said && m.ReplyTo != nil && who.NoRead { // the answer quotes what it answers
		return Entry{}, false, n.told(room, what, &RefusedError{Code: RefusedNotAllowed, Detail: "the token may not read"})
	}
	d.From, d.Client = who.Author(), who.Client
	if err := d.Validate(); err != nil {
		return Entry{}, false, err
	}
	if !n.begin() {
		return Entry{}, false, ErrGoingAway
	}
	defer n.running.Done()
	files := fileIDs(d.Payload)
	if files != nil { // what the room may do without is decided, and all that is asked of a post
		what = ActionFile
	}
	// Who has said it may be gone: it is carried out all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), n.options.Patience)
	defer cancel()
	e, repeated, err = n.append(ctx, who, room, what, d)
	if err != nil {
		return Entry{}, false, err
	}
	n.options.Observer.Rooms.Posted(room, e.Kind(), repeated)
	if _, deletes := d.Payload.(Delete); deletes && !repeated {
		n.recordDeletion(ctx, who, room, d.Target)
	}
	if r := n.existing(room); r != nil && !repeated {
		r.inbox.echo(localEcho{e})
	}
	switch {
	case files != nil:
		n.options.Files.Posted(ctx, room, e)
	case e.Kind() == KindDelete && !repeated:
		n.released(ctx, room)
	}
	return e, repeated, nil
}

// append stores a draft if the room's rules allow it: the ones that this node knows, or if the store
// says that there are others, those. So a room nobody owns costs no read of its rules.
func (n *Node) append(ctx context.Context, who Principal, room RoomID, what Action, d Draft) (Entry, bool, error) {
	rules := n.assumedRules(room)
	_, d.Existing = n.options.Policy.(Counter) // rooms that begin are counted
	attached := false
	for tries := 1; ; tries++ {
		may, refused := n.permitted(ctx, rules, who, room, what)
		if refused != nil && tries > 1 {
			return Entry{}, false, n.told(room, what, refused)
		}
		var err error
		if refused == nil && !attached {
			if d, err = n.attach(ctx, who, room, d); err != nil {
				return Entry{}, false, err
			}
			attached = true
		}
		if message := d.names(); refused == nil && !message.IsZero() {
			if err := n.mayName(ctx, may.rules, who, room, message); err != nil {
				return Entry{}, false, fmt.Errorf("post to %s: %w", room, err)
			}
		}
		if refused == nil {
			e, repeated, err := n.log.Append(ctx, room, may.draft(d, who))
			if err == nil {
				if may.rules.Owned() {
					n.stillOwned(room)
				}
				return e, repeated, nil
			}
			if errors.Is(err, ErrNewRoom) {
				if err := n.askPolicy(ctx, who, room, ActionCreate, 1); err != nil {
					return Entry{}, false, err
				}
				d.Existing = false
				tries--
				continue
			}
			if !errors.Is(err, ErrRulesChanged) || tries == maxRulesTries {
				return Entry{}, false, fmt.Errorf("post to %s: %w", room, n.unavailable(outOfTries(err)))
			}
		}
		by := rules
		if rules, err = n.readRules(ctx, room); err != nil {
			return Entry{}, false, err
		}
		if stillBy(refused, by, rules) {
			return Entry{}, false, n.told(room, what, refused)
		}
	}
}

// MayPost asks whether somebody may post a message of which much is still to come. It counts as one that
// is posted, so the draft then is [Draft.Counted]. Errors: those of [Node.Authorize].
func (n *Node) MayPost(ctx context.Context, who Principal, room RoomID) error {
	return n.Authorize(ctx, who, room, ActionPost)
}

// HasToWait is a [*SlowModeError] while the room's slow mode has somebody wait; nil otherwise, and where
// the store can't tell before it appends. Other errors: [ErrUnavailable].
func (n *Node) HasToWait(ctx context.Context, who Principal, room RoomID) error {
	log, tells := n.log.(SlowModes)
	if !tells {
		return nil
	}
	rules, err := n.readRules(ctx, room)
	if err != nil {
		return err
	}
	d := permit{rules: rules, role: rules.RoleOf(who)}.draft(Draft{}, who)
	if d.SlowMode == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, n.options.Patience)
	defer cancel()
	wait, err := log.SlowModeWait(ctx, room, d)
	switch {
	case err != nil:
		return fmt.Errorf("slow mode of %s: %w", room, n.unavailable(err))
	case wait > 0:
		return fmt.Errorf("post to %s: %w", room, &SlowModeError{RetryAfter: wait})
	}
	return nil
}

// draft is a draft with what the rules ask for.
func (p permit) draft(d Draft, who Principal) Draft {
	d.Rules, d.Keeping = p.rules.Version, p.rules.Keeping()
	d.Moderator = p.rules.Owned() && p.role.AtLeast(RoleModerator) || p.role.AtLeast(RoleOperator)
	if p.rules.SlowMode > 0 && !p.role.AtLeast(RoleModerator) {
		d.SlowMode, d.SlowKey = time.Duration(p.rules.SlowMode)*time.Second, who.LimitKey
	}
	return d
}
