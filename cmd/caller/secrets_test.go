package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What is secret is in no log, however much is logged, and in no answer but the one that gives it.
func TestSecretsAreInNoLog(t *testing.T) {
	const key, redisPassword, liveKit, site = "session-key-session-key-session-key", "sekret-of-redis", "sekret-of-livekit-sekret-of-livekit",
		"secret-of-the-site-secret-of-the-site"
	const operator = "token-of-the-operator-token-of-the-operator"
	const pushKey = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94" // RFC 8291 section 5, which is nobody's
	redis := miniredis.RunT(t)
	redis.RequireAuth(redisPassword)
	p := begin(t, "--log-level", "debug", "--redis-url", "redis://:"+redisPassword+"@"+redis.Addr(), "--session-key", key,
		"--livekit-url", "ws://127.0.0.1:1", "--livekit-api-key", "devkey", "--livekit-api-secret", liveKit,
		"--push-subject", "mailto:ops@example.org", "--push-key", pushKey,
		"--site-jwt-secret", site, "--operator-token", operator)
	secrets := []string{key, redisPassword, liveKit, site, operator, pushKey, "sekret"}
	var answers strings.Builder
	ask := func(method, path, body string, headers ...string) []byte {
		r, err := http.NewRequestWithContext(t.Context(), method, p.url+path, strings.NewReader(body))
		require.NoError(t, err)
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w, err := p.client.Do(r)
		require.NoError(t, err)
		defer w.Body.Close()
		text, err := io.ReadAll(w.Body)
		require.NoError(t, err)
		return text
	}
	quietly := func(method, path, body string, headers ...string) {
		answers.Write(ask(method, path, body, headers...))
	}
	var session struct{ Token string }
	require.NoError(t, json.Unmarshal(ask("POST", "/session", `{"name":"Ann"}`), &session))
	bearer := []string{"Authorization", "Bearer " + session.Token}
	var link struct{ Code string }
	require.NoError(t, json.Unmarshal(ask("POST", "/session/link", "", bearer...), &link))
	require.NotEmpty(t, link.Code)
	var room struct{ RoomID string }
	require.NoError(t, json.Unmarshal(ask("POST", "/rooms", "", bearer...), &room))
	secrets = append(secrets, session.Token, link.Code)

	for _, credential := range [][]string{
		bearer, {"Authorization", "Bearer " + operator}, {"Cookie", "caller_session=" + session.Token}, {"Sec-WebSocket-Protocol", "caller.v1, caller.token." + session.Token},
		{"Authorization", "Bearer " + session.Token + "sekret"}, {"Authorization", "Basic c2VrcmV0OnNla3JldA=="}, {"Cookie", "caller_session=sekret"},
		{"Idempotency-Key", "sekret"}, {"X-Api-Key", "sekret"},
	} {
		for _, request := range []string{
			"GET /session", "GET /rooms/lobby/messages", "GET /rooms/lobby/ws", "GET /rooms/lobby/messages?token=sekret",
			"GET /rooms/lobby?access_token=sekret", "POST /rooms/lobby/media", "PUT /push/subscription", "DELETE /rooms/lobby/messages/1-00000001",
			"POST /nothing?q=sekret", "PUT /session",
		} {
			method, path, _ := strings.Cut(request, " ")
			quietly(method, path, "", credential...)
		}
	}
	for _, request := range [][3]string{
		{"POST", "/session/claim", `{"code":"sekret"}`}, {"POST", "/session/claim", `{"code":"` + link.Code + `x"}`},
		{"POST", "/session/claim", "sekret"}, {"POST", "/rooms/" + room.RoomID + "/enter", `{"password":"sekret"}`},
		{"POST", "/rooms/" + room.RoomID + "/enter", `{"invite":"sekret"}`}, {"PATCH", "/rooms/" + room.RoomID + "/settings", `{"password":"sekret sekret"}`},
		{"POST", "/rooms/" + room.RoomID + "/invites", `{"uses":1,"secret":"sekret"}`}, {"POST", "/rooms/" + room.RoomID + "/tokens", `{"name":"bot","token":"sekret"}`},
		{"PUT", "/push/subscription", `{"endpoint":"https://push.example/sekret","keys":{"auth":"sekret","p256dh":"sekret"}}`},
	} {
		quietly(request[0], request[1], request[2], bearer...)
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://")) // what is no HTTP, with a secret in it
	require.NoError(t, err)
	_, err = io.WriteString(conn, "GET /?token=sekret HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer sekret\r\nsekret\r\n\r\n")
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, conn)
	require.NoError(t, err)
	require.NoError(t, conn.Close())

	redis.Close() // what is said of a store that is away
	quietly("GET", "/rooms/lobby/messages", "", bearer...)
	quietly("POST", "/rooms/lobby", "hello", bearer...)
	quietly("GET", "/readyz", "")
	p.end(t)
	require.Contains(t, p.stderr.String(), `"msg":"request"`)
	for _, secret := range secrets {
		assert.NotContains(t, p.stderr.String()+p.stdout.String(), secret)
		assert.NotContains(t, answers.String(), secret)
	}
}
