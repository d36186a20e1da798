package redisstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caller-chat/caller/chat"
)

// parseElement reads an element of the log: "SEQ-TAG PREVTAG TIME {body}".
func parseElement(s string) (chat.Entry, error) {
	e, text, err := parseHead(s)
	if err != nil {
		return chat.Entry{}, err
	}
	return parseBody(e, text)
}

// parseHead reads what an element has before its body.
func parseHead(s string) (e chat.Entry, text string, err error) {
	idText, rest, _ := strings.Cut(s, " ")
	prevText, rest, _ := strings.Cut(rest, " ")
	atText, text, ok := strings.Cut(rest, " ")
	if !ok {
		return chat.Entry{}, "", errors.New("element: want four parts")
	}
	if e.ID, err = chat.ParseCursor(idText); err != nil {
		return chat.Entry{}, "", fmt.Errorf("element's id: %w", err)
	}
	if e.Prev, err = chat.ParseTag(prevText); err != nil {
		return chat.Entry{}, "", fmt.Errorf("element's previous tag: %w", err)
	}
	if e.ID.Tag == 0 || (e.ID.Seq == 1) != (e.Prev == 0) {
		return chat.Entry{}, "", fmt.Errorf("element %v can't follow the tag %v", e.ID, e.Prev)
	}
	if e.Time, err = parseMillis(atText); err != nil {
		return chat.Entry{}, "", fmt.Errorf("element's time: %w", err)
	}
	return e, text, nil
}

// maxMillis is the end of the year 9999, past which times can't be written in RFC 3339.
const maxMillis = 253402300799999

func parseMillis(s string) (time.Time, error) {
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil {
		return time.Time{}, err
	}
	if n > maxMillis {
		return time.Time{}, fmt.Errorf("%d is after the year 9999", n)
	}
	return time.UnixMilli(int64(n)).UTC(), nil
}

// encodeIdentity is what a member's record says of who it is. Lua compares it as text to see
// whether that changed.
func encodeIdentity(m chat.Member) (string, error) {
	a := author(m.Author())
	a.Network = "" // it may change with every stream
	return encode(a)
}

// encodeWay is how a member has come: its transport and its network, if that is known.
func encodeWay(m chat.Member) string {
	if m.Network == "" {
		return m.Transport
	}
	return m.Transport + " " + m.Network
}

// encodeRecord is a member as hold.lua stores it.
func encodeRecord(m chat.Member) (string, error) {
	identity, err := encodeIdentity(m)
	if err != nil {
		return "", err
	}
	joined := max(0, m.JoinedAt.UnixMilli()) // the zero time is before 1970
	record := fmt.Sprintf("%d %s\n%s", joined, identity, encodeWay(m))
	for _, key := range slices.Sorted(maps.Keys(m.Attributes)) {
		record += "\n" + key + " " + m.Attributes[key]
	}
	return record, nil
}

// parseRecord reads a member's record: "JOINED {identity}", a line break, and the transport, with a
// space and the network if that is known; and for each attribute another line break, its key, a space and its value.
func parseRecord(s string) (chat.Member, error) {
	head, rest, ok := strings.Cut(s, "\n")
	way, lines, _ := strings.Cut(rest, "\n")
	transport, network, _ := strings.Cut(way, " ")
	joinedText, identity, ok2 := strings.Cut(head, " ")
	if !ok || !ok2 {
		return chat.Member{}, errors.New("member: want a time, an identity and a transport")
	}
	joined, err := parseMillis(joinedText)
	if err != nil {
		return chat.Member{}, fmt.Errorf("member's time of joining: %w", err)
	}
	var a author
	if err := json.Unmarshal([]byte(identity), &a); err != nil {
		return chat.Member{}, fmt.Errorf("member's identity: %w", err)
	}
	m := chat.Member{
		ID: a.ID, Name: a.Name, Guest: a.Guest, Look: a.Look, Via: a.Via, Network: network, Claims: a.Claims,
		Transport: transport, JoinedAt: joined,
	}
	for line := range strings.SplitSeq(lines, "\n") {
		key, value, ok := strings.Cut(line, " ")
		if !ok {
			continue // none, or one of a version before there were attributes
		}
		if m.Attributes == nil {
			m.Attributes = chat.Attributes{}
		}
		m.Attributes[key] = value
	}
	return m, nil
}

// leaving is the payload of a chat.Leaving.
type leaving struct {
	Member chat.MemberID `json:"member"`
	Stream string        `json:"stream,omitempty"`
	Ended  bool          `json:"ended,omitempty"`
	By     string        `json:"by,omitempty"`
}

// markNotice is the payload of a chat.Marked.
type markNotice struct {
	Session chat.MemberID `json:"session"`
	At      string        `json:"at"`
	Gone    bool          `json:"gone,omitempty"`
}

func (m markNotice) notice() (chat.Marked, error) {
	at, err := chat.ParseCursor(m.At)
	if err != nil {
		return chat.Marked{}, fmt.Errorf("notice of a mark: %w", err)
	}
	return chat.Marked{Session: m.Session, At: at, Gone: m.Gone}, nil
}

// encodeSignal is what is published for a notice that nodes may send; the scripts publish the
// others.
func encodeSignal(n chat.Notice) (string, error) {
	switch n := n.(type) {
	case chat.Typing:
		s, err := encodeRecord(n.Member)
		return "T" + s, err
	case chat.Leaving:
		s, err := encode(leaving(n))
		return "V" + s, err
	case chat.Marked:
		s, err := encode(markNotice{n.Session, n.At.String(), n.Gone})
		return "M" + s, err
	}
	return "", fmt.Errorf("%T can't be signalled", n)
}

// parseNotice reads what was published. The notice is nil when its letter is not known: a newer
// node's.
func parseNotice(s string) (chat.Notice, error) {
	if s == "" {
		return nil, errors.New("notice: empty")
	}
	rest := s[1:]
	switch letter := s[0]; letter {
	case 'A':
		e, err := parseElement(rest)
		return chat.Appended{Entry: e}, err
	case 'J', 'L':
		versionText, record, _ := strings.Cut(rest, " ")
		version, err := strconv.ParseInt(versionText, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("notice's version: %w", err)
		}
		m, err := parseRecord(record)
		if letter == 'J' {
			return chat.Joined{Member: m, Version: version}, err
		}
		return chat.Left{Member: m, Version: version}, err
	case 'T':
		m, err := parseRecord(rest)
		return chat.Typing{Member: m}, err
	case 'V':
		var l leaving
		if err := json.Unmarshal([]byte(rest), &l); err != nil {
			return nil, fmt.Errorf("notice of leaving: %w", err)
		}
		return chat.Leaving(l), nil
	case 'M':
		var m markNotice
		if err := json.Unmarshal([]byte(rest), &m); err != nil {
			return nil, fmt.Errorf("notice of a mark: %w", err)
		}
		return m.notice()
	case 'R':
		version, err := chat.ParseRulesVersion(rest)
		return chat.RulesChanged{Version: version}, err
	case 'P':
		ms, err := strconv.ParseUint(rest, 10, 40)
		return chat.Lapsing{In: time.Duration(ms) * time.Millisecond}, err
	}
	return nil, nil
}
