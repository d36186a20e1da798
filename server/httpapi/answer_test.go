package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

func TestALimitInHeaders(t *testing.T) {
	limit := &chat.LimitError{
		RetryAfter: 11200 * time.Millisecond, Name: "messages", Bucket: chat.Bucket{Burst: 100, PerSecond: 5},
	}
	w := httptest.NewRecorder()
	WriteProblem(w, fmt.Errorf("post to lobby: %w", limit))
	assert.Equal(t, http.StatusTooManyRequests, w.Code)
	assert.Equal(t, "12", w.Header().Get("Retry-After"))
	assert.Equal(t, `"messages";q=100;w=20`, w.Header().Get("RateLimit-Policy"))
	assert.Equal(t, `"messages";r=0;t=12`, w.Header().Get("RateLimit"))
	var problem struct {
		Code, Detail string
		RetryAfter   float64
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &problem))
	assert.Equal(t, "too_much", problem.Code)
	assert.Equal(t, "messages: again in 12 seconds", problem.Detail)
	assert.InDelta(t, 11.2, problem.RetryAfter, 1e-9)

	w = httptest.NewRecorder()
	WriteProblem(w, &chat.LimitError{RetryAfter: time.Second})
	assert.Equal(t, "1", w.Header().Get("Retry-After"))
	assert.Empty(t, w.Header().Get("RateLimit"))
}
