package redisstore

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/caller-chat/caller/chat"
)

var _ chat.Audit = (*Store)(nil)

// What the audit log is bound by: about so many entries, of so long ago at most. An entry has some
// 300 bytes.
const (
	auditEntries = 100_000
	auditLife    = 90 * 24 * time.Hour
)

// auditKey is a stream for all rooms, in one slot of a Cluster.
func (s *Store) auditKey() string { return s.opt.KeyPrefix + "audit" }

// auditField is the one field of its entries.
const auditField = "entry"

// auditEntry is a chat.AuditEntry as it is stored; the id has the time.
type auditEntry struct {
	Actor struct {
		ID   chat.MemberID `json:"id,omitempty"`
		Name string        `json:"name,omitempty"`
		Via  chat.Via      `json:"via,omitempty"`
		Role chat.Role     `json:"role,omitempty"`
	} `json:"actor"`
	Action     string      `json:"action"`
	Room       chat.RoomID `json:"room,omitempty"`
	Target     string      `json:"target,omitempty"`
	TargetName string      `json:"targetName,omitempty"`
	Detail     string      `json:"detail,omitempty"`
	Node       string      `json:"node"`
}

// Audit implements [chat.Audit].
func (s *Store) Audit(ctx context.Context, e chat.AuditEntry) error {
	stored := auditEntry{Action: e.Action, Room: e.Room, Target: e.Target, TargetName: e.TargetName, Detail: e.Detail, Node: s.node}
	stored.Actor.ID, stored.Actor.Name, stored.Actor.Via, stored.Actor.Role = e.Actor.ID, e.Actor.Name, e.Actor.Via, e.Actor.Role
	text, err := encode(stored)
	if err != nil {
		return err
	}
	return s.call(ctx, "writing the audit log", "", func(ctx context.Context) error {
		_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			p.XAdd(ctx, &redis.XAddArgs{
				Stream: s.auditKey(), MaxLen: auditEntries, Approx: true, Values: []any{auditField, text},
			})
			p.XTrimMinIDApprox(ctx, s.auditKey(), strconv.FormatInt(time.Now().Add(-auditLife).UnixMilli(), 10), 0)
			return nil
		})
		return err
	})
}

// What one call of AuditLog looks at: a page at a time, and so many entries at most.
const (
	auditPage = 500
	auditLook = 20_000
)

var auditID = regexp.MustCompile(`^[0-9]{1,18}-[0-9]{1,18}$`)

// AuditLog are the newest entries of the audit log before one, or of all for "", that are wanted,
// limit at most. next is what to go on before; empty at the end. Where few are wanted, a call may
// find none and have a next all the same. Errors: a [*chat.InvalidError] for "before";
// [chat.ErrUnavailable].
func (s *Store) AuditLog(
	ctx context.Context, before string, limit int, want func(chat.AuditEntry) bool,
) (entries []chat.AuditEntry, next string, err error) {
	if before != "" && !auditID.MatchString(before) {
		return nil, "", &chat.InvalidError{Field: "before", Reason: "is not the id of an entry"}
	}
	if before != "" && strings.Trim(before, "0-") == "" {
		return nil, "", nil // nothing is before the first id that there can be, and Redis takes no such range
	}
	for looked := 0; looked < auditLook; {
		end := "+"
		if before != "" {
			end = "(" + before
		}
		var page []redis.XMessage
		err := s.call(ctx, "reading the audit log", "", func(ctx context.Context) (err error) {
			page, err = s.client.XRevRangeN(ctx, s.auditKey(), end, "-", auditPage).Result()
			return err
		})
		if err != nil {
			return nil, "", err
		}
		for _, m := range page {
			before = m.ID
			e, err := parseAudit(m)
			if err != nil {
				return nil, "", corrupt(s.auditKey(), err)
			}
			if !want(e) {
				continue
			}
			if entries = append(entries, e); len(entries) == limit {
				return entries, before, nil
			}
		}
		looked += len(page)
		if len(page) < auditPage {
			return entries, "", nil
		}
	}
	return entries, before, nil
}

func parseAudit(m redis.XMessage) (chat.AuditEntry, error) {
	text, _ := m.Values[auditField].(string)
	var stored auditEntry
	if err := json.Unmarshal([]byte(text), &stored); err != nil {
		return chat.AuditEntry{}, fmt.Errorf("audit entry %s: %w", m.ID, err)
	}
	ms, _, _ := strings.Cut(m.ID, "-")
	at, err := parseMillis(ms)
	return chat.AuditEntry{
		ID: m.ID, At: at, Actor: chat.AuditActor(stored.Actor), Action: stored.Action, Room: stored.Room,
		Target: stored.Target, TargetName: stored.TargetName, Detail: stored.Detail, Node: stored.Node,
	}, err
}
