package chat

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// What a room's own notices say has happened. Those about somebody have the field "member", with
// its id and name; nobody's reasons, ends, networks or passwords are in them.
const (
	NoticeOwned    = "owned"
	NoticeSettings = "settings" // "changed": the names; "settings": the new values
	NoticeRemoved  = "removed"
	NoticeBanned   = "banned"
	NoticeUnbanned = "unbanned"
	NoticeMuted    = "muted"
	NoticeUnmuted  = "unmuted"
	NoticeRole     = "role" // "role": what the member is now
	NoticeLetIn    = "let-in"
	NoticeCleared  = "cleared" // nothing before it is kept
	// NoticeAnnouncement is what whoever runs the server has to say to all: "text".
	NoticeAnnouncement = "announcement"
)

// noticeMember is who a notice is about.
type noticeMember struct {
	ID   MemberID `json:"id"`
	Name string   `json:"name"`
}

// noticeFields are the fields of all notices; which ones one has is by what has happened.
type noticeFields struct {
	Member   *noticeMember              `json:"member,omitempty"`
	Role     string                     `json:"role,omitempty"`
	Changed  []string                   `json:"changed,omitempty"`
	Settings map[string]json.RawMessage `json:"settings,omitempty"`
	Text     string                     `json:"text,omitempty"`
}

// member is whom a notice is about; empty for nobody.
func (n RoomNotice) member() MemberID {
	var f noticeFields
	if json.Unmarshal(n.Fields, &f) != nil || f.Member == nil {
		return ""
	}
	return f.Member.ID
}

// Announcement is what an announcement says; empty for all other notices.
func (n RoomNotice) Announcement() string {
	var f noticeFields
	if n.What != NoticeAnnouncement || json.Unmarshal(n.Fields, &f) != nil {
		return ""
	}
	return f.Text
}

func notice(by Principal, what string, f noticeFields) Draft {
	from := by.Author()
	from.Network, from.Claims = "", ""
	fields, _ := json.Marshal(f) // can't fail: texts, and JSON that was made here
	if string(fields) == "{}" {
		fields = nil
	}
	return Draft{From: from, Payload: RoomNotice{What: what, Fields: fields}}
}

func noticeAbout(by Principal, what string, member Author) Draft {
	return notice(by, what, noticeFields{Member: &noticeMember{member.ID, member.Name}})
}

// shownName is a role's name where people see it.
func (r Role) shownName() string {
	if r == RoleGuest {
		return "guest"
	}
	return string(r)
}

// MaxAnnouncement is how many characters an announcement may have.
const MaxAnnouncement = 500

// Announcement is what whoever runs the server says to a room. It is a notice, which has a look of
// its own and which nobody answers. The error is an [*InvalidError] for "text".
func Announcement(text string) (RoomNotice, error) {
	text = strings.TrimSpace(text)
	if err := validText(text, false); err != nil {
		return RoomNotice{}, err
	}
	if n := utf8.RuneCountInString(text); n > MaxAnnouncement {
		return RoomNotice{}, tooLong("text", n, MaxAnnouncement)
	}
	fields, _ := json.Marshal(noticeFields{Text: text}) // can't fail: a text
	return RoomNotice{What: NoticeAnnouncement, Fields: fields}, nil
}
