package server

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/server/auth"
	"github.com/caller-chat/caller/transport/wire"
)

// TestSessionOnAnotherDevice is a link from a computer to a phone.
func TestSessionOnAnotherDevice(t *testing.T) {
	s := newSite(t, Options{BasePath: "/chat"})
	ann, cookie := s.signIn(t, "Ann")
	w := s.ask("POST", "/chat/session/link", "", "Cookie", cookie)
	require.Equal(t, http.StatusCreated, w.Code, w.Body.String())
	assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	var link linkReply
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &link))
	assert.Equal(t, "/chat/#link="+link.Code, link.URL)
	assert.Equal(t, start.Add(auth.LinkLife).Format(wire.TimeFormat), link.ExpiresAt)

	w = s.ask("POST", "/session/claim", `{"code":"`+link.Code+`"}`, "Content-Type", "application/json",
		"Sec-Fetch-Site", "cross-site", "Origin", "https://elsewhere.example")
	wantProblem(t, w, http.StatusForbidden, wire.CodeCrossOrigin)
	assert.Empty(t, w.Header().Get("Set-Cookie"), "no other site signs somebody in here")

	w = s.ask("POST", "/session/claim", "code="+link.Code, "Content-Type", "application/x-www-form-urlencoded")
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	var claimed sessionReply
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &claimed))
	assert.Equal(t, ann.ClientID, claimed.ClientID)
	assert.Equal(t, "Ann", claimed.Name)
	assert.Contains(t, w.Header().Get("Set-Cookie"), "caller_session="+claimed.Token+"; Path=/chat/")
	for _, token := range []string{ann.Token, claimed.Token} {
		assert.Equal(t, http.StatusOK, s.ask("GET", "/session", "", "Authorization", "Bearer "+token).Code)
	}

	w = s.ask("POST", "/session/claim", `{"code":"`+link.Code+`"}`)
	wantProblem(t, w, http.StatusNotFound, wire.CodeNotFound)
	wantProblem(t, s.ask("POST", "/session/claim", `{"code":7}`), http.StatusBadRequest, wire.CodeMalformed)
	wantProblem(t, s.ask("POST", "/session/claim", `{}`), http.StatusNotFound, wire.CodeNotFound)
	wantProblem(t, s.ask("POST", "/session/link", ""), http.StatusUnauthorized, wire.CodeSessionRequired)
	wantProblem(t, s.ask("GET", "/session/link", ""), http.StatusMethodNotAllowed, wire.CodeMethodNotAllowed)
}
