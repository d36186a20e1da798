package server

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/transport/wire"
)

// wantExample checks that an answer has the fields of the example in docs/protocol.md.
func wantExample(t testing.TB, name string, answer reply) {
	t.Helper()
	text, err := os.ReadFile("../transport/wire/testdata/rules/" + name + ".json")
	require.NoError(t, err)
	var example any
	require.NoError(t, json.Unmarshal(text, &example))
	require.Equal(t, shapeOf(example), shapeOf(any(answer.fields)), answer.Body.String())
}

func TestInvitesOverHTTP(t *testing.T) {
	h := newHall(t)
	ann, tea := newPerson(t, "Ann"), h.ownedRoom(t)
	made := h.want(http.StatusCreated, tea.owner, "POST", tea.path+"/invites", "")
	wantExample(t, "invite", made)
	secret, ok := strings.CutPrefix(made.fields["url"].(string), "/chat"+tea.path+"#i=")
	require.True(t, ok, made.Body.String())
	require.Len(t, secret, 32)
	require.Equal(t, "no-store", made.Header().Get("Cache-Control"))

	h.want(http.StatusCreated, tea.owner, "POST", tea.path+"/invites", `{"uses":10,"expiresIn":60}`)
	h.want(http.StatusCreated, tea.owner, "POST", tea.path+"/invites", `uses=10&expiresIn=60`)
	for body, field := range map[string]string{
		`{"uses":1001}`: "uses", `{"uses":-1}`: "uses", `{"uses":"1"}`: "uses", `{"expiresIn":2592001}`: "expiresIn", `{"for":5}`: "for",
	} {
		refused := h.refused(http.StatusUnprocessableEntity, wire.CodeInvalidField, tea.owner, "POST", tea.path+"/invites", body)
		require.Equal(t, field, refused.fields["field"], body)
	}
	h.refused(http.StatusBadRequest, wire.CodeMalformed, tea.owner, "POST", tea.path+"/invites", "hello")

	all := h.want(http.StatusOK, tea.owner, "GET", tea.path+"/invites", "")
	wantExample(t, "invites", all)
	require.Len(t, all.fields["invites"], 3)
	require.NotContains(t, all.Body.String(), secret)
	id := made.fields["id"].(string)
	h.want(http.StatusNoContent, tea.owner, "DELETE", tea.path+"/invites/"+id, "")
	h.refused(http.StatusNotFound, wire.CodeNotFound, tea.owner, "DELETE", tea.path+"/invites/"+id, "")
	h.refusedTo(ann, tea, "GET", "/invites", "")
	h.refusedTo(ann, tea, "POST", "/invites", "")
	h.refusedTo(ann, tea, "DELETE", "/invites/"+id, "")
}

func TestTokensOverHTTP(t *testing.T) {
	h := newHall(t)
	ann, tea := newPerson(t, "Ann"), h.ownedRoom(t)
	made := h.want(http.StatusCreated, tea.owner, "POST", tea.path+"/tokens", `{"name":"ci","expiresIn":60}`)
	wantExample(t, "token", made)
	token := made.fields["token"].(string)
	require.True(t, strings.HasPrefix(token, "caller_"))
	hook := h.want(http.StatusCreated, tea.owner, "POST", tea.path+"/tokens", `{"name":"CI","hook":true,"signingSecret":"s3cret"}`)
	wantExample(t, "hook", hook)
	require.Contains(t, hook.fields["url"], "/chat"+tea.path+"/hook/callerhook_")
	h.want(http.StatusNoContent, tea.owner, "DELETE", tea.path+"/tokens/"+hook.fields["id"].(string), "")
	for body, field := range map[string]string{
		`{"name":"ci","hook":true,"read":true}`: "read", `{"name":"ci","role":"owner"}`: "role", `{"name":"ci","signingSecret":"s"}`: "signingSecret",
		``: "name", `{"name":""}`: "name", `{"name":"ci","read":false,"post":false}`: "read", `{"name":"ci","read":"yes"}`: "read",
		`{"name":"ci","write":true}`: "write", `{"name":"ci","expiresIn":31536001}`: "expiresIn",
	} {
		refused := h.refused(http.StatusUnprocessableEntity, wire.CodeInvalidField, tea.owner, "POST", tea.path+"/tokens", body)
		require.Equal(t, field, refused.fields["field"], body)
	}
	all := h.want(http.StatusOK, tea.owner, "GET", tea.path+"/tokens", "")
	wantExample(t, "tokens", all)
	require.NotContains(t, all.Body.String(), token)
	id := made.fields["id"].(string)
	h.refusedTo(ann, tea, "GET", "/tokens", "")
	h.refusedTo(ann, tea, "POST", "/tokens", `{"name":"ci"}`)
	h.refusedTo(ann, tea, "DELETE", "/tokens/"+id, "")
	h.want(http.StatusNoContent, tea.owner, "DELETE", tea.path+"/tokens/"+id, "")
	h.refused(http.StatusNotFound, wire.CodeNotFound, tea.owner, "DELETE", tea.path+"/tokens/"+id, "")
}

func TestReportsOverHTTP(t *testing.T) {
	h := newHall(t)
	ann, bob, tea := newPerson(t, "Ann"), newPerson(t, "Bob"), h.ownedRoom(t)
	said := h.want(http.StatusCreated, bob, "POST", tea.path, "buy now")
	message := said.fields["id"].(string)
	made := h.want(http.StatusCreated, ann, "POST", tea.path+"/reports", `{"message":"`+message+`","reason":"spam"}`)
	again := h.want(http.StatusOK, ann, "POST", tea.path+"/reports", `{"message":"`+message+`"}`)
	require.Equal(t, made.fields["id"], again.fields["id"])
	wantExample(t, "reports", h.want(http.StatusOK, tea.owner, "GET", tea.path+"/reports", ""))

	h.refused(http.StatusUnauthorized, wire.CodeSessionRequired, person{}, "POST", tea.path+"/reports", `{"message":"`+message+`"}`)
	h.refused(http.StatusNotFound, wire.CodeNotFound, ann, "POST", tea.path+"/reports", `{"message":"9-00000009"}`)
	for body, field := range map[string]string{
		``: "message", `{"message":"x"}`: "message", `{"message":5}`: "message",
		`{"message":"` + message + `","reason":"` + strings.Repeat("x", 301) + `"}`: "reason",
	} {
		refused := h.refused(http.StatusUnprocessableEntity, wire.CodeInvalidField, ann, "POST", tea.path+"/reports", body)
		require.Equal(t, field, refused.fields["field"], body)
	}
	id := made.fields["id"].(string)
	h.refusedTo(ann, tea, "GET", "/reports", "")
	h.refusedTo(ann, tea, "DELETE", "/reports/"+id, "")
	h.want(http.StatusNoContent, tea.owner, "DELETE", tea.path+"/reports/"+id, "")
	h.refused(http.StatusNotFound, wire.CodeNotFound, tea.owner, "DELETE", tea.path+"/reports/"+id, "")
}
