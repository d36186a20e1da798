package server

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/transport/wire"
)

func TestMakingARoom(t *testing.T) {
	h := newHall(t)
	ann, bob := newPerson(t, "Ann"), newPerson(t, "Bob")

	open := h.want(http.StatusCreated, person{}, "POST", "/rooms", "")
	require.NotContains(t, open.fields, "ownerUrl")
	path := strings.TrimPrefix(open.fields["path"].(string), "/chat")
	unowned := h.want(http.StatusOK, person{}, "GET", path+"/settings", "")
	require.Equal(t, false, unowned.fields["owned"])
	require.Equal(t, 0.0, unowned.fields["version"])
	require.Equal(t, "guest", unowned.fields["role"])
	require.Equal(t, `"0"`, unowned.Header().Get("ETag"))
	h.refused(http.StatusUnauthorized, wire.CodeSessionRequired, person{}, "POST", "/rooms", `{"title":"Tea"}`)

	made := h.want(http.StatusCreated, ann, "POST", "/rooms", `{"title":"Tea"}`)
	wantExample(t, "room-owned", made)
	require.Equal(t, made.fields["path"], made.Header().Get("Location"))
	path = strings.TrimPrefix(made.fields["path"].(string), "/chat")
	settings := h.want(http.StatusOK, ann, "GET", path+"/settings", "")
	wantExample(t, "settings", settings)
	require.Equal(t, "owner", settings.fields["role"])
	require.Equal(t, "Tea", settings.fields["settings"].(map[string]any)["title"])
	require.Equal(t, "guest", h.want(http.StatusOK, bob, "GET", path+"/settings", "").fields["role"])

	_, secret, ok := strings.Cut(made.fields["ownerUrl"].(string), "#o=")
	require.True(t, ok)
	h.refused(http.StatusForbidden, wire.CodeNotAllowed, bob, "POST", path+"/owner-link", "")
	link := h.want(http.StatusCreated, ann, "POST", path+"/owner-link", "")
	_, next, _ := strings.Cut(link.fields["ownerUrl"].(string), "#o=")
	h.refused(http.StatusForbidden, wire.CodeWrongInvite, bob, "POST", path+"/enter", `{"owner":"`+secret+`"}`)
	entered := h.want(http.StatusOK, bob, "POST", path+"/enter", `{"owner":"`+next+`"}`)
	require.Equal(t, "owner", entered.fields["role"])

	h.refused(http.StatusConflict, wire.CodeConflict, newPerson(t, "Cid"), "POST", path+"/own", "")
	h.refused(http.StatusConflict, wire.CodeConflict, ann, "POST", "/rooms/empty/own", "")
	h.refused(http.StatusUnauthorized, wire.CodeSessionRequired, person{}, "POST", "/rooms/empty/own", "")
	for _, body := range []string{`{"title":5}`, `{"name":"Tea"}`, `{"title":"` + strings.Repeat("x", 101) + `"}`} {
		h.refused(http.StatusUnprocessableEntity, wire.CodeInvalidField, ann, "POST", "/rooms", body)
	}
}

func TestChangingSettings(t *testing.T) {
	h := newHall(t)
	bob, tea := newPerson(t, "Bob"), h.ownedRoom(t)
	path := tea.path + "/settings"
	changed := h.want(http.StatusOK, tea.owner, "PATCH", path, `{"topic":"at five","slowMode":10}`)
	wantExample(t, "settings", changed)
	set := changed.fields["settings"].(map[string]any)
	require.Equal(t, "at five", set["topic"])
	require.Equal(t, 10.0, set["slowMode"])
	require.NotEqual(t, `"1"`, changed.Header().Get("ETag"))

	form := h.want(http.StatusOK, tea.owner, "PATCH", path, `topic=at six&slowMode=0&files=false`)
	set = form.fields["settings"].(map[string]any)
	require.Equal(t, []any{"at six", 0.0, false}, []any{set["topic"], set["slowMode"], set["files"]})
	back := h.want(http.StatusOK, tea.owner, "PATCH", path, `{"topic":null,"files":null}`)
	set = back.fields["settings"].(map[string]any)
	require.Equal(t, []any{"", true}, []any{set["topic"], set["files"]})

	old, now := form.Header().Get("ETag"), back.Header().Get("ETag")
	h.refused(http.StatusPreconditionFailed, wire.CodeVersionMismatch, tea.owner, "PATCH", path, `{"topic":"x"}`, "If-Match", old)
	h.refused(http.StatusPreconditionFailed, wire.CodeVersionMismatch, tea.owner, "PATCH", path, `{"topic":"x"}`, "If-Match", `"what"`)
	h.want(http.StatusOK, tea.owner, "PATCH", path, `{"topic":"x"}`, "If-Match", now)
	h.want(http.StatusOK, tea.owner, "PATCH", path, `{"topic":"y"}`, "If-Match", "*")
	same := h.want(http.StatusOK, tea.owner, "PATCH", path, `{}`)
	require.Equal(t, "y", same.fields["settings"].(map[string]any)["topic"])

	for body, field := range map[string]string{
		`{"tpoic":"x"}`: "tpoic", `{"topic":5}`: "topic", `{"slowMode":"ten"}`: "slowMode", `{"slowMode":-1}`: "slowMode",
		`{"slowMode":999999}`: "slowMode", `{"posting":"nobody"}`: "posting", `{"password":""}`: "password", `{"password":true}`: "password",
		`{"locked":"yes"}`: "locked", `{"version":9}`: "version", `{"owned":false}`: "owned",
		`{"topic":"` + strings.Repeat("x", 501) + `"}`: "topic",
	} {
		refused := h.refused(http.StatusUnprocessableEntity, wire.CodeInvalidField, tea.owner, "PATCH", path, body)
		require.Equal(t, field, refused.fields["field"], body)
	}
	h.refused(http.StatusBadRequest, wire.CodeMalformed, tea.owner, "PATCH", path, "hello")
	h.refused(http.StatusForbidden, wire.CodeNotAllowed, bob, "PATCH", path, `{"topic":"mine"}`)
	h.refused(http.StatusConflict, wire.CodeConflict, bob, "PATCH", "/rooms/nobodys/settings", `{"topic":"mine"}`)
}

