package faults

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/check"
	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/internal/testwait"
)

// moderator is a room's owner, who bans, mutes and changes settings, and takes it back.
type moderator struct {
	owner *person
	room  *room

	mu     sync.Mutex // guards what follows; held while something is being done, and while nothing may be
	random *rand.Rand
	// holding is what is in force, by what and whom; over is what was.
	holding map[[2]string]*check.Restraint
	over    []check.Restraint
	refused []string // what was answered who may do all this
	// unanswered says that a request was, since it was last unset.
	unanswered bool
	sent       int
}

// doors are settings by which a room is more and less open.
var doors = map[string][2]string{
	"posting":   {`"moderators"`, `"everyone"`},
	"locked":    {"true", "false"},
	"newcomers": {`"read"`, `"post"`},
}

// own makes a room that belongs to the first of its people.
func own(t *testing.T, r *room, random *rand.Rand) *moderator {
	t.Helper()
	m := &moderator{owner: r.people[0], room: r, random: random, holding: map[[2]string]*check.Restraint{}}
	made := m.owner.Do(t, http.MethodPost, "/rooms", `{"title":"Tea"}`, "Content-Type", "application/json")
	require.Equal(t, http.StatusCreated, made.Status, made.Body)
	var room struct{ RoomID string }
	require.NoError(t, json.Unmarshal([]byte(made.Body), &room))
	r.name = room.RoomID
	now := time.Now()
	r.attempted(check.Attempt{Author: m.owner.ID, Kind: "notice", Key: "notice-0", Text: "owned", Target: m.owner.ID, Sent: now, Answered: now, Status: made.Status})
	return m
}

// done is all that was in force at some time, and what was refused.
func (m *moderator) done() (all []check.Restraint, refused []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all = slices.Clone(m.over)
	for _, x := range m.holding {
		all = append(all, *x)
	}
	return all, m.refused
}

// moderate does one thing after the other. Most of what it does is in force for a second or two,
// and several things at the same time.
func (m *moderator) moderate(ctx context.Context) {
	for ctx.Err() == nil {
		m.mu.Lock()
		_ = m.step(ctx) // what could not be done in time is in force, or not
		pause := time.Duration(100+m.random.IntN(900)) * time.Millisecond
		m.mu.Unlock()
		wait(ctx, pause)
	}
}

func (m *moderator) step(ctx context.Context) error {
	somebody := m.room.people[1+m.random.IntN(len(m.room.people)-1)].ID
	switch m.random.IntN(10) {
	case 0:
		return m.set(ctx, "topic", fmt.Sprintf("%q", fmt.Sprint("topic ", m.sent)))
	case 1, 2:
		setting := []string{"posting", "locked", "newcomers"}[m.random.IntN(3)]
		return m.toggle(ctx, setting, "")
	case 3, 4, 5:
		return m.toggle(ctx, "muted", somebody)
	default:
		return m.toggle(ctx, "banned", somebody)
	}
}

// toggle sets a restraint, or lifts it.
func (m *moderator) toggle(ctx context.Context, what, whom string) error {
	if x := m.holding[[2]string{what, whom}]; x != nil {
		return m.lift(ctx, x)
	}
	x := &check.Restraint{What: what, Whom: whom, From: time.Now()}
	m.holding[[2]string{what, whom}] = x
	m.unanswered = false
	var err error
	switch what {
	case "banned":
		x.ID, err = m.notice(ctx, what, whom, http.MethodPost, "/members/"+whom+"/ban", `{"reason":"spam"}`)
	case "muted":
		x.ID, err = m.notice(ctx, what, whom, http.MethodPost, "/members/"+whom+"/mute", `{"reason":"loud"}`)
	default:
		err = m.set(ctx, what, doors[what][0])
	}
	x.Unsure = m.unanswered
	return err
}

func (m *moderator) lift(ctx context.Context, x *check.Restraint) error {
	x.Lifting = time.Now()
	var err error
	switch x.What {
	case "banned":
		err = m.unban(ctx, x.Whom)
	case "muted":
		_, err = m.notice(ctx, "unmuted", x.Whom, http.MethodDelete, "/members/"+x.Whom+"/mute", "")
	default:
		err = m.set(ctx, x.What, doors[x.What][1])
	}
	if err == nil {
		x.To = time.Now()
		m.over = append(m.over, *x)
		delete(m.holding, [2]string{x.What, x.Whom})
	}
	return err
}

