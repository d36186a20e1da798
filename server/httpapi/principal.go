package httpapi

import (
	"net/http"

	"github.com/caller-chat/caller/chat"
)

// Identify says who makes a request. The error is a [*wire.Failure] or one that [FailureOf] knows: a forged or expired
// session, a name that can't be one.
type Identify func(r *http.Request) (chat.Principal, error)
