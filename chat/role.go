package chat

// Role is what somebody is in a room. Roles are ordered: each may what those below it may.
type Role string

// The roles. Somebody without one is a guest of the room, whether with a session or without.
const (
	RoleGuest     Role = ""
	RoleMember    Role = "member"
	RoleModerator Role = "moderator"
	RoleOwner     Role = "owner"
	// RoleOperator is that of whoever runs the server. It is a principal's only, and in no room's
	// rules.
	RoleOperator Role = "operator"
)

// rank orders the roles. What is no role ranks as none.
func (r Role) rank() int {
	switch r {
	case RoleMember:
		return 1
	case RoleModerator:
		return 2
	case RoleOwner:
		return 3
	case RoleOperator:
		return 4
	}
	return 0
}

// AtLeast reports whether the role is that one or above it.
func (r Role) AtLeast(other Role) bool { return r.rank() >= other.rank() }

// Via says who vouches for a principal.
type Via string

const (
	// ViaItself is somebody who has chosen the name: a session that anybody can make, or a guest.
	ViaItself Via = ""
	// ViaSite is a user of the site that embeds Caller, by the site's token.
	ViaSite Via = "site"
	// ViaOIDC is somebody signed in by OpenID Connect.
	ViaOIDC Via = "oidc"
	// ViaToken is a program with an access token.
	ViaToken Via = "token"
	// ViaOperator is whoever runs the server.
	ViaOperator Via = "operator"
)
