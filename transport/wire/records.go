package wire

import "github.com/caller-chat/caller/chat"

// Invite is an invite of a room, as those who may see it are told of it.
type Invite struct {
	ID        string    `json:"id"`
	By        author    `json:"by"`
	CreatedAt timestamp `json:"createdAt"`
	ExpiresAt timestamp `json:"expiresAt"`
	Uses      int       `json:"uses"`
	Used      int       `json:"used"`
}

// Invites is the answer to GET /rooms/{room}/invites.
type Invites struct {
	Invites []Invite `json:"invites"`
}

// InvitesOf are invites as they go over the wire, without their secrets.
func InvitesOf(all []chat.Invite) Invites {
	list := make([]Invite, 0, len(all))
	for _, i := range all {
		list = append(list, Invite{i.ID, authorOf(i.By), timestamp(i.Made), timestamp(i.Expires), i.Uses, i.Used})
	}
	return Invites{list}
}

// NewInvite is the answer to POST /rooms/{room}/invites: the one that has the secret, in the address.
type NewInvite struct {
	ID        string    `json:"id"`
	URL       string    `json:"url"`
	ExpiresAt timestamp `json:"expiresAt"`
	Uses      int       `json:"uses"`
}

// NewInviteOf is an invite that was just made, with the address that lets in by it.
func NewInviteOf(i chat.Invite, url string) NewInvite {
	return NewInvite{i.ID, url, timestamp(i.Expires), i.Uses}
}

// Token is a program's access token, as those who may see it are told of it.
type Token struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Read      bool      `json:"read"`
	Post      bool      `json:"post"`
	Role      chat.Role `json:"role,omitempty"`
	Hook      bool      `json:"hook,omitempty"`
	Signed    bool      `json:"signed,omitempty"`
	By        author    `json:"by"`
	CreatedAt timestamp `json:"createdAt"`
	ExpiresAt timestamp `json:"expiresAt"`
	// Token is the secret, told once. Of a hook URL is told instead, which has it.
	Token string `json:"token,omitempty"`
	URL   string `json:"url,omitempty"`
}

// Tokens is the answer to GET /rooms/{room}/tokens.
type Tokens struct {
	Tokens []Token `json:"tokens"`
}

// TokenOf is an access token as it goes over the wire.
func TokenOf(t chat.Token) Token {
	return Token{
		ID: t.ID, Name: t.Name, Read: t.Read, Post: t.Post, Role: t.Role, Hook: t.Hook, Signed: t.Signed,
		By: authorOf(t.By), CreatedAt: timestamp(t.Made), ExpiresAt: timestamp(t.Expires), Token: t.Secret,
	}
}

// TokensOf are access tokens as they go over the wire.
func TokensOf(all []chat.Token) Tokens {
	list := make([]Token, 0, len(all))
	for _, t := range all {
		list = append(list, TokenOf(t))
	}
	return Tokens{list}
}

// Report is what somebody has told a room's moderators about a message.
type Report struct {
	ID        string    `json:"id"`
	By        author    `json:"by"`
	Reason    string    `json:"reason,omitempty"`
	At        timestamp `json:"at"`
	MessageID string    `json:"messageId"`
	Context   []Entry   `json:"context"`
}

// Reports is the answer to GET /rooms/{room}/reports.
type Reports struct {
	Reports []Report `json:"reports"`
}

// ReportsOf are a room's reports as they go over the wire.
func ReportsOf(room chat.RoomID, all []chat.Report) Reports {
	list := make([]Report, 0, len(all))
	for _, r := range all {
		context := make([]Entry, 0, len(r.Context))
		for _, e := range r.Context {
			context = append(context, EntryOf(room, e))
		}
		list = append(list, Report{r.ID, authorOf(r.By), r.Reason, timestamp(r.At), r.Message.String(), context})
	}
	return Reports{list}
}
