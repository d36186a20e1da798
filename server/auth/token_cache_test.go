package auth

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

func TestTokenCache(t *testing.T) {
	key, another := []byte(strings.Repeat("k", 32)), []byte(strings.Repeat("o", 32))
	ann := Session{ID: "0b0d8a0e-7a54-4f0e-9a47-0d9f0b6f2b11", Name: "Ann", Expires: start.Add(time.Hour)}
	token := signed(t, ann, key)
	var v tokenCache
	for range 2 { // the second time from memory
		found, err := v.parse(token, key, start)
		require.NoError(t, err)
		assert.Equal(t, ann, found)
	}
	_, err := v.parse(token, key, ann.Expires)
	assert.ErrorIs(t, err, errTokenExpired, "what is remembered does not live longer")
	_, err = v.parse(token, another, start)
	assert.ErrorIs(t, err, errTokenForged, "it was good by the key of then")
	found, err := v.parse(token, key, start)
	require.NoError(t, err, "a wrong key has changed nothing")
	assert.Equal(t, ann, found)
	for i := range token {
		_, err := v.parse(token[:i]+"!"+token[i+1:], key, start)
		require.Error(t, err, "forged at %d", i)
	}
}

// TestTokenCacheIsBounded has more sessions than are remembered. All stay good, and whoever is here
// again and again is not forgotten.
func TestTokenCacheIsBounded(t *testing.T) {
	key := []byte(strings.Repeat("k", 32))
	var v tokenCache
	busy := signed(t, Session{ID: chat.NewMemberID(), Name: "busy", Expires: start.Add(time.Hour)}, key)
	for i := range 5 * most {
		s := Session{ID: chat.NewMemberID(), Name: fmt.Sprint(i), Expires: start.Add(time.Hour)}
		token := signed(t, s, key)
		found, err := v.parse(token, key, start)
		require.NoError(t, err)
		require.Equal(t, s, found)
		_, err = v.parse(token+"x", key, start)
		require.Error(t, err)
		_, known := v.find(busy)
		require.True(t, known || i == 0)
		_, err = v.parse(busy, key, start)
		require.NoError(t, err)
		require.LessOrEqual(t, len(v.young), most)
		require.LessOrEqual(t, len(v.old), most)
	}
}

func BenchmarkTokenCache(b *testing.B) {
	key := []byte(strings.Repeat("k", 32))
	token := signed(b, Session{ID: chat.NewMemberID(), Name: "Ann", Expires: start.Add(time.Hour)}, key)
	b.Run("first", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = parseToken(token, key, start) // good, as TestTokenCache shows
		}
	})
	b.Run("again", func(b *testing.B) {
		b.ReportAllocs()
		var v tokenCache
		for b.Loop() {
			_, _ = v.parse(token, key, start)
		}
	})
}
