package chat

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// What reports are bound by.
const (
	// MaxReports is how many of a room are kept at once.
	MaxReports = 200
	// ReportLife is for how long a report is kept that nobody puts away.
	ReportLife = 30 * 24 * time.Hour
	// ReportContext is how many messages before and after the one that is reported are shown with
	// it.
	ReportContext = 3
)

// ActionReport tells a room's moderators of a message.
const ActionReport Action = "report"

// Report is what somebody has told a room's moderators about a message.
type Report struct {
	ID      string
	By      Author
	Reason  string
	At      time.Time
	Message Cursor
	// Context are the message as it is now and those around it, in order; without it where it is no
	// longer kept.
	Context []Entry
}

type reportData struct {
	By      authorData `json:"by"`
	Reason  string     `json:"reason,omitempty"`
	At      time.Time  `json:"at"`
	Message string     `json:"message"`
}

func (r Record) report() (Report, error) {
	var d reportData
	if err := readData(r, &d); err != nil {
		return Report{}, err
	}
	message, err := ParseCursor(d.Message)
	if err != nil {
		return Report{}, fmt.Errorf("record %s: %w: %w", r.ID, ErrUnavailable, err)
	}
	return Report{ID: r.ID, By: d.By.author(), Reason: d.Reason, At: d.At, Message: message}, nil
}

// CheckReason brings a reason to what is kept of it: without white space around it, of [MaxReason]
// characters at most, of one line. The error is an [*InvalidError] for "reason".
func CheckReason(reason string) (string, error) {
	if !utf8.ValidString(reason) {
		return "", &InvalidError{Field: "reason", Reason: "is not valid UTF-8"}
	}
	reason = strings.TrimSpace(reason)
	if n := utf8.RuneCountInString(reason); n > MaxReason {
		return "", &InvalidError{Field: "reason", Limit: MaxReason, Reason: fmt.Sprintf("has %d characters, more than %d", n, MaxReason)}
	}
	if i := strings.IndexFunc(reason, isNotOfALine); i >= 0 {
		r, _ := utf8.DecodeRuneInString(reason[i:])
		return "", &InvalidError{Field: "reason", Limit: MaxReason, Reason: fmt.Sprintf("has the control character %U", r)}
	}
	return reason, nil
}

// Report tells a room's moderators of a message. The same message by the same session again is the
// report that there is: repeated is true.
//
// Errors: those of [Node.Authorize] for [ActionReport]; [ErrGuest]; an [*InvalidError] for "reason", and for
// "reports" when there are [MaxReports]; [ErrNotFound] when the message is not kept;
// [ErrUnavailable].
func (n *Node) Report(
	ctx context.Context, who Principal, room RoomID, message Cursor, reason string,
) (_ Report, repeated bool, err error) {
	if _, err := n.authorizeOwned(ctx, who, room, ActionReport); err != nil {
		return Report{}, false, err
	}
	switch {
	case who.Guest:
		return Report{}, false, n.told(room, ActionReport, ErrGuest)
	case who.Via == ViaToken:
		return Report{}, false, n.told(room, ActionReport, &RefusedError{Code: RefusedNotAllowed, Detail: "a token reads and posts, and nothing else"})
	}
	if reason, err = CheckReason(reason); err != nil {
		return Report{}, false, err
	}
	kept, err := n.History(ctx, who, room) // as who reports may read it
	if err != nil {
		return Report{}, false, err
	}
	if !kept.hasMessage(message) {
		return Report{}, false, fmt.Errorf("report in %s: %w", room, ErrNotFound)
	}
	now := toMillis(time.Now())
	made := data(reportData{dataOf(who.Author()), reason, now, message.String()})
	record, err := n.keepRecord(ctx, room, RecordReport, Record{
		ID: reportID(who.ID, message), Expires: now.Add(ReportLife), Data: made,
	}, MaxReports)
	if err != nil {
		return Report{}, false, err
	}
	report, err := record.report()
	return report, string(record.Data) != string(made), err
}

// reportID is the same for the same message and session.
func reportID(by MemberID, message Cursor) string {
	sum := sha256.Sum256([]byte("report\x00" + string(by) + "\x00" + message.String()))
	return "p-" + hex.EncodeToString(sum[:8])
}

// hasMessage reports whether a message is kept, deleted or not.
func (k Kept) hasMessage(id Cursor) bool {
	e, ok := k.At(id.Seq)
	return ok && e.ID == id && e.Kind() == KindMessage
}

// around are a message and those before and after it.
func (k Kept) around(id Cursor, each int) []Entry {
	var messages []Entry
	for _, e := range k.Entries {
		if e.Kind() == KindMessage {
			messages = append(messages, e)
		}
	}
	i, found := slices.BinarySearchFunc(messages, id.Seq, func(e Entry, seq uint64) int { return cmp.Compare(e.ID.Seq, seq) })
	if !found || messages[i].ID != id {
		return nil
	}
	return messages[max(0, i-each):min(len(messages), i+each+1)]
}

// Reports are those of a room that nobody has put away, the newest first. Errors: those of [Policy]
// for [ActionModerate], [ErrUnavailable].
func (n *Node) Reports(ctx context.Context, who Principal, room RoomID) ([]Report, error) {
	if _, err := n.authorizeOwned(ctx, who, room, ActionModerate); err != nil {
		return nil, err
	}
	records, err := n.records(ctx, room, RecordReport)
	if err != nil || len(records) == 0 {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, n.options.Patience)
	defer cancel()
	kept, err := n.log.Read(bounded, room)
	if err != nil {
		return nil, fmt.Errorf("reports of %s: %w", room, n.unavailable(err))
	}
	all := make([]Report, 0, len(records))
	for _, r := range records {
		one, err := r.report()
		if err != nil {
			return nil, err
		}
		one.Context = kept.around(one.Message, ReportContext)
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b Report) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.ID, b.ID)) })
	return all, nil
}

// DropReport puts a report away. Errors: those of [Node.Authorize] for [ActionModerate], [ErrNoRecord],
// [ErrUnavailable].
func (n *Node) DropReport(ctx context.Context, who Principal, room RoomID, id string) error {
	role, err := n.authorizeOwned(ctx, who, room, ActionModerate)
	if err == nil {
		err = n.dropRecord(ctx, room, RecordReport, id)
	}
	if err == nil {
		n.Record(ctx, who, role, AuditEntry{Action: AuditDropReport, Room: room, Target: id})
	}
	return err
}

// ErrNoRecord is an [ErrNotFound]: there is no such invite, token or report (any more).
var ErrNoRecord = errors.New("there is none of that id")