func TestEnteringByPasswordAndInvite(t *testing.T) {
	h := newHall(t)
	bob, cid, tea := newPerson(t, "Bob"), newPerson(t, "Cid"), h.ownedRoom(t)
	h.want(http.StatusOK, tea.owner, "PATCH", tea.path+"/settings", `{"password":"hunter2","title":"Secret club"}`)
	for _, path := range []string{"", "/messages", "/members", "/settings"} {
		refused := h.refused(http.StatusForbidden, wire.CodePasswordRequired, bob, "GET", tea.path+path, "")
		require.NotContains(t, refused.Body.String(), "club")
	}
	h.refused(http.StatusForbidden, wire.CodePasswordRequired, bob, "POST", tea.path, "hello")
	h.refused(http.StatusForbidden, wire.CodeWrongPassword, bob, "POST", tea.path+"/enter", `{"password":"hunter1"}`)
	h.refused(http.StatusUnauthorized, wire.CodeSessionRequired, person{}, "POST", tea.path+"/enter", `{"password":"hunter2"}`)
	h.want(http.StatusOK, bob, "POST", tea.path+"/enter", `password=hunter2`)
	h.want(http.StatusCreated, bob, "POST", tea.path, "hello")
	h.want(http.StatusOK, bob, "GET", tea.path+"/messages", "")

	h.want(http.StatusOK, tea.owner, "PATCH", tea.path+"/settings", `{"inviteOnly":true}`)
	h.refused(http.StatusForbidden, wire.CodeInviteRequired, cid, "GET", tea.path+"/messages", "")
	h.want(http.StatusOK, bob, "GET", tea.path+"/messages", "")
	made := h.want(http.StatusCreated, tea.owner, "POST", tea.path+"/invites", "")
	_, secret, _ := strings.Cut(made.fields["url"].(string), "#i=")
	for _, wrong := range []string{"x", strings.Repeat("A", 32), secret + "A", strings.ToLower(secret)} {
		h.refused(http.StatusForbidden, wire.CodeWrongInvite, cid, "POST", tea.path+"/enter", `{"invite":"`+wrong+`"}`)
	}
	for range 2 {
		h.want(http.StatusOK, cid, "POST", tea.path+"/enter", `{"invite":"`+secret+`"}`)
	}
	h.refused(http.StatusForbidden, wire.CodeWrongInvite, newPerson(t, "Dan"), "POST", tea.path+"/enter", `{"invite":"`+secret+`"}`)
	h.want(http.StatusOK, cid, "GET", tea.path+"/messages", "")
	for _, body := range []string{``, `{}`, `{"password":"a","invite":"b"}`, `{"secret":"a"}`, `{"invite":5}`} {
		h.refused(http.StatusUnprocessableEntity, wire.CodeInvalidField, cid, "POST", tea.path+"/enter", body)
	}
}