// unban ends the bans of one, or of all for "".
func (m *moderator) unban(ctx context.Context, whom string) error {
	text, err := m.call(ctx, "", "", http.MethodGet, "/bans", "")
	if err != nil {
		return err
	}
	var list struct {
		Bans []struct {
			ID     string
			Member struct{ ID string }
		}
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return fmt.Errorf("bans: %w", err)
	}
	for _, b := range list.Bans {
		if whom == "" || b.Member.ID == whom {
			if _, err := m.notice(ctx, "unbanned", b.Member.ID, http.MethodDelete, "/bans/"+b.ID, ""); err != nil {
				return err
			}
		}
	}
	return nil
}

// liftAll has nothing in force any more, and the topic changed: whatever node was cut off hears of
// the rules by that. The caller holds mu.
func (m *moderator) liftAll(ctx context.Context) error {
	for _, x := range m.holding {
		if err := m.lift(ctx, x); err != nil {
			return err
		}
	}
	if err := m.unban(ctx, ""); err != nil { // those that came late
		return err
	}
	return m.set(ctx, "topic", fmt.Sprintf("%q", fmt.Sprint("all is well ", m.sent)))
}

// set changes a setting.
func (m *moderator) set(ctx context.Context, name, value string) error {
	_, err := m.call(ctx, "settings", "", http.MethodPatch, "/settings", fmt.Sprintf(`{"%s":%s}`, name, value))
	return err
}

// notice does what the room has a notice of, which is the answer, and returns its id; none for
// somebody who is not known there, or a ban that is no more.
func (m *moderator) notice(ctx context.Context, what, whom, method, path, body string) (id string, err error) {
	text, err := m.call(ctx, what, whom, method, path, body)
	if err != nil || text == "" {
		return "", err
	}
	var e client.Event
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		return "", fmt.Errorf("the notice %q: %w", text, err)
	}
	return e.ID, nil
}

// errRefused says that the owner was refused.
var errRefused = errors.New("the owner was refused")

// call asks until it is answered, at whatever node, and is the answer; it is empty for what is not
// there. An answer is waited for as long as a node may stand still: a request that nobody waits for
// could be carried out at any time.
func (m *moderator) call(ctx context.Context, what, whom, method, path, body string) (string, error) {
	for {
		m.sent++
		a := check.Attempt{
			Author: m.owner.ID, Kind: "notice", Key: fmt.Sprint("notice-", m.sent), Text: what, Target: whom, Sent: time.Now(),
		}
		at := m.owner.At(m.owner.crowd.bases[m.random.IntN(len(m.owner.crowd.bases))])
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), testwait.Limit)
		text, status, err := at.Call(within, method, "/rooms/"+m.room.name+path, body)
		cancel()
		a.Status, a.Detail = status, strings.TrimPrefix(at.Base, "http://")
		var e client.Event
		if err == nil {
			a.Answered = time.Now()
			if status == http.StatusOK && json.Unmarshal([]byte(text), &e) == nil && e.Type == "notice" {
				a.ID = e.ID
			}
		}
		if what != "" {
			m.room.attempted(a)
		}
		switch {
		case err == nil && status == http.StatusOK:
			return text, nil
		case err == nil && status == http.StatusNotFound:
			return "", nil
		case err == nil && status < http.StatusInternalServerError:
			err = fmt.Errorf("%w: %s %s at %s: %d %s", errRefused, method, path, at.Base, status, text)
			m.refused = append(m.refused, err.Error())
			return "", err
		}
		m.unanswered = true
		if ctx.Err() != nil {
			return "", fmt.Errorf("%s %s: not answered: %w", method, path, cmp.Or(err, ctx.Err()))
		}
		wait(ctx, 50*time.Millisecond)
	}
}

// backUp keeps the rules of the rooms that are somebody's, as whoever runs Redis does, and lets no
// moderator do anything until putBack has put them there again.
func (c *cluster) backUp() (putBack func()) {
	c.t.Helper()
	type rules struct{ key, dump string }
	var kept []rules
	var held []*moderator
	redis := c.redis.Client()
	for _, r := range c.crowd.rooms {
		if r.moderator == nil {
			continue
		}
		r.moderator.mu.Lock()
		held = append(held, r.moderator)
		keys, err := redis.Keys(c.t.Context(), "caller:*:"+r.name+":rules").Result()
		require.NoError(c.t, err)
		require.Len(c.t, keys, 1)
		dump, err := redis.Dump(c.t.Context(), keys[0]).Result()
		require.NoError(c.t, err)
		kept = append(kept, rules{keys[0], dump})
	}
	require.NoError(c.t, redis.Close())
	return func() {
		c.t.Helper()
		redis := c.redis.Client()
		defer func() { _ = redis.Close() }() // nothing of it is used after this
		for i, k := range kept {
			require.NoError(c.t, redis.RestoreReplace(c.t.Context(), k.key, 0, k.dump).Err())
			held[i].mu.Unlock()
		}
	}
}
