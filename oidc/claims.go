package oidc

import (
	"strings"

	"github.com/caller-chat/caller/chat"
)

// claims are what the service says of somebody (OpenID Connect Core section 5.1).
type claims struct {
	Party     string `json:"azp"`
	Name      string `json:"name"`
	Preferred string `json:"preferred_username"`
	Nickname  string `json:"nickname"`
	Given     string `json:"given_name"`
	Email     string `json:"email"`
}

// name is the best of what can be a name here; empty for none. Of an email address it takes what is
// before the @: the rest is nobody's business.
func (c claims) name() string {
	mailbox, _, _ := strings.Cut(c.Email, "@")
	for _, given := range []string{c.Name, c.Preferred, c.Nickname, c.Given, mailbox} {
		runes := []rune(strings.TrimSpace(given))
		if name, err := chat.ParseName(string(runes[:min(len(runes), chat.MaxName)])); err == nil {
			return name
		}
	}
	return ""
}
