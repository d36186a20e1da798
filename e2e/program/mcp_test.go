package program

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/described"
	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/internal/testwait"
)

var agentsWeb = described.Transport(&http.Transport{Proxy: nil})

// withToken sends a program's token with each request.
type withToken string

func (w withToken) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(w))
	return agentsWeb.RoundTrip(r)
}

// toolOf calls a tool, and is what it tells, or its error.
func toolOf(ctx context.Context, t *testing.T, s *sdk.ClientSession, name string, arguments map[string]any) (told map[string]any, failed string) {
	t.Helper()
	result, err := s.CallTool(ctx, &sdk.CallToolParams{Name: name, Arguments: arguments})
	if err != nil {
		return nil, err.Error()
	}
	text := result.Content[0].(*sdk.TextContent).Text
	if result.IsError {
		return nil, text
	}
	require.NoError(t, json.Unmarshal([]byte(text), &told), text)
	return told, ""
}

// An agent behind nginx has each request answered by whichever of two nodes.
func TestAnAgentOnTwoNodes(t *testing.T) {
	one, other, _ := run.TwoNodes(t, "--mcp", "on", "--trusted-proxy", "127.0.0.1")
	proxy := harness.Nginx(t, "balance", one, other)
	ann := client.SignIn(t, one.URL, "Ann")
	made := ann.Do(t, "POST", "/rooms", `{"title":"Tea"}`, "Content-Type", "application/json")
	require.Equal(t, http.StatusCreated, made.Status, made.Body)
	var room struct{ RoomID string }
	require.NoError(t, json.Unmarshal([]byte(made.Body), &room))
	made = ann.Do(t, "POST", "/rooms/"+room.RoomID+"/tokens", `{"name":"Reader"}`, "Content-Type", "application/json")
	require.Equal(t, http.StatusCreated, made.Status, made.Body)
	var token struct{ ID, Token string }
	require.NoError(t, json.Unmarshal([]byte(made.Body), &token))

	agent, err := sdk.NewClient(&sdk.Implementation{Name: "agent", Version: "1"}, nil).Connect(t.Context(), &sdk.StreamableClientTransport{
		Endpoint: proxy.URL + "/mcp", HTTPClient: &http.Client{Transport: withToken(token.Token)},
	}, nil)
	require.NoError(t, err)
	defer func() { _ = agent.Close() }()
	reader := ann.At(other.URL).Read(t, client.SSE, room.RoomID, client.Options{})
	reader.WaitType(t, "live")

	begin, failed := toolOf(t.Context(), t, agent, "read", nil)
	require.Empty(t, failed)
	cursor := begin["cursor"]
	const rounds = 10
	for i := range rounds { // each answer by another node
		text := strings.Repeat("x", i+1)
		heard := make(chan map[string]any, 1)
		go func() {
			told, _ := toolOf(t.Context(), t, agent, "wait", map[string]any{"after": cursor, "seconds": 50})
			heard <- told
		}()
		ann.At([]string{one.URL, other.URL}[i%2]).Post(t, room.RoomID, text)
		page := testwait.Receive(t, heard, "the agent hears nothing")
		entries := page["entries"].([]any)
		require.Len(t, entries, 1, "each message once: %v", page)
		assert.Equal(t, text, entries[0].(map[string]any)["text"])
		assert.Nil(t, page["reset"])
		cursor = page["cursor"]
		said, failed := toolOf(t.Context(), t, agent, "post", map[string]any{"text": "heard " + text, "key": "k-" + text})
		require.Empty(t, failed)
		again, failed := toolOf(t.Context(), t, agent, "post", map[string]any{"text": "heard " + text, "key": "k-" + text})
		require.Empty(t, failed)
		assert.Equal(t, said["id"], again["id"])
		own, failed := toolOf(t.Context(), t, agent, "wait", map[string]any{"after": cursor})
		require.Empty(t, failed)
		cursor = own["cursor"]
	}
	testwait.Until(t, func() bool {
		n := 0
		for _, event := range reader.Events() {
			if event.Type == "message" && strings.HasPrefix(event.Text, "heard ") {
				assert.Equal(t, "token", event.From.Via)
				n++
			}
		}
		return n == rounds
	}, "what the agent says comes to the other node, once")

	ended := make(chan string, 1)
	go func() {
		_, failed := toolOf(t.Context(), t, agent, "wait", map[string]any{"after": cursor, "seconds": 60})
		ended <- failed
	}()
	testwait.Until(t, func() bool {
		for _, event := range reader.Events() {
			if event.Type == "joined" && event.Member.ID == token.ID {
				return true
			}
		}
		return false
	}, "who waits is a member")
	revoked := ann.At(other.URL).Do(t, "DELETE", "/rooms/"+room.RoomID+"/tokens/"+token.ID, "")
	require.Equal(t, http.StatusNoContent, revoked.Status, revoked.Body)
	assert.Regexp(t, "session_invalid|Unauthorized", testwait.Receive(t, ended, "a revoked token waits on"))
}