func TestModeratingOverHTTP(t *testing.T) {
	h := newHall(t)
	bob, tea := newPerson(t, "Bob"), h.ownedRoom(t)
	member := tea.path + "/members/" + bob.id
	said := h.want(http.StatusCreated, bob, "POST", tea.path, "buy now")
	muted := h.want(http.StatusOK, tea.owner, "POST", member+"/mute", `{"for":60,"reason":"quiet"}`)
	require.Equal(t, []any{"notice", "muted"}, []any{muted.fields["type"], muted.fields["what"]})
	require.NotContains(t, muted.Body.String(), "quiet")
	refused := h.refused(http.StatusForbidden, wire.CodeMuted, bob, "POST", tea.path, "more")
	require.NotEmpty(t, refused.fields["until"])
	require.Equal(t, "quiet", refused.fields["reason"])
	own := h.want(http.StatusOK, bob, "GET", tea.path+"/settings", "")
	require.Equal(t, map[string]any{"until": refused.fields["until"], "reason": "quiet"}, own.fields["muted"],
		"whoever is muted is told until when, and why")
	require.NotContains(t, h.want(http.StatusOK, tea.owner, "GET", tea.path+"/settings", "").fields, "muted")
	neighbour := h.want(http.StatusOK, person{}, "GET", tea.path+"/settings", "").fields["muted"]
	require.Contains(t, neighbour, "until", "a guest of the same network")
	require.NotContains(t, neighbour, "reason")
	h.want(http.StatusOK, tea.owner, "POST", member+"/mute", "")
	own = h.want(http.StatusOK, bob, "GET", tea.path+"/settings", "")
	require.Equal(t, map[string]any{}, own.fields["muted"], "a mute without an end")
	h.want(http.StatusOK, tea.owner, "DELETE", member+"/mute", "")
	require.NotContains(t, h.want(http.StatusOK, bob, "GET", tea.path+"/settings", "").fields, "muted")
	h.want(http.StatusCreated, bob, "POST", tea.path, "more")

	role := h.want(http.StatusOK, tea.owner, "POST", member+"/role", `{"role":"moderator"}`)
	wantExample(t, "notice-role", role)
	require.Equal(t, "moderator", h.want(http.StatusOK, bob, "GET", tea.path+"/settings", "").fields["role"])
	h.want(http.StatusOK, tea.owner, "POST", member+"/role", `role=guest`)
	h.refused(http.StatusForbidden, wire.CodeNotAllowed, bob, "POST", tea.path+"/members/"+tea.owner.id+"/ban", "")

	banned := h.want(http.StatusOK, tea.owner, "POST", member+"/ban", `{"for":3600,"reason":"spam","deleteMessages":600}`)
	wantExample(t, "notice-banned", banned)
	refused = h.refused(http.StatusForbidden, wire.CodeBanned, bob, "GET", tea.path+"/messages", "")
	require.Equal(t, "spam", refused.fields["reason"])
	require.NotEmpty(t, refused.fields["until"])
	messages := h.want(http.StatusOK, tea.owner, "GET", tea.path+"/messages", "")
	require.NotContains(t, messages.Body.String(), "buy now")
	require.Contains(t, messages.Body.String(), said.fields["id"].(string))
	bans := h.want(http.StatusOK, tea.owner, "GET", tea.path+"/bans", "")
	id := bans.fields["bans"].([]any)[0].(map[string]any)["id"].(string)
	h.refused(http.StatusForbidden, wire.CodeBanned, bob, "GET", tea.path+"/bans", "")
	h.want(http.StatusOK, tea.owner, "DELETE", tea.path+"/bans/"+id, "")
	h.refused(http.StatusNotFound, wire.CodeNotFound, tea.owner, "DELETE", tea.path+"/bans/"+id, "")
	h.want(http.StatusOK, bob, "GET", tea.path+"/messages", "")
	h.want(http.StatusOK, tea.owner, "POST", member+"/remove", "")
	h.refused(http.StatusNotFound, wire.CodeNotFound, tea.owner, "POST", tea.path+"/members/nobody/ban", "")

	for call, fields := range map[string]map[string]string{
		"/ban": {
			`{"for":"1h"}`: "for", `{"for":-1}`: "for", `{"for":999999999}`: "for", `{"deleteMessages":1.5}`: "deleteMessages",
			`{"reason":"` + strings.Repeat("x", 301) + `"}`: "reason", `{"reason":"a\nb"}`: "reason", `{"until":5}`: "until",
		},
		"/role": {``: "role", `{"role":"king"}`: "role", `{"role":5}`: "role", `{"role":"operator"}`: "role"},
		"/mute": {`{"deleteMessages":5}`: "deleteMessages"},
	} {
		for body, field := range fields {
			refused := h.refused(http.StatusUnprocessableEntity, wire.CodeInvalidField, tea.owner, "POST", member+call, body)
			require.Equal(t, field, refused.fields["field"], body)
		}
	}

	eve := newPerson(t, "Eve")
	h.refused(http.StatusForbidden, wire.CodeRemoved, bob, "DELETE", tea.path+"/messages", "")
	h.refused(http.StatusForbidden, wire.CodeNotAllowed, eve, "DELETE", tea.path+"/messages", "")
	cleared := h.want(http.StatusOK, tea.owner, "DELETE", tea.path+"/messages", "")
	require.Equal(t, "cleared", cleared.fields["what"])
	h.refused(http.StatusForbidden, wire.CodeNotAllowed, eve, "DELETE", tea.path, "")
	h.want(http.StatusNoContent, tea.owner, "DELETE", tea.path, "")
	for _, who := range []person{tea.owner, bob, {}} {
		h.refused(http.StatusGone, wire.CodeRoomClosed, who, "GET", tea.path+"/messages", "")
		h.refused(http.StatusGone, wire.CodeRoomClosed, who, "POST", tea.path, "hello")
	}
	h.refused(http.StatusGone, wire.CodeRoomClosed, bob, "POST", tea.path+"/own", "")
}
