package httpapi

import (
	"net/http"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// Moderation reads what is to be done about a member. Errors are as those of [FieldsOf].
type Moderation func(r *http.Request, member chat.MemberID) (chat.Moderation, error)

// reasonIn is the reason among a body's fields.
func reasonIn(f Fields) (string, error) {
	reason, err := f.Text("reason")
	if err == nil {
		reason, err = chat.CheckReason(reason)
	}
	return reason, err
}

// seconds is a time among a body's fields.
func seconds(f Fields, name string) (time.Duration, error) {
	n, err := f.Number(name)
	if err == nil && n > chat.MaxBanSeconds {
		err = &chat.InvalidError{Field: name, Limit: chat.MaxBanSeconds, Reason: "is longer than ten years, in seconds"}
	}
	return time.Duration(n) * time.Second, err
}

// Removal reads POST …/members/{id}/remove.
func Removal(r *http.Request, member chat.MemberID) (chat.Moderation, error) {
	f, err := FieldsOf(r, "reason")
	if err != nil {
		return nil, err
	}
	reason, err := reasonIn(f)
	return chat.RemoveMember{Member: member, Reason: reason}, err
}

// Ban reads POST …/members/{id}/ban.
func Ban(r *http.Request, member chat.MemberID) (chat.Moderation, error) {
	f, err := FieldsOf(r, "for", "reason", "deleteMessages")
	m := chat.BanMember{Member: member}
	if err == nil {
		m.Reason, err = reasonIn(f)
	}
	if err == nil {
		m.For, err = seconds(f, "for")
	}
	if err == nil {
		m.DeleteMessages, err = seconds(f, "deleteMessages")
	}
	return m, err
}

// Mute reads POST …/members/{id}/mute.
func Mute(r *http.Request, member chat.MemberID) (chat.Moderation, error) {
	f, err := FieldsOf(r, "for", "reason")
	m := chat.MuteMember{Member: member}
	if err == nil {
		m.Reason, err = reasonIn(f)
	}
	if err == nil {
		m.For, err = seconds(f, "for")
	}
	return m, err
}

// Unmute reads DELETE …/members/{id}/mute.
func Unmute(_ *http.Request, member chat.MemberID) (chat.Moderation, error) {
	return chat.Unmute{Member: member}, nil
}

// SetRole reads POST …/members/{id}/role.
func SetRole(r *http.Request, member chat.MemberID) (chat.Moderation, error) {
	f, err := FieldsOf(r, "role")
	var role string
	if err == nil {
		role, err = f.Text("role")
	}
	if err == nil && role == "" {
		err = &chat.InvalidError{Field: "role", Reason: "is none of owner, moderator, member, guest"}
	}
	return chat.SetRole{Member: member, Role: wire.ParseRole(role)}, err
}

// Unban reads DELETE …/bans/{id}: the path names the ban, and nobody.
func Unban(r *http.Request, _ chat.MemberID) (chat.Moderation, error) {
	return chat.Unban{ID: r.PathValue("id")}, nil
}
